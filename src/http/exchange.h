#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <thread>

#include "http/connection.h"

namespace postrider::http {

/// Who a request is counted to, for as long as it takes.
struct Asker {
    std::string address;
    std::shared_ptr<const void> admission;
    void (*add_holders)(const void* admission, Shares::Holders& holders) = nullptr;

    /// Its network, and what the gate found; the widest last.
    Shares::Holders holders() const;
};

/// Why a request has no room: resource_exhausted (429), its client has its share; unavailable
/// (503), there is none for anybody. Requires: it was not taken.
Error no_room(Shares::Answer answer);

/// What a Responder or a gate sends to, with what its request holds. Holds no connection: that one
/// may be gone. Thread-safety: send() and say() any thread, the rest the server's.
class Connection::Exchange final : public Responder::Sink {
 public:
    explicit Exchange(Connection& connection);
    ~Exchange() override;

    void send(Response response) override;
    void say(Verdict verdict);
    /// Gate or handler have returned, or run elsewhere: from now on everything goes through the
    /// mailbox.
    void leave() { connection_.store(nullptr); }
    /// What the request's body has taken; given back when it is answered.
    void keep(Shares::Hold hold) { hold_ = std::move(hold); }

 private:
    void deliver(Mailbox::Mail mail);
    void count(Response& response);

    std::atomic<Connection*> connection_;  ///< while gate or handler run
    const std::thread::id thread_ = std::this_thread::get_id();
    std::atomic<bool> sent_ = false;
    const ExchangeId to_;
    const std::string request_id_;
    const std::shared_ptr<Mailbox> mailbox_;
    const std::shared_ptr<Shares> memory_;
    const Asker asker_;
    const bool is_repeatable_;  ///< whose answer may be refused: it has changed nothing
    Shares::Hold hold_;
};

}  // namespace postrider::http
