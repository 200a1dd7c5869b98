#pragma once

#include <string>

#include "base/result.h"
#include "base/time.h"
#include "directory/ledger.h"
#include "directory/passwords.h"
#include "directory/settings.h"
#include "store/store.h"
#include "vault/vault.h"

namespace postrider::directory {

/// The texts of reset tokens for a realm's `password_reset_webhook`: sealed beside the event, never
/// in it, for one delivery of auth.reset_password while it is sent.
class ResetMail {
 public:
    /// Lifetime: the vault outlives it.
    ResetMail(const vault::Vault& vault, SettingsDefaults defaults)
        : vault_(vault), defaults_(std::move(defaults)) {}

    struct Issued {
        const store::UserRow& user;
        const ResetToken& token;
        EventId event;
        Timestamp expires_at;
    };
    /// Keeps the token when the realm has such a webhook, the event is delivered to it, and the
    /// user may do nothing that whoever set it may not. Writer's thread.
    Result<void> keep(store::Transaction& tx, const Issued& issued) const;

    /// The text that is added to an original delivery as `data.token`; "" for every other one, and
    /// when the token is used, void or expired, the setting has ended, or the user may do more by
    /// now. Any thread.
    Result<std::string> token_of(store::sql::Connection& sql, const store::DeliveryRow& delivery,
                                 Timestamp now) const;

 private:
    Result<bool> may_go(store::sql::Connection& sql, const RealmId& realm, const WebhookId& webhook,
                        const UserId& user) const;

    const vault::Vault& vault_;
    const SettingsDefaults defaults_;
};

/// Errors: permission_denied (a new password_reset_webhook needs manage_users beside
/// manage_realms), invalid_argument (there is no such webhook, or it does not get
/// auth.reset_password).
Result<void> check_reset_webhook(store::sql::Connection& sql, const Caller& caller,
                                 const RealmId& realm, const ResetWebhook& wanted);

}  // namespace postrider::directory
