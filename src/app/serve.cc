#include "app/serve.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <cstdio>

#include "app/process.h"
#include "app/server.h"
#include "app/version.h"
#include "base/clock.h"
#include "model/limits.h"
#include "telemetry/log.h"

namespace postrider::app {

int serve(const config::Config& config) {
    hold_signals();
    ::umask(private_files);
    const SystemClock clock;
    log::start({.level = config.log_level, .format = config.log_format, .sink = {}});
    log::info("app", "starting",
              {{"version", version}, {"commit", commit()}, {"data", config.data}});
    auto server = make_server(config);
    if (!server) {
        log::stop();
        return explain_exit(server.error());
    }
    if (auto started = (*server)->start(); !started) {
        server->reset();
        log::stop();
        return explain_exit(started.error());
    }
    config::Listen bound = config.listen;
    bound.port = (*server)->port();
    log::info("app", std::string("listening on ") + (config.has_tls() ? "https://" : "http://") +
                         bound.to_string());
    if (config.metrics_listen) {
        bound = *config.metrics_listen;
        bound.port = (*server)->metrics_port();
        log::info("app", "metrics on http://" + bound.to_string() + "/metrics");
    }
    if (const std::string link = (*server)->first_link(); !link.empty()) {
        // Not a line of the log: who has it becomes the administrator.
        fmt::print("Set the password of the user admin, within 30 minutes, at\n  {}\n", link);
        std::fflush(stdout);
    }
    const std::string signal = wait_for_signal(limits::tls_file_check_interval, [&](bool asked) {
        (*server)->refresh_certificate(asked);
    });
    log::info("app", "stopping", {{"signal", signal}});
    (*server)->stop(clock.monotonic() + limits::stop_deadline);
    server->reset();
    log::info("app", "stopped");
    log::stop();
    return 0;
}

}  // namespace postrider::app
