#include <algorithm>

#include "api/call.h"
#include "api/routes.h"
#include "model/counter_limits.h"
#include "store/tables.h"
#include "webhooks/health.h"
#include "webhooks/statistics.h"
#include "webhooks/webhook.h"

/// What attempts and deliveries came to over a period: of a realm or a webhook in spans, or of each
/// webhook, worst first.
namespace postrider::api {

namespace {

using webhooks::Period;
using webhooks::Resolution;

/// What is asked for. The parts depend on each other, so each is checked with those before it.
struct Asked {
    std::optional<WebhookId> webhook;
    bool is_by_webhook = false;
    Timestamp since;
    Timestamp until;
    const Resolution* resolution = nullptr;  ///< none: the finest that there is
};

const Resolution* parse_resolution(Query& query) {
    const auto text = query.text("resolution");
    if (!text) return nullptr;
    for (const Resolution& each : webhooks::resolutions()) {
        if (each.name == *text) return &each;
    }
    query.refuse("resolution", "must be 1m, 5m, 15m, 1h, 6h or 1d");
    return nullptr;
}

Asked read_asked(Query& query, const Call& call, Timestamp now) {
    Asked asked;
    asked.webhook = query.id<WebhookId>("webhook_id");
    if (const auto group = query.text("group_by")) {
        asked.is_by_webhook = *group == "webhook";
        if (!asked.is_by_webhook) query.refuse("group_by", "must be webhook");
    }
    asked.until = query.time("until").value_or(now);
    const Timestamp since =
        query.time("since").value_or(asked.until - limits::statistics_period_default);
    if (since >= asked.until) query.refuse("since", "must be before until");
    asked.resolution = parse_resolution(query);
    if (asked.is_by_webhook && asked.webhook) {
        query.refuse("webhook_id", "does not go with group_by; leave one of them out");
    }
    if (asked.is_by_webhook && asked.resolution != nullptr) {
        query.refuse("resolution", "does not go with group_by; leave one of them out");
    }
    // What is older is not kept.
    asked.since = std::clamp(since, std::min(call.kept_since, asked.until), asked.until);
    return asked;
}

/// The finest that is still kept and makes a bounded answer.
const Resolution* finest(const Asked& asked, Timestamp now) {
    for (const Resolution& each : webhooks::resolutions()) {
        if (!webhooks::is_kept(each, asked.since, now)) continue;
        if (webhooks::spans_of(each, asked.since, asked.until) <= limits::statistics_spans_max) {
            return &each;
        }
    }
    return nullptr;
}

std::string words_of_most_spans() {
    return "one answer has at most " + std::to_string(limits::statistics_spans_max) + " spans";
}

/// Errors: invalid_argument, naming the parameter.
Result<Period> period_of(const Asked& asked, Query& query, Timestamp now) {
    const Resolution* resolution = asked.resolution;
    if (resolution == nullptr) {
        resolution = finest(asked, now);
        if (resolution == nullptr) {
            query.refuse("since", "is too long before until: " + words_of_most_spans() +
                                      ", and the longest have a day; ask for less at once");
        }
    } else if (!webhooks::is_kept(*resolution, asked.since, now)) {
        query.refuse("resolution",
                     "is too fine for so long ago: what is counted is kept by minute "
                     "for 48 hours, by hour for 32 days, then by day");
    } else if (webhooks::spans_of(*resolution, asked.since, asked.until) >
               limits::statistics_spans_max) {
        query.refuse("resolution", "is too fine for this period: " + words_of_most_spans() +
                                       "; take a longer one, or leave it out");
    }
    POSTRIDER_TRY(query.finish());
    return webhooks::rounded(*resolution, asked.since, asked.until);
}

void write_begin(json::Writer& writer, const Period& period,
                 const std::optional<Timestamp>& counted_since) {
    writer.member("since", format_rfc3339(period.since));
    writer.member("until", format_rfc3339(period.until));
    writer.member("resolution", period.resolution.name);
    if (counted_since) {
        writer.member("counted_since", format_rfc3339(*counted_since));
    } else {
        writer.member_null("counted_since");
    }
}

Answer statistics_answer(const webhooks::Statistics& statistics) {
    std::string out;
    json::Writer writer(out);
    writer.begin_object();
    write_begin(writer, statistics.period, statistics.counted_since);
    webhooks::write_counts(writer, statistics.sum);
    webhooks::write_distribution(writer, statistics.sum);
    writer.key("spans");
    writer.begin_array();
    Timestamp since = statistics.period.since;
    for (const auto& span : statistics.spans) {
        writer.begin_object();
        writer.member("since", format_rfc3339(since));
        webhooks::write_counts(writer, span);
        writer.end_object();
        since += statistics.period.resolution.width;
    }
    writer.end_array();
    writer.end_object();
    return json_answer(200, std::move(out));
}

/// A ranked webhook with what is shown of it.
struct Shown {
    webhooks::Ranked ranked;
    std::optional<webhooks::Webhook> webhook;  ///< none: it is deleted
    std::optional<std::string> kept_name;
    webhooks::Health health;
};
struct ShownRanking {
    std::optional<Timestamp> counted_since;
    std::size_t webhooks = 0;
    std::vector<Shown> page;
    bool has_more = false;
};

TimedPosition position_of(const webhooks::Ranked& ranked) {
    return {from_micros(ranked.badness()), ranked.webhook.uuid};
}

Result<Shown> show(store::sql::Connection& sql, const RealmId& realm,
                   const webhooks::HealthReader& reader, const webhooks::Ranked& ranked) {
    Shown shown{.ranked = ranked, .webhook = {}, .kept_name = {}, .health = {}};
    const auto row = store::webhooks_table::find(sql, realm, ranked.webhook);
    // One that cannot be read is there all the same.
    if (!row && row.error().code != ErrorCode::corrupt) return std::unexpected(row.error());
    if (row && *row && !(*row)->deleted_at) {
        shown.webhook = webhooks::from_row(**row);
    } else {
        POSTRIDER_ASSIGN(shown.kept_name,
                         store::counters_table::kept_name(sql, realm, ranked.webhook));
    }
    POSTRIDER_ASSIGN(shown.health, reader.read(sql, ranked.webhook));
    return shown;
}

Result<ShownRanking> read_ranking(store::sql::Connection& sql, const RealmId& realm,
                                  const Period& period, const Page& page, Timestamp now) {
    POSTRIDER_ASSIGN(const auto ranking, webhooks::rank_webhooks(sql, realm, period));
    POSTRIDER_ASSIGN(const auto reader, webhooks::HealthReader::begin(sql, realm, now));
    ShownRanking shown{.counted_since = ranking.counted_since,
                       .webhooks = ranking.webhooks.size(),
                       .page = {},
                       .has_more = false};
    for (const webhooks::Ranked& each : ranking.webhooks) {
        const TimedPosition place = position_of(each);
        if (page.before_timed && std::pair(place.at, place.id) >=
                                     std::pair(page.before_timed->at, page.before_timed->id)) {
            continue;
        }
        if (shown.page.size() == page.limit) {
            shown.has_more = true;
            break;
        }
        POSTRIDER_ASSIGN(auto one, show(sql, realm, reader, each));
        shown.page.push_back(std::move(one));
    }
    return shown;
}

void write_shown(json::Writer& writer, const Shown& shown) {
    writer.begin_object();
    writer.member("webhook_id", shown.ranked.webhook.to_string());
    const bool is_deleted = !shown.webhook.has_value();
    if (shown.webhook) {
        writer.member("name", shown.webhook->name);
    } else if (shown.kept_name) {
        writer.member("name", *shown.kept_name);
    } else {
        writer.member_null("name");
    }
    writer.member("deleted", is_deleted);
    writer.member("enabled", !is_deleted && shown.webhook->enabled);
    if (is_deleted || shown.webhook->disabled_reason == DisabledReason::none) {
        writer.member_null("disabled_reason");
    } else {
        writer.member("disabled_reason", to_string(shown.webhook->disabled_reason));
    }
    webhooks::write_counts(writer, shown.ranked.counts);
    writer.key("health");
    webhooks::write_health(writer, shown.health);
    writer.end_object();
}

Answer ranking_answer(const ShownRanking& ranking, const Period& period, const Page& page) {
    std::string out;
    json::Writer writer(out);
    writer.begin_object();
    write_begin(writer, period, ranking.counted_since);
    writer.member("webhooks", ranking.webhooks);
    writer.key("items");
    writer.begin_array();
    for (const Shown& each : ranking.page) write_shown(writer, each);
    writer.end_array();
    if (ranking.has_more) {
        writer.member("next_cursor", page.cursor_after(position_of(ranking.page.back().ranked)));
    } else {
        writer.member_null("next_cursor");
    }
    writer.end_object();
    return json_answer(200, std::move(out));
}

/// A long period is ranked by its hours: webhooks times spans are read.
const Resolution* ranked_by(const Asked& asked, Timestamp now) {
    const Duration width = asked.until - asked.since > limits::statistics_minutes_max ? 1h : 1min;
    for (const Resolution& each : webhooks::resolutions()) {
        if (each.width < width || each.width != store::length(each.grain)) continue;
        if (webhooks::is_kept(each, asked.since, now)) return &each;
    }
    return &webhooks::resolutions().back();
}

Result<void> answer_ranking(Call& call, Query& query, const Asked& asked, Timestamp now) {
    const Page page = query.timed_page();
    POSTRIDER_TRY(query.finish());
    const Period period = webhooks::rounded(*ranked_by(asked, now), asked.since, asked.until);
    store::read<ShownRanking>(
        call.store,
        [realm = call.realm, period, page, now](store::sql::Connection& sql) {
            return read_ranking(sql, realm, period, page, now);
        },
        call.reply.with<ShownRanking>([period, page](const ShownRanking& ranking) {
            return ranking_answer(ranking, period, page);
        }));
    return {};
}

Result<void> get_statistics(Context& context, Call& call) {
    auto query = call.query();
    const Timestamp now = context.clock.now();
    const Asked asked = read_asked(query, call, now);
    if (asked.is_by_webhook) return answer_ranking(call, query, asked, now);
    POSTRIDER_ASSIGN(const auto period, period_of(asked, query, now));
    store::read<webhooks::Statistics>(
        call.store,
        [realm = call.realm, webhook = asked.webhook.value_or(store::counters_table::whole_realm),
         period](store::sql::Connection& sql) {
            return webhooks::read_statistics(sql, realm, webhook, period);
        },
        call.reply.with<webhooks::Statistics>(statistics_answer));
    return {};
}

}  // namespace

RouteList statistics_routes(Context& context) {
    return {handle(context, {"GET", "/api/v1/realms/{realm}/statistics", "get_statistics"},
                   get_statistics)};
}

}  // namespace postrider::api
