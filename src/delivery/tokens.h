#pragma once

#include <functional>
#include <memory>
#include <string>
#include <unordered_map>

#include "base/time.h"
#include "delivery/admission/token.h"
#include "model/attempt.h"
#include "net/http_sender.h"
#include "webhooks/target.h"

namespace postrider::delivery {

/// What a token endpoint gives. Errors: invalid_argument, the end of a sentence; nothing that it
/// sent is in it. Source: RFC 6749 section 5.1.
struct AccessToken {
    std::string text;
    Duration lifetime{0};  ///< as it is used: limits::token_interval to limits::token_lifetime_max
};
Result<AccessToken> read_token(std::string_view body);

/// The access tokens of the webhooks that need one: OAuth 2, client credentials. One token serves
/// all deliveries of a webhook until it ends or the receiver answers 401; memory alone has it. The
/// endpoint is asked as a receiver is: under the realm's egress policy, with the webhook's
/// deadline for all that is asked, without redirects, and nothing of its answer is kept but the
/// token.
///
/// At most one request is under way for a webhook. After a failure the next waits for
/// limits::token_retry_first, doubling up to limits::token_interval, or for as long as it asks by
/// Retry-After; after a 401 with a token the next is at most one in limits::token_interval.
/// The client's secret goes by Basic authentication, or in the body where that is refused (RFC 6749
/// section 2.3.1), never both in one request. Thread-safety: the engine's thread.
class Tokens {
 public:
    /// A token, or why there is none: an outcome that an attempt can have.
    struct Given {
        std::string token;
        AttemptResult failure = {};  ///< when `token` is empty
    };
    using Then = std::function<void(Given)>;
    struct Surroundings {
        net::HttpSender& sender;
        std::string user_agent;
        std::function<Timestamp()> now;  ///< never goes back
        /// What is known of a webhook's token has changed.
        std::function<void(const WebhookId&, const admission::Token&)> changed;
    };
    explicit Tokens(Surroundings surroundings) : around_(std::move(surroundings)) {}

    /// What is known of it. Another client, endpoint or scope has another token.
    admission::Token state(const webhooks::Target& target);
    /// Calls `then` once: at once, or when the endpoint has answered. Requires: a token client.
    void get(const webhooks::SharedTarget& target, Then then);
    /// The receiver answered 401 to it.
    void refused(const WebhookId& webhook, std::string_view token);
    void remove(const WebhookId& webhook) { entries_.erase(webhook); }

 private:
    enum class Style { basic, body };
    struct Fetch {
        webhooks::SharedTarget target;
        Style style = Style::basic;
        bool is_second = false;  ///< the other style was refused
        Duration spent{0};       ///< of the attempt's time, by the first request
        std::vector<Then> waiting = {};
    };
    struct Entry {
        std::shared_ptr<const webhooks::TokenClient> client;
        std::string token = {};
        Timestamp good_until = {};
        Timestamp not_before = {};  ///< of the next request
        Timestamp asked_at = {};
        int failures = 0;  ///< in a row
        Style style = Style::basic;
        std::shared_ptr<Fetch> fetch = {};
    };

    Entry& entry_of(const webhooks::Target& target);
    admission::Token state_of(const Entry& entry) const;
    void send(const std::shared_ptr<Fetch>& fetch);
    void answered(const std::shared_ptr<Fetch>& fetch, AttemptResult result);
    void settle(Entry& entry, const Fetch& fetch, const AttemptResult& result, const Given& given,
                Duration lifetime);

    Surroundings around_;
    std::unordered_map<WebhookId, Entry> entries_;
};

}  // namespace postrider::delivery
