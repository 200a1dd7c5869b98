#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "access/device_cookie.h"
#include "access/login_throttle.h"
#include "access/password_hasher.h"
#include "access/principal.h"
#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"
#include "directory/authority.h"
#include "directory/failed_logins.h"
#include "store/rows.h"
#include "store/store.h"

namespace postrider::directory {

struct LoginAttempt {
    RealmId realm;
    std::string username;  ///< or the e-mail
    std::string password;
    std::string address;  ///< of the client, without its port
    std::string user_agent;
    std::string device = {};  ///< the cookie of a browser that has logged in before; "" for none
};

/// A user who has just proved who they are.
struct LoggedIn {
    std::string cookie;  ///< shown this once; its SHA-256 is kept
    store::SessionRow session;
    store::UserRow user;
    access::PermissionSet permissions;
    std::string device;  ///< for the browser to keep: access::Device
};

struct LoginOptions {
    /// Runs the task after that long, on any thread.
    std::function<void(Duration, std::function<void()>)> after;
    std::string device_secret;               ///< of access::DeviceCookies
    std::function<void()> failed = nullptr;  ///< after each failure, for metrics; may be empty
    /// At most once in limits::failed_logins_row_interval, for the log; may be empty.
    std::function<void(const FailedLogins::Summary&)> tell = nullptr;
};

/// Logs users in. A wrong password, an unknown user, a disabled one and one without a password get
/// the same answer after the same work. Attempts of an account wait longer with each failure
/// (access::LoginThrottle), but a browser that has logged in to it before has a budget of its own
/// (access::Device). Passwords are hashed on the hasher's threads, and again with today's
/// parameters when theirs are old. Failures are in the audit log (FailedLogins). Thread-safety: any
/// thread.
class Logins {
 public:
    using Done = std::function<void(Result<LoggedIn>)>;

    Logins(store::Store& store, access::PasswordHasher& hasher, const Clock& clock, Random& random,
           LoginOptions options)
        : store_(store),
          hasher_(hasher),
          clock_(clock),
          random_(random),
          options_(std::move(options)),
          devices_(options_.device_secret),
          failures_(store, clock, options_.after, [this](const FailedLogins::Summary& summary) {
              if (options_.tell) options_.tell(summary);
          }) {}

    /// Errors: unauthenticated "login-failed"; resource_exhausted (too many logins wait);
    /// unavailable.
    void begin(LoginAttempt attempt, Done done);

 private:
    struct Candidate {
        store::UserRow user;
        store::CredentialRow password;
    };
    /// An attempt on its way.
    struct Attempt {
        LoginAttempt given;
        std::optional<UserId> user;            ///< whose account it is, once that is known
        std::optional<access::Device> device;  ///< known to be this account's, and not void
        access::PasswordHasher::Asker asker;   ///< of its hash
        Done done;
    };
    using SharedAttempt = std::shared_ptr<Attempt>;
    void recognise(const access::Device& device, const SharedAttempt& attempt);
    void admit(const SharedAttempt& attempt);
    static access::Comer comer_of(const Attempt& attempt);
    void wait(const SharedAttempt& attempt, access::LoginThrottle& throttle, std::uint64_t ticket,
              Duration time);
    void look_up(const SharedAttempt& attempt);
    void verify(const SharedAttempt& attempt, std::optional<Candidate> candidate);
    void open_session(const SharedAttempt& attempt, const Candidate& candidate,
                      const std::string& rehashed);

    store::Store& store_;
    access::PasswordHasher& hasher_;
    const Clock& clock_;
    Random& random_;
    const LoginOptions options_;
    const access::DeviceCookies devices_;
    access::LoginThrottle throttle_;
    access::LoginThrottle known_throttle_;  ///< of browsers that have logged in before
    FailedLogins failures_;
};

/// The user of a cookie's value, with what their roles allow now. `last_used_at` tells when its use
/// was last noted.
struct OpenSession {
    access::SharedPrincipal principal;
    store::SessionRow row;
};
/// Errors: unauthenticated (no session, or it has ended).
Result<OpenSession> find_session(store::sql::Connection& sql, const std::string& cookie,
                                 Timestamp now, const RealmId& master);
/// Notes that it is in use: it lasts longer, up to limits::session_lifetime_max.
Result<void> touch_session(store::Transaction& tx, const store::SessionRow& row);
/// Errors: not_found; permission_denied (somebody else's, who may do what the caller may not).
Result<void> end_session(store::Transaction& tx, const Caller& caller, const RealmId& realm,
                         const SessionId& id);

}  // namespace postrider::directory
