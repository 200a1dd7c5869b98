#include "cli/probe.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/check.h"
#include "base/encoding.h"

namespace postrider::cli {
namespace {

/// What is wrong with what came of a request; "" for nothing.
std::string fault_of(const ProbeRequest& request, const AttemptResult& result) {
    const int status = result.status;
    const bool has_answer = kind_of(result.reason) == OutcomeKind::response;
    const bool accepted = result.reason == OutcomeReason::accepted;
    switch (request.expected) {
        case Expected::accepted:
            if (accepted) return {};
            return has_answer ? fmt::format("answered {}", status) : result.detail;
        case Expected::refused:
            if (accepted) return fmt::format("was accepted with {}", status);
            if (!has_answer) return result.detail;
            if (status == 410) return "answered 410, which disables the webhook";
            if (status >= 400 && status < 500) return {};
            return fmt::format("answered {}, which is no refusal but a failure", status);
        case Expected::answered:
            if (!has_answer) return result.detail;
            // 501 says that it does not know the method.
            return status < 500 || status == 501 ? std::string()
                                                 : fmt::format("answered {}", status);
        case Expected::no_tls:
            if (result.reason == OutcomeReason::tls_failed) return {};
            // What broke before or in the handshake accepted nothing.
            return has_answer || result.reason == OutcomeReason::send_failed ||
                           result.reason == OutcomeReason::response_timeout ||
                           result.reason == OutcomeReason::response_broken
                       ? "TLS 1.1 was accepted"
                       : result.detail;
    }
    return {};
}

std::string_view id_of(const ProbeRequest& request) {
    for (const auto& [name, value] : request.headers) {
        if (name == "webhook-id") return value;
    }
    return {};
}

void add_once(std::vector<std::string>& ids, std::string_view id) {
    if (!id.empty() && std::ranges::find(ids, id) == ids.end()) ids.emplace_back(id);
}

std::string milliseconds(Duration duration) {
    return fmt::format("{} ms",
                       std::chrono::duration_cast<std::chrono::milliseconds>(duration).count());
}

/// Whether one of `words`, separated by spaces, is `name`.
bool names(std::string_view words, std::string_view name) {
    while (!words.empty()) {
        const auto end = std::min(words.find(' '), words.size());
        if (words.substr(0, end) == name) return true;
        words.remove_prefix(std::min(end + 1, words.size()));
    }
    return false;
}

class Probe {
 public:
    Probe(RequestMaker& maker, const SendAll& send_all, Transport transport)
        : maker_(maker), send_all_(send_all), transport_(transport), began_(maker.now()) {}

    ProbeReport run() {
        for (const auto& check : probe_checks()) {
            report_.findings.push_back({&check, Verdict::not_run, {}});
            auto& finding = report_.findings.back();
            if (check.make == nullptr) {
                judge_patience(finding);
            } else if (finding.detail = obstacle(check); finding.detail.empty()) {
                run_check(finding);
            }
        }
        report_.took = maker_.now() - began_;
        return std::move(report_);
    }

 private:
    /// Why it is not run; "" when it is.
    std::string obstacle(const Check& check) const {
        const auto& first = report_.findings.front();
        if (first.check != &check && first.verdict == Verdict::fault) {
            return "the receiver does not accept a webhook at all";
        }
        for (const auto& finding : report_.findings) {
            if (finding.verdict == Verdict::passed || !names(check.after, finding.check->name)) {
                continue;
            }
            return finding.verdict == Verdict::not_run ? finding.detail
                                                       : fmt::format("see {}", finding.check->name);
        }
        if (check.name == "outdated_tls" && transport_ == Transport::plain) {
            return "the receiver has no TLS: http";
        }
        return is_late() ? "no time was left" : "";
    }

    bool is_late() const { return maker_.now() - began_ > probe_budget - probe_timeout; }

    void run_check(Finding& finding) {
        const auto& check = *finding.check;
        const auto requests = check.make(maker_);
        std::vector<ProbeAnswer> answers;
        finding.verdict = Verdict::passed;
        if (check.sequence == Check::Sequence::at_once) {
            answers = send(requests);
            for (std::size_t i = 0; i < answers.size(); ++i) {
                judge(finding, requests[i], answers[i].result);
            }
        } else {
            for (const auto& request : requests) {
                if (finding.verdict != Verdict::passed) return;
                if (is_late()) return leave(finding, "no time was left");
                answers.push_back(std::move(send({&request, 1}).front()));
                const auto& result = answers.back().result;
                judge(finding, request, result);
                if (result.reason != OutcomeReason::accepted) continue;
                slowest_ = std::max(slowest_, result.timings.total - request.body_pause);
            }
        }
        if (finding.verdict != Verdict::passed) return;
        if (check.look != nullptr) finding.detail = check.look(answers);
        if (!finding.detail.empty()) {
            finding.verdict = Verdict::fault;
        } else if (const auto& last = answers.back().result; last.status != 0) {
            finding.detail = fmt::format("{} in {}", last.status, milliseconds(last.timings.total));
        }
    }

