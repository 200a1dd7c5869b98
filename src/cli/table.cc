#include "cli/table.h"

#include <algorithm>

#include "base/check.h"
#include "base/uuid.h"

namespace postrider::cli {
namespace {

constexpr std::size_t gap = 2;
constexpr std::size_t cut_width_min = 8;  ///< a column is not cut below this: it would say nothing

/// Takes columns that may be cut down, the widest first, until the line fits or nothing gives way.
void fit(std::vector<std::size_t>& widths, const std::vector<Column>& columns, std::size_t width) {
    for (;;) {
        std::size_t total = gap * (widths.size() - 1);
        for (auto each : widths) total += each;
        if (total <= width) return;
        std::size_t widest = columns.size(), second = cut_width_min;
        for (std::size_t i = 0; i < columns.size(); ++i) {
            if (columns[i].fit != Column::Fit::cut || widths[i] <= cut_width_min) continue;
            if (widest == columns.size() || widths[i] > widths[widest]) {
                if (widest != columns.size()) second = std::max(second, widths[widest]);
                widest = i;
            } else {
                second = std::max(second, widths[i]);
            }
        }
        if (widest == columns.size()) return;
        // Down to the next widest; at least by one, so that equal ones take turns.
        std::size_t floor = std::min(second, widths[widest] - 1);
        widths[widest] -= std::min(total - width, widths[widest] - floor);
    }
}

}  // namespace

void Table::add(std::vector<Cell> row) {
    CHECK(row.size() == columns_.size());
    for (auto& cell : row) {
        cell.text = printable(cell.text);
        if (cell.text.empty()) cell = {"-", Style::dim};
    }
    rows_.push_back(std::move(row));
}

/// The table as a terminal shows it.
Table Table::compact() const {
    std::vector<std::size_t> kept;
    std::vector<Column> columns;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
        if (columns_[i].fit == Column::Fit::wide) continue;
        kept.push_back(i);
        columns.push_back(columns_[i]);
    }
    Table table(std::move(columns));
    for (const auto& row : rows_) {
        std::vector<Cell> cells;
        for (auto i : kept) {
            bool is_id = columns_[i].fit == Column::Fit::id;
            cells.push_back(is_id ? Cell{short_id(row[i].text), row[i].style} : row[i]);
        }
        table.rows_.push_back(std::move(cells));
    }
    return table;
}

std::string Table::render(std::size_t width, Colours colours, Layout layout) const {
    if (layout == Layout::compact) return compact().render(width, colours);
    std::vector<std::size_t> widths;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
        std::size_t widest = display_width(columns_[i].title);
        for (const auto& row : rows_) widest = std::max(widest, display_width(row[i].text));
        widths.push_back(widest);
    }
    if (width > 0) fit(widths, columns_, width);
    std::string out;
    auto write_row = [&](const std::vector<Cell>& row) {
        std::size_t pending = 0;
        for (std::size_t i = 0; i < row.size(); ++i) {
            auto text = truncated(row[i].text, widths[i]);
            out.append(pending, ' ');
            pending = widths[i] - display_width(text) + gap;
            out += paint(text, row[i].style, colours);
        }
        out += '\n';
    };
    std::vector<Cell> titles;
    titles.reserve(columns_.size());
    for (const auto& column : columns_) titles.push_back({column.title, Style::heading});
    write_row(titles);
    for (const auto& row : rows_) write_row(row);
    return out;
}

std::string short_id(std::string_view id) {
    if (!Uuid::parse(id)) return std::string(id);
    return std::string(id.substr(0, 8)) + "…" + std::string(id.substr(id.size() - 4));
}

void Card::add(std::string label, std::string value, Style style) {
    lines_.push_back({std::move(label), printable_lines(value), style});
}

std::string Card::render(Colours colours) const {
    std::size_t widest = 0;
    for (const auto& line : lines_) widest = std::max(widest, display_width(line.label));
    std::string out;
    for (const auto& line : lines_) {
        out += paint(line.label, Style::dim, colours);
        std::string indent(widest + gap, ' ');
        std::string_view rest = line.value.empty() ? std::string_view("-") : line.value;
        out.append(widest + gap - display_width(line.label), ' ');
        for (bool first = true;; first = false) {
            auto end = rest.find('\n');
            if (!first) out += indent;
            out += paint(rest.substr(0, end), line.style, colours);
            out += '\n';
            if (end == std::string_view::npos) break;
            rest.remove_prefix(end + 1);
        }
    }
    return out;
}

}  // namespace postrider::cli
