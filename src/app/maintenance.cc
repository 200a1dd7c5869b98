#include "app/maintenance.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "api/operations.h"
#include "app/open_store.h"
#include "app/process.h"
#include "app/server.h"
#include "base/clock.h"
#include "base/random.h"
#include "http/tls.h"
#include "net/http_sender.h"
#include "store/sqlite_backup.h"
#include "store/transfer.h"
#include "telemetry/log.h"
#include "vault/open.h"
#include "vault/rotate.h"

namespace postrider::app {

int rotate_keys(const config::Config& config) {
    ::umask(private_files);
    const SystemClock clock;
    SystemRandom random;
    if (config.database_url.empty() && !std::filesystem::exists(config.database_path)) {
        return explain_exit(
            {ErrorCode::unavailable,
             "there is no store at " + config.database_path + "; say with --data where it is",
             {},
             nullptr});
    }
    auto store = open_store(config, StoreUse::maintenance, nullptr, clock, random);
    if (!store) return explain_exit(store.error());
    const auto report =
        vault::rotate_keys(**store, {.text = config.key, .file = config.key_file}, random);
    (*store)->stop();
    if (!report) return explain_exit(report.error());
    fmt::print("{}key {} seals from now on; {} values sealed again, {} old keys removed\n",
               report->was_resumed ? "went on with an interrupted rotation: " : "", report->primary,
               report->values, report->removed);
    if (report->old_keys_remain) {
        fmt::print("now remove the old keys from POSTRIDER_KEY: nothing needs them any more\n");
    }
    return 0;
}

int backup(const config::Config& config, const std::string& destination) {
    ::umask(private_files);
    if (!config.database_url.empty()) {
        return explain_exit({ErrorCode::unavailable,
                             "this is for the embedded store; back the PostgreSQL database up with "
                             "pg_dump or its own tools (docs/backup.md)",
                             {},
                             nullptr});
    }
    const auto report = store::backup_sqlite(config.database_path, destination);
    if (!report) return explain_exit(report.error());
    fmt::print("{}: {}, read back and whole\n", destination, config::format_size(report->bytes));
    fmt::print(
        "Keep the key ({}) elsewhere: without it the secrets in the copy cannot be opened.\n",
        config.key.empty() ? config.key_file : "POSTRIDER_KEY");
    return 0;
}

int check_backup(const config::Config& config, const std::string& copy) {
    const auto report = store::check_copy(copy);
    if (!report) return explain_exit(report.error());
    const auto newest = report->newest ? "the newest of " + format_rfc3339(*report->newest)
                                       : std::string("none yet");
    fmt::print("{}: {}, whole, schema {}\n", copy, config::format_size(report->file.bytes),
               report->file.schema);
    fmt::print("{} realms, {} webhooks, {} events ({}), {} deliveries pending\n", report->realms,
               report->webhooks, report->events, newest, report->pending);
    if (report->key_check.empty()) return 0;
    const auto key = vault::check_key(report->key_check, {config.key, config.key_file});
    if (!key) return explain_exit(key.error());
    fmt::print("The key ({}) opens its secrets.\n",
               config.key.empty() ? config.key_file : "POSTRIDER_KEY");
    return 0;
}

namespace {

Result<store::StoreLocation> location_of(const config::Config& config, std::string_view option,
                                         const std::string& url) {
    constexpr std::string_view sqlite = "sqlite:";
    if (url.empty() && config.database_url.empty())
        return store::StoreLocation{config.database_path, {}};
    if (url.empty()) return store::StoreLocation{{}, config.database_url};
    if (url.starts_with("postgresql://") || url.starts_with("postgres://")) {
        return store::StoreLocation{{}, url};
    }
    if (url.starts_with(sqlite) && url.size() > sqlite.size()) {
        return store::StoreLocation{url.substr(sqlite.size()), {}};
    }
    return fail(ErrorCode::invalid_argument,
                fmt::format("{} must be sqlite:PATH or postgresql://USER@HOST/DATABASE", option));
}

/// A line that is written over on a terminal; elsewhere one for each table.
class ProgressLine {
 public:
    void show(const store::TransferProgress& progress) {
        const std::string label = std::string(progress.doing) + " " + progress.table;
        const auto percent = progress.total == 0 ? 100 : 100 * progress.done / progress.total;
        if (is_terminal_) {
            const auto filled = static_cast<std::size_t>(percent / 5);
            std::string bar;
            for (std::size_t i = 0; i < 20; ++i) bar += i < filled ? "█" : "░";
            fmt::print(stderr, "\r\033[K{:<32} {} {}/{}", label, bar, progress.done,
                       progress.total);
        } else if (label != label_) {
            fmt::print(stderr, "{} ({} %)\n", label, percent);
        }
        label_ = label;
    }
    ~ProgressLine() {
        if (is_terminal_ && !label_.empty()) fmt::print(stderr, "\r\033[K");
    }

