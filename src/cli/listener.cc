#include "cli/listener.h"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <ostream>
#include <unordered_map>

#include "base/json_text.h"
#include "base/mutex.h"
#include "http/server.h"
#include "model/limits.h"

namespace postrider::cli {
namespace {

/// What the server's thread hands to the thread that shows. Without a responder: it was refused.
struct Arrival {
    http::Request request;
    std::optional<http::Responder> responder = {};
    int status = 0;
    std::string refused = {};
};

struct Answering {
    Monotonic due;
    int status;
    http::Responder responder;
};

class Arrivals {
 public:
    void push(Arrival arrival) {
        {
            MutexLock lock(mutex_);
            if (waiting_.size() >= limits::listen_queue_max) {
                waiting_.pop_front();  // dropped unanswered: 500, and it is tried again
            }
            waiting_.push_back(std::move(arrival));
        }
        arrived_.notify_one();
    }
    /// What came, after at most `timeout`.
    std::deque<Arrival> take(Duration timeout) {
        MutexLock lock(mutex_);
        if (waiting_.empty()) arrived_.wait_for(mutex_, timeout);
        return std::exchange(waiting_, {});
    }

 private:
    Mutex mutex_;
    Condition arrived_;
    std::deque<Arrival> waiting_ GUARDED_BY(mutex_);
};

/// How often each id was seen; the oldest are forgotten.
class Ids {
 public:
    std::size_t see(const std::string& id) {
        auto [found, is_new] = seen_.try_emplace(id, 0);
        if (is_new) {
            order_.push_back(id);
            if (order_.size() > limits::listen_ids_max) {
                seen_.erase(order_.front());
                order_.pop_front();
            }
        }
        return ++found->second;
    }

 private:
    std::unordered_map<std::string, std::size_t> seen_;
    std::deque<std::string> order_;
};

/// What every request has says nothing.
bool is_ordinary(std::string_view name) {
    constexpr std::string_view names[] = {"host",       "content-type",      "content-length",
                                          "connection", "user-agent",        "accept",
                                          "webhook-id", "webhook-timestamp", "webhook-signature"};
    return std::ranges::find(names, name) != std::end(names);
}

/// The members of the body that webhooks of ours have; empty texts otherwise.
struct Body {
    std::string event, resource_id, timestamp, data;
    bool is_json = false;
};

Body read_body(std::string_view text) {
    Body body;
    body.is_json = json::compact(text, limits::json_depth_max + 1).has_value();
    auto members = json::split_object(text, limits::json_depth_max + 1);
    if (!members) return body;
    for (const auto& member : *members) {
        auto word = [&] {
            auto decoded = json::decode_string(member.value);
            return decoded ? *decoded : std::string();
        };
        if (member.name == "event") body.event = word();
        if (member.name == "resource_id") body.resource_id = word();
        if (member.name == "timestamp") body.timestamp = word();
        if (member.name == "data") body.data = member.value;
    }
    return body;
}

/// Whether a header belongs to this connection alone, not to the webhook.
bool is_of_connection(std::string_view name) {
    constexpr std::string_view names[] = {"host",       "content-length",    "connection",
                                          "keep-alive", "transfer-encoding", "expect"};
    return std::ranges::find(names, name) != std::end(names);
}

/// Sends a webhook on, and takes over what is answered.
void forward(Received& received, const net::Url& url) {
    http::ClientRequest request{
        .method = "POST", .path = url.target, .body = received.body, .headers = {}};
    for (const auto& header : received.headers) {
        if (!is_of_connection(header.first)) request.headers.push_back(header);
    }
    http::Client client({.base_url = url.origin(),
                         .token = {},
                         .ca_file = {},
                         .timeout = limits::attempt_timeout_max});
    const auto response = client.send(request);
    // Source: RFC 9110 15.6.3: who is behind did not answer.
    received.status = response ? response->status : 502;
    received.forwarded = response ? fmt::format("{} answered {}", url.to_string(), response->status)
                                  : response.error().message;
}

constexpr std::size_t body_bytes_max = limits::payload_bytes_max_hard + limits::envelope_bytes_max;

bool is_json(std::string_view content_type) {
    std::string name(content_type.substr(0, content_type.find(';')));
    name.resize(name.find_last_not_of(" \t") + 1);
    for (char& c : name) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c | 0x20);
    }
    return name == "application/json" ||
           (name.starts_with("application/") && name.ends_with("+json"));
}

struct Refusal {
    int status;
    std::string reason;
};

