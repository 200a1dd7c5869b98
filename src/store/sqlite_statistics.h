#pragma once

namespace postrider::store {

/// What SQLite's planner is told of the tables, instead of what it would guess: that a realm is ten
/// rows, because the key begins with it, and so that reading a whole realm in the key's order is
/// cheaper than an index. These are the proportions of a large database; right for small ones too,
/// where every plan is quick. Runs in the transaction of a migration; connections read it when they
/// open, and the one that runs it at once. The real ANALYZE is never run: plans must not depend on
/// when it was.
/// Source: sqlite.org/fileformat2.html, "The sqlite_stat1 Table".
inline constexpr const char* sqlite_statistics = R"sql(
ANALYZE sqlite_schema;
DELETE FROM sqlite_stat1;
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
    ('webhooks', 'webhooks', '10000 1000 1'),
    ('webhook_versions', 'webhook_versions', '50000 5000 5 1'),
    ('webhook_health', 'webhook_health', '1000 100 1'),
    ('breakers', 'breakers', '1000 100 1'),
    ('failure_notices', 'failure_notices', '1000 100 1'),
    ('event_copies', 'event_copies', '1000000 1000000 1'),
    ('event_copies', 'event_copies_by_source', '1000000 100000 1 1'),
    ('failure_notices', 'failure_notices_by_age', '1000 2 1 1'),
    ('event_types', 'event_types', '1000 100 1'),
    ('events', 'events', '10000000 1000000 1'),
    ('events', 'events_by_type', '10000000 1000000 50000 1'),
    ('resource_slices', 'resource_slices', '2400 240 1'),
    ('resource_entries', 'resource_entries', '10000000 4000 2 1'),
    ('deliveries', 'deliveries', '30000000 3000000 1'),
    ('deliveries', 'deliveries_by_event', '30000000 3000000 3 1 1'),
    ('deliveries', 'deliveries_by_webhook', '30000000 3000000 30000 1'),
    ('deliveries', 'deliveries_due', '100000 10000 1000 2 1'),
    ('deliveries', 'deliveries_open', '300000 30000 10000 1'),
    ('attempts', 'attempts', '30000000 3000000 1 1'),
    ('idempotency_keys', 'idempotency_keys', '1000000 100000 100000 1'),
    ('idempotency_keys', 'idempotency_keys_by_age', '1000000 1 1 1 1'),
    ('operations', 'operations', '1000 100 1'),
    ('operations', 'operations_running', '3 3 1 1'),
    ('audit', 'audit', '1000000 100000 1');
ANALYZE sqlite_schema;
)sql";

}  // namespace postrider::store