 private:
    const bool is_terminal_ = ::isatty(STDERR_FILENO) == 1;
    std::string label_;
};

}  // namespace

int migrate(const config::Config& config, const std::string& from, const std::string& to) {
    ::umask(private_files);
    const auto source = location_of(config, "--from", from);
    if (!source) return explain_exit(source.error());
    const auto target = location_of(config, "--to", to);
    if (!target) return explain_exit(target.error());
    if (!source->sqlite_path.empty() && !std::filesystem::exists(source->sqlite_path)) {
        return explain_exit({ErrorCode::unavailable,
                             "there is no store at " + source->sqlite_path +
                                 "; say with --from or "
                                 "--data where it is",
                             {},
                             nullptr});
    }
    Result<store::TransferReport> report;
    {
        ProgressLine line;
        report = store::transfer(*source, *target,
                                 [&line](const store::TransferProgress& each) { line.show(each); });
    }
    if (!report) return explain_exit(report.error());
    fmt::print("{}{} rows of {} tables are in both, with equal checksums\n",
               report->was_resumed ? "went on with an interrupted move: " : "", report->rows,
               report->tables);
    fmt::print("Start the server with --database on the new one, with the same --data and key.\n");
    return 0;
}

int check_config(const config::Config& config) {
    int code = 0;
    if (auto policy = make_policy(config); !policy) code = explain_exit(policy.error());
    if (auto proxy = make_proxy(config); !proxy) code = explain_exit(proxy.error());
    if (!config.ca_file.empty()) {
        if (auto read = net::check_ca_file(config.ca_file); !read)
            code = explain_exit(read.error());
    }
    if (config.has_tls()) {
        const auto identity = http::TlsIdentity::load(
            http::TlsFiles{.certificate = config.tls_cert, .key = config.tls_key});
        if (!identity) code = explain_exit(identity.error());
    }
    if (code == 0) fmt::print("{}", config::to_toml(config));
    return code;
}

int print_routes() {
    std::string folder = (std::filesystem::temp_directory_path() / "postrider-XXXXXX").string();
    if (::mkdtemp(folder.data()) == nullptr) return 1;
    config::Config config;
    config.data = folder;
    config.database_path = folder + "/postrider.db";
    config.key_file = folder + "/key";
    config.disk_reserve_bytes = 0;
    log::start({.level = LogLevel::error, .format = config.log_format, .sink = {}});
    int code = 0;
    if (auto server = make_server(config)) {
        for (const http::Route& route : (*server)->routes()) {
            // The contract has no mark for "and all the rest".
            std::string path = route.path;
            if (path.ends_with("*}")) path.erase(path.size() - 2, 1);
            fmt::print("{} {} {} {}\n", route.method, path, route.operation,
                       api::to_string(api::operation(route.operation).need));
        }
    } else {
        code = explain_exit(server.error());
    }
    std::error_code ignored;
    std::filesystem::remove_all(folder, ignored);
    log::stop();
    return code;
}

}  // namespace postrider::app
