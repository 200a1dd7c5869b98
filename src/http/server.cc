#include "http/server.h"

#include <fmt/format.h>

#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <thread>

#include "base/check.h"
#include "base/memory_guard.h"
#include "base/mutex.h"
#include "base/random.h"
#include "base/thread.h"
#include "base/uuid.h"
#include "http/client_address.h"
#include "http/connection.h"
#include "http/connection_table.h"
#include "http/response_head.h"
#include "http/running.h"
#include "http/workshop.h"
#include "telemetry/log.h"

namespace postrider::http {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

std::string to_text(const tcp::endpoint& endpoint) {
    const auto address = endpoint.address();
    return fmt::format(fmt::runtime(address.is_v6() ? "[{}]:{}" : "{}:{}"), address.to_string(),
                       endpoint.port());
}

/// Without the port; an IPv4 client of an IPv6 socket as IPv4.
std::string address_of(const tcp::endpoint& endpoint) {
    const auto address = endpoint.address();
    if (address.is_v6() && address.to_v6().is_v4_mapped()) {
        return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6()).to_string();
    }
    return address.to_string();
}

std::unexpected<Error> cannot_listen(const tcp::endpoint& endpoint, const error_code& error,
                                     const std::string& option) {
    const std::string where = to_text(endpoint);
    if (error == asio::error::address_in_use) {
        return fail(ErrorCode::unavailable,
                    fmt::format("{} is in use by another process; stop it or choose another {}",
                                where, option));
    }
    if (error == asio::error::access_denied) {
        return fail(ErrorCode::unavailable,
                    fmt::format("this user may not listen on {}; choose a {} port above 1023",
                                where, option));
    }
    if (error == boost::system::errc::address_not_available) {
        return fail(ErrorCode::unavailable,
                    fmt::format("this machine has no address {}; choose another {}",
                                endpoint.address().to_string(), option));
    }
    return fail(ErrorCode::unavailable, fmt::format("cannot listen on {}: {}; choose another {}",
                                                    where, error.message(), option));
}

class ServerImpl final : public Server, private Hub {
 public:
    ServerImpl(const Clock& clock, ServerOptions options, std::vector<Route> routes, Gate before)
        : clock_(clock),
          options_(std::move(options)),
          router_(std::move(routes)),
          gate_(std::move(before)),
          memory_(std::make_shared<Shares>(options_.inbound_bytes_max)),
          tls_(options_.tls),
          edge_(options_.edge),
          connections_(options_.connections_max) {
        memory_->on_room([mailbox = mailbox_] { mailbox->tell_room(); });
    }
    ~ServerImpl() override { stop(Monotonic::min()); }

    Result<void> start() override;
    void stop(Monotonic deadline) override;
    std::uint16_t port() const override { return port_; }
    void set_tls(std::shared_ptr<const TlsIdentity> tls) override;
    void set_edge(Edge edge) override;
    void post(std::function<void()> task) { asio::post(mailbox_->io(), std::move(task)); }
    std::size_t open_connections() const { return open_.load(std::memory_order_relaxed); }
    Budget inbound_bytes() const { return {memory_->used(), memory_->total()}; }

 private:
    const Router& router() const override { return router_; }
    const Gate& gate() const override { return gate_; }
    const ServerOptions& options() const override { return options_; }
    std::shared_ptr<Mailbox> mailbox() const override { return mailbox_; }
    const std::shared_ptr<Shares>& memory() const override { return memory_; }
    void wait_for_room(std::uint64_t connection) override;
    void run_apart(const Shares::Holders& holders, std::uint64_t bytes,
                   std::function<void()> work) override;
    void answered(std::uint64_t connection) override { connections_.refresh(connection); }
    Monotonic now() const override { return clock_.monotonic(); }
    const Edge& edge() const override { return edge_; }
    std::string_view date() override;
    std::string mint_request_id() override { return minter_.mint(clock_.now()).to_string(); }
    bool is_stopping() const override { return stopping_; }
    void remove(std::uint64_t connection) override;

    Result<void> listen(const tcp::endpoint& endpoint);
    void accept();
    void on_accept(const error_code& error, Connection::Socket socket);
    void wait_for_descriptors();
    void admit(Connection::Socket socket);
    void on_room();
    void watch_deadlines();
    void on_mail(Mailbox::Mail mail);
    void begin_to_stop();
    void close_all();
    const Clock& clock_;
    const ServerOptions options_;
    const Router router_;
    const Gate gate_;
    SeededRandom random_{SystemRandom().next()};  // request ids are unique, not secret
    UuidMinter minter_{random_};

