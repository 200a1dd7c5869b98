#include "cli/probe_sender.h"

#include <chrono>
#include <future>
#include <utility>

#include "base/thread.h"

namespace postrider::cli {
namespace {

/// Knows one host, and asks nobody.
class ConfinedResolver final : public net::Resolver {
 public:
    explicit ConfinedResolver(std::vector<net::IpAddress> addresses)
        : addresses_(std::move(addresses)) {}
    void resolve(const RealmId&, const std::string&, Monotonic, Done done) override {
        done({net::LookupStatus::ok, addresses_, {}});
    }
    std::size_t in_flight() const override { return 0; }
    void stop() override {}

 private:
    std::vector<net::IpAddress> addresses_;
};

/// Runs `task` on the loop's thread and waits for it.
template <typename Task>
void run_on(net::EventLoop& loop, Task task) {
    // Shared: it must live until set_value() returns, which is after wait() may have.
    auto done = std::make_shared<std::promise<void>>();
    loop.post([&task, done] {
        task();
        done->set_value();
    });
    done->get_future().wait();
}

std::string lines_of(const Headers& headers) {
    std::string lines;
    for (const auto& [name, value] : headers) lines += name + ": " + value + "\r\n";
    return lines;
}

}  // namespace

bool is_loopback(const net::IpAddress& address) {
    const auto inner = net::unwrap_mapped(address);
    return net::Cidr::parse("127.0.0.0/8")->contains(inner) ||
           net::Cidr::parse("::1/128")->contains(inner);
}

ProbeSender::ProbeSender(net::Url url, std::string ca_file)
    : url_(std::make_shared<const net::Url>(std::move(url))),
      ca_file_(std::move(ca_file)),
      thread_(start_thread("probe", [this] { loop_.run(); })) {}

ProbeSender::~ProbeSender() {
    run_on(loop_, [this] {
        sender_.reset();
        resolver_.reset();
    });
    loop_.stop();
    thread_.join();
}

Result<std::vector<net::IpAddress>> ProbeSender::look_up() {
    if (url_->is_ip_literal) return std::vector{*net::IpAddress::parse(url_->host)};
    auto found = std::make_shared<std::promise<net::Lookup>>();
    loop_.post([this, found] {
        resolver_ = net::make_resolver(loop_, {});
        resolver_->resolve({}, url_->host, clock_.monotonic() + probe_timeout,
                           [found](net::Lookup lookup) { found->set_value(std::move(lookup)); });
    });
    auto lookup = found->get_future().get();
    if (lookup.status == net::LookupStatus::ok) return std::move(lookup.addresses);
    return fail(ErrorCode::unavailable, std::move(lookup.detail));
}

void ProbeSender::confine_to(std::vector<net::IpAddress> addresses) {
    net::EgressPolicy policy;
    for (const auto& address : addresses) {
        policy.allowed_networks.push_back(
            *net::Cidr::parse(net::unwrap_mapped(address).to_string()));
    }
    policy_ = std::make_shared<const net::EgressPolicy>(std::move(policy));
    run_on(loop_, [&] {
        sender_.reset();
        resolver_ = std::make_unique<ConfinedResolver>(std::move(addresses));
    });
}

net::SendRequest ProbeSender::to_send(const ProbeRequest& request) const {
    return {.realm = {},
            .url = url_,
            .headers = lines_of(request.headers),
            .body = std::make_shared<const std::string>(request.body),
            .timeout = probe_timeout + request.body_pause,
            .policy = policy_,
            .method = request.method,
            .afterwards = request.afterwards,
            .body_pause = request.body_pause,
            .tls = request.tls,
            .use = std::make_shared<net::ConnectionUse>()};
}

std::vector<ProbeAnswer> ProbeSender::send_all(std::span<const ProbeRequest> requests) {
    using Promise = std::promise<AttemptResult>;
    std::vector<std::shared_ptr<Promise>> promises;
    std::vector<net::SendRequest> sent;
    for (const auto& request : requests) {
        promises.push_back(std::make_shared<Promise>());
        sent.push_back(to_send(request));
    }
    const bool is_fresh = requests.front().connection == ProbeRequest::Connection::fresh;
    loop_.post([this, promises, sent, is_fresh] {
        // Another sender has no connections that were kept.
        if (is_fresh || sender_ == nullptr) {
            sender_ = net::make_http_sender(loop_, *resolver_,
                                            {.ca_file = ca_file_, .user_agent = "Postrider-Probe"});
        }
        for (std::size_t i = 0; i < sent.size(); ++i) {
            sender_->send(sent[i], [promise = promises[i]](AttemptResult result) {
                promise->set_value(std::move(result));
            });
        }
    });
    std::vector<ProbeAnswer> answers;
    for (std::size_t i = 0; i < sent.size(); ++i) {
        auto result = promises[i]->get_future().get();
        answers.push_back({std::move(result), *sent[i].use});
    }
    return answers;
}

}  // namespace postrider::cli
