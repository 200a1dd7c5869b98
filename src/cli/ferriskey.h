#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "cli/import_report.h"
#include "cli/keycloak.h"
#include "store/sql/postgresql_connection.h"

/// Realms as FerrisKey keeps them in its PostgreSQL database. Read here by statements of our own;
/// source: its public migrations, July 2025 to August 2026.
namespace postrider::cli::ferriskey {

/// A realm in the words of POST …/import and POST …/webhooks.
struct Realm {
    std::string name;  ///< there
    std::string display_name;
    std::vector<keycloak::Entry> clients;
    std::vector<keycloak::Entry> roles;
    std::vector<keycloak::Entry> service_accounts;
    std::vector<keycloak::Entry> users;
    /// Bodies of POST …/webhooks, with `signing: ["ferriskey"]`, as ExtrasImport takes them: what
    /// is secret of each, {"secret", "headers"}, is apart, in the same order.
    json::Array webhooks;
    json::Array webhook_secrets;
    ImportReport report;
};

/// A database of FerrisKey's, seen at one moment: everything is read in one transaction that writes
/// nothing. Thread-safety: one thread.
class Database {
 public:
    /// Errors: one sentence each, with the way out: cannot be reached, has no FerrisKey tables, is
    /// of another version, may not be read.
    static Result<Database> open(const std::string& url);

    /// "host:port/database", for messages.
    std::string place() const { return connection_->place(); }
    /// By name. Errors: unavailable.
    Result<std::vector<std::string>> realm_names();
    /// All of a realm, in memory: some 2 KiB a user. Errors: not_found; unavailable.
    Result<Realm> read(const std::string& name);

 private:
    explicit Database(std::unique_ptr<store::sql::PostgresqlConnection> connection)
        : connection_(std::move(connection)) {}

    Result<void> check_tables();
    Result<void> check_rows();
    Result<Realm> read_all(const std::string& name);
    Result<void> read_roles(const std::string& id, Realm& realm);
    Result<void> read_clients(const std::string& id, Realm& realm);
    Result<void> read_redirect_uris(const std::string& id, Realm& realm);
    /// Service accounts too, which are users there.
    Result<void> read_users(const std::string& id, Realm& realm);
    Result<void> read_webhooks(const std::string& id, Realm& realm);
    Result<void> name_the_rest(const std::string& id, Realm& realm);
    Result<void> name_columns(const std::string& id, ImportReport& report);

    std::unique_ptr<store::sql::PostgresqlConnection> connection_;
};

/// What a role of ours may do that stands for FerrisKey's bits; the names of those that have no
/// counterpart here are appended to `left_out`.
json::Array permissions_of(std::uint64_t bits, std::vector<std::string>& left_out);

/// Whether we fire an event of this name, or send it to those who subscribe.
bool is_known_trigger(std::string_view trigger);

}  // namespace postrider::cli::ferriskey
