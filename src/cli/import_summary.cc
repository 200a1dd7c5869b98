#include "cli/import_summary.h"

#include <fmt/format.h>

#include <algorithm>

namespace postrider::cli {

namespace {

void show_json(Context& context, const ImportOf& of, const ImportSender& sender,
               const ImportReport& report) {
    json::Object counts;
    for (const auto& tally : sender.tallies()) {
        counts.emplace_back(tally.kind, json::Object{{"created", tally.created},
                                                     {"existing", tally.existing},
                                                     {"refused", tally.refused}});
    }
    json::Array refused;
    for (const auto& each : sender.refused()) {
        refused.emplace_back(
            json::Object{{"kind", each.kind}, {"name", each.name}, {"reason", each.reason}});
    }
    context.show_json(json::serialize(json::Object{{"realm", of.realm},
                                                   {"dry_run", of.is_dry_run},
                                                   {"counts", std::move(counts)},
                                                   {"refused", std::move(refused)},
                                                   {"notes", report.to_json()},
                                                   {"values", report.sums_json()}}));
}

}  // namespace

void show_import(Context& context, const ImportOf& of, const ImportSender& sender,
                 const ImportReport& report) {
    if (context.connection().json()) return show_json(context, of, sender, report);
    context.say(fmt::format(
        "{} {}:",
        of.is_dry_run ? "Nothing was written. An import would bring this into the realm" : "Realm",
        of.realm));
    if (!of.is_dry_run) {
        Table table({{"", Column::Fit::whole},
                     {"CREATED", Column::Fit::whole},
                     {"WERE THERE", Column::Fit::whole},
                     {"REFUSED", Column::Fit::whole}});
        for (const auto& tally : sender.tallies()) {
            std::string kind(tally.kind);
            std::ranges::replace(kind, '_', ' ');
            table.add(
                {{kind},
                 {std::to_string(tally.created)},
                 {std::to_string(tally.existing)},
                 {std::to_string(tally.refused), tally.refused == 0 ? Style::plain : Style::bad}});
        }
        context.show(table);
    }
    for (const auto& refused : sender.refused()) {
        context.complain(
            fmt::format("refused: {} {}: {}", refused.kind, refused.name, refused.reason));
    }
    report.show(context);
}

}  // namespace postrider::cli
