#pragma once

#include <string>
#include <vector>

#include "store/sql/connection.h"

namespace postrider::store {

/// A table as the migrations have it.
struct TableSchema {
    struct Column {
        std::string name;
        sql::Type type;
    };
    std::string name;
    std::vector<Column> columns;
    std::vector<std::size_t> key;  ///< which columns, in the key's order
};

/// Every table of migrations.h, in their order: for what treats all of them alike.
std::vector<TableSchema> schema_tables();

}  // namespace postrider::store
