#include "app/serve.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "api/operations.h"
#include "app/process.h"
#include "app/server.h"
#include "app/version.h"
#include "base/clock.h"
#include "model/limits.h"
#include "telemetry/log.h"

namespace postrider::app {

namespace {

int refuse_to_start(const Error& error) {
    log::stop();
    fmt::print(stderr, "postrider: {}\n", error.message);
    return 1;
}

}  // namespace

int serve(const config::Config& config) {
    hold_signals();
    ::umask(0077);  // what the server writes is nobody else's to read
    const SystemClock clock;
    log::start({.level = config.log_level, .format = config.log_format, .sink = {}});
    log::info("app", "starting", {{"version", version}, {"data", config.data}});
    auto server = make_server(config);
    if (!server) return refuse_to_start(server.error());
    if (auto started = (*server)->start(); !started) {
        server->reset();
        return refuse_to_start(started.error());
    }
    config::Listen bound = config.listen;
    bound.port = (*server)->port();
    log::info("app", "listening on http://" + bound.to_string(), {});
    const std::string signal = wait_for_signal();
    log::info("app", "stopping", {{"signal", signal}});
    (*server)->stop(clock.monotonic() + limits::stop_deadline);
    server->reset();
    log::info("app", "stopped");
    log::stop();
    return 0;
}

int print_routes() {
    std::string folder = (std::filesystem::temp_directory_path() / "postrider-XXXXXX").string();
    if (::mkdtemp(folder.data()) == nullptr) return 1;
    config::Config config;
    config.data = folder;
    config.database_path = folder + "/postrider.db";
    config.key_file = folder + "/key";
    config.disk_reserve_bytes = 0;
    config.log_level = LogLevel::error;
    log::start({.level = config.log_level, .format = config.log_format, .sink = {}});
    int code = 0;
    if (auto server = make_server(config)) {
        for (const http::Route& route : (*server)->routes()) {
            fmt::print("{} {} {} {}\n", route.method, route.path, route.operation,
                       api::to_string(api::operation(route.operation).need));
        }
    } else {
        code = refuse_to_start(server.error());
    }
    std::error_code ignored;
    std::filesystem::remove_all(folder, ignored);
    log::stop();
    return code;
}

}  // namespace postrider::app
