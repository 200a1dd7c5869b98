#include "directory/logins.h"

#include <fmt/format.h>

#include <algorithm>

#include "audit/record.h"
#include "base/crypto.h"
#include "base/encoding.h"
#include "base/names.h"
#include "directory/authority.h"
#include "directory/fields.h"
#include "directory/origin.h"
#include "model/limits.h"
#include "store/realm_store.h"
#include "store/tables.h"

namespace postrider::directory {

namespace {

using store::Transaction;
using Outcome = access::LoginThrottle::Outcome;

std::unexpected<Error> wrong() {
    return fail(ErrorCode::unauthenticated, "the username or the password is wrong",
                "login-failed");
}

std::unexpected<Error> too_many() {
    return fail(ErrorCode::resource_exhausted,
                "too many logins are under way from here; try again in a moment");
}

/// However its name is written.
std::string account_of(const LoginAttempt& attempt) {
    return attempt.realm.to_string() + fold_name(attempt.username);
}

Result<std::optional<store::UserRow>> find_user(store::sql::Connection& sql, const RealmId& realm,
                                                const std::string& name) {
    POSTRIDER_ASSIGN(auto user, store::users_table::find_by_username(sql, realm, name));
    if (user) return user;
    return store::users_table::find_by_email(sql, realm, name);
}

Result<std::optional<store::CredentialRow>> find_password(store::sql::Connection& sql,
                                                          const store::UserRow& user) {
    POSTRIDER_ASSIGN(const auto all, store::credentials_table::all(sql, user.realm, user.id));
    for (const auto& row : all) {
        if (row.type == "password") return row;
    }
    return std::nullopt;
}

Timestamp end_of(const store::SessionRow& row, Timestamp now) {
    return std::min(now + limits::session_unused_max,
                    row.created_at + limits::session_lifetime_max);
}

/// Room for one more: the oldest end.
Result<void> make_room(Transaction& tx, const store::UserRow& user) {
    POSTRIDER_ASSIGN(const auto open,
                     store::sessions_table::list(tx.sql(), user.realm, user.id, {},
                                                 limits::sessions_per_user_max + 1));
    for (std::size_t i = limits::sessions_per_user_max - 1; i < open.size(); ++i) {
        POSTRIDER_TRY(store::sessions_table::remove(tx, user.realm, open[i].id));
    }
    return {};
}

}  // namespace

void Logins::begin(LoginAttempt given, Done done) {
    auto attempt = std::make_shared<Attempt>(Attempt{
        .given = std::move(given), .user = {}, .device = {}, .asker = {}, .done = std::move(done)});
    const auto device = devices_.read(attempt->given.device);
    if (!device || device->realm != attempt->given.realm) return admit(attempt);
    recognise(*device, attempt);
}

/// Whether a browser's cookie is of this account and of its password of today. A cookie that this
/// server has not written costs no read.
void Logins::recognise(const access::Device& device, const SharedAttempt& attempt) {
    store::read<bool>(
        store::RealmStore(store_, store::Turn::of(attempt->given.realm)),
        [realm = attempt->given.realm, name = attempt->given.username,
         device](store::sql::Connection& sql) -> Result<bool> {
            POSTRIDER_ASSIGN(const auto user, find_user(sql, realm, name));
            if (!user || user->id != device.user) return false;
            POSTRIDER_ASSIGN(const auto password, find_password(sql, *user));
            return password && password->updated_at == device.password_set_at;
        },
        [this, device, attempt](Result<bool> known) {
            if (!known) return attempt->done(std::unexpected(std::move(known).error()));
            if (*known) attempt->device = device;
            admit(attempt);
        },
        store::ReadClass::first);
}

/// A known browser's account and network are itself.
access::Comer Logins::comer_of(const Attempt& attempt) {
    const std::string realm = attempt.given.realm.to_string();
    if (attempt.device) {
        const std::string& nonce = attempt.device->nonce;
        return {.realm = realm, .account = nonce, .network = nonce, .group = nonce};
    }
    const Origin origin = origin_of(attempt.given.address);
    return {.realm = realm,
            .account = account_of(attempt.given),
            .network = origin.network,
            .group = origin.group};
}

void Logins::admit(const SharedAttempt& attempt) {
    access::LoginThrottle& throttle = attempt->device ? known_throttle_ : throttle_;
    const access::Comer comer = comer_of(*attempt);
    const auto admitted = throttle.enter(comer, clock_.monotonic());
    if (!admitted) return attempt->done(too_many());
    attempt->asker = {.realm = comer.realm,
                      .who = comer.network,
                      .group = comer.group,
                      .target = account_of(attempt->given),
                      .blame = admitted->blame,
                      .is_known = attempt->device.has_value()};
    const std::uint64_t ticket = admitted->ticket;
    // `attempt` is not captured: its own `done` would keep it alive for ever.
    attempt->done = [this, &throttle, ticket, weak = std::weak_ptr(attempt),
                     done = std::move(attempt->done)](Result<LoggedIn> result) {
        Outcome outcome = Outcome::unknown;
        if (result) outcome = Outcome::succeeded;
        if (!result && result.error().code == ErrorCode::unauthenticated) outcome = Outcome::failed;
        throttle.leave(ticket, outcome, clock_.monotonic());
        const SharedAttempt ended = weak.lock();
        if (outcome == Outcome::failed && ended) {
            if (options_.failed) options_.failed();
            failures_.note(ended->given.realm, ended->user, ended->given.address);
        }
        done(std::move(result));
    };
    if (admitted->wait <= Duration{}) return look_up(attempt);
    wait(attempt, throttle, ticket, admitted->wait);
}

void Logins::wait(const SharedAttempt& attempt, access::LoginThrottle& throttle,
                  std::uint64_t ticket, Duration time) {
    if (!throttle.wait_in_line(ticket, [attempt] { attempt->done(too_many()); })) {
        return attempt->done(too_many());
    }
    // The line owns the attempt: one that gave way is gone before its time is over.
    options_.after(time, [this, &throttle, ticket, weak = std::weak_ptr(attempt)] {
        const SharedAttempt waited = weak.lock();
        if (waited && throttle.wait_is_over(ticket)) look_up(waited);
    });
}

void Logins::look_up(const SharedAttempt& attempt) {
    using Found = std::optional<Candidate>;
    store::read<Found>(
        store::RealmStore(store_, store::Turn::of(attempt->given.realm)),
        [realm = attempt->given.realm,
         name = attempt->given.username](store::sql::Connection& sql) -> Result<Found> {
            POSTRIDER_ASSIGN(auto user, find_user(sql, realm, name));
            if (!user || !user->enabled) return Found{};
            POSTRIDER_ASSIGN(auto password, find_password(sql, *user));
            if (!password) return Found{};
            return Candidate{std::move(*user), std::move(*password)};
        },
        [this, attempt](Result<Found> found) {
            if (!found) return attempt->done(std::unexpected(std::move(found).error()));
            if (*found) attempt->user = (*found)->user.id;
            verify(attempt, std::move(*found));
        },
        store::ReadClass::first);
}

void Logins::verify(const SharedAttempt& attempt, std::optional<Candidate> candidate) {
    const std::string stored = candidate ? candidate->password.hash : "";
    hasher_.verify(attempt->asker, attempt->given.password, stored,
                   [this, attempt, candidate = std::move(candidate)](
                       Result<access::PasswordHasher::Verdict> verdict) {
                       if (!verdict)
                           return attempt->done(std::unexpected(std::move(verdict).error()));
                       if (!candidate || !verdict->matches) return attempt->done(wrong());
                       open_session(attempt, *candidate, verdict->rehashed);
                   });
}

void Logins::open_session(const SharedAttempt& attempt, const Candidate& candidate,
                          const std::string& rehashed) {
    const std::string cookie = base64url_encode(random_.bytes(limits::session_bytes));
    const std::string nonce =
        attempt->device ? attempt->device->nonce : access::DeviceCookies::make_nonce(random_);
    store::write<LoggedIn>(
        store::RealmStore(store_, store::Turn::of(attempt->given.realm),
                          store::WriteClass::essential),
        [given = attempt->given, candidate, rehashed, cookie, nonce,
         &devices = devices_](Transaction& tx) -> Result<LoggedIn> {
            const RealmId& realm = given.realm;
            POSTRIDER_ASSIGN(auto user,
                             store::users_table::find(tx.sql(), realm, candidate.user.id));
            if (!user || !user->enabled) return wrong();
            POSTRIDER_ASSIGN(auto password, find_password(tx.sql(), *user));
            if (!password || password->hash != candidate.password.hash) return wrong();
            if (!rehashed.empty()) {
                password->hash = rehashed;
                POSTRIDER_TRY(store::credentials_table::put(tx, *password));
            }
            POSTRIDER_TRY(make_room(tx, *user));
            store::SessionRow row{
                .realm = realm,
                .id = tx.mint_id<SessionId>(),
                .user = user->id,
                .hash = sha256(cookie),
                .user_agent = given.user_agent.substr(0, limits::user_agent_bytes_max),
                .address = given.address,
                .created_at = tx.now(),
                .expires_at = {},
                .last_used_at = tx.now()};
            row.expires_at = end_of(row, tx.now());
            POSTRIDER_TRY(store::sessions_table::insert(tx, row));
            const Actor actor{"user", user->id.to_string(), realm, row.id.to_string()};
            POSTRIDER_TRY(audit::record(
                tx, actor,
                {.realm = realm, .action = "session.create", .resource_id = row.id.to_string()}));
            POSTRIDER_ASSIGN(const auto granted,
                             store::user_roles_table::permissions(tx.sql(), realm, user->id));
            const access::Device device{.realm = realm,
                                        .user = user->id,
                                        .password_set_at = password->updated_at,
                                        .nonce = nonce};
            return LoggedIn{cookie, std::move(row), std::move(*user), union_of(granted),
                            devices.write(device)};
        },
        [attempt](Result<LoggedIn> result) { attempt->done(std::move(result)); });
}

Result<OpenSession> find_session(store::sql::Connection& sql, const std::string& cookie,
                                 Timestamp now, const RealmId& master) {
    POSTRIDER_ASSIGN(auto row, store::sessions_table::find_by_hash(sql, sha256(cookie)));
    const auto has_ended = [] {
        return fail(ErrorCode::unauthenticated, "the session has ended; log in again");
    };
    if (!row || row->expires_at <= now) return has_ended();
    POSTRIDER_ASSIGN(const auto realm, store::realms_table::find(sql, row->realm));
    POSTRIDER_ASSIGN(const auto user, store::users_table::find(sql, row->realm, row->user));
    if (!realm || !user || !user->enabled) return has_ended();
    POSTRIDER_ASSIGN(const auto granted,
                     store::user_roles_table::permissions(sql, row->realm, row->user));
    access::SharedPrincipal principal(access::Principal{.kind = access::Principal::Kind::session,
                                                        .id = row->id.uuid,
                                                        .name = user->username,
                                                        .realm = row->realm,
                                                        .of_master = row->realm == master,
                                                        .permissions = union_of(granted),
                                                        .expires_at = row->expires_at,
                                                        .user = row->user});
    return OpenSession{std::move(principal), std::move(*row)};
}

Result<void> touch_session(Transaction& tx, const store::SessionRow& row) {
    return store::sessions_table::touch(tx, row.realm, row.id, tx.now(), end_of(row, tx.now()));
}

Result<void> end_session(Transaction& tx, const Caller& caller, const RealmId& realm,
                         const SessionId& id) {
    POSTRIDER_ASSIGN(const auto row, store::sessions_table::find(tx.sql(), realm, id));
    if (!row) return no_such("session", id.to_string());
    const bool is_own = caller.actor.session == id.to_string();
    if (!is_own) POSTRIDER_TRY(clear_user(tx.sql(), caller, realm, row->user));
    POSTRIDER_TRY(store::sessions_table::remove(tx, realm, id));
    return audit::record(tx, caller.actor,
                         {.realm = realm, .action = "session.end", .resource_id = id.to_string()});
}

}  // namespace postrider::directory
