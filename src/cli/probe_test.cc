#include "cli/probe.h"
#include "base/manual_clock_test.h"

#include <gtest/gtest.h>

#include <map>

namespace postrider::cli {
namespace {

/// A receiver that does what is expected of it, but for what a test changes.
struct Fake {
    ManualClock clock;
    SeededRandom random{1};
    RequestMaker maker{{.key = {SigningScheme::v1, std::string(32, 'k')},
                        .event = "user.created",
                        .data = R"({"username":"ada"})",
                        .headers = {}},
                       clock,
                       random};
    Duration takes{1ms};
    std::size_t sent = 0;
    /// What came of the request of this number instead.
    std::map<std::size_t, AttemptResult> instead = {};

    AttemptResult right(const ProbeRequest& request) const {
        AttemptResult result;
        result.timings.total = takes + request.body_pause;
        switch (request.expected) {
            case Expected::accepted:
                result.status = 204;
                result.reason = OutcomeReason::accepted;
                break;
            case Expected::refused:
                result.status = 401;
                result.reason = OutcomeReason::refused_by_status;
                break;
            case Expected::answered:
                result.status = 405;
                result.reason = OutcomeReason::refused_by_status;
                break;
            case Expected::no_tls:
                result.reason = OutcomeReason::tls_failed;
                break;
        }
        return result;
    }
    ProbeReport run(Transport transport = Transport::tls) {
        return run_probe(
            maker,
            [this](std::span<const ProbeRequest> requests) {
                std::vector<ProbeAnswer> answers;
                for (const auto& request : requests) {
                    const auto other = instead.find(sent++);
                    answers.push_back(
                        {other == instead.end() ? right(request) : other->second, {}});
                    clock.go_on(answers.back().result.timings.total);
                }
                return answers;
            },
            transport);
    }
};

std::size_t count(const ProbeReport& report, Verdict verdict) {
    return static_cast<std::size_t>(std::ranges::count_if(
        report.findings, [&](const Finding& each) { return each.verdict == verdict; }));
}

AttemptResult answered(int status) {
    AttemptResult result;
    result.status = status;
    result.reason = status < 300 ? OutcomeReason::accepted : OutcomeReason::refused_by_status;
    return result;
}

TEST(probe, passes_who_does_what_is_expected) {
    Fake fake;
    const auto report = fake.run();
    EXPECT_EQ(count(report, Verdict::passed), report.findings.size());
    EXPECT_TRUE(report.passed());
    EXPECT_LE(report.requests, probe_requests_max);
    for (const auto& id : report.refused_ids) {
        EXPECT_EQ(std::ranges::count(report.accepted_ids, id), 0) << id;
    }
    Fake plain;
    EXPECT_EQ(count(plain.run(Transport::plain), Verdict::not_run), 1U);
}

TEST(probe, finds_one_fault_for_each_request_that_goes_wrong) {
    Fake whole;
    const auto requests = whole.run().requests;
    for (std::size_t number = 0; number < requests; ++number) {
        Fake fake;
        fake.instead[number] = answered(500);
        const auto report = fake.run();
        EXPECT_EQ(count(report, Verdict::fault), 1U) << number;
    }
}

TEST(probe, gives_up_on_who_accepts_nothing) {
    Fake fake;
    fake.instead[0] = answered(404);
    const auto report = fake.run();
    EXPECT_EQ(report.findings.front().verdict, Verdict::fault);
    EXPECT_EQ(report.findings.front().detail, "answered 404");
    EXPECT_EQ(count(report, Verdict::not_run), report.findings.size() - 1);
    EXPECT_EQ(report.requests, 1U);
}

TEST(probe, ends_in_time_and_blames_slowness_alone) {
    Fake fake;
    fake.takes = 3s;
    const auto report = fake.run();
    EXPECT_EQ(count(report, Verdict::fault), 1U);
    EXPECT_EQ(report.findings.back().check->name, "patience");
    EXPECT_EQ(report.findings.back().verdict, Verdict::fault);
    EXPECT_LE(report.took, probe_budget);
}

TEST(probe, does_not_blame_a_receiver_for_what_failed_here) {
    Fake fake;
    AttemptResult ours;
    ours.reason = OutcomeReason::out_of_descriptors;
    ours.detail = "no descriptor was left";
    fake.instead[1] = ours;
    const auto report = fake.run();
    EXPECT_EQ(count(report, Verdict::fault), 0U);
    EXPECT_EQ(report.findings[1].detail, "no descriptor was left");
}

TEST(probe, names_every_check_once_and_says_what_to_change) {
    std::map<std::string_view, int> seen;
    for (const auto& check : probe_checks()) {
        EXPECT_EQ(seen[check.name]++, 0) << check.name;
        EXPECT_TRUE(check.change.ends_with('.')) << check.name;
    }
    for (const auto& check : probe_checks()) {
        std::string_view after = check.after;
        while (!after.empty()) {
            const auto end = std::min(after.find(' '), after.size());
            EXPECT_TRUE(seen.contains(after.substr(0, end))) << check.name;
            after.remove_prefix(std::min(end + 1, after.size()));
        }
    }
}

}  // namespace
}  // namespace postrider::cli
