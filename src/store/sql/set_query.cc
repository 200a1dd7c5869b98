#include "store/sql/set_query.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/check.h"
#include "store/sql/postgresql_types.h"

namespace postrider::store::sql {
namespace {

constexpr std::size_t header_bytes = 20;

void put_32(char* at, std::uint32_t value) {
    for (int i = 0; i < 4; ++i) at[i] = static_cast<char>(value >> (24 - 8 * i));
}

/// "p1,p2,…,pn"
std::string columns(std::size_t count) {
    std::string list;
    for (std::size_t i = 1; i <= count; ++i) list += fmt::format("{}p{}", i > 1 ? "," : "", i);
    return list;
}

/// "unnest($1::bigint[],…)"
std::string unnest(std::span<const Type> types) {
    std::string list;
    for (std::size_t i = 0; i < types.size(); ++i) {
        list += fmt::format("{}${}::{}[]", i > 0 ? "," : "", i + 1, type_name(types[i]));
    }
    return "unnest(" + list + ")";
}

/// $n becomes u.pn.
std::string with_columns(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c == '$') {
            out += "u.p";
        } else {
            out += c;
        }
    }
    return out;
}

}  // namespace

std::string_view type_name(Type type) {
    switch (type) {
        case Type::integer:
            return "bigint";
        case Type::blob:
            return "bytea";
        case Type::text:
        case Type::unknown:
            return "text";
    }
    CHECK(false);
}

std::string set_query(std::string_view text, std::span<const Type> types) {
    if (text.starts_with("INSERT ")) {
        const auto values = text.find("VALUES (");
        CHECK(values != std::string_view::npos);
        const auto end = text.find(')', values);
        CHECK(end != std::string_view::npos);
        // Parameters alone: a literal among them has no column in the set.
        const auto list = text.substr(values, end - values);
        CHECK(std::ranges::count(list, '$') == static_cast<std::ptrdiff_t>(types.size()) &&
              std::ranges::count(list, ',') + 1 == static_cast<std::ptrdiff_t>(types.size()));
        return fmt::format("{}SELECT {} FROM {} AS u({}){}", text.substr(0, values),
                           columns(types.size()), unnest(types), columns(types.size()),
                           text.substr(end + 1));
    }
    const bool deletes = text.starts_with("DELETE FROM ");
    CHECK(deletes || text.starts_with("UPDATE "));
    // The first: a condition may have a query of its own.
    const auto where = text.find(" WHERE ");
    CHECK(where != std::string_view::npos);
    return fmt::format("{} {} {} WITH ORDINALITY AS u({},nth){} RETURNING u.nth",
                       with_columns(text.substr(0, where)), deletes ? "USING" : "FROM",
                       unnest(types), columns(types.size()), with_columns(text.substr(where)));
}

void BinaryArray::add_length(std::size_t length) {
    if (bytes_.empty()) bytes_.resize(header_bytes);
    char raw[4];
    put_32(raw, static_cast<std::uint32_t>(length));
    bytes_.append(raw, sizeof raw);
    ++count_;
}

void BinaryArray::add_null() {
    has_null_ = true;
    add_length(0xFFFFFFFF);
}

void BinaryArray::add_integer(std::int64_t value) {
    add_length(8);
    const auto raw = static_cast<std::uint64_t>(value);
    char bytes[8];
    put_32(bytes, static_cast<std::uint32_t>(raw >> 32));
    put_32(bytes + 4, static_cast<std::uint32_t>(raw));
    bytes_.append(bytes, sizeof bytes);
}

void BinaryArray::add_bytes(std::string_view value) {
    add_length(value.size());
    bytes_.append(value);
}

void BinaryArray::clear() {
    // What a large group needed is not kept.
    if (bytes_.capacity() > 1024 * 1024) bytes_ = {};
    bytes_.clear();
    count_ = 0;
    has_null_ = false;
}

std::string_view BinaryArray::finish() {
    if (bytes_.empty()) bytes_.resize(header_bytes);
    put_32(bytes_.data(), 1);  // dimensions
    put_32(bytes_.data() + 4, has_null_ ? 1 : 0);
    put_32(bytes_.data() + 8, oid_of(type_));
    put_32(bytes_.data() + 12, count_);
    put_32(bytes_.data() + 16, 1);  // the first index
    return bytes_;
}

}  // namespace postrider::store::sql
