#include "store/schema.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "store/temporary_store_test.h"
#include "store/wait.h"

namespace postrider::store {
namespace {

TEST(Schema, is_what_the_database_has) {
    TemporaryStore store;
    static constexpr sql::Query query{
        "SELECT t.name, c.name, c.type, c.pk FROM sqlite_schema t, pragma_table_info(t.name) c "
        "WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite_%' ORDER BY 1, 2"};
    using Set = std::set<std::string>;
    const auto real = read_now<Set>(*store, [](sql::Connection& sql) -> Result<Set> {
        Set found;
        auto rows = sql.rows(query);
        while (rows.next()) {
            found.insert(rows.string(0) + "." + rows.string(1) + " " + rows.string(2) + " " +
                         std::to_string(rows.integer(3)));
        }
        POSTRIDER_TRY(rows.finish());
        return found;
    });
    ASSERT_TRUE(real);
    Set known;
    for (const TableSchema& table : schema_tables()) {
        for (std::size_t i = 0; i < table.columns.size(); ++i) {
            const auto in_key = std::ranges::find(table.key, i);
            const auto place = in_key == table.key.end() ? 0 : in_key - table.key.begin() + 1;
            const char* type = table.columns[i].type == sql::Type::integer ? "BIGINT"
                               : table.columns[i].type == sql::Type::blob  ? "BLOB"
                                                                           : "TEXT";
            known.insert(table.name + "." + table.columns[i].name + " " + type + " " +
                         std::to_string(place));
        }
    }
    EXPECT_EQ(known, *real);
}

}  // namespace
}  // namespace postrider::store