    // The order matters: what uses the event loop goes before it does.
    std::shared_ptr<Mailbox> mailbox_ = std::make_shared<Mailbox>();
    asio::executor_work_guard<Mailbox::Executor> work_{mailbox_->io().get_executor()};
    asio::basic_socket_acceptor<tcp, Mailbox::Executor> acceptor_{mailbox_->io()};
    asio::steady_timer deadline_timer_{mailbox_->io()};
    asio::steady_timer accept_timer_{mailbox_->io()};
    const std::shared_ptr<Shares> memory_;
    std::shared_ptr<const TlsIdentity> tls_;  // of the next connection
    Edge edge_;                               // of the next request
    ConnectionTable connections_;
    std::atomic<std::size_t> open_ = 0;  ///< how many these are, for any thread
    std::deque<std::uint64_t> waiting_for_room_;
    std::uint64_t last_connection_ = 0;
    bool watching_ = false;
    bool stopping_ = false;
    std::int64_t date_second_ = -1;
    std::string date_;
    std::uint16_t port_ = 0;

    Mutex mutex_;
    Condition drained_changed_;
    bool drained_ GUARDED_BY(mutex_) = false;  ///< stopping, and no connection is left
    std::thread thread_;
    Workshop short_work_, long_work_;
};

Result<void> ServerImpl::start() {
    CHECK(!thread_.joinable() && !stopping_);
    error_code error;
    const auto address = asio::ip::make_address(
        options_.address == "localhost" ? "127.0.0.1" : options_.address, error);
    if (error) {
        return fail(ErrorCode::unavailable,
                    fmt::format("\"{}\" is no address to listen on; give {} an IP address and "
                                "a port, like 127.0.0.1:8080",
                                options_.address, options_.listen_option));
    }
    POSTRIDER_TRY(listen({address, options_.port}));
    mailbox_->on_mail([this](Mailbox::Mail mail) { on_mail(std::move(mail)); });
    mailbox_->on_room([this] { on_room(); });
    accept();
    // Commits, deliveries and short requests come first, then logins (nice 1), then lists and
    // bodies (4), so that nobody's bodies make a login wait. No lower: on a busy machine a thread
    // at nice 15 has a thirtieth of a core, and everybody's bodies wait for the one that it parses.
    short_work_.start("http bodies", 4);
    long_work_.start("http batches", 19);
    thread_ = start_thread("http", [this] {
        // Memory that did not suffice for one connection ends that one.
        while (!spare_others([this] { mailbox_->io().run(); })) {
            log::error("http", "no memory for a request", {});
        }
    });
    return {};
}

Result<void> ServerImpl::listen(const tcp::endpoint& endpoint) {
    error_code error;
    acceptor_.open(endpoint.protocol(), error);
    if (!error) acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
    if (!error) acceptor_.bind(endpoint, error);
    if (!error) acceptor_.listen(tcp::acceptor::max_listen_connections, error);
    if (!error) acceptor_.non_blocking(true, error);
    if (error) {
        error_code ignored;
        acceptor_.close(ignored);
        return cannot_listen(endpoint, error, options_.listen_option);
    }
    port_ = acceptor_.local_endpoint(error).port();
    return {};
}

void ServerImpl::set_tls(std::shared_ptr<const TlsIdentity> tls) {
    CHECK(options_.tls != nullptr && tls != nullptr);
    asio::post(mailbox_->io(), [this, tls = std::move(tls)] { tls_ = tls; });
}

void ServerImpl::set_edge(Edge edge) {
    asio::post(mailbox_->io(),
               [this, edge = std::move(edge)]() mutable { edge_ = std::move(edge); });
}

void ServerImpl::accept() {
    acceptor_.async_accept([this](error_code error, Connection::Socket socket) {
        on_accept(error, std::move(socket));
    });
}

void ServerImpl::on_accept(const error_code& error, Connection::Socket socket) {
    if (stopping_) return;
    if (error == asio::error::no_descriptors || error == asio::error::no_memory ||
        error == asio::error::no_buffer_space ||
        error == boost::system::errc::too_many_files_open_in_system) {
        return wait_for_descriptors();
    }
    if (!error) admit(std::move(socket));
    accept();
}

/// The client waits in the backlog until somebody else has gone.
void ServerImpl::wait_for_descriptors() {
    if (const auto goes = connections_.give_way({}, Shares::Answer::full)) {
        goes->give_way();
        return accept();
    }
    // Asking again at once would only burn the processor.
    accept_timer_.expires_after(limits::accept_retry_delay);
    accept_timer_.async_wait([this](error_code cancelled) {
        if (!cancelled && !stopping_) accept();
    });
}

void ServerImpl::admit(Connection::Socket socket) {
    error_code gone;
    const auto remote = socket.remote_endpoint(gone);
    if (gone) return;
    const auto id = ++last_connection_;
    std::unique_ptr<TlsSession> tls;
    if (tls_ != nullptr) tls = std::make_unique<TlsSession>(*tls_, socket.native_handle());
    Connection::Peer peer{.endpoint = to_text(remote), .address = address_of(remote)};
    const bool is_proxy = edge_.is_trusted_proxy && edge_.is_trusted_proxy(peer.address);
    const std::string network = is_proxy ? std::string() : network_of(peer.address);
    auto connection = std::make_shared<Connection>(static_cast<Hub&>(*this), id, std::move(socket),
                                                   std::move(peer), std::move(tls));
    auto answer = connections_.add(id, connection, network);
    if (answer != Shares::Answer::taken) {
        if (const auto goes = connections_.give_way(network, answer)) {
            goes->give_way();
            answer = connections_.add(id, connection, network);
        }
    }
    if (answer == Shares::Answer::taken) {
        connection->start();
    } else {
        connections_.add_refused(id, connection);
        connection->refuse();
    }
    open_.store(connections_.size(), std::memory_order_relaxed);
    if (!watching_) watch_deadlines();
}

