#include "webhooks/dry_run.h"

#include <algorithm>
#include <memory>

#include "events/catalogue.h"
#include "events/filter.h"
#include "events/pattern.h"
#include "model/limits.h"
#include "store/event_page.h"
#include "store/tables.h"
#include "webhooks/change.h"
#include "webhooks/render.h"

namespace postrider::webhooks {
namespace {

/// Holds events against the webhook in turn, and writes what comes of each.
class Trial {
 public:
    static Result<Trial> of(const DryRun& run) {
        Trial trial(run);
        if (run.controls.filter) {
            POSTRIDER_ASSIGN(auto filter, events::Filter::parse(*run.controls.filter));
            trial.filter_ = std::move(filter);
        }
        POSTRIDER_ASSIGN(trial.template_, template_of(run.controls));
        return trial;
    }

    void hold(const store::EventRow& event) {
        const auto refused = refuses(event);
        ++looked_at_;
        if (refused.empty() && ++matching_ == 1) keep_body(event);
        if (!items_.empty()) items_ += ',';
        json::Writer writer(items_);
        writer.begin_object();
        write_id(writer, event.id);
        writer.member("event", event.type);
        writer.member("timestamp", format_rfc3339(event.timestamp));
        writer.member("resource_id", event.resource_id.to_string());
        writer.member("matches", refused.empty());
        if (refused.empty()) {
            writer.member_null("refused_by");
        } else {
            writer.member("refused_by", refused);
        }
        writer.end_object();
    }

    std::string answer() const {
        std::string out;
        json::Writer writer(out);
        writer.begin_object();
        writer.member("looked_at", looked_at_);
        writer.member("matching", matching_);
        writer.member_raw("items", "[" + items_ + "]");
        writer.member_raw("body", body_);
        writer.end_object();
        return out;
    }

 private:
    explicit Trial(const DryRun& run) : run_(run) {}

    /// The place that refuses the event; "": none.
    std::string refuses(const store::EventRow& event) const {
        if (!events::matches_any(run_.events, event.type)) return "#/events";
        if (!filter_) return "";
        const auto refused = events::refusal(*filter_, event);
        if (!refused) return "#/filter";
        return *refused ? "#/filter" + **refused : "";
    }

    void keep_body(const store::EventRow& event) {
        const auto format = run_.controls.format.value_or(BodyFormat::postrider);
        const auto content = std::make_shared<const EventContent>(event.type, event.timestamp,
                                                                  event.resource_id, event.data);
        const auto text =
            render(content, {.format = format,
                             .id = event.id,
                             .source = run_.source,
                             .realm = run_.realm_name,
                             .body_template = template_.get(),
                             .header = [](std::string_view) { return std::string(secret_mask); }});
        body_.clear();
        json::Writer writer(body_);
        writer.begin_object();
        write_id(writer, event.id);
        writer.member("content_type", content_type_of(format));
        if (text) {
            writer.member("text", **text);
            writer.member_null("problem");
        } else {
            writer.member_null("text");
            writer.member("problem", text.error().message);
        }
        writer.end_object();
    }

    /// A sample has none.
    static void write_id(json::Writer& writer, const EventId& id) {
        if (id.uuid.is_nil()) {
            writer.member_null("event_id");
        } else {
            writer.member("event_id", id.to_string());
        }
    }

    const DryRun& run_;
    std::optional<events::Filter> filter_;
    std::shared_ptr<const Template> template_;
    std::size_t looked_at_ = 0;
    std::size_t matching_ = 0;
    std::string items_;
    std::string body_ = "null";
};

}  // namespace

Result<std::string> dry_run(store::sql::Connection& sql, const RealmId& realm, const DryRun& run) {
    POSTRIDER_TRY(events::check_patterns(sql, realm, run.events));
    POSTRIDER_ASSIGN(auto trial, Trial::of(run));
    if (run.sample) {
        const NewEvent& sample = *run.sample;
        trial.hold({realm,
                    {},
                    sample.type,
                    sample.resource_id,
                    sample.timestamp.value_or(run.now),
                    EventOrigin::api,
                    sample.data});
        return trial.answer();
    }
    store::EventFilter kept;
    kept.since = run.since;
    std::optional<EventId> before;
    for (std::size_t left = run.last; left > 0;) {
        POSTRIDER_ASSIGN(const auto page, store::events_table::page(sql, realm, kept, before, left,
                                                                    limits::answer_piece_bytes));
        for (const auto& event : page.rows) {
            // Large events and costly filters: what was found so far is an answer, too.
            if (sql.is_half_used()) return trial.answer();
            trial.hold(event);
        }
        left -= std::min(left, page.rows.size());
        if (page.rows.empty() || !page.is_cut) break;
        before = page.rows.back().id;
    }
    return trial.answer();
}

}  // namespace postrider::webhooks
