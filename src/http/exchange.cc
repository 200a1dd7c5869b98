#include "http/exchange.h"

#include <utility>

#include "http/client_address.h"
#include "http/problem.h"
#include "model/limits.h"

namespace postrider::http {

Shares::Holders Asker::holders() const {
    Shares::Holders holders{network_of(address)};
    if (add_holders != nullptr && admission != nullptr) add_holders(admission.get(), holders);
    return holders;
}

Error no_room(Shares::Answer answer) {
    if (answer == Shares::Answer::over_share) {
        return {
            ErrorCode::resource_exhausted,
            "this client (its address, its key or its realm) has its share of what requests and "
            "answers in progress may hold; let some of them end first",
            {}};
    }
    return {ErrorCode::unavailable, "too much is in progress; try again soon", {}};
}

Connection::Exchange::Exchange(Connection& connection)
    : connection_(&connection),
      to_{connection.id_, connection.request_number_},
      request_id_(connection.request_id_),
      mailbox_(connection.hub_.mailbox()),
      memory_(connection.hub_.memory()),
      asker_{connection.request_.client_address, connection.request_.admission,
             connection.hub_.options().add_holders},
      is_repeatable_(connection.request_.method == "GET" || connection.head_only_) {}

Connection::Exchange::~Exchange() {
    if (sent_.load()) return;
    deliver({to_, problem_response({ErrorCode::internal, "", {}, nullptr}, request_id_)});
}

void Connection::Exchange::send(Response response) {
    if (sent_.exchange(true)) return;
    hold_.shrink_to(0);
    count(response);
    deliver({.to = to_, .response = std::move(response), .hold = std::move(hold_)});
}

void Connection::Exchange::say(Verdict verdict) {
    if (sent_.exchange(true)) return;
    deliver({to_, std::move(verdict.refused), std::move(verdict.admission)});
}

/// From here on the answer is held until its client has taken it.
void Connection::Exchange::count(Response& response) {
    const std::size_t bytes = response.body.size() + response.behind.size() +
                              (response.source ? response.source->bytes_held_max() : 0);
    if (bytes <= limits::inbound_bytes_free) return;
    Shares::Hold hold(memory_, asker_.holders());
    if (!is_repeatable_) {
        hold.take_anyway(bytes);
    } else if (const auto answer = hold.take(bytes); answer != Shares::Answer::taken) {
        response = problem_response(no_room(answer), request_id_);
        return;
    }
    hold_ = std::move(hold);
}

void Connection::Exchange::deliver(Mailbox::Mail mail) {
    Connection* connection = connection_.load();
    if (connection != nullptr && thread_ == std::this_thread::get_id()) {
        connection->said_at_once_ = std::move(mail);
    } else {
        mailbox_->deliver(std::move(mail));
    }
}

}  // namespace postrider::http
