#pragma once

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "http/mailbox.h"
#include "http/request_reader.h"
#include "http/router.h"
#include "http/tls.h"

namespace postrider::http {

class Connection;

/// What a connection needs of the server that it belongs to.
class Hub {
 public:
    virtual ~Hub() = default;
    virtual const Router& router() const = 0;
    virtual const Gate& gate() const = 0;
    virtual const ServerOptions& options() const = 0;
    virtual std::shared_ptr<Mailbox> mailbox() const = 0;
    virtual const std::shared_ptr<Shares>& memory() const = 0;  ///< in bytes
    /// Calls take_room() of the connection when there may be some.
    virtual void wait_for_room(std::uint64_t connection) = 0;
    /// Runs a handler on another thread, in its holders' turn.
    virtual void run_apart(const Shares::Holders& holders, std::uint64_t bytes,
                           std::function<void()> work) = 0;
    virtual void answered(std::uint64_t connection) = 0;
    virtual Monotonic now() const = 0;
    virtual const Edge& edge() const = 0;  ///< as it is now: another one after the next task
    virtual std::string_view date() = 0;   ///< as a Date header has it
    virtual std::string mint_request_id() = 0;
    virtual bool is_stopping() const = 0;
    virtual void remove(std::uint64_t connection) = 0;
};

/// One client's connection: reads a request, lets it be answered, reads the next.
///
///     handshaking ──TLS is up──▶ idle          (without TLS it begins idle)
///     idle ──first byte──▶ reading ──▶ handling ──answer──▶ writing ──▶ idle
///       reading ──refused before its end──▶ writing ──▶ lingering ──▶ closed
///       writing ──head of a BodySource──▶ streaming ──its end──▶ closed
///                                                streaming ──a finite one's──▶ idle
///       reading ──head read──▶ admitting ──the gate's verdict──▶ reading
///       reading ──no room for the body──▶ pausing ──room──▶ reading
///
/// Thread-safety: the server's thread.
class Connection final : public std::enable_shared_from_this<Connection> {
 public:
    using Socket = boost::asio::basic_stream_socket<boost::asio::ip::tcp, Mailbox::Executor>;

    struct Peer {
        std::string endpoint;  ///< "127.0.0.1:49152"
        std::string address;   ///< "127.0.0.1", an IPv4-mapped one unwrapped
    };
    /// `tls`: none for plain HTTP.
    Connection(Hub& hub, std::uint64_t id, Socket socket, Peer peer,
               std::unique_ptr<TlsSession> tls);

    void start();
    /// Answers 503 without reading (after the handshake, under TLS), and closes.
    void refuse();
    /// An answer or verdict from the mailbox; ignored when it is not for the request in progress.
    void answer(Mailbox::Mail mail);
    /// Who gives way to a newcomer first.
    enum class Standing { idle, answered, in_head, in_body, busy };
    Standing standing() const;
    /// Goes, for somebody else: half a request is answered 503.
    void give_way();
    /// Goes on with a body that there was no room for, if there is some now.
    void take_room();
    bool is_overdue(Monotonic now) const { return now >= deadline_; }
    /// 408 for half a request, 429 or 503 for one that had no room; closes everything else.
    void end_overdue();
    bool is_streaming() const { return phase_ == Phase::streaming; }
    /// Sends the next piece of a body that comes in pieces, if there is one.
    void pump();
    /// Closes now if nothing but a stream is in progress, else after the answer (Hub::is_stopping).
    void stop_when_idle();
    void close();

 private:
    enum class Phase {
        handshaking,
        idle,
        reading,
        admitting,
        pausing,
        handling,
        writing,
        streaming,
        lingering,
        closed
    };

    void read();
    void on_read(std::size_t bytes);
    void make_room();
    void process();
    bool step();
    bool go_on(bool has_advanced);
    void wait_for_more();

    void begin_request();
    std::size_t body_bytes_max() const;
    void check_head();
    void end_head(Mailbox::Mail verdict);
    std::optional<Response> find_route();
    std::optional<Response> refusal_of_body(const Route& route);
    bool has_room();
    Shares::Holders holders() const;
    void begin_body();
    void answer_half(Response response);
    Response problem(ErrorCode code, std::string detail, const char* slug);
    Response reading_problem();
    bool send_continue();

    bool dispatch();
    bool dispatch_apart();
    void process_later();
    bool write(Response response);
    std::array<boost::asio::const_buffer, 4> unwritten() const;
    void on_written();
    bool finish_answer();
    bool end_answer();
    void begin_stream();
    void on_piece_written();
    void linger();

    // Under TLS (connection_tls.cc).
    void begin_handshake();
    void shake_hands();
    void answer_plain_http();
    void await(TlsSession::Need need, void (Connection::*next)());
    void begin_read_secured();
    void read_secured();
    bool write_secured();
    bool push_secured();
    void go_on_writing();
    void write_piece_secured();

    Hub& hub_;
    const std::uint64_t id_;
    Socket socket_;
    std::unique_ptr<TlsSession> tls_;
    const Peer peer_;
    Phase phase_ = Phase::idle;
    Monotonic deadline_ = Monotonic::max();
    bool read_pending_ = false;

    std::unique_ptr<char[]> buffer_;
    std::size_t capacity_ = 0;
    std::size_t begin_ = 0, end_ = 0;  ///< what is read and not yet used

    RequestReader reader_;
    Request request_;
    std::string request_id_;
    std::uint64_t request_number_ = 0;
    const Route* route_ = nullptr;
    std::string cors_origin_;          ///< of the request; empty: no page that may read answers
    std::optional<Response> refusal_;  ///< goes out when the body has been read over
    bool head_only_ = false;
    Monotonic started_{};

    Shares::Hold hold_;                            ///< of the body, then of the answer
    Shares::Answer room_ = Shares::Answer::taken;  ///< why there was none, while pausing

    std::optional<Mailbox::Mail> said_at_once_;  ///< by a gate or handler before it returned
    bool keep_open_ = true;
    std::string head_;
    Response response_;
    std::string piece_;  ///< of a stream, on its way
    bool piece_pending_ = false;
    bool is_last_piece_ = false;
    std::size_t linger_bytes_ = 0;
    bool is_refused_ = false;
    std::size_t joined_ = 0;   ///< bytes of the body that are in head_, to share its TLS record
    std::size_t written_ = 0;  ///< of head_ and then of the body behind joined_

    class Exchange;
};

}  // namespace postrider::http
