#include <fmt/format.h>

#include <algorithm>
#include <ostream>

#include "base/json_text.h"
#include "cli/confirm.h"
#include "cli/context.h"
#include "cli/probe.h"
#include "cli/probe_sender.h"
#include "cli/probe_verb.h"
#include "cli/request_text.h"
#include "net/header_rules.h"

namespace postrider::cli {
namespace {

using Count = Argument::Count;

/// Everything that was typed, checked.
struct Order {
    net::Url url;
    RequestMaker::Options options;
    std::string ca_file;
};

Result<Order> order_of(Context& context, const Given& given) {
    Order order;
    const auto secrets = given.list("--secret");
    if (secrets.size() != 1) {
        return fail(ErrorCode::invalid_argument,
                    "probe needs --secret, once: the one that your receiver verifies with; a new "
                    "one is whsec_$(openssl rand -base64 32)");
    }
    auto key = parse_signing_key(secrets.front());
    if (!key) return fail(ErrorCode::invalid_argument, "--secret: " + key.error().message);
    POSTRIDER_ASSIGN(order.url, net::parse_url(given.text_or("URL", "")));
    order.options.key = std::move(*key);
    order.options.event = given.text_or("--event", "user.created");
    POSTRIDER_ASSIGN(order.options.data, sample_data(context, given, order.options.event));
    for (const auto& line : given.list("--header")) {
        POSTRIDER_ASSIGN(auto header, parse_header_line(line));
        POSTRIDER_TRY(net::check_header(header.first, header.second));
        order.options.headers.push_back(std::move(header));
    }
    order.ca_file = given.text_or("--ca-file", "");
    if (!order.ca_file.empty()) POSTRIDER_TRY(net::check_ca_file(order.ca_file));
    return order;
}

std::string listed(const std::vector<net::IpAddress>& addresses) {
    std::string text;
    for (const auto& address : addresses) {
        text += (text.empty() ? "" : ", ") + address.to_string();
    }
    return text;
}

/// Asks before anything is sent to another machine. nullopt: go on; else the exit code.
std::optional<ExitCode> confirm_target(Context& context, const Given& given, const net::Url& url,
                                       const std::vector<net::IpAddress>& addresses) {
    if (std::ranges::all_of(addresses, is_loopback)) return std::nullopt;
    const auto target = fmt::format("{} ({})", url.host, listed(addresses));
    if (given.has("--yes")) {
        context.complain(fmt::format("sending to {}, which is not this machine", target));
        return std::nullopt;
    }
    if (!context.terminal().prompt) {
        return context.wrong(
            fmt::format("nothing was sent: {} is not this machine, and nobody can be asked here; "
                        "give --yes if the receiver is yours",
                        target));
    }
    context.say(fmt::format(
        "{} is not this machine. Some 40 requests go there within 30 seconds; what the receiver "
        "accepts, it takes for events that happened.",
        target));
    if (says_yes(context, "Is the receiver yours, and may it be tried?")) return std::nullopt;
    context.complain("nothing was sent");
    return exit_failed;
}

void write_ids(json::Writer& writer, std::string_view name, const std::vector<std::string>& ids) {
    writer.key(name);
    writer.begin_array();
    for (const auto& id : ids) writer.string(id);
    writer.end_array();
}

std::string json_of(const ProbeReport& report, const net::Url& url) {
    std::string text;
    json::Writer writer(text);
    writer.begin_object();
    writer.member("url", url.to_string());
    writer.member("passed", report.passed());
    writer.member("requests", static_cast<std::int64_t>(report.requests));
    writer.member("duration_ms",
                  static_cast<std::int64_t>(
                      std::chrono::duration_cast<std::chrono::milliseconds>(report.took).count()));
    writer.key("checks");
    writer.begin_array();
    for (const auto& finding : report.findings) {
        writer.begin_object();
        writer.member("name", finding.check->name);
        writer.member("title", finding.check->title);
        writer.member("verdict", to_string(finding.verdict));
        writer.member("detail", printable(finding.detail));
        if (finding.verdict == Verdict::fault) writer.member("change", finding.check->change);
        writer.end_object();
    }
    writer.end_array();
    write_ids(writer, "accepted_ids", report.accepted_ids);
    write_ids(writer, "refused_ids", report.refused_ids);
    writer.end_object();
    return text;
}

Cell verdict_cell(Verdict verdict) {
    switch (verdict) {
        case Verdict::passed:
            return {"passed", Style::good};
        case Verdict::fault:
            return {"FAULT", Style::bad};
        case Verdict::not_run:
            return {"not run", Style::dim};
    }
    return {};
}

void show_card(Context& context, const ProbeReport& report) {
    Table table({{"Check"}, {"Verdict"}, {"A right receiver …"}, {"Seen", Column::Fit::cut}});
    for (const auto& finding : report.findings) {
        table.add({{std::string(finding.check->name)},
                   verdict_cell(finding.verdict),
                   {std::string(finding.check->title)},
                   {finding.detail}});
    }
    context.show(table);
    std::size_t faults = 0, left = 0;
    for (const auto& finding : report.findings) {
        left += finding.verdict == Verdict::not_run ? 1 : 0;
        if (finding.verdict != Verdict::fault) continue;
        context.say("");
        context.say(fmt::format("{}: {}.", finding.check->name, finding.detail));
        context.say(fmt::format("  To change: {}", finding.check->change));
        ++faults;
    }
    context.say("");
    context.say(fmt::format("{} passed, {} {}, {} not run: {} requests in {:.1f} s",
                            report.findings.size() - faults - left, faults,
                            faults == 1 ? "fault" : "faults", left, report.requests,
                            std::chrono::duration<double>(report.took).count()));
    if (report.accepted_ids.empty()) return;
    context.say(fmt::format(
        "What only you can see: whether your application worked once on each of the {} events that "
        "were accepted, and on none of the {} that were to be refused (--json lists their ids).",
        report.accepted_ids.size(), report.refused_ids.size()));
}

int probe(Context& context, const Given& given) {
    auto order = order_of(context, given);
    if (!order) return context.wrong(order.error().message);
    ProbeSender sender(order->url, order->ca_file);
    auto addresses = sender.look_up();
    if (!addresses) {
        context.complain(addresses.error().message);
        return exit_failed;
    }
    if (const auto code = confirm_target(context, given, order->url, *addresses)) return *code;
    sender.confine_to(std::move(*addresses));
    RequestMaker maker(std::move(order->options), context.clock(), context.random());
    const auto report = run_probe(
        maker,
        [&](std::span<const ProbeRequest> requests) {
            if (requests.front().pause_before > Duration{0}) {
                context.pause(requests.front().pause_before);
            }
            return sender.send_all(requests);
        },
        order->url.is_tls() ? Transport::tls : Transport::plain);
    if (given.has("--json")) {
        context.show_json(json_of(report, order->url));
    } else {
        show_card(context, report);
    }
    return report.passed() ? exit_ok : exit_failed;
}

}  // namespace

std::vector<Verb> probe_verbs() {
    return {{.group = "",
             .name = "probe",
             .summary = "whether a receiver is right, and what to change in it; needs no server",
             .arguments =
                 {{"URL", "", "the receiver", Count::required},
                  {"--secret", "SECRET", "what it verifies with: whsec_… (v1) or whsk_… (v1a)"},
                  {"--event", "EVENT",
                   "the type of the samples; a built-in one brings its example (default "
                   "user.created)"},
                  {"--data", "JSON", "what the samples say, a JSON object; @FILE, -"},
                  {"--header", "NAME: VALUE", "one more of each request; again for more",
                   Count::repeatable, "", "-H"},
                  {"--ca-file", "FILE", "PEM of the authorities to trust (default: the system's)"},
                  {"--yes", "", "the receiver is yours: do not ask when it is another machine"},
                  {"--json", "", "write the report as JSON"}},
             .examples = "postrider probe http://localhost:3000/webhook --secret \"$SECRET\"\n"
                         "postrider probe https://staging.example.com/webhook --secret "
                         "\"$SECRET\" --yes --json",
             .needs = Verb::Needs::nothing,
             .run = probe}};
}

}  // namespace postrider::cli
