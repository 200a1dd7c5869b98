#include <algorithm>
#include <boost/asio/post.hpp>

#include "http/connection.h"
#include "model/limits.h"

/// What a connection does otherwise under TLS: it waits until the socket is ready, and lets the
/// session do the reading and writing.
namespace postrider::http {

namespace asio = boost::asio;
using boost::system::error_code;
using Need = TlsSession::Need;

void Connection::begin_handshake() {
    phase_ = Phase::handshaking;
    deadline_ = hub_.now() + hub_.options().tls_handshake_timeout;
    await(Need::readable, &Connection::shake_hands);
}

void Connection::shake_hands() {
    const Need need = tls_->shake_hands();
    switch (need) {
        case Need::nothing:
            phase_ = Phase::idle;
            return is_refused_ ? refuse() : wait_for_more();
        case Need::readable:
        case Need::writable:
            return await(need, &Connection::shake_hands);
        case Need::plain_http:
            return answer_plain_http();
        case Need::closed:
            return close();
    }
}

/// In plain HTTP, which is what its sender understands.
void Connection::answer_plain_http() {
    tls_.reset();
    keep_open_ = false;
    begin_request();
    if (write(problem(ErrorCode::invalid_argument,
                      "this port speaks https: use https:// in the URL", "malformed-request"))) {
        finish_answer();
    }
}

void Connection::await(Need need, void (Connection::*next)()) {
    const auto what = need == Need::readable ? Socket::wait_read : Socket::wait_write;
    socket_.async_wait(what, [self = shared_from_this(), next](error_code error) {
        if (self->phase_ == Phase::closed) return;
        if (error) return self->close();
        ((*self).*next)();
    });
}

void Connection::begin_read_secured() {
    if (!tls_->has_buffered()) return await(Need::readable, &Connection::read_secured);
    // Not at once: a client that sends on and on would nest reads in reads.
    asio::post(socket_.get_executor(), [self = shared_from_this()] {
        if (self->phase_ != Phase::closed) self->read_secured();
    });
}

void Connection::read_secured() {
    const auto got = tls_->read({buffer_.get() + end_, capacity_ - end_});
    if (got.need == Need::readable || got.need == Need::writable) {
        return await(got.need, &Connection::read_secured);
    }
    read_pending_ = false;
    if (got.need != Need::nothing) return close();
    on_read(got.bytes);
}

/// True: all of it is with the kernel.
bool Connection::write_secured() {
    deadline_ = hub_.now() + hub_.options().response_write_timeout;
    // A small answer is one record.
    const std::size_t room =
        limits::tls_record_bytes_max - std::min(head_.size(), limits::tls_record_bytes_max);
    joined_ = std::min(room, response_.body.size());
    head_.append(response_.body, 0, joined_);
    return push_secured();
}

bool Connection::push_secured() {
    for (;;) {
        const auto parts = unwritten();
        const auto rest = std::ranges::find_if(parts, [](const auto& each) { return each.size(); });
        if (rest == parts.end()) return true;
        const auto put = tls_->write({static_cast<const char*>(rest->data()), rest->size()});
        if (put.need == Need::readable || put.need == Need::writable) {
            await(put.need, &Connection::go_on_writing);
            return false;
        }
        if (put.need != Need::nothing) {
            close();
            return false;
        }
        written_ += put.bytes;
    }
}

void Connection::go_on_writing() {
    if (!push_secured()) return;
    if (phase_ == Phase::streaming) {
        on_piece_written();
    } else {
        on_written();
    }
}

void Connection::write_piece_secured() {
    head_ = std::move(piece_);
    joined_ = written_ = 0;
    go_on_writing();
}

}  // namespace postrider::http
