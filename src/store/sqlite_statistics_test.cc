#include "store/sqlite_statistics.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "base/clock.h"
#include "store/sql/sqlite_connection.h"
#include "store/sqlite_store.h"

namespace postrider::store {
namespace {

using sql::Query;

#define VIEW_FROM                                                               \
    "EXPLAIN QUERY PLAN SELECT d.id, e.type, a.outcome FROM deliveries d "      \
    "JOIN events e ON e.realm_id = d.realm_id AND e.id = d.event_id "           \
    "LEFT JOIN attempts a ON a.realm_id = d.realm_id AND a.delivery_id = d.id " \
    "AND a.number = d.attempts "

struct Row {
    Query query;
    std::string_view plan;  ///< a part of what SQLite says
};

/// The shapes of the queries in tables/ that a bad guess makes read a whole realm.
constexpr Row rows[] = {
    {{VIEW_FROM "WHERE d.realm_id = x'00' AND d.event_id = x'00' AND d.webhook_id = x'00' "
                "AND d.test = 0 ORDER BY d.id DESC LIMIT 1"},
     "deliveries_by_event (realm_id=? AND event_id=? AND webhook_id=?)"},
    {{VIEW_FROM "WHERE d.realm_id = x'00' AND d.event_id = x'00' AND d.id < x'00' "
                "ORDER BY d.id DESC LIMIT 50"},
     "deliveries_by_event (realm_id=? AND event_id=?)"},
    {{VIEW_FROM "WHERE d.realm_id = x'00' AND d.webhook_id = x'00' AND d.id < x'00' "
                "ORDER BY d.id DESC LIMIT 50"},
     "deliveries_by_webhook (realm_id=? AND webhook_id=? AND id<?)"},
    {{VIEW_FROM "WHERE d.realm_id = x'00' AND d.state = 'failed' AND d.state <> 'delivered' "
                "AND d.id < x'00' ORDER BY d.id DESC LIMIT 50"},
     "deliveries_open (realm_id=? AND state=? AND id<?)"},
    {{VIEW_FROM "WHERE d.realm_id = x'00' AND d.id < x'00' ORDER BY d.id DESC LIMIT 50"},
     "d USING PRIMARY KEY (realm_id=? AND id<?)"},
    {{"EXPLAIN QUERY PLAN SELECT count(*) FROM deliveries WHERE realm_id = x'00' "
      "AND webhook_id = x'00' AND state = 'pending'"},
     "deliveries_due (realm_id=? AND webhook_id=?)"},
    {{"EXPLAIN QUERY PLAN UPDATE deliveries SET state = 'cancelled' WHERE realm_id = x'00' "
      "AND webhook_id = x'00' AND state = 'pending' AND event_id <> x'00'"},
     "deliveries_due (realm_id=? AND webhook_id=?)"},
    {{"EXPLAIN QUERY PLAN SELECT id FROM deliveries WHERE realm_id = x'00' AND webhook_id = x'00' "
      "AND state = 'pending' ORDER BY due_at, id LIMIT 512"},
     "deliveries_due (realm_id=? AND webhook_id=?)"},
    {{"EXPLAIN QUERY PLAN SELECT id, data FROM events WHERE realm_id = x'00' AND type = 'a' "
      "AND id < x'00' ORDER BY id DESC LIMIT 50"},
     "events_by_type (realm_id=? AND type=? AND id<?)"},
    {{"EXPLAIN QUERY PLAN SELECT id, data FROM events WHERE realm_id = x'00' "
      "AND resource_id = x'00' AND id > x'00' AND id < x'00' ORDER BY id DESC LIMIT 50"},
     "PRIMARY KEY (realm_id=? AND id>? AND id<?)"},
    {{"EXPLAIN QUERY PLAN SELECT id, type FROM events WHERE realm_id = x'00' AND id > x'00' "
      "AND id < x'00' ORDER BY id LIMIT 1000"},
     "PRIMARY KEY (realm_id=? AND id>? AND id<?)"},
};

TEST(SqliteStatistics, no_query_reads_a_whole_realm) {
    char pattern[] = "/tmp/postrider-plans-XXXXXX";
    const std::string folder = ::mkdtemp(pattern);
    SystemClock clock;
    SystemRandom random;
    // Made by one opening, and still so at the next.
    for (int opening = 0; opening < 2; ++opening) {
        auto store = open_sqlite({.path = folder + "/test.db"}, clock, random);
        ASSERT_TRUE(store) << store.error().message;
        (*store)->stop();
        auto connection =
            sql::SqliteConnection::open(folder + "/test.db", sql::SqliteConnection::Mode::reader);
        ASSERT_TRUE(connection) << connection.error().message;
        for (const auto& row : rows) {
            std::string plan;
            auto lines = (*connection)->rows(row.query);
            while (lines.next()) plan += lines.string(3) + "\n";
            ASSERT_TRUE(lines.finish()) << lines.finish().error().message;
            EXPECT_NE(plan.find(row.plan), std::string::npos) << row.query.text << "\n" << plan;
        }
    }
    std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace postrider::store
