#pragma once

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "net/connection.h"
#include "net/connection_pool.h"
#include "net/deadline_queue.h"
#include "net/http_sender.h"
#include "net/resolver.h"
#include "net/response_reader.h"
#include "net/tls_context.h"

namespace postrider::net {

/// What the attempts of one sender share. They run on one thread and use it one at a time.
struct SenderResources {
    boost::asio::io_context& context;
    const Clock& clock;
    Resolver& resolver;
    std::string user_agent_line;  ///< "User-Agent: …\r\n", or empty
    TlsContext tls;
    std::optional<EgressProxy> proxy;
    DeadlineQueue deadlines;  ///< only of attempts; every attempt in flight is in it
    ConnectionPool pool;
    std::vector<char> read_buffer;  ///< scratch
};

/// One request, from its address to its outcome: resolve, connect, perhaps open a tunnel,
/// handshake, exchange; a step that would block waits for readiness, and the deadline ends any of
/// them. Lifetime: whoever is to call it back (resolver, Asio) holds it.
class SendAttempt final : public Deadline, public std::enable_shared_from_this<SendAttempt> {
 public:
    SendAttempt(SenderResources& resources, SendRequest request, HttpSender::Done done);

    void start();
    /// Ends it with `shutting_down`.
    void stop();
    void on_deadline() override;

 private:
    enum class Phase {
        resolving,
        resolving_proxy,
        connecting,
        tunnelling,  ///< the proxy is asked for a tunnel
        handshaking,
        exchanging,
        finished,
    };
    enum class Direction { read, write };

    Monotonic now() const { return resources_.clock.monotonic(); }
    void write_head();
    void open();
    void on_lookup(Lookup lookup);
    void use_addresses(const std::vector<IpAddress>& addresses);
    void connect_next();
    IoResult connect_to(std::size_t route);
    const IpAddress& target_of(std::size_t route) const;
    void on_connect_failed(int error);
    void on_connect_timeout();
    void on_connected();
    void secure();
    void handshake();
    std::string pool_key() const;

    // Through a proxy (send_attempt_proxy.cc).
    bool has_proxy() const { return resources_.proxy.has_value(); }
    void resolve_proxy();
    void on_proxy_lookup(Lookup lookup);
    void on_proxy_unreachable(std::string_view why);
    void open_tunnel();
    void continue_tunnel();
    bool read_tunnel_answer();
    void on_tunnel_answer();
    void on_tunnel_refused(OutcomeReason reason, std::string detail);

    void exchange();
    bool write_request();
    std::string_view body_to_send() const;
    void pause_body();
    void read_response();
    bool take_bytes(std::string_view bytes);
    void on_peer_closed(int error);
    void on_tls_broken();
    void complete();
    void retry_on_fresh_connection();

    void wait_for(Direction direction);
    void on_ready(Direction direction);
    void drop_connection();
    void finish(OutcomeReason reason, std::string detail);
    std::string time_text() const;

    SenderResources& resources_;
    SendRequest request_;
    HttpSender::Done done_;
    AttemptResult result_;
    Phase phase_ = Phase::resolving;
    bool is_starting_ = true;
    bool is_reused_ = false;  ///< the connection carried a request before
    bool is_retried_ = false;
    bool is_write_broken_ = false;
    bool is_paused_ = false;  ///< the rest of the body waits for `pause_timer_`
    bool is_pause_over_ = false;
    bool waits_read_ = false;
    bool waits_write_ = false;
    unsigned generation_ = 0;  ///< of the connection: tells late readiness of a former one
    Monotonic started_at_, deadline_at_, phase_started_at_, sent_at_;
    std::string origin_;
    std::string head_;
    std::size_t sent_ = 0;
    std::vector<IpAddress> addresses_;        ///< that the policy passes
    std::vector<IpAddress> proxy_addresses_;  ///< none without a proxy
    /// Each address, through each of the proxy's.
    std::size_t routes() const {
        return addresses_.size() * std::max<std::size_t>(proxy_addresses_.size(), 1);
    }
    std::size_t next_route_ = 0;
    OutcomeReason connect_reason_ = OutcomeReason::connect_failed;
    std::string connect_detail_;
    std::unique_ptr<Connection> connection_;
    std::optional<ResponseReader> reader_;
    std::string tunnel_head_;  ///< the request for a tunnel
    AttemptResult tunnel_answer_;
    std::optional<boost::asio::steady_timer> pause_timer_;
};

}  // namespace postrider::net
