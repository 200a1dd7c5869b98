#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "cli/text.h"

namespace postrider::cli {

/// What a cell shows: one line, made printable by the table.
struct Cell {
    std::string text;
    Style style = Style::plain;
};

struct Column {
    std::string title;
    enum class Fit {
        whole,  ///< states and numbers: never cut
        cut,    ///< free text: gives way when the line is too long
        id,     ///< on a terminal both ends of it, as `short_id` says; find_id() takes that too
        wide,   ///< on a terminal only with `-o wide`
    } fit = Fit::whole;
};

/// Rows under titles, aligned. When a line is wider than `width` the widest columns that may be cut
/// are; 0 is no limit (not a terminal). No white space at line ends.
class Table {
 public:
    explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}
    /// Requires: a cell for each column.
    void add(std::vector<Cell> row);
    bool empty() const { return rows_.empty(); }
    /// `compact`: ids are shortened and wide columns left out.
    enum class Layout { compact, wide };
    std::string render(std::size_t width, Colours colours, Layout layout = Layout::wide) const;

 private:
    Table compact() const;

    std::vector<Column> columns_;
    std::vector<std::vector<Cell>> rows_;
};

/// "019ab1c2…6071" of a UUID, anything else as it is: 13 columns.
std::string short_id(std::string_view id);

/// "Name   value" lines for one thing; values of several lines are indented below each other.
class Card {
 public:
    void add(std::string label, std::string value, Style style = Style::plain);
    std::string render(Colours colours) const;

 private:
    struct Line {
        std::string label, value;
        Style style;
    };
    std::vector<Line> lines_;
};

}  // namespace postrider::cli
