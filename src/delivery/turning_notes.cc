#include "delivery/turning_notes.h"

#include "model/counter_limits.h"
#include "model/order_limits.h"
#include "model/trace.h"
#include "store/tables.h"
#include "telemetry/log.h"

namespace postrider::delivery {
namespace {

struct Names {
    std::string webhook;
    std::string realm;
};

Result<Names> read_names(store::sql::Connection& sql, const Turning& turning) {
    Names names;
    POSTRIDER_ASSIGN(const auto webhook,
                     store::webhooks_table::find(sql, turning.realm, turning.webhook));
    POSTRIDER_ASSIGN(const auto realm, store::realms_table::find(sql, turning.realm));
    if (webhook) names.webhook = webhook->name;
    if (realm) names.realm = realm->name;
    return names;
}

void write_line(const Turning& turning, const Names& names) {
    if (turning.kind == Turning::Kind::fails) {
        return log::info("delivery", "a webhook begins to fail",
                         {{"name", names.webhook},
                          {"realm", names.realm},
                          {"webhook", turning.webhook},
                          {"reason", turning.reason}});
    }
    if (turning.kind == Turning::Kind::gives_up) {
        return log::info("delivery", "a delivery has failed",
                         {{"name", names.webhook},
                          {"realm", names.realm},
                          {"webhook", turning.webhook},
                          {"event", turning.event},
                          {"delivery", turning.delivery},
                          {"attempts", turning.attempts},
                          {"trace", trace::id(turning.trace)},
                          {"reason", turning.reason}});
    }
    if (turning.kind == Turning::Kind::holds_too_many) {
        return log::warning("delivery",
                            "a webhook holds all the resources that it may: one more "
                            "was skipped; retry or skip those that are held",
                            {{"name", names.webhook},
                             {"realm", names.realm},
                             {"webhook", turning.webhook},
                             {"held", limits::held_resources_max}});
    }
    log::info("delivery", "a webhook has recovered",
              {{"name", names.webhook},
               {"realm", names.realm},
               {"webhook", turning.webhook},
               {"failures", turning.failures},
               {"failing_since", format_rfc3339(turning.since)}});
}

}  // namespace

bool TurningNotes::has_room(const Turning& turning, Monotonic now) {
    if (now >= window_ends_) {
        if (left_out_ > 0) {
            log::info("delivery",
                      "not everything that was told of webhooks in this while is in the log",
                      {{"left_out", left_out_}});
        }
        window_ends_ = now + limits::turning_lines_window;
        told_.clear();
        left_out_ = 0;
    }
    if (told_.size() < limits::turning_lines_max &&
        told_.emplace(turning.webhook, turning.kind).second) {
        return true;
    }
    ++left_out_;
    return false;
}

void TurningNotes::tell(const Turning& turning, Monotonic now) {
    if (!log::enabled(LogLevel::info) || !has_room(turning, now)) return;
    store::read<Names>(
        store_, store::Turn::server(),
        [turning](store::sql::Connection& sql) { return read_names(sql, turning); },
        [turning](const Result<Names>& names) {
            write_line(turning, names.value_or(Names{"", turning.realm.to_string()}));
        });
}

}  // namespace postrider::delivery
