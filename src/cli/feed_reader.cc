#include "cli/feed_reader.h"

#include <fmt/format.h>

#include <limits>
#include <ostream>

#include "base/json_text.h"
#include "model/limits.h"

namespace postrider::cli {
namespace {

using Count = Argument::Count;

constexpr Duration wait = 30s;          ///< of one call; shorter than what proxies wait for
constexpr Duration pause_after = 1s;    ///< between two tries when the server does not answer
constexpr Duration commit_every = 60s;  ///< where nothing comes: so that the position stays kept
constexpr std::size_t depth_max = limits::json_depth_max + 8;
constexpr const char* page_size = "500";

std::string string_of(const json::Member& member) {
    return json::decode_string(member.value).value_or(std::string());
}

std::optional<FedEvent> read_event(const std::string& text) {
    const auto members = json::split_object(text, depth_max);
    if (!members) return std::nullopt;
    FedEvent event;
    event.text = text;
    for (const auto& member : *members) {
        if (member.name == "id") event.id = string_of(member);
        if (member.name == "event") event.event = string_of(member);
        if (member.name == "timestamp") event.timestamp = string_of(member);
        if (member.name == "accepted_at") event.accepted_at = string_of(member);
        if (member.name == "resource_id") event.resource_id = string_of(member);
        if (member.name == "position") event.position = string_of(member);
        if (member.name == "data") event.data = member.value;
    }
    return event;
}

struct Page {
    std::vector<FedEvent> events;
    std::string position;
};

std::optional<Page> read_page(const std::string& body) {
    const auto members = json::split_object(body, depth_max);
    if (!members) return std::nullopt;
    Page page;
    for (const auto& member : *members) {
        if (member.name == "position") page.position = string_of(member);
        if (member.name != "items") continue;
        const auto items = json::split_array(member.value, depth_max);
        if (!items) return std::nullopt;
        for (const std::string& item : *items) {
            auto event = read_event(item);
            if (!event) return std::nullopt;
            page.events.push_back(*std::move(event));
        }
    }
    if (page.position.empty()) return std::nullopt;
    return page;
}

std::string joined(const std::vector<std::string>& words) {
    std::string text;
    for (const std::string& word : words) text += (text.empty() ? "" : ",") + word;
    return text;
}

/// One run of follow_feed.
class Reader {
 public:
    Reader(Context& context, const Given& given, const std::function<bool(const FedEvent&)>& handle)
        : context_(context),
          handle_(handle),
          patterns_(given.words("--event")),
          after_(given.text_or("--after", "newest")),
          consumer_(given.text("--consumer")) {}

    int run(std::optional<std::size_t> count) {
        left_ = count;
        context_.be_patient(wait + limits::attempt_timeout_max);
        if (consumer_) {
            if (const auto code = open_consumer()) return *code;
        }
        while (true) {
            const auto page = next_page();
            if (!page) return page.error();
            if (const auto code = handle_all(*page)) return *code;
        }
    }

 private:
    std::string path(std::string_view below = {}) const {
        return consumer_path(context_, *consumer_, below);
    }

    /// Makes the consumer, or takes the position of the one that is there. The exit code when that
    /// cannot be.
    std::optional<ExitCode> open_consumer() {
        auto known = context_.send("GET", path());
        const bool is_new = known && known->status == 404;
        if (!known || (known->status != 200 && !is_new)) {
            if (known) return context_.refuse(*known);
            context_.complain(known.error().message);
            return exit_failed;
        }
        if (is_new || !patterns_.empty()) {
            const auto from = is_new && after_ != "newest" ? std::optional(after_) : std::nullopt;
            const auto put = context_.ask("PUT", path(), consumer_body(patterns_, from));
            if (!put) return put.error();
            return take_consumer(put->value);
        }
        const auto value = json::parse(known->body);
        return take_consumer(value ? *value : json::Value());
    }
    std::optional<ExitCode> take_consumer(const json::Value& value) {
        after_ = committed_ = text_of(value, "position");
        patterns_.clear();
        if (const auto* events = value.find("events");
            events != nullptr && events->as_array() != nullptr) {
            for (const auto& each : *events->as_array()) {
                if (each.as_string() != nullptr) patterns_.push_back(*each.as_string());
            }
        }
        if (!after_.empty()) return std::nullopt;
        context_.complain("the server answered what is no consumer");
        return exit_failed;
    }

