#include <fmt/format.h>

#include <algorithm>

#include "cli/probe.h"
#include "model/limits.h"

// The table of checks. docs/probe.md lists them.
namespace postrider::cli {
namespace {

using Requests = std::vector<ProbeRequest>;

ProbeRequest refused(ProbeRequest request, std::string what = {}) {
    request.expected = Expected::refused;
    request.what = std::move(what);
    return request;
}

ProbeRequest named(std::string what, ProbeRequest request) {
    request.what = std::move(what);
    return request;
}

Requests accepts(RequestMaker& make) { return {make.signed_request(make.draft())}; }

Requests wrong_key(RequestMaker& make) {
    const auto draft = make.draft();
    return {refused(make.request(draft, make.strange_signature(draft)))};
}

Requests missing_signature(RequestMaker& make) { return {refused(make.request(make.draft(), ""))}; }

Requests truncated_signature(RequestMaker& make) {
    Requests requests;
    const auto draft = make.draft();
    const auto whole = make.signature(draft);
    const auto scheme = whole.find(',') + 1;
    constexpr std::size_t few = 8, padding = 4;
    for (const auto end : {whole.size() - padding, scheme + few, scheme}) {
        requests.push_back(refused(make.request(draft, whole.substr(0, end)),
                                   fmt::format("{} characters of the signature", end - scheme)));
    }
    return requests;
}

Requests malformed_signature(RequestMaker& make) {
    Requests requests;
    for (const auto* text : {"v1", ",", "v1,not/base64!", "v1a,AAAA v2,AAAA ,,"}) {
        requests.push_back(refused(make.request(make.draft(), text), fmt::format("\"{}\"", text)));
    }
    auto draft = make.draft();
    auto request = make.signed_request(draft);
    for (auto& [name, value] : request.headers) {
        if (name == "webhook-timestamp") value = "yesterday";
    }
    requests.push_back(refused(std::move(request), "a webhook-timestamp that is no number"));
    return requests;
}

Requests changed_body(RequestMaker& make) {
    const auto draft = make.draft();
    auto request = make.signed_request(draft);
    // Another event for the same resource, still JSON.
    request.body.insert(request.body.size() - 1, ",\"more\":1");
    return {refused(std::move(request))};
}

Requests changed_headers(RequestMaker& make) {
    auto draft = make.draft();
    const auto signature = make.signature(draft);
    auto other = draft;
    other.id = make.draft().id;
    auto later = draft;
    ++later.timestamp;
    return {refused(make.request(other, signature), "with another webhook-id"),
            refused(make.request(later, signature), "with another webhook-timestamp")};
}

Requests off_by(RequestMaker& make, Duration offset) {
    auto draft = make.draft();
    draft.timestamp += std::chrono::duration_cast<std::chrono::seconds>(offset).count();
    return {refused(make.signed_request(draft))};
}
Requests old_timestamp(RequestMaker& make) { return off_by(make, -10min); }
Requests future_timestamp(RequestMaker& make) { return off_by(make, 10min); }

Requests rotation(RequestMaker& make) {
    const auto first = make.draft(), second = make.draft();
    return {
        named("with the new secret's signature before the receiver's",
              make.request(first, make.strange_signature(first) + " " + make.signature(first))),
        named("with the old secret's signature after the receiver's",
              make.request(second, make.signature(second) + " " + make.strange_signature(second)))};
}

Requests both_schemes(RequestMaker& make) {
    const auto first = make.draft(), second = make.draft();
    return {named("with the other scheme first",
                  make.request(first, make.other_scheme() + " " + make.signature(first))),
            named("with the other scheme last",
                  make.request(second, make.signature(second) + " " + make.other_scheme()))};
}

Requests duplicate(RequestMaker& make) {
    auto draft = make.draft();
    auto again = draft;
    ++again.timestamp;  // each attempt has its own
    return {named("the first time", make.signed_request(draft)),
            named("the second time", make.signed_request(again))};
}

Requests duplicate_at_once(RequestMaker& make) {
    const auto request = make.signed_request(make.draft());
    return {request, request, request};
}

Requests reordering(RequestMaker& make) {
    auto later = make.event(), earlier = make.event();
    earlier.resource_id = later.resource_id;
    earlier.happened -= 1min;
    return {named("the later event", make.signed_request(make.draft(later))),
            named("then the earlier one", make.signed_request(make.draft(earlier)))};
}

Requests old_event(RequestMaker& make) {
    auto event = make.event();
    event.happened -= 3 * 24h;
    return {make.signed_request(make.draft(event))};
}

Requests raw_bytes(RequestMaker& make) {
    return {make.signed_request(make.draft(
        make.event_with(R"({"b":1.10,"a":12345678901234567890123,"e":1e2,"s":"\u0041\/"})")))};
}

Requests unicode(RequestMaker& make) {
    return {make.signed_request(
        make.draft(make.event_with("\"Zoë 😀 日本語 \xE2\x80\xA8 e\xCC\x81\"")))};
}

Requests large_body(RequestMaker& make) {
    const auto rest = make.options().data.size() + std::string_view(R"("probe":"",)").size();
    const auto filler =
        limits::payload_bytes_max_default - std::min(limits::payload_bytes_max_default, rest);
    return {make.signed_request(make.draft(make.event_with('"' + std::string(filler, 'x') + '"')))};
}

Requests slow_body(RequestMaker& make) {
    auto request = make.signed_request(make.draft());
    request.body_pause = probe_body_pause;
    return {request};
}

Requests unknown_event(RequestMaker& make) {
    auto event = make.event();
    event.event = "probe.not_known_yet";
    event.data = "{}";
    return {make.signed_request(make.draft(event))};
}

Requests other_methods(RequestMaker& make) {
    Requests requests;
    for (const std::string_view method : {"GET", "HEAD"}) {
        ProbeRequest request{.expected = Expected::answered,
                             .what = std::string(method),
                             .method = method,
                             .headers = make.options().headers};
        requests.push_back(std::move(request));
    }
    return requests;
}

Requests keep_alive(RequestMaker& make) {
    auto large = make.draft(make.event_with('"' + std::string(probe_unread_bytes, 'x') + '"'));
    auto next = named("the next one on the same connection", make.signed_request(make.draft()));
    next.pause_before = probe_reuse_pause;
    next.connection = ProbeRequest::Connection::last;
    return {refused(make.request(large, make.strange_signature(large)), "a refused one"),
            std::move(next)};
}

std::string look_at_reuse(std::span<const ProbeAnswer> answers) {
    if (!answers[0].use.is_kept || answers[1].use.was_reused) return {};
    return "the connection was promised to be kept after a refusal, and was closed or written to "
           "before the next request";
}

Requests connection_close(RequestMaker& make) {
    auto request = make.signed_request(make.draft());
    request.afterwards = net::SendRequest::Afterwards::close;
    return {request};
}

Requests outdated_tls(RequestMaker&) {
    return {{.expected = Expected::no_tls,
             .afterwards = net::SendRequest::Afterwards::close,
             .tls = net::TlsOffer::outdated}};
}

constexpr std::string_view any_entry =
    "Split webhook-signature at spaces and accept when any entry matches; skip the entries of "
    "schemes that you do not verify.";
constexpr std::string_view raw =
    "Verify over the body's bytes as they came, before anything parses or decodes them; most "
    "frameworks have a way to get the raw body.";

const Check checks[] = {
    {"accepts", "accepts a webhook that is rightly signed",
     "Answer 2xx. 401: is the secret the right one, base64-decoded after its prefix, and is the "
     "signature verified over <webhook-id>.<webhook-timestamp>.<raw body>? 404 and 405: is the "
     "path right? 3xx is a failure, redirects are never followed.",
     "", Check::Sequence::one_by_one, accepts},
    {"wrong_key", "refuses a signature by another key",
     "Compare webhook-signature with the one that you computed, in constant time, and answer 401 "
     "when no entry matches.",
     "", Check::Sequence::one_by_one, wrong_key},
    {"missing_signature", "refuses a webhook without a signature",
     "Answer 401 when webhook-signature, webhook-id or webhook-timestamp is missing: no signature "
     "is a wrong signature.",
     "wrong_key", Check::Sequence::one_by_one, missing_signature},
    {"truncated_signature", "refuses a part of the right signature",
     "Compare whole signatures: the same length first, then in constant time. A comparison of "
     "prefixes lets in who guesses a few characters.",
     "wrong_key", Check::Sequence::one_by_one, truncated_signature},
    {"malformed_signature", "refuses headers that make no sense",
     "Treat an entry without a comma, a signature that is no base64 and a timestamp that is no "
     "number as wrong: answer 401 rather than let an exception become a 500.",
     "missing_signature truncated_signature", Check::Sequence::one_by_one, malformed_signature},
    {"changed_body", "refuses a body that was changed",
     "Sign the body too: <webhook-id>.<webhook-timestamp>.<body>.", "wrong_key",
     Check::Sequence::one_by_one, changed_body},
    {"changed_headers", "refuses another id or time under the same signature",
     "Sign webhook-id and webhook-timestamp as they came: <webhook-id>.<webhook-timestamp>.<body>. "
     "Otherwise a recorded webhook can be sent again as a new one.",
     "wrong_key", Check::Sequence::one_by_one, changed_headers},
    {"old_timestamp", "refuses what was signed ten minutes ago",
     "Refuse a webhook-timestamp more than five minutes before your clock: who recorded a webhook "
     "could send it again.",
     "wrong_key", Check::Sequence::one_by_one, old_timestamp},
    {"future_timestamp", "refuses what was signed in ten minutes",
     "Refuse a webhook-timestamp more than five minutes after your clock, too: compare the "
     "absolute difference.",
     "old_timestamp", Check::Sequence::one_by_one, future_timestamp},
    {"rotation", "accepts either signature while a secret is rotated", any_entry, "",
     Check::Sequence::one_by_one, rotation},
    {"both_schemes", "accepts v1 beside v1a", any_entry, "rotation", Check::Sequence::one_by_one,
     both_schemes},
    {"duplicate", "answers a duplicate with 2xx",
     "Answer 2xx when a webhook-id was seen before, and do not work on it again. An error makes it "
     "come again and again.",
     "", Check::Sequence::one_by_one, duplicate},
    {"duplicate_at_once", "answers duplicates at the same moment with 2xx",
     "Let the database decide which of two is first (INSERT … ON CONFLICT DO NOTHING) rather than "
     "ask and then insert; the one that lost answers 2xx too.",
     "duplicate", Check::Sequence::at_once, duplicate_at_once},
    {"reordering", "accepts an earlier event after a later one",
     "Answer 2xx to an event that is older than what you have, and ignore it: there is no order, "
     "and an error makes it come again.",
     "", Check::Sequence::one_by_one, reordering},
    {"old_event", "accepts an event that happened three days ago",
     "Judge freshness by the header webhook-timestamp alone, which each attempt has anew, not by "
     "the body's timestamp: retries go on for days.",
     "", Check::Sequence::one_by_one, old_event},
    {"raw_bytes", "verifies the bytes as they came", raw, "", Check::Sequence::one_by_one,
     raw_bytes},
    {"unicode", "accepts text beyond ASCII",
     "Read the body as bytes, or as UTF-8, never in the platform's or a Latin encoding.",
     "raw_bytes", Check::Sequence::one_by_one, unicode},
    {"slow_body", "waits for a body that comes slowly",
     "Read until Content-Length bytes have come, rather than what one read gives; allow some "
     "seconds for it.",
     "", Check::Sequence::one_by_one, slow_body},
    {"large_body", "accepts 256 KiB of data",
     "Raise the limit of the body (of the framework and of a proxy in front) to 1 MiB.",
     "slow_body", Check::Sequence::one_by_one, large_body},
    {"unknown_event", "accepts an event type that it does not know",
     "Answer 2xx to event types that you do not use, and ignore them: new ones appear when "
     "somebody widens the webhook's subscription.",
     "", Check::Sequence::one_by_one, unknown_event},
    {"other_methods", "survives GET and HEAD",
     "Answer GET and HEAD with 405 (or a page of yours), not with an exception.", "",
     Check::Sequence::one_by_one, other_methods},
    {"keep_alive", "keeps a connection usable after a refusal",
     "Read the whole body before you answer, also when you refuse, or answer with Connection: "
     "close. What is left unread is taken for the next request.",
     "wrong_key slow_body", Check::Sequence::one_by_one, keep_alive, look_at_reuse},
    {"connection_close", "answers a client that closes afterwards",
     "Send the whole answer before you close the connection, also when the request has "
     "Connection: close.",
     "", Check::Sequence::one_by_one, connection_close},
    {"outdated_tls", "refuses TLS 1.0 and 1.1",
     "Allow TLS 1.2 and 1.3 alone (RFC 8996), in the server or the proxy that ends TLS.", "",
     Check::Sequence::one_by_one, outdated_tls},
    {"patience", "answers within two seconds",
     "Verify, store the event, answer 204, and work afterwards: in a queue, a task, a thread. What "
     "takes longer than the webhook's timeout is sent again although you did it.",
     ""},
};

}  // namespace

std::span<const Check> probe_checks() { return checks; }

}  // namespace postrider::cli