/// What is wrong with a request before its body is read, in the words of somebody who tries things
/// by hand; none: it goes on.
std::optional<Refusal> refusal_of(const http::Request& request, const ListenOptions& options) {
    if (!options.path.empty() && request.path != options.path) {
        return Refusal{404, fmt::format("only {} is answered, as --path says", options.path)};
    }
    if (request.method != "POST") {
        return Refusal{405, fmt::format("a webhook is a POST, and this is a {}", request.method)};
    }
    const auto* length = request.header("content-length");
    const bool has_body =
        (length != nullptr && *length != "0") || request.header("transfer-encoding") != nullptr;
    if (!has_body) return std::nullopt;
    if (length != nullptr && std::strtoull(length->c_str(), nullptr, 10) > body_bytes_max) {
        return Refusal{413, fmt::format("its body has {} bytes, and a webhook's has at most {}",
                                        *length, body_bytes_max)};
    }
    const auto* encoding = request.header("content-encoding");
    if (encoding != nullptr && *encoding != "identity") {
        return Refusal{415, fmt::format("its body is encoded ({}); a webhook's is not", *encoding)};
    }
    const auto* type = request.header("content-type");
    if (type != nullptr && is_json(*type)) return std::nullopt;
    return Refusal{415, fmt::format("its body is {}, and a webhook's is application/json; with "
                                    "curl, add -H 'Content-Type: application/json'",
                                    type == nullptr ? "of no type" : *type)};
}

/// Refuses what is no webhook, and has it shown.
http::Gate gate_of(Arrivals& arrivals, const ListenOptions& options) {
    return [&](const http::Request& request, const http::Route&,
               const std::function<void(http::Verdict)>& say) {
        auto refusal = refusal_of(request, options);
        if (!refusal) return say({});
        arrivals.push({request, std::nullopt, refusal->status, refusal->reason});
        http::Response response{.status = refusal->status,
                                .content_type = "text/plain;charset=utf-8",
                                .body = "Refused: " + refusal->reason + ".\n"};
        if (refusal->status == 405) response.headers.emplace_back("Allow", "POST");
        say({.refused = std::move(response)});
    };
}

/// What the server answers by itself, because it could not be read.
std::function<void(const http::Answered&)> observer_of(Arrivals& arrivals) {
    return [&](const http::Answered& answered) {
        if (!answered.operation.empty()) return;
        arrivals.push({{},
                       std::nullopt,
                       answered.status,
                       "it is no request that can be read; if its URL begins with https://, use "
                       "http://"});
    };
}

/// Of any method and path, so that each request is shown.
std::vector<http::Route> routes(const http::Handler& handler) {
    std::vector<http::Route> out;
    for (const auto* method : {"POST", "GET", "PUT", "PATCH", "DELETE", "OPTIONS"}) {
        const bool is_post = std::string_view(method) == "POST";
        out.push_back({.method = method,
                       .path = "/{path*}",
                       .operation = is_post ? "receive" : "refuse",
                       .body_bytes_max = is_post ? body_bytes_max : 0,
                       .handler = handler});
    }
    return out;
}

Received refused(const Arrival& arrival, Timestamp now) {
    Received received;
    received.at = now;
    received.method = arrival.request.method;
    received.path = arrival.request.path;
    received.headers = arrival.request.headers;
    received.status = arrival.status;
    received.refused = arrival.refused;
    return received;
}

Received receive(http::Request& request, const ListenOptions& options, Ids& ids, Timestamp now) {
    Received received;
    received.at = now;
    received.method = request.method;
    received.path = request.path;
    received.headers = request.headers;
    received.body = std::move(request.body);
    received.status = options.status;
    auto id = std::string(received.header("webhook-id"));
    if (!id.empty()) received.times_seen = ids.see(id);
    if (!options.keys.empty()) {
        received.checked = true;
        received.signature = check_signature({id, received.header("webhook-timestamp"),
                                              received.header("webhook-signature"), received.body},
                                             options.keys, now, options.tolerance);
        // As a receiver should, so that it is tried again once the secret is right.
        if (!received.signature.ok()) received.status = 401;
    }
    bool is_wrong = received.checked && !received.signature.ok();
    if (options.forward_to && !is_wrong) forward(received, *options.forward_to);
    return received;
}

}  // namespace

std::string_view Received::header(std::string_view name) const {
    for (const auto& [key, value] : headers) {
        if (key == name) return value;
    }
    return {};
}

