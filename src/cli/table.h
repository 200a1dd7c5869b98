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
        whole,  ///< ids and numbers: never cut
        cut,    ///< free text: gives way when the line is too long
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
    std::string render(std::size_t width, Colours colours) const;

 private:
    std::vector<Column> columns_;
    std::vector<std::vector<Cell>> rows_;
};

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
