#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "cli/context.h"
#include "cli/import_report.h"

namespace postrider::cli {

/// What a realm has and Keycloak's format has no place for: the member `postrider` of an export.
///
///     {"version": 1,
///      "settings": {…},                     as PATCH …/settings takes them
///      "event_types": [{"name", "description", "schema", "example"}],
///      "webhooks": [{"name", "url", "headers", "events", "enabled", …}],   without secrets
///      "password_reset_webhook": 0,         which of `webhooks` sends reset tokens; none: nobody
///      "sealed": {…}}                       see sealed_text.h; only with --with-secrets
///
/// What is opened of `sealed`:
///
///     {"users": {username: hash}, "clients": {client_id: SHA-256 of its secret, 64 hex digits},
///      "webhooks": [{"keys", "headers", "authentication", "tls"}]}   in the order of `webhooks`
///
/// `keys` are all that POST …/webhooks takes under that name; an older file has one `secret`.
inline constexpr int extras_version = 1;
inline constexpr std::string_view reset_webhook_setting = "password_reset_webhook";

/// Brings the extras of a realm into the one of `realm_path` ("/api/v1/realms/acme"), by the
/// ordinary requests. Each can be repeated: what is there by its name stays as it is.
/// Thread-safety: one thread.
class ExtrasImport {
 public:
    ExtrasImport(Context& context, std::string realm_path, ImportReport& report)
        : context_(context), path_(std::move(realm_path)), report_(report) {}

    /// False: it cannot go on, and the reason was written.
    /// Settings go only into a realm whose own were never changed.
    bool apply_settings(const json::Object& settings);
    bool add_event_types(const json::Value& extras);
    /// `opened` is null when nothing was sealed: then each webhook has a new secret.
    bool add_webhooks(const json::Value& extras, const json::Value& opened);
    /// What a dry run says instead.
    void report_only(const json::Object& settings, const json::Value& extras);

    std::size_t refused() const { return refused_; }
    ExitCode exit_code() const { return exit_code_; }

 private:
    /// Returns whether it is there now; reports a refusal.
    bool create(const std::string& path, json::Object body, const std::string& name);
    bool drop_headers(json::Object& webhook, const std::string& body, const std::string& name);
    json::Object body_of(const json::Value& webhook, const json::Value& secrets);
    std::optional<std::map<std::string, std::string>> webhooks_there();
    bool choose_reset_webhook(const json::Value& webhook);
    bool drop_refused(json::Object& settings, const std::string& body);
    bool stop(const Result<http::ClientResponse>& answer);

    Context& context_;
    const std::string path_;
    ImportReport& report_;
    std::size_t refused_ = 0;
    ExitCode exit_code_ = exit_ok;
};

}  // namespace postrider::cli
