#pragma once

#include "model/limits.h"

/// The bounds of what is counted and searched; a part of model/limits.h.
namespace postrider::limits {

inline constexpr Duration counters_fold_interval =
    5s;  ///< so long counts stay in the log: what a reader must add up itself
inline constexpr std::size_t counters_fold_places_max =
    500;  ///< webhooks and minutes of one step: three rows each, some 5 ms
inline constexpr Duration counters_minutes_kept =
    49h;  ///< two days, and an hour: who asks for two days gets them
inline constexpr Duration counters_hours_kept = 32 * 24h + 1h;  ///< a month, likewise
inline constexpr std::size_t statistics_spans_max = 200;        ///< of one answer, some 60 KiB
inline constexpr Duration statistics_minutes_max =
    6h;  ///< ranked by minute; a longer period is by hour: webhooks times spans are read
inline constexpr std::size_t waiting_counted_max = 1000;  ///< of one webhook, ~0.2 ms
inline constexpr std::size_t turning_lines_max =
    60;  ///< a minute: webhooks that begin to fail, or recover, and are told in the log
inline constexpr Duration turning_lines_window = 1min;
inline constexpr Duration overview_interval =
    10s;  ///< of what is pending in the whole store, for metrics
inline constexpr int overview_pause_factor = 100;  ///< and so long as a look took, at least
inline constexpr std::size_t search_text_characters_max = 200;
inline constexpr std::size_t search_items_max = 50;      ///< of one answer
inline constexpr std::size_t search_items_default = 12;  ///< as many as one sees at once

}  // namespace postrider::limits
