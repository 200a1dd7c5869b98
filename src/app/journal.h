#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "config/config.h"

namespace postrider::app {

/// Whether standard error is a stream of systemd's journal: JOURNAL_STREAM names its device and
/// inode, and children inherit the variable, not the stream. Source: systemd.exec(5).
bool is_journal(const config::Environment& environment);

/// One line of the log, as JSON, in the journal's own form: MESSAGE for people, PRIORITY,
/// POSTRIDER_AREA, and POSTRIDER_… for each field. Source: systemd.io, "Native Journal Protocol".
std::string journal_entry(std::string_view json_line);

/// A sink of the log that sends such entries. What the journal does not take goes to standard error
/// as it is. Thread-safety: the log's thread.
std::function<void(std::string_view)> journal_sink(
    const std::string& socket = "/run/systemd/journal/socket");

}  // namespace postrider::app
