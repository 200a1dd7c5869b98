#include "vault/rotate.h"

#include <algorithm>
#include <memory>
#include <span>

#include "model/limits.h"
#include "store/tables.h"
#include "store/wait.h"

namespace postrider::vault {
namespace {

using store::WebhookRow;

/// Seals `value` again when an old key has sealed it; returns how many it did.
Result<std::size_t> reseal(const Vault& vault, const Place& place, std::string& value) {
    if (value.empty() || vault.is_sealed_by_primary(value)) return 0;
    POSTRIDER_ASSIGN(const std::string plaintext, vault.open(place, value));
    value = vault.seal(place, plaintext);
    return 1;
}

Result<std::size_t> reseal_row(const Vault& vault, WebhookRow& row) {
    const auto place = [&](std::string_view column) {
        return Place{row.realm, row.id.uuid, column};
    };
    POSTRIDER_ASSIGN(std::size_t count,
                     reseal(vault, place(columns::webhook_headers), row.headers));
    POSTRIDER_ASSIGN(const std::size_t secrets,
                     reseal(vault, place(columns::webhook_secret), row.secret));
    POSTRIDER_ASSIGN(const std::size_t previous,
                     reseal(vault, place(columns::webhook_previous_secret), row.previous_secret));
    POSTRIDER_ASSIGN(const std::size_t credentials,
                     reseal(vault, place(columns::webhook_credential), row.credential));
    POSTRIDER_ASSIGN(const std::size_t certificates,
                     reseal(vault, place(columns::webhook_tls), row.tls));
    count += secrets + previous + credentials + certificates;
    return count;
}

/// Seals the webhooks of `ids` again, in one transaction.
Result<std::size_t> reseal_step(store::Store& store, std::shared_ptr<const Vault> vault,
                                std::vector<std::pair<RealmId, WebhookId>> ids) {
    return store::write_now<std::size_t>(
        store,
        [vault = std::move(vault),
         ids = std::move(ids)](store::Transaction& tx) -> Result<std::size_t> {
            std::size_t count = 0;
            for (const auto& [realm, id] : ids) {
                POSTRIDER_ASSIGN(auto row, store::webhooks_table::find(tx.sql(), realm, id));
                if (!row) continue;
                POSTRIDER_ASSIGN(const std::size_t done, reseal_row(*vault, *row));
                if (done > 0) POSTRIDER_TRY(store::webhooks_table::update(tx, *row));
                count += done;
            }
            return count;
        });
}

Result<std::size_t> reseal_webhooks(store::Store& store, std::shared_ptr<const Vault> vault) {
    POSTRIDER_ASSIGN(const auto rows, store::read_now<store::List<WebhookRow>>(
                                          store, [](store::sql::Connection& sql) {
                                              return store::webhooks_table::all(sql);
                                          }));
    std::vector<std::pair<RealmId, WebhookId>> step;
    std::size_t count = 0;
    for (std::size_t i = 0; i < rows.size(); ++i) {
        step.emplace_back(rows[i].realm, rows[i].id);
        if (step.size() < limits::reseal_step_rows && i + 1 < rows.size()) continue;
        POSTRIDER_ASSIGN(const std::size_t done, reseal_step(store, vault, std::move(step)));
        count += done;
        step.clear();
    }
    return count;
}

/// Reset tokens that are still to be sent: few, and for half an hour each.
Result<std::size_t> reseal_resets(store::Store& store, std::shared_ptr<const Vault> vault) {
    return store::write_now<std::size_t>(
        store, [vault = std::move(vault)](store::Transaction& tx) -> Result<std::size_t> {
            POSTRIDER_ASSIGN(auto rows, store::sealed_resets_table::all(tx.sql()));
            std::size_t count = 0;
            for (auto& row : rows) {
                const Place place{row.realm, row.delivery.uuid, columns::sealed_reset};
                POSTRIDER_ASSIGN(const std::size_t done, reseal(*vault, place, row.sealed));
                if (done > 0) POSTRIDER_TRY(store::sealed_resets_table::update_sealed(tx, row));
                count += done;
            }
            return count;
        });
}

/// Whether everything sealed in the store was sealed by the first key.
Result<bool> needs_old_keys(store::Store& store, const Vault& vault) {
    return store::read_now<bool>(store, [&](store::sql::Connection& sql) -> Result<bool> {
        const auto is_old = [&](const std::string& value) {
            return !value.empty() && !vault.is_sealed_by_primary(value);
        };
        POSTRIDER_ASSIGN(const auto check, store::state_table::get(sql, key_check_state));
        if (!check || is_old(*check)) return true;
        POSTRIDER_ASSIGN(const auto resets, store::sealed_resets_table::all(sql));
        if (std::ranges::any_of(resets, [&](const auto& row) { return is_old(row.sealed); })) {
            return true;
        }
        POSTRIDER_ASSIGN(const auto rows, store::webhooks_table::all(sql));
        if (rows.unreadable > 0) return true;
        return std::ranges::any_of(rows, [&](const WebhookRow& row) {
            return is_old(row.headers) || is_old(row.secret) || is_old(row.previous_secret) ||
                   is_old(row.credential) || is_old(row.tls);
        });
    });
}

}  // namespace

Result<RotationReport> rotate_keys(store::Store& store, const KeySource& source, Random& random) {
    POSTRIDER_ASSIGN(const Vault before, open_vault(store, source, random));
    RotationReport report;
    KeyRing ring = before.ring();
    const bool from_file = source.text.empty();
    if (ring.keys().size() > 1) {
        report.was_resumed = from_file;
    } else if (from_file) {
        ring = ring.with_new_primary(random);
        POSTRIDER_TRY(write_key_file(source.file, ring));
    } else {
        return fail(ErrorCode::failed_precondition,
                    "POSTRIDER_KEY holds one key: put a new one in front of it "
                    "(`<new>,<old>`), then rotate");
    }

    const auto vault = std::make_shared<const Vault>(ring);
    report.primary = ring.primary().id;
    POSTRIDER_ASSIGN(report.values, reseal_webhooks(store, vault));
    POSTRIDER_ASSIGN(const std::size_t resets, reseal_resets(store, vault));
    report.values += resets;
    POSTRIDER_TRY(put_check_value(store, *vault));
    POSTRIDER_ASSIGN(const bool old_needed, needs_old_keys(store, *vault));
    if (old_needed) {
        return fail(ErrorCode::unavailable,
                    "something was sealed with an old key meanwhile: stop the server and rotate "
                    "again; no key was removed");
    }
    if (from_file) {
        report.removed = ring.keys().size() - 1;
        POSTRIDER_TRY(write_key_file(source.file, ring.primary_only()));
    } else {
        report.old_keys_remain = true;
    }
    return report;
}

}  // namespace postrider::vault
