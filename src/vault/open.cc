#include "vault/open.h"

#include <fmt/format.h>

#include "store/tables.h"
#include "store/wait.h"

namespace postrider::vault {
namespace {

constexpr std::string_view check_text = "postrider";

Place check_place() { return {{}, {}, columns::key_check}; }

Result<std::optional<std::string>> stored_check_value(store::Store& store) {
    return store::read_now<std::optional<std::string>>(store, [](store::sql::Connection& sql) {
        return store::state_table::get(sql, key_check_state);
    });
}

Result<KeyRing> ring_of(const KeySource& source, bool store_has_key, Random& random) {
    if (!source.text.empty()) {
        auto ring = KeyRing::parse(source.text);
        if (!ring) {
            return fail(ErrorCode::unavailable,
                        fmt::format("POSTRIDER_KEY is not usable: {}", ring.error().message));
        }
        return ring;
    }
    POSTRIDER_ASSIGN(auto found, read_key_file(source.file));
    if (found) return std::move(*found);
    if (store_has_key) {
        return fail(ErrorCode::unavailable,
                    fmt::format("the key file {} is missing, and without it the secrets in the "
                                "database cannot be opened: put it back, or name it with "
                                "--key-file or POSTRIDER_KEY",
                                source.file));
    }
    auto ring = KeyRing::generate(random);
    POSTRIDER_TRY(write_key_file(source.file, ring));
    return ring;
}

/// That of this key, unless another node that starts on the same empty store was faster.
Result<std::string> first_check_value(store::Store& store, const Vault& vault) {
    return store::write_now<std::string>(
        store,
        [value =
             vault.seal(check_place(), check_text)](store::Transaction& tx) -> Result<std::string> {
            POSTRIDER_ASSIGN(auto found, store::state_table::get(tx.sql(), key_check_state));
            if (found) return std::move(*found);
            POSTRIDER_TRY(store::state_table::put(tx, key_check_state, value));
            return value;
        });
}

bool is_check_value(const Vault& vault, std::string_view value) {
    auto opened = vault.open(check_place(), value);
    return opened && *opened == check_text;
}

}  // namespace

Result<void> put_check_value(store::Store& store, const Vault& vault) {
    auto written = store::write_now<bool>(
        store,
        [value = vault.seal(check_place(), check_text)](store::Transaction& tx) -> Result<bool> {
            POSTRIDER_TRY(store::state_table::put(tx, key_check_state, value));
            return true;
        });
    if (!written) return std::unexpected(std::move(written).error());
    return {};
}

Result<Vault> open_vault(store::Store& store, const KeySource& source, Random& random) {
    POSTRIDER_ASSIGN(auto check, stored_check_value(store));
    POSTRIDER_ASSIGN(auto ring, ring_of(source, check.has_value(), random));
    Vault vault(std::move(ring));
    if (!check) {
        // The key file is durable already: no sealed value is ever older than its key.
        POSTRIDER_ASSIGN(check, first_check_value(store, vault));
    }
    if (!is_check_value(vault, *check)) {
        const auto where = source.text.empty() ? fmt::format("the key file {}", source.file)
                                               : std::string("POSTRIDER_KEY");
        return fail(ErrorCode::unavailable,
                    fmt::format("{} does not hold the key of this database (it needs key {})",
                                where, key_id_of(*check)));
    }
    return vault;
}

}  // namespace postrider::vault
