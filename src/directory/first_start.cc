#include "directory/first_start.h"

#include <future>

#include "audit/record.h"
#include "model/limits.h"
#include "store/tables.h"
#include "store/wait.h"

namespace postrider::directory {

namespace {

using Text = std::optional<std::string>;

/// The first administrator, while they have no password.
Result<std::optional<UserId>> find_without_password(store::sql::Connection& sql,
                                                    const RealmId& master) {
    POSTRIDER_ASSIGN(const auto user,
                     store::users_table::find_by_username(sql, master, administrator_name));
    if (!user || !user->enabled) return std::nullopt;
    POSTRIDER_ASSIGN(const auto credentials, store::credentials_table::all(sql, master, user->id));
    if (!credentials.empty()) return std::nullopt;
    return user->id;
}

Result<bool> insert_token(store::Transaction& tx, const RealmId& master, const UserId& user,
                          const ResetToken& token) {
    POSTRIDER_TRY(store::password_resets_table::insert(
        tx, {.realm = master,
             .hash = token.hash,
             .user = user,
             .created_at = tx.now(),
             .expires_at = tx.now() + limits::reset_token_lifetime,
             .voided_at = {},
             .origin = ResetOrigin::authority,
             .power = {}}));
    POSTRIDER_TRY(audit::record(
        tx, Actor::system("start"),
        {.realm = master, .action = "user.reset_password", .resource_id = user.to_string()}));
    return true;
}

}  // namespace

Result<Text> welcome_administrator(Directory& directory, store::Store& store, Random& random,
                                   const std::string& password) {
    const RealmId master = directory.realms().master();
    POSTRIDER_ASSIGN(const auto user, store::read_now<std::optional<UserId>>(
                                          store, [master](store::sql::Connection& sql) {
                                              return find_without_password(sql, master);
                                          }));
    if (!user) return Text{};
    if (password.empty()) {
        const ResetToken token = make_reset_token(random);
        const auto inserted = store::write_now<bool>(
            store, [=](store::Transaction& tx) { return insert_token(tx, master, *user, token); });
        // A full disk must not keep the server from starting: there is a link once it has room.
        if (!inserted && inserted.error().code == ErrorCode::resource_exhausted) return Text{};
        POSTRIDER_TRY(inserted);
        return token.text;
    }
    std::promise<Result<void>> promise;
    directory.passwords().set({Actor::system("start"), access::PermissionSet::all()},
                              {master, *user}, password,
                              [&promise](Result<void> result) { promise.set_value(result); });
    auto set = promise.get_future().get();
    if (set) return Text{};
    if (set.error().code != ErrorCode::invalid_argument) {
        return std::unexpected(std::move(set).error());
    }
    return fail(ErrorCode::invalid_argument, "POSTRIDER_ADMIN_PASSWORD " + set.error().message);
}

}  // namespace postrider::directory
