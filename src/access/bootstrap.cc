#include "access/bootstrap.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <optional>
#include <vector>

#include "audit/record.h"
#include "base/crypto.h"
#include "base/json.h"
#include "model/limits.h"
#include "store/tables.h"
#include "store/wait.h"

namespace postrider::access {

namespace {

std::string all_permission_names() {
    json::Array names;
    for (Permission permission : all_permissions()) names.emplace_back(to_string(permission));
    return json::serialize(names);
}

std::unexpected<Error> file_error(const std::string& path, const char* verb) {
    return fail(ErrorCode::unavailable,
                "cannot " + std::string(verb) + " " + path + ": " + std::strerror(errno));
}

/// nullopt: there is no such file.
Result<std::optional<std::string>> read_token_file(const std::string& path) {
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        if (errno == ENOENT) return std::nullopt;
        return file_error(path, "read");
    }
    char buffer[1024];
    const ssize_t count = ::read(fd, buffer, sizeof buffer);
    ::close(fd);
    if (count < 0) return file_error(path, "read");
    std::string token(buffer, static_cast<std::size_t>(count));
    while (!token.empty() && (token.back() == '\n' || token.back() == '\r')) token.pop_back();
    return token;
}

/// Written beside and renamed, so that a crash leaves a whole file or none.
Result<void> write_token_file(const std::string& path, const std::string& token) {
    const std::string beside = path + ".new";
    const int fd = ::open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0) return file_error(beside, "write");
    const std::string line = token + '\n';
    const bool written =
        ::write(fd, line.data(), line.size()) == static_cast<ssize_t>(line.size()) &&
        ::fsync(fd) == 0;
    ::close(fd);
    if (!written || ::rename(beside.c_str(), path.c_str()) != 0) return file_error(path, "write");
    return {};
}

struct Chosen {
    std::string token;  ///< empty: the stored key stays
    BootstrapResult result = BootstrapResult::kept;
};

Result<Chosen> choose_token(const BootstrapOptions& options, const store::ApiKeyRow* stored,
                            Random& random) {
    if (!options.token.empty()) {
        if (options.token.size() < limits::bootstrap_token_characters_min) {
            return fail(ErrorCode::invalid_argument,
                        "POSTRIDER_BOOTSTRAP_TOKEN must have at least " +
                            std::to_string(limits::bootstrap_token_characters_min) + " characters");
        }
        return Chosen{options.token, BootstrapResult::given};
    }
    POSTRIDER_ASSIGN(auto in_file, read_token_file(options.token_file));
    if (in_file && in_file->size() >= limits::bootstrap_token_characters_min) {
        return Chosen{*in_file, BootstrapResult::kept};
    }
    if (stored != nullptr) return Chosen{};
    std::string token = make_api_key(random);
    POSTRIDER_TRY(write_token_file(options.token_file, token));
    return Chosen{std::move(token), BootstrapResult::generated};
}

Result<store::ApiKeyRow> store_key(store::Transaction& tx, store::ApiKeyRow row) {
    if (row.id.is_nil()) {
        row.id = tx.mint_id<ApiKeyId>();
        row.created_at = tx.now();
    }
    POSTRIDER_TRY(store::api_keys_table::put(tx, row));
    tx.announce({store::Subject::api_key, row.realm, row.id.uuid});
    POSTRIDER_TRY(audit::record(
        tx, Actor::system("bootstrap"),
        {.realm = row.realm, .action = "api_key.bootstrap", .resource_id = row.id.to_string()}));
    return row;
}

}  // namespace

Result<BootstrapResult> bootstrap(store::Store& store, ApiKeys& keys,
                                  const BootstrapOptions& options, Random& random) {
    using Rows = store::List<store::ApiKeyRow>;
    POSTRIDER_ASSIGN(const Rows rows, store::read_now<Rows>(store, [](store::sql::Connection& sql) {
                         return store::api_keys_table::all(sql);
                     }));
    const store::ApiKeyRow* stored = nullptr;
    for (const store::ApiKeyRow& row : rows) {
        keys.put(row, options.master);
        if (row.realm == options.master && row.name == bootstrap_name) stored = &row;
    }
    POSTRIDER_ASSIGN(const Chosen chosen, choose_token(options, stored, random));
    store::ApiKeyRow row;
    if (stored != nullptr) row = *stored;
    row.realm = options.master;
    row.name = bootstrap_name;
    row.permissions = all_permission_names();
    row.expires_at.reset();
    if (!chosen.token.empty()) row.hash = sha256(chosen.token);
    const bool changed = stored == nullptr || stored->hash != row.hash ||
                         stored->permissions != row.permissions || stored->expires_at;
    if (changed) {
        POSTRIDER_ASSIGN(row,
                         store::write_now<store::ApiKeyRow>(
                             store, [row](store::Transaction& tx) { return store_key(tx, row); }));
        keys.put(row, options.master);
    }
    return chosen.result;
}

}  // namespace postrider::access
