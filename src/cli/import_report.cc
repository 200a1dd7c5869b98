#include "cli/import_report.h"

#include <fmt/format.h>

#include <algorithm>

#include "cli/context.h"
#include "model/limits.h"

namespace postrider::cli {

namespace {

constexpr std::size_t names_shown_max = 10;

std::string_view word(ImportReport::Kind kind) {
    switch (kind) {
        case ImportReport::Kind::taken_over:
            return "taken_over";
        case ImportReport::Kind::adapted:
            return "adapted";
        case ImportReport::Kind::left_out:
            return "left_out";
    }
    return "";
}

}  // namespace

void ImportReport::add(Kind kind, std::string_view why, std::string_view what, std::size_t values) {
    sums_[index(kind)] += values;
    std::string key(why);
    auto found = by_why_.find(key);
    if (found == by_why_.end() && lines_.size() >= limits::import_report_lines_max) {
        key = "members that have no counterpart here, beyond those that are listed";
        found = by_why_.find(key);
    }
    if (found == by_why_.end()) {
        found = by_why_.emplace(key, lines_.size()).first;
        lines_.push_back({.kind = kind, .why = key, .names = {}, .known = {}});
    }
    Line& line = lines_[found->second];
    ++line.count;
    std::string name(what);
    if (line.known.contains(name)) return;
    if (line.names.size() == limits::import_report_names_max) {
        line.is_cut = true;
        return;
    }
    line.known.insert(name);
    line.names.push_back(std::move(name));
}

void ImportReport::take_back(std::size_t values) {
    std::size_t& sum = sums_[index(Kind::taken_over)];
    sum -= std::min(sum, values);
}

json::Array ImportReport::to_json() const {
    json::Array out;
    for (const Line& line : lines_) {
        json::Array of;
        for (const std::string& name : line.names) of.emplace_back(name);
        out.emplace_back(json::Object{{"note", line.why},
                                      {"kind", word(line.kind)},
                                      {"count", line.count},
                                      {"of", std::move(of)}});
    }
    return out;
}

json::Value ImportReport::sums_json() const {
    return json::Object{{"taken_over", sum(Kind::taken_over)},
                        {"adapted", sum(Kind::adapted)},
                        {"left_out", sum(Kind::left_out)}};
}

void ImportReport::show(Context& context) const {
    for (const Kind kind : {Kind::adapted, Kind::left_out}) {
        for (const Line& line : lines_) {
            if (line.kind != kind) continue;
            context.say("");
            context.say(fmt::format("{}: {} — {}", kind == Kind::adapted ? "adapted" : "left out",
                                    line.count, line.why));
            const std::size_t shown = std::min(line.names.size(), names_shown_max);
            for (std::size_t i = 0; i < shown; ++i) context.say("  " + line.names[i]);
            if (line.is_cut) {
                context.say(fmt::format("  … and more than {} others: --json lists so many",
                                        line.names.size() - shown));
            } else if (line.names.size() > shown) {
                context.say(
                    fmt::format("  … and {} more: --json lists all", line.names.size() - shown));
            }
        }
    }
    context.say("");
    context.say(fmt::format("Taken over {}, adapted {}, left out {}.", sum(Kind::taken_over),
                            sum(Kind::adapted), sum(Kind::left_out)));
}

}  // namespace postrider::cli
