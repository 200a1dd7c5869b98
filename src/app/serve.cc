#include "app/serve.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "app/journal.h"
#include "app/process.h"
#include "app/server.h"
#include "app/service_manager.h"
#include "app/version.h"
#include "base/clock.h"
#include "model/limits.h"
#include "telemetry/log.h"
#include "telemetry/log_change.h"

namespace postrider::app {

namespace {

const char* variable(const char* name) { return std::getenv(name); }

/// To the journal in its own form, where nobody has chosen another.
log::Options log_options(const config::Config& config, const config::Origins& origins) {
    const bool to_journal = !origins.contains("log-format") && is_journal(variable);
    return {.level = config.log_level,
            .format = to_journal ? LogFormat::json : config.log_format,
            .sink = to_journal ? journal_sink() : nullptr};
}

/// At SIGHUP.
void reload(Server& server, const cli::Serving& serving) {
    config::Origins origins;
    const auto fresh = serving.read_again(origins);
    const auto result = server.reload(fresh);
    if (!result) return;
    log::change(log_options(*fresh, origins));
    log::info("app", "the configuration was read again",
              {{"changed", fmt::format("{}", fmt::join(result->changed, ","))}});
    if (!result->at_next_start.empty()) {
        log::warning("app", "these settings change at the next start",
                     {{"settings", fmt::format("{}", fmt::join(result->at_next_start, ","))}});
    }
}

}  // namespace

int serve(const config::Config& config, const cli::Serving& serving) {
    hold_signals();
    ::umask(private_files);
    const SystemClock clock;
    ServiceManager manager(variable);
    log::start(log_options(config, serving.origins));
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
    const std::string status = "It listens on " + bound.to_string() + ".";
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
    manager.ready(status);
    const Duration interval =
        manager.alive_interval() > Duration{}
            ? std::min(limits::tls_file_check_interval, manager.alive_interval())
            : limits::tls_file_check_interval;
    const std::string signal = wait_for_signal(interval, [&](bool asked) {
        if (asked) {
            manager.reloading(clock.monotonic());
            reload(**server, serving);
            manager.ready(status);
        }
        (*server)->refresh_certificate(asked);
        if ((*server)->is_responsive()) manager.alive();
    });
    manager.stopping();
    log::info("app", "stopping", {{"signal", signal}});
    (*server)->stop(clock.monotonic() + limits::stop_deadline);
    server->reset();
    log::info("app", "stopped");
    log::stop();
    return 0;
}

}  // namespace postrider::app
