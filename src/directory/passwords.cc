#include "directory/passwords.h"

#include <fmt/format.h>

#include "base/crypto.h"
#include "base/encoding.h"
#include "directory/reset_mail.h"
#include "directory/user.h"
#include "directory/users.h"
#include "model/limits.h"
#include "store/realm_store.h"
#include "store/tables.h"

namespace postrider::directory {

namespace {

using store::Transaction;

std::unexpected<Error> bad_token() {
    return fail_field("#/token",
                      "is unknown, used, replaced by a newer one or too old; ask for a new one");
}

Result<store::PasswordResetRow> require_reset(store::sql::Connection& sql, const RealmId& realm,
                                              const std::string& hash, Timestamp now) {
    POSTRIDER_ASSIGN(const auto row, store::password_resets_table::find(sql, realm, hash));
    if (!row || row->voided_at || row->expires_at <= now) return bad_token();
    return *row;
}

/// Callers with the right to are never held up by what strangers asked for.
Result<void> check_rate(Transaction& tx, const store::UserRow& user, ResetOrigin origin) {
    POSTRIDER_ASSIGN(const auto made, store::password_resets_table::made_since(
                                          tx.sql(), user.realm, user.id, origin,
                                          tx.now() - limits::reset_token_window));
    const bool is_stranger = origin == ResetOrigin::stranger;
    const std::size_t most =
        is_stranger ? limits::reset_tokens_per_window_max : limits::reset_tokens_by_authority_max;
    const bool is_too_soon =
        is_stranger && !made.empty() && made.front() > tx.now() - limits::reset_token_interval_min;
    if (!is_too_soon && made.size() < most) return {};
    return fail(ErrorCode::resource_exhausted,
                fmt::format("a password reset can be initiated {} times an hour for one user; "
                            "set the password instead, or try again later",
                            most),
                "too-many-resets");
}

Result<std::string> power_of(store::sql::Connection& sql, const RealmId& realm,
                             const UserId& user) {
    POSTRIDER_ASSIGN(const auto lists, store::user_roles_table::permissions(sql, realm, user));
    return access::to_json(union_of(lists));
}

/// Whoever could have a token of a user who may do more by now would become that user.
Result<void> check_power(store::sql::Connection& sql, const store::PasswordResetRow& reset) {
    if (reset.power.empty()) return {};
    POSTRIDER_ASSIGN(const auto now, power_of(sql, reset.realm, reset.user));
    if (access::from_json(reset.power).has_all(access::from_json(now))) return {};
    return bad_token();
}

}  // namespace

ResetToken make_reset_token(Random& random) {
    ResetToken token;
    token.text = "prt_" + base64url_encode(random.bytes(limits::reset_token_bytes));
    token.hash = sha256(token.text);
    return token;
}

Result<void> Passwords::check_policy(store::sql::Connection& sql, const RealmId& realm,
                                     const std::string& password) const {
    POSTRIDER_ASSIGN(const auto row, require_realm(sql, realm));
    POSTRIDER_ASSIGN(const auto settings, settings_of(row, defaults_));
    const auto count = count_characters(password);
    if (count > limits::password_characters_max) {
        return fail_field("#/password", fmt::format("must have at most {} characters",
                                                    limits::password_characters_max));
    }
    if (static_cast<std::int64_t>(count) < settings.password_min_length) {
        return fail_field("#/password", fmt::format("must have at least {} characters",
                                                    settings.password_min_length));
    }
    return {};
}

Result<void> Passwords::store_hash(Transaction& tx, const Actor& actor, const Clearance& clearance,
                                   store::UserRow user, const std::string& hash) {
    POSTRIDER_ASSIGN(const auto all, store::credentials_table::all(tx.sql(), user.realm, user.id));
    store::CredentialRow row{.realm = user.realm,
                             .user = user.id,
                             .id = {},
                             .type = std::string(password_credential),
                             .hash = hash,
                             .created_at = tx.now(),
                             .updated_at = tx.now()};
    for (const auto& credential : all) {
        if (credential.type == password_credential) row.id = credential.id;
    }
    if (row.id.is_nil()) row.id = tx.mint_id<CredentialId>();
    POSTRIDER_TRY(store::credentials_table::put(tx, row));
    POSTRIDER_TRY(store::password_resets_table::void_all(tx, user.realm, user.id, tx.now()));
    POSTRIDER_TRY(store::sealed_resets_table::remove_void(tx, user.realm, user.id));
    POSTRIDER_TRY(store::sessions_table::remove_of_user(tx, user.realm, user.id));
    user.version += 1;
    user.updated_at = tx.now();
    POSTRIDER_TRY(store::users_table::update(tx, user));
    const std::vector<std::string> changed{"credentials"};
    POSTRIDER_TRY(ledger_.write(tx, actor,
                                {.clearance = clearance,
                                 .realm = user.realm,
                                 .resource = user.id.uuid,
                                 .type = "user.updated",
                                 .data = user_event_data(user, &changed),
                                 .action = "user.set_password",
                                 .detail = changed_detail(changed)}));
    return {};
}

void Passwords::change(const RealmId& realm, std::string who, std::string password,
                       std::function<Result<void>(store::sql::Connection&)> check,
                       std::function<Result<void>(Transaction&, const std::string&)> write,
                       Done done) {
    const store::RealmStore store(store_, store::Turn::of(realm), store::WriteClass::essential);
    store.read(store::ReadClass::first, [this, store, realm, who = std::move(who),
                                         password = std::move(password), check = std::move(check),
                                         write = std::move(write), done = std::move(done)](
                                            Result<store::Snapshot*> snapshot) {
        if (!snapshot) return done(std::unexpected(std::move(snapshot).error()));
        auto checked = check((*snapshot)->sql());
        if (!checked) return done(std::move(checked));
        const access::PasswordHasher::Asker asker{
            .realm = realm.to_string(), .who = who, .group = who, .target = who, .is_known = true};
        hasher_.hash(asker, password, [store, write, done](Result<std::string> hash) {
            if (!hash) return done(std::unexpected(std::move(hash).error()));
            store.write(
                [write, hash = std::move(*hash)](Transaction& tx) { return write(tx, hash); },
                done);
        });
    });
}

void Passwords::set(Caller caller, Address<UserId> address, std::string password, Done done) {
    struct Admitted {
        store::UserRow user;
        Clearance clearance;
    };
    const auto admit = [caller, address](store::sql::Connection& sql) -> Result<Admitted> {
        POSTRIDER_ASSIGN(auto user, require_user(sql, address.realm, address.id));
        POSTRIDER_ASSIGN(const auto clearance, clear_user(sql, caller, user.realm, user.id));
        POSTRIDER_TRY(check_version(address.version, user.version));
        return Admitted{std::move(user), clearance};
    };
    change(
        address.realm, caller.actor.id, password,
        [this, admit, realm = address.realm,
         password](store::sql::Connection& sql) -> Result<void> {
            POSTRIDER_TRY(admit(sql));
            return check_policy(sql, realm, password);
        },
        [this, admit, caller](Transaction& tx, const std::string& hash) -> Result<void> {
            POSTRIDER_ASSIGN(auto admitted, admit(tx.sql()));
            return store_hash(tx, caller.actor, admitted.clearance, std::move(admitted.user), hash);
        },
        std::move(done));
}

void Passwords::complete_reset(RealmId realm, std::string token, std::string password, Done done) {
    const std::string hash = sha256(token);
    change(
        realm, hash, password,
        [this, realm, hash, password](store::sql::Connection& sql) -> Result<void> {
            // Whether it is too old the transaction knows, which has the time.
            POSTRIDER_ASSIGN(const auto row, store::password_resets_table::find(sql, realm, hash));
            if (!row || row->voided_at) return bad_token();
            return check_policy(sql, realm, password);
        },
        [this, realm, hash](Transaction& tx, const std::string& hashed) -> Result<void> {
            POSTRIDER_ASSIGN(const auto reset, require_reset(tx.sql(), realm, hash, tx.now()));
            POSTRIDER_ASSIGN(auto user, require_user(tx.sql(), realm, reset.user));
            POSTRIDER_TRY(check_power(tx.sql(), reset));
            const Actor actor{"user", user.id.to_string(), realm};
            return store_hash(tx, actor, Clearance::of_oneself(), std::move(user), hashed);
        },
        std::move(done));
}

Result<Timestamp> Passwords::begin_reset(Transaction& tx, const Caller& caller,
                                         const Address<UserId>& address, const ResetToken& token) {
    POSTRIDER_ASSIGN(const auto user, require_user(tx.sql(), address.realm, address.id));
    POSTRIDER_ASSIGN(const auto clearance, clear_user(tx.sql(), caller, user.realm, user.id));
    POSTRIDER_TRY(check_rate(tx, user, ResetOrigin::authority));
    POSTRIDER_TRY(store::password_resets_table::void_all(tx, user.realm, user.id, tx.now()));
    return issue(tx, caller.actor, clearance, user, token, ResetOrigin::authority);
}

Result<void> Passwords::begin_reset_for_stranger(Transaction& tx, const store::UserRow& user,
                                                 const ResetToken& token) {
    POSTRIDER_TRY(check_rate(tx, user, ResetOrigin::stranger));
    POSTRIDER_TRY(
        store::password_resets_table::void_of_strangers(tx, user.realm, user.id, tx.now()));
    POSTRIDER_TRY(issue(tx, Actor::system("reset_request"), Clearance::of_oneself(), user, token,
                        ResetOrigin::stranger));
    return {};
}

Result<Timestamp> Passwords::issue(Transaction& tx, const Actor& actor, const Clearance& clearance,
                                   const store::UserRow& user, const ResetToken& token,
                                   ResetOrigin origin) {
    const Timestamp expires_at = tx.now() + limits::reset_token_lifetime;
    POSTRIDER_ASSIGN(const auto power, power_of(tx.sql(), user.realm, user.id));
    POSTRIDER_TRY(store::password_resets_table::insert(tx, {.realm = user.realm,
                                                            .hash = token.hash,
                                                            .user = user.id,
                                                            .created_at = tx.now(),
                                                            .expires_at = expires_at,
                                                            .voided_at = {},
                                                            .origin = origin,
                                                            .power = power}));
    std::string data;
    json::Writer writer(data);
    writer.begin_object();
    write_user_members(writer, user);
    writer.member("expires_at", format_rfc3339(expires_at));
    writer.end_object();
    POSTRIDER_ASSIGN(const auto event, ledger_.write(tx, actor,
                                                     {.clearance = clearance,
                                                      .realm = user.realm,
                                                      .resource = user.id.uuid,
                                                      .type = "auth.reset_password",
                                                      .data = std::move(data),
                                                      .action = "user.reset_password"}));
    POSTRIDER_TRY(store::sealed_resets_table::remove_void(tx, user.realm, user.id));
    POSTRIDER_TRY(
        mail_.keep(tx, {.user = user, .token = token, .event = event, .expires_at = expires_at}));
    return expires_at;
}

}  // namespace postrider::directory
