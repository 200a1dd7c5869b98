"""What statements read on PostgreSQL in tables of which it knows nothing as yet: about what they give.

A table that is new has no statistics, and to the planner all its indexes are the same. Then a statement that any other
index answers, too, may read a realm's whole log for each row (decision 13). Here nothing is analyzed, and PostgreSQL
itself counts what each statement of ours reads."""

import time
import uuid

from contract import Contract
from nodes import Nodes
from postgres import Postgres
from receiver import Receiver
from world import fill, make_world, required_query

EVENTS, BATCH = 3000, 100
#: Pages of 8 KiB for each row that a statement has returned or written, and for each time it ran. A row of a delivery has an event, an
#: attempt and their indexes' pages; a partition that has no such row is looked at, too.
PAGES_OF_ROW, PAGES_OF_CALL = 30, 100
#: They return one row of all that they read: sums, whose bounds are others.
SUMS = ("SELECT SUM(LENGTH(", "SELECT count(*)")


def bound(query, calls, given):
    if query.startswith(SUMS + ("ANALYZE", "VACUUM")) or "pg_" in query:
        return float("inf")
    if "unnest(" in query and query.startswith("UPDATE"):
        given = max(given, EVENTS)  # it is given so many, and may find that there is nothing to change
    return PAGES_OF_ROW * given + PAGES_OF_CALL * calls


def publish(realm):
    for start in range(0, EVENTS, BATCH):
        realm.publish_batch([{"event": "order.shipped", "resource_id": str(uuid.uuid4()), "data": {"n": n}}
                             for n in range(start, start + BATCH)])


def ask_everything(realm, names):
    for method, path, operation in Contract().operations():
        if method == "GET" and "{realm}" in path and "stream" not in path:
            path = fill(path, names).partition(f"/realms/{realm.name}")[2]
            realm.call("GET", path + required_query(operation), expect=None)
    for query in ({"state": "pending"}, {"state": "failed"}, {"state": "delivered"}, {"webhook_id": names["webhook_id"]},
                  {"event": "order.shipped"}, {"event_id": names["event_id"]}):
        realm.call("GET", "/deliveries", expect=200, **query)


def test_a_statement_reads_what_it_gives_in_tables_without_statistics(tmp_path):
    settings = {"shared_preload_libraries": "pg_stat_statements", "autovacuum": "off", "track_io_timing": "off"}
    with Postgres(*settings.items()) as database, Receiver() as receiver, Nodes(tmp_path, database, 2) as nodes:
        nodes.ask("CREATE EXTENSION pg_stat_statements")
        receiver.on("/failing", [500] * 100_000)
        realm, names = make_world(nodes[0], receiver)
        failing = realm.create_webhook(receiver.url("/failing"), events=["order.shipped"], retry_schedule=["100ms", "24h"])
        ordered = realm.create_webhook(receiver.url("/ordered"), events=["order.shipped"], ordering="resource")
        nodes.ask("SELECT pg_stat_statements_reset()")
        began = time.monotonic()
        publish(realm)
        receiver.wait("/ordered", EVENTS // 2, timeout=60)
        ask_everything(realm, names)
        realm.call("POST", f"/webhooks/{failing['id']}/recover", {"since": "2020-01-01T00:00:00Z"}, 202)
        receiver.wait("/ordered", EVENTS, timeout=60)
        for path in ("disable", "enable"):
            realm.call("POST", f"/webhooks/{ordered['id']}/{path}", expect=None)
        receiver.wait("/contract", EVENTS, timeout=60)
        took = time.monotonic() - began
        rows = nodes.ask(
            "SELECT query, calls, rows, shared_blks_hit + shared_blks_read AS pages, total_exec_time FROM pg_stat_statements s "
            "JOIN pg_database d ON d.oid = s.dbid WHERE d.datname = current_database() AND toplevel "
            "ORDER BY (shared_blks_hit + shared_blks_read) DESC")
    print(f"{took:.1f} s")
    for query, calls, given, pages, milliseconds in rows[:40]:
        print(f"{pages:9} pages {calls:6} calls {given:7} rows {milliseconds:9.1f} ms  {' '.join(query.split())[:150]}")
    wasteful = [f"{pages} pages for {given} rows in {calls} calls: {' '.join(query.split())}" for query, calls, given, pages, _ in rows
                if pages > bound(query, calls, given)]
    assert not wasteful, "\n".join(wasteful)