    std::vector<ProbeAnswer> send(std::span<const ProbeRequest> requests) {
        report_.requests += requests.size();
        CHECK(report_.requests <= probe_requests_max);
        return send_all_(requests);
    }

    static void leave(Finding& finding, std::string why) {
        finding.verdict = Verdict::not_run;
        finding.detail = std::move(why);
    }

    /// The first thing that is wrong stays.
    void judge(Finding& finding, const ProbeRequest& request, const AttemptResult& result) {
        if (request.expected == Expected::refused) add_once(report_.refused_ids, id_of(request));
        if (request.expected == Expected::accepted && result.reason == OutcomeReason::accepted) {
            add_once(report_.accepted_ids, id_of(request));
        }
        if (finding.verdict != Verdict::passed) return;
        if (kind_of(result.reason) == OutcomeKind::internal) return leave(finding, result.detail);
        auto fault = fault_of(request, result);
        if (fault.empty()) return;
        if (result.reason == OutcomeReason::response_timeout && slowest_ > probe_patience) {
            return leave(finding, "the receiver is too slow: see patience");
        }
        finding.verdict = Verdict::fault;
        finding.detail = request.what.empty() ? std::move(fault) : request.what + ": " + fault;
    }

    void judge_patience(Finding& finding) const {
        if (report_.accepted_ids.empty()) {
            finding.detail = "the receiver does not accept a webhook at all";
            return;
        }
        const bool is_slow = slowest_ > probe_patience;
        finding.verdict = is_slow ? Verdict::fault : Verdict::passed;
        finding.detail = fmt::format("the slowest took {}", milliseconds(slowest_));
    }

    RequestMaker& maker_;
    const SendAll& send_all_;
    const Transport transport_;
    const Timestamp began_;
    Duration slowest_{0};
    ProbeReport report_;
};

}  // namespace

std::string_view to_string(Verdict verdict) {
    switch (verdict) {
        case Verdict::passed:
            return "passed";
        case Verdict::fault:
            return "fault";
        case Verdict::not_run:
            return "not_run";
    }
    return {};
}

bool ProbeReport::passed() const {
    return std::ranges::none_of(
        findings, [](const Finding& finding) { return finding.verdict == Verdict::fault; });
}

ProbeReport run_probe(RequestMaker& maker, const SendAll& send_all, Transport transport) {
    return Probe(maker, send_all, transport).run();
}

SampleEvent RequestMaker::event() {
    return {.event = options_.event,
            .happened = now(),
            .resource_id = ids_.mint(now()).to_string(),
            .data = options_.data};
}

SampleEvent RequestMaker::event_with(std::string_view value) {
    auto sample = event();
    const bool is_empty = sample.data == "{}";
    sample.data = fmt::format("{{\"probe\":{}{}{}", value, is_empty ? "" : ",",
                              std::string_view(sample.data).substr(1));
    return sample;
}

RequestMaker::Draft RequestMaker::draft(const SampleEvent& event) {
    return {.id = ids_.mint(now()).to_string(),
            .timestamp = to_micros(now()) / 1'000'000,
            .body = body_of(event)};
}

std::string RequestMaker::signature(const Draft& draft) const {
    return signature_of({&options_.key, 1}, draft.id, std::to_string(draft.timestamp), draft.body);
}

std::string RequestMaker::strange_signature(const Draft& draft) {
    constexpr std::size_t key_bytes = 32;
    const SigningKey strange{options_.key.scheme, random_.bytes(key_bytes)};
    return signature_of({&strange, 1}, draft.id, std::to_string(draft.timestamp), draft.body);
}

std::string RequestMaker::other_scheme() {
    constexpr std::size_t hmac_bytes = 32, ed25519_bytes = 64;
    return options_.key.scheme == SigningScheme::v1
               ? "v1a," + base64_encode(random_.bytes(ed25519_bytes))
               : "v1," + base64_encode(random_.bytes(hmac_bytes));
}

ProbeRequest RequestMaker::request(const Draft& draft, std::string_view signature) const {
    ProbeRequest request;
    request.headers = {{"content-type", "application/json"},
                       {"webhook-id", draft.id},
                       {"webhook-timestamp", std::to_string(draft.timestamp)}};
    if (!signature.empty()) request.headers.emplace_back("webhook-signature", signature);
    request.headers.insert(request.headers.end(), options_.headers.begin(), options_.headers.end());
    request.body = draft.body;
    return request;
}

}  // namespace postrider::cli