std::string render_received(const Received& received, Colours colours) {
    auto body = read_body(received.body);
    const auto heading = !body.event.empty()       ? body.event
                         : received.method.empty() ? "something"
                                                   : received.method + " " + received.path;
    std::string out = paint(format_rfc3339(received.at).substr(11, 8), Style::dim, colours) + "  " +
                      paint(printable(heading), Style::heading, colours) +
                      fmt::format("  answered {}\n", received.status);
    Card card;
    auto id = std::string(received.header("webhook-id"));
    if (!id.empty()) {
        bool again = received.times_seen > 1;
        card.add("  Id",
                 printable(id) +
                     (again ? fmt::format("  a duplicate: time {}", received.times_seen) : ""),
                 again ? Style::warning : Style::plain);
    }
    if (!received.refused.empty()) {
        card.add("  Refused", printable(received.refused), Style::bad);
    } else if (!received.checked) {
        card.add("  Signature", "not checked (give --secret)", Style::dim);
    } else if (received.signature.ok()) {
        card.add("  Signature", "verified", Style::good);
    } else {
        card.add("  Signature", "NOT verified: " + received.signature.detail, Style::bad);
    }
    if (!received.forwarded.empty()) card.add("  Forwarded", printable(received.forwarded));
    if (!body.event.empty() && received.path != "/") card.add("  Path", printable(received.path));
    if (!body.resource_id.empty()) card.add("  Resource", printable(body.resource_id));
    if (!body.timestamp.empty()) card.add("  Happened", printable(body.timestamp));
    for (const auto& [name, value] : received.headers) {
        if (!is_ordinary(name)) card.add("  Header", printable(name) + ": " + printable(value));
    }
    if (!body.data.empty()) {
        card.add("  Data", pretty_json(body.data));
    } else if (!received.body.empty()) {
        card.add("  Body", body.is_json ? pretty_json(received.body) : received.body);
    }
    return out + card.render(colours) + "\n";
}

std::string received_json(const Received& received) {
    auto body = read_body(received.body);
    std::string out;
    json::Writer writer(out);
    writer.begin_object();
    writer.member("received_at", format_rfc3339(received.at));
    if (!received.refused.empty()) {
        writer.member("method", received.method);
        writer.member("refused", received.refused);
    }
    writer.member("path", received.path);
    writer.member("id", received.header("webhook-id"));
    writer.member("duplicate", received.times_seen > 1);
    if (received.checked) {
        writer.member("verified", received.signature.ok());
        writer.member("detail", received.signature.detail);
    } else {
        writer.member_null("verified");
    }
    writer.member("status", received.status);
    if (!received.forwarded.empty()) writer.member("forwarded", received.forwarded);
    json::Object headers;
    for (const auto& [name, value] : received.headers) {
        bool repeated =
            std::ranges::any_of(headers, [&](const auto& h) { return h.first == name; });
        if (!repeated) headers.emplace_back(name, value);
    }
    writer.member_raw("headers", json::serialize(json::Value(std::move(headers))));
    if (auto compact = json::compact(received.body, limits::json_depth_max + 1)) {
        writer.member_raw("body", *compact);
    } else {
        writer.member("body", received.body);
    }
    writer.end_object();
    return out + "\n";
}

int listen(Context& context, const ListenOptions& options,
           const std::function<void(std::uint16_t)>& started) {
    const SystemClock clock;
    Arrivals arrivals;
    http::ServerOptions server_options;
    server_options.address = options.address;
    server_options.port = options.port;
    server_options.observer = observer_of(arrivals);
    auto handler = [&](http::Request& request, http::Responder responder) {
        arrivals.push({.request = std::move(request), .responder = std::move(responder)});
    };
    auto server =
        http::make_server(clock, server_options, routes(handler), gate_of(arrivals, options));
    if (auto begun = server->start(); !begun) {
        context.complain(begun.error().message);
        return exit_failed;
    }
    started(server->port());
    Ids ids;
    std::deque<Answering> answering;  // in order of arrival, so of their due times too
    std::size_t received_count = 0, answered = 0;
    bool all_verified = true;
    while (options.count == 0 || answered < options.count) {
        auto now = clock.monotonic();
        while (!answering.empty() && answering.front().due <= now) {
            answering.front().responder.send(
                {.status = answering.front().status, .body = "", .headers = {}});
            answering.pop_front();
            ++answered;
        }
        if (options.count != 0 && answered >= options.count) break;
        Duration wait = 1s;
        if (!answering.empty()) {
            wait = std::chrono::ceil<Duration>(answering.front().due - now);
        }
        for (auto& arrival : arrivals.take(wait)) {
            auto show = [&](const Received& received) {
                context.terminal().out
                    << (options.json ? received_json(received)
                                     : render_received(received, context.terminal().colours))
                    << std::flush;
            };
            if (!arrival.responder) {
                show(refused(arrival, context.now()));
                continue;
            }
            if (options.count != 0 && received_count >= options.count) break;
            ++received_count;
            auto received = receive(arrival.request, options, ids, context.now());
            all_verified = all_verified && (!received.checked || received.signature.ok());
            show(received);
            answering.push_back({clock.monotonic() + options.delay, received.status,
                                 std::move(*arrival.responder)});
        }
    }
    server->stop(clock.monotonic() + limits::listen_stop_deadline);
    return all_verified ? exit_ok : exit_not_verified;
}

}  // namespace postrider::cli
