#pragma once

namespace postrider::store::sql {

/// Makes SQLite take a quota (EDQUOT) and a limit of file sizes (EFBIG, `ulimit -f`) for what they
/// are, a full disk: nothing of such a write is kept, and the rest of the file is as it was. It
/// would report an I/O error after which it is unknown what reached the disk.
/// Calls after the first do nothing. Thread-safety: any thread, before the first connection is
/// opened.
void report_limits_as_full_disk();

}  // namespace postrider::store::sql
