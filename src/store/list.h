#pragma once

#include <optional>
#include <vector>

#include "base/uuid.h"
#include "store/sql/connection.h"

namespace postrider::store {

/// The rows of a list that can be read, and how many there were that cannot.
template <typename Row>
struct List : std::vector<Row> {
    using std::vector<Row>::vector;
    std::size_t unreadable = 0;
    /// The last of all of them, for the next page.
    std::optional<Uuid> last;

    /// What the database was asked for, it gave.
    std::size_t read() const { return this->size() + unreadable; }
};

/// Logs a row that is left out.
void log_unreadable(const Error& error);

/// Takes in the row that `rows` stands at, by `decode(rows)`, or counts and logs it when it cannot
/// be read. `id_column` has its id.
///
///     List<UserRow> found;
///     while (rows.next()) take(rows, found, read_row);
///     POSTRIDER_TRY(rows.finish());
template <typename Row, typename Decode>
void take(sql::Rows& rows, List<Row>& found, Decode decode, int id_column = 1) {
    if (const auto raw = rows.blob(id_column); raw.size() == 16) found.last = Uuid::from_bytes(raw);
    Row row = decode(rows);
    if (!rows.is_unreadable()) {
        found.push_back(std::move(row));
        return;
    }
    ++found.unreadable;
    log_unreadable(rows.forgive());
}

}  // namespace postrider::store
