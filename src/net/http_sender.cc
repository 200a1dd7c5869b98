#include "net/http_sender.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <utility>

#include "base/encoding.h"
#include "model/limits.h"
#include "model/tls_limits.h"
#include "net/event_loop_impl.h"
#include "net/send_attempt.h"

namespace postrider::net {
namespace {

constexpr std::size_t read_buffer_bytes = limits::response_header_bytes_max;

class BeastSender final : public HttpSender {
 public:
    BeastSender(EventLoop& loop, Resolver& resolver, SenderOptions options)
        : resources_{loop.impl().context,
                     loop.clock(),
                     resolver,
                     options.user_agent.empty() ? "" : "User-Agent: " + options.user_agent + "\r\n",
                     TlsContext(options.ca_file),
                     std::move(options.proxy),
                     DeadlineQueue(loop.impl().context, loop.clock()),
                     {},
                     std::vector<char>(read_buffer_bytes)},
          sweep_timer_(loop.impl().context),
          self_(std::make_shared<BeastSender*>(this)) {}
    ~BeastSender() override {
        *self_ = nullptr;
        stop();
    }
    BeastSender(const BeastSender&) = delete;
    BeastSender& operator=(const BeastSender&) = delete;

    void send(SendRequest request, Done done) override {
        if (is_stopped_) {
            boost::asio::post(resources_.context, [done = std::move(done)] {
                AttemptResult result;
                result.reason = OutcomeReason::shutting_down;
                result.detail = "the server is shutting down";
                done(std::move(result));
            });
            return;
        }
        std::make_shared<SendAttempt>(resources_, std::move(request), std::move(done))->start();
        if (!is_sweeping_) sweep_later();
    }

    void stop() override {
        is_stopped_ = true;
        while (auto* attempt = resources_.deadlines.first()) {
            static_cast<SendAttempt*>(attempt)->stop();
        }
        resources_.pool.clear();
        sweep_timer_.cancel();
    }

    void set_authorities(const Authorities& authorities) {
        resources_.tls.set_authorities(authorities);
        resources_.pool.clear();
    }

 private:
    void sweep_later() {
        is_sweeping_ = true;
        sweep_timer_.expires_after(limits::idle_connections_sweep_interval);
        sweep_timer_.async_wait([this, self = self_](const boost::system::error_code& error) {
            if (error || *self == nullptr) return;
            is_sweeping_ = false;
            resources_.pool.sweep(resources_.clock.monotonic());
            // While nothing is open nothing wakes: an idle server does no work.
            const bool has_work =
                resources_.pool.size() > 0 || resources_.deadlines.first() != nullptr;
            if (has_work) sweep_later();
        });
    }

    SenderResources resources_;
    boost::asio::steady_timer sweep_timer_;
    bool is_sweeping_ = false;
    bool is_stopped_ = false;
    std::shared_ptr<BeastSender*> self_;  ///< a handler on its way may outlive this
};

}  // namespace

Result<EgressProxy> make_egress_proxy(std::string_view url, std::string_view credentials) {
    auto parsed = parse_url(url);
    if (!parsed || parsed->is_tls() || parsed->target != "/") {
        return fail(ErrorCode::invalid_argument,
                    "must be http://HOST:PORT, without a path and without a user name");
    }
    const bool is_wrong =
        std::ranges::any_of(credentials, [](unsigned char c) { return c < 0x20 || c == 0x7f; }) ||
        credentials.size() > limits::proxy_credentials_bytes_max;
    if (!credentials.empty() && (is_wrong || credentials.find(':') == std::string_view::npos)) {
        return fail(ErrorCode::invalid_argument,
                    "has credentials that are not a user name, a colon and a password");
    }
    EgressProxy proxy{.url = std::move(*parsed)};
    if (!credentials.empty()) proxy.authorization = "Basic " + base64_encode(credentials);
    return proxy;
}

std::unique_ptr<HttpSender> make_http_sender(EventLoop& loop, Resolver& resolver,
                                             SenderOptions options) {
    return std::make_unique<BeastSender>(loop, resolver, std::move(options));
}

void set_authorities(HttpSender& sender, const Authorities& authorities) {
    dynamic_cast<BeastSender&>(sender).set_authorities(authorities);
}

}  // namespace postrider::net
