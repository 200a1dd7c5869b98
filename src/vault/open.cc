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

/// nullopt: there is no key file.
Result<std::optional<KeyRing>> given_ring(const KeySource& source) {
    if (source.text.empty()) return read_key_file(source.file);
    auto ring = KeyRing::parse(source.text);
    if (!ring) {
        return fail(ErrorCode::unavailable,
                    fmt::format("POSTRIDER_KEY is not usable: {}", ring.error().message));
    }
    return std::optional(std::move(*ring));
}

/// Of a store that has one.
Result<KeyRing> existing_ring(const KeySource& source) {
    POSTRIDER_ASSIGN(auto ring, given_ring(source));
    if (ring) return std::move(*ring);
    return fail(ErrorCode::unavailable,
                fmt::format("the key file {} is missing, and without it the secrets in the "
                            "database cannot be opened: put it back, or name it with "
                            "--key-file or POSTRIDER_KEY",
                            source.file));
}

/// Of a store that has none yet.
Result<KeyRing> first_ring(const KeySource& source, Random& random) {
    POSTRIDER_ASSIGN(auto given, given_ring(source));
    if (given) return std::move(*given);
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

Result<void> hold_against(const Vault& vault, std::string_view check_value,
                          const KeySource& source) {
    const auto opened = vault.open(check_place(), check_value);
    if (opened && *opened == check_text) return {};
    const auto where = source.text.empty() ? fmt::format("the key file {}", source.file)
                                           : std::string("POSTRIDER_KEY");
    return fail(ErrorCode::unavailable,
                fmt::format("{} does not hold the key of this database (it needs key {})", where,
                            key_id_of(check_value)));
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
    POSTRIDER_ASSIGN(auto ring, check ? existing_ring(source) : first_ring(source, random));
    Vault vault(std::move(ring));
    if (!check) {
        // The key file is durable already: no sealed value is ever older than its key.
        POSTRIDER_ASSIGN(check, first_check_value(store, vault));
    }
    POSTRIDER_TRY(hold_against(vault, *check, source));
    return vault;
}

Result<void> check_key(std::string_view check_value, const KeySource& source) {
    POSTRIDER_ASSIGN(auto ring, existing_ring(source));
    return hold_against(Vault(std::move(ring)), check_value, source);
}

}  // namespace postrider::vault