    std::expected<Page, ExitCode> next_page() {
        while (true) {
            Query query;
            query.add("after", after_).add("limit", page_size);
            query.add("wait", is_first_ ? "0s" : format_duration(wait));
            if (!patterns_.empty()) query.add("event", joined(patterns_));
            const auto answer = context_.send("GET", context_.in_realm("/feed") + query.text());
            if (answer && answer->status == 200) {
                auto page = read_page(answer->body);
                if (page) {
                    is_first_ = false;
                    is_away_ = false;
                    return *std::move(page);
                }
                context_.complain("the server answered what is no page of the log");
                return std::unexpected(exit_failed);
            }
            const bool may_come_back =
                !answer || answer->status == 429 || answer->status == 503 || answer->status == 504;
            if (!may_come_back || is_first_) {
                if (answer) return std::unexpected(refuse(*answer));
                context_.complain(answer.error().message);
                return std::unexpected(exit_failed);
            }
            if (!std::exchange(is_away_, true)) {
                context_.complain(answer ? "the server is busy; waiting for it"
                                         : answer.error().message + "; waiting for it");
            }
            if (!context_.pause(pause_after)) return std::unexpected(exit_ok);
        }
    }
    /// With what to type.
    ExitCode refuse(const http::ClientResponse& answer) {
        const auto code = context_.refuse(answer);
        if (answer.status == 410) {
            context_.complain(
                consumer_
                    ? fmt::format("`postrider consumer create {} --position oldest` sets it to "
                                  "the oldest event that there is",
                                  *consumer_)
                    : "--after oldest begins at the oldest event that there is");
        }
        return code;
    }

    /// The exit code when it is the end.
    std::optional<ExitCode> handle_all(const Page& page) {
        bool is_end = false;
        for (const FedEvent& event : page.events) {
            if (is_end) break;
            is_end = !handle_(event);
            if (is_end) break;
            after_ = event.position;
            if (left_ && --*left_ == 0) is_end = true;
        }
        context_.terminal().out << std::flush;
        if (!is_end) after_ = page.position;
        if (const auto code = commit(!page.events.empty() || is_end)) return code;
        return is_end ? std::optional(exit_ok) : std::nullopt;
    }
    std::optional<ExitCode> commit(bool now) {
        const Timestamp time = context_.now();
        if (!consumer_ || after_ == committed_ || (!now && time - committed_at_ < commit_every)) {
            return std::nullopt;
        }
        const auto answer = context_.send("POST", path("/commit"), consumer_body({}, after_));
        committed_at_ = time;
        if (answer && answer->status == 200) {
            committed_ = after_;
            return std::nullopt;
        }
        // Without an answer it is committed with the next events.
        if (!answer || answer->status >= 500 || answer->status == 429) return std::nullopt;
        return context_.refuse(*answer);
    }

    Context& context_;
    const std::function<bool(const FedEvent&)>& handle_;
    std::vector<std::string> patterns_;
    std::string after_;
    const std::optional<std::string> consumer_;
    std::string committed_;
    Timestamp committed_at_{};
    std::optional<std::size_t> left_;
    bool is_first_ = true;
    bool is_away_ = false;
};

}  // namespace

std::string consumer_path(const Context& context, std::string_view name, std::string_view below) {
    return context.in_realm(fmt::format("/consumers/{}{}", percent_encoded(name), below));
}

std::string consumer_body(const std::vector<std::string>& events,
                          const std::optional<std::string>& position) {
    std::string body;
    json::Writer writer(body);
    writer.begin_object();
    if (!events.empty()) {
        writer.key("events");
        writer.begin_array();
        for (const std::string& event : events) writer.string(event);
        writer.end_array();
    }
    if (position) writer.member("position", *position);
    writer.end_object();
    return body;
}

std::vector<Argument> with_feed(std::vector<Argument> arguments) {
    std::vector<Argument> all = {
        {"--event", "EVENT", "only events of this type, or user.*; again for more",
         Count::repeatable},
        {"--consumer", "NAME", "go on where this consumer was, and keep its position; made if new"},
        {"--after", "POSITION",
         "begin behind it: a position, oldest, or newest (default); for a new consumer too"},
        {"--count", "N", "end after so many"}};
    all.insert(all.end(), arguments.begin(), arguments.end());
    return all;
}

int follow_feed(Context& context, const Given& given,
                const std::function<bool(const FedEvent&)>& handle) {
    std::optional<std::size_t> count;
    if (const auto text = given.text("--count")) {
        const auto value = number_in(*text, 1, std::numeric_limits<std::int64_t>::max());
        if (!value) return context.wrong("--count must be a whole number, at least 1");
        count = static_cast<std::size_t>(*value);
    }
    return Reader(context, given, handle).run(count);
}

}  // namespace postrider::cli
