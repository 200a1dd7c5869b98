#pragma once

#include <expected>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/json.h"
#include "cli/context.h"
#include "cli/exit_code.h"
#include "cli/progress.h"

namespace postrider::cli {

/// Reads a realm through the API and writes it in Keycloak's format (keycloak.h), with what that
/// has no place for in the member `postrider` (realm_extras.h). Requests of one thing each: an
/// export has no hurry. Thread-safety: one thread.
class RealmExport {
 public:
    enum class Secrets { left_out, sealed };
    /// `passphrase` seals hashes and secrets, when they are wanted.
    RealmExport(Context& context, Secrets secrets, std::string passphrase)
        : context_(context), secrets_(secrets), passphrase_(std::move(passphrase)) {}

    std::expected<json::Value, ExitCode> run();
    /// Sentences about what the file does not hold; call it after run().
    std::vector<std::string> omissions() const;

 private:
    using Items = std::expected<json::Array, ExitCode>;
    using Done = std::expected<void, ExitCode>;

    Items all(const std::string& path);
    void note_roles(const json::Array& roles, const std::string& client_id);
    Done read_roles_of_clients(const json::Array& clients, json::Object& to);
    std::expected<json::Value, ExitCode> client_entry(const json::Value& client);
    Done add_redirect_uris(const json::Value& client, json::Object& entry);
    void add_service_account(const json::Value& client, json::Array& users);
    std::expected<json::Value, ExitCode> user_entry(const json::Value& user);
    void add_roles(json::Object& entry, const std::vector<std::string>& ids);
    std::expected<json::Object, ExitCode> extras(const std::string& realm);
    std::expected<json::Value, ExitCode> webhook_entry(const json::Value& webhook);
    Done read_webhook_secrets(const json::Value& webhook, json::Object& secrets);
    /// A secret that is not this caller's to read is left out; anything else ends the export.
    std::expected<json::Value, ExitCode> reveal(const std::string& path, const std::string& name);

    Context& context_;
    const Secrets secrets_;
    const std::string passphrase_;
    std::map<std::string, std::pair<std::string, std::string>> roles_;  ///< by id: name, client_id
    json::Object user_hashes_;
    json::Object client_hashes_;
    json::Array webhook_secrets_;
    std::vector<std::string> withheld_;  ///< whose secrets the caller may not read
};

}  // namespace postrider::cli
