#include "events/match_queue.h"

#include <fmt/format.h>

#include <utility>

#include "model/event.h"
#include "model/turn_limits.h"

namespace postrider::events {
namespace {

/// As the parsing of long bodies: it can wait for what is quick.
constexpr int nice_value = 4;

constexpr const char* too_many_wait =
    "too many events wait for the filters of their realm's webhooks: nothing was accepted; try "
    "again in a moment";

}  // namespace

std::unexpected<Error> filters_too_costly(std::string_view what) {
    return fail(ErrorCode::invalid_argument,
                fmt::format("To hold {} against the filters of this realm's webhooks would take "
                            "too long: nothing was accepted; make its lists and texts shorter, "
                            "send fewer at once, or let fewer filters look into them.",
                            what),
                "filters-too-costly");
}

struct MatchQueue::Job {
    store::PublishWork work;
    std::shared_ptr<const Matcher> matcher;
    store::PublishMatches matches;
    std::size_t left = limits::filter_work_of_publish;
};

MatchQueue::MatchQueue(const Clock& clock, Matched publish)
    : clock_(clock),
      publish_(std::move(publish)),
      queue_({.threads = 1,
              .waiting_max = limits::match_queue_max,
              .thread_name = "filters",
              .nice = nice_value,
              .when_full = too_many_wait}) {}

void MatchQueue::add(store::PublishWork work, std::shared_ptr<const Matcher> matcher) {
    auto job = std::make_shared<Job>(std::move(work), std::move(matcher), store::PublishMatches{});
    for (NewEvent& event : job->work.events) {
        if (!event.timestamp) event.timestamp = clock_.now();
    }
    job->matches.config_version = job->matcher->config_version();
    job->matches.tries = job->work.matches ? job->work.matches->tries + 1 : 1;
    wait(std::move(job));
}

void MatchQueue::wait(std::shared_ptr<Job> job) {
    const std::string who = job->work.who.to_string();
    const auto queued =
        queue_.add({.realm = job->work.realm.to_string(), .who = who, .group = who},
                   [this, job](WorkQueue::Fate fate) {
                       if (fate == WorkQueue::Fate::runs) return match_next(job);
                       job->work.done(fail(ErrorCode::unavailable,
                                           fate == WorkQueue::Fate::gives_way
                                               ? too_many_wait
                                               : "the server is stopping; try again in a moment"));
                   });
    if (!queued) job->work.done(fail(ErrorCode::unavailable, queued.error().message));
}

void MatchQueue::match_next(const std::shared_ptr<Job>& job) {
    const std::size_t at = job->matches.webhooks.size();
    if (at == job->work.events.size()) {
        job->work.matches = std::move(job->matches);
        return publish_(std::move(job->work));
    }
    const NewEvent& event = job->work.events[at];
    const std::size_t may = std::min(job->left, limits::filter_work_of_event);
    Filter::Work work{.left = may};
    job->matches.webhooks.push_back(job->matcher->match(
        event.type,
        [&] { return event_body(event.type, *event.timestamp, event.resource_id, event.data); },
        work));
    job->left -= may - work.left;
    if (!work.is_used_up) return wait(job);
    job->work.done(filters_too_costly(fmt::format("event {}", at)));
}

}  // namespace postrider::events
