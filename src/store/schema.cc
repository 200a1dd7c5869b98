#include "store/schema.h"

#include <algorithm>
#include <sstream>

#include "base/check.h"
#include "store/migrations.h"

namespace postrider::store {

namespace {

/// The words of a line, without what is only punctuation: "(realm_id, id)" is two.
std::vector<std::string> words_of(std::string line) {
    std::ranges::replace_if(
        line, [](char c) { return c == ',' || c == '(' || c == ')' || c == ';'; }, ' ');
    std::istringstream stream(line);
    std::vector<std::string> words;
    for (std::string word; stream >> word;) words.push_back(word);
    return words;
}

sql::Type type_of(const std::string& word) {
    if (word == "BIGINT") return sql::Type::integer;
    if (word == "BYTES") return sql::Type::blob;
    CHECK(word == "TEXT");
    return sql::Type::text;
}

std::size_t column_of(const TableSchema& table, const std::string& name) {
    const auto found = std::ranges::find(table.columns, name, &TableSchema::Column::name);
    CHECK(found != table.columns.end());
    return static_cast<std::size_t>(found - table.columns.begin());
}

void read_member(TableSchema& table, const std::string& line) {
    const auto words = words_of(line);
    if (words[0] == "PRIMARY") {
        for (std::size_t i = 2; i < words.size(); ++i) {
            table.key.push_back(column_of(table, words[i]));
        }
        return;
    }
    table.columns.push_back({words[0], type_of(words[1])});
    if (line.find("PRIMARY KEY") != std::string::npos) {
        table.key.push_back(table.columns.size() - 1);
    }
}

}  // namespace

std::vector<TableSchema> schema_tables() {
    std::vector<TableSchema> tables;
    bool is_inside = false;
    for (const char* step : migrations()) {
        std::istringstream lines(step);
        for (std::string line; std::getline(lines, line);) {
            const auto words = words_of(line);
            if (line.starts_with("CREATE TABLE ")) {
                tables.push_back({words[2], {}, {}});
                is_inside = true;
            } else if (line.starts_with("ALTER TABLE ")) {
                const auto table = std::ranges::find(tables, words[2], &TableSchema::name);
                CHECK(table != tables.end() && words[3] == "ADD" && words[4] == "COLUMN");
                table->columns.push_back({words[5], type_of(words[6])});
            } else if (is_inside && line.starts_with(")")) {
                is_inside = false;
            } else if (is_inside && !words.empty()) {
                read_member(tables.back(), line);
            }
        }
    }
    return tables;
}

}  // namespace postrider::store
