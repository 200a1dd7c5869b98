#include "store/sql/set_query.h"

#include <gtest/gtest.h>

#include <array>

namespace postrider::store::sql {
namespace {

TEST(set_query, makes_rows_of_an_insert_arrays) {
    constexpr std::array types{Type::blob, Type::integer};
    EXPECT_EQ(set_query("INSERT INTO t (a, b) VALUES ($1, $2) ON CONFLICT (a) DO NOTHING", types),
              "INSERT INTO t (a, b) SELECT p1,p2 FROM unnest($1::bytea[],$2::bigint[]) AS u(p1,p2) "
              "ON CONFLICT (a) DO NOTHING");
}

TEST(set_query, makes_rows_of_an_update_arrays) {
    constexpr std::array types{Type::blob, Type::text};
    EXPECT_EQ(set_query("UPDATE t SET b = $2 WHERE a = $1 AND (b = 'x' OR $2 = 'y')", types),
              "UPDATE t SET b = u.p2 FROM unnest($1::bytea[],$2::text[]) WITH ORDINALITY AS "
              "u(p1,p2,nth) WHERE a = u.p1 AND (b = 'x' OR u.p2 = 'y') RETURNING u.nth");
}

TEST(set_query, makes_rows_of_a_deletion_arrays) {
    constexpr std::array types{Type::blob, Type::blob};
    EXPECT_EQ(set_query("DELETE FROM t WHERE a = $1 AND b = $2", types),
              "DELETE FROM t USING unnest($1::bytea[],$2::bytea[]) WITH ORDINALITY AS "
              "u(p1,p2,nth) WHERE a = u.p1 AND b = u.p2 RETURNING u.nth");
}

TEST(binary_array, is_what_postgresql_reads) {
    BinaryArray array;
    array.set_type(Type::integer);
    array.add_integer(-2);
    array.add_null();
    const std::string_view expected(
        "\0\0\0\1\0\0\0\1\0\0\0\x14\0\0\0\2\0\0\0\1"
        "\0\0\0\x08\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff\xff",
        36);
    EXPECT_EQ(array.finish(), expected);
    array.clear();
    array.set_type(Type::text);
    array.add_bytes("ab");
    EXPECT_EQ(array.finish(), std::string_view("\0\0\0\1\0\0\0\0\0\0\0\x19\0\0\0\1\0\0\0\1"
                                               "\0\0\0\2ab",
                                               26));
}

}  // namespace
}  // namespace postrider::store::sql
