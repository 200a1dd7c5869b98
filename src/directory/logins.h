#pragma once

#include <functional>
#include <string>

#include "access/login_throttle.h"
#include "access/password_hasher.h"
#include "access/principal.h"
#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"
#include "store/rows.h"
#include "store/store.h"

namespace postrider::directory {

struct LoginAttempt {
    RealmId realm;
    std::string username;  ///< or the e-mail
    std::string password;
    std::string address;  ///< of the client, without its port
    std::string user_agent;
};

/// A user who has just proved who they are.
struct LoggedIn {
    std::string cookie;  ///< shown this once; its SHA-256 is kept
    store::SessionRow session;
    store::UserRow user;
    access::PermissionSet permissions;
};

/// Logs users in. A wrong password, an unknown user, a disabled one and one without a password get
/// the same answer after the same work. Attempts of an account wait longer with each failure
/// (access::LoginThrottle). Passwords are hashed on the hasher's threads, and again with today's
/// parameters when theirs are old. Thread-safety: any thread.
class Logins {
 public:
    /// Runs the task after that long, on any thread.
    using After = std::function<void(Duration, std::function<void()>)>;
    using Done = std::function<void(Result<LoggedIn>)>;

    Logins(store::Store& store, access::PasswordHasher& hasher, const Clock& clock, Random& random,
           After after)
        : store_(store),
          hasher_(hasher),
          clock_(clock),
          random_(random),
          after_(std::move(after)) {}

    /// Errors: unauthenticated "login-failed"; resource_exhausted (too many logins wait);
    /// unavailable.
    void begin(LoginAttempt attempt, Done done);

 private:
    struct Candidate {
        store::UserRow user;
        store::CredentialRow password;
    };
    void look_up(const LoginAttempt& attempt, Done done);
    void verify(const LoginAttempt& attempt, std::optional<Candidate> candidate, Done done);
    void open_session(const LoginAttempt& attempt, const Candidate& candidate,
                      const std::string& rehashed, Done done);

    store::Store& store_;
    access::PasswordHasher& hasher_;
    const Clock& clock_;
    Random& random_;
    const After after_;
    access::LoginThrottle throttle_;
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
/// Errors: not_found.
Result<void> end_session(store::Transaction& tx, const Actor& actor, const RealmId& realm,
                         const SessionId& id);

}  // namespace postrider::directory