void ServerImpl::wait_for_room(std::uint64_t connection) {
    waiting_for_room_.push_back(connection);
    mailbox_->want_room();
}

/// In the order in which they came; who still finds none waits again.
void ServerImpl::on_room() {
    for (std::size_t left = waiting_for_room_.size(); left > 0; --left) {
        const auto connection = connections_.find(waiting_for_room_.front());
        waiting_for_room_.pop_front();
        if (connection != nullptr) connection->take_room();
    }
}

void ServerImpl::run_apart(const Shares::Holders& holders, std::uint64_t bytes,
                           std::function<void()> work) {
    (bytes > limits::parsed_long_bytes ? long_work_ : short_work_)
        .run(holders, bytes, std::move(work));
}

/// One timer for all: a timer for every read and write would cost more than the request.
void ServerImpl::watch_deadlines() {
    watching_ = !connections_.is_empty();
    if (!watching_) return;
    deadline_timer_.expires_after(options_.deadline_check);
    deadline_timer_.async_wait([this](error_code cancelled) {
        if (cancelled) return;
        const auto time = now();
        for (const auto& connection :
             connections_.where([time](const Connection& c) { return c.is_overdue(time); })) {
            connection->end_overdue();
        }
        for (const auto& connection :
             connections_.where([](const Connection& c) { return c.is_streaming(); })) {
            connection->pump();
        }
        on_room();  // a waiter may have come just after the room was given back
        watch_deadlines();
    });
}

void ServerImpl::on_mail(Mailbox::Mail mail) {
    const auto connection = connections_.find(mail.to.connection);
    if (connection != nullptr) connection->answer(std::move(mail));  // else the client has gone
}

std::string_view ServerImpl::date() {
    const auto time = clock_.now();
    const auto second = std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
    if (second != date_second_) {
        date_second_ = second;
        date_ = format_http_date(time);
    }
    return date_;
}

void ServerImpl::remove(std::uint64_t connection) {
    connections_.remove(connection);
    open_.store(connections_.size(), std::memory_order_relaxed);
    if (!stopping_ || !connections_.is_empty()) return;
    MutexLock lock(mutex_);
    drained_ = true;
    drained_changed_.notify_all();
}

void ServerImpl::begin_to_stop() {
    stopping_ = true;
    error_code ignored;
    acceptor_.close(ignored);
    accept_timer_.cancel();
    for (const auto& connection : connections_.where([](const Connection&) { return true; })) {
        connection->stop_when_idle();
    }
    if (!connections_.is_empty()) return;
    MutexLock lock(mutex_);
    drained_ = true;
    drained_changed_.notify_all();
}

void ServerImpl::close_all() {
    for (const auto& connection : connections_.where([](const Connection&) { return true; })) {
        connection->close();
    }
    deadline_timer_.cancel();
    mailbox_->on_mail({});
    mailbox_->on_room({});
    work_.reset();  // the loop ends when the last operation has been told that it was cancelled
}

void ServerImpl::stop(Monotonic deadline) {
    if (!thread_.joinable()) return;
    CHECK(thread_.get_id() != std::this_thread::get_id());
    asio::post(mailbox_->io(), [this] { begin_to_stop(); });
    {
        MutexLock lock(mutex_);
        for (auto time = clock_.monotonic(); !drained_ && time < deadline;
             time = clock_.monotonic()) {
            // Bounded by what wait_for() can hold; the loop goes on until the deadline.
            drained_changed_.wait_for(
                mutex_, std::chrono::duration_cast<Duration>(
                            std::min<Monotonic::duration>(deadline - time, std::chrono::hours(1))));
        }
    }
    asio::post(mailbox_->io(), [this] { close_all(); });
    thread_.join();
    short_work_.stop();
    long_work_.stop();
}

}  // namespace

std::unique_ptr<Server> make_server(const Clock& clock, ServerOptions options,
                                    std::vector<Route> routes, Gate before) {
    return std::make_unique<ServerImpl>(clock, std::move(options), std::move(routes),
                                        std::move(before));
}

/// make_server() makes no other.
void post(Server& server, std::function<void()> task) {
    static_cast<ServerImpl&>(server).post(std::move(task));
}

std::size_t open_connections(const Server& server) {
    return static_cast<const ServerImpl&>(server).open_connections();
}

Budget inbound_bytes(const Server& server) {
    return static_cast<const ServerImpl&>(server).inbound_bytes();
}

}  // namespace postrider::http
