"""The realm leads every key and every statement, so that the tables can be distributed by it; what does not is named, here and in docs/scaling.md."""

import re

from server import ROOT

SOURCE = (ROOT / "src" / "store" / "migrations.cc").read_text()
SCHEMA = "\n".join(re.findall(r'R"sql\((.*?)\)sql"', SOURCE, re.S))
#: Statements of upkeep over all realms, by how they begin: a start, a sweep by age, a count for /metrics, a lane's owner. None is of the way of an event.
OVER_ALL_REALMS = {
    "postgresql_lanes.cc": ["SELECT w.realm_id, w.id, l.epoch FROM webhooks w LEFT JOIN lanes", "SELECT l.webhook_id, (SELECT d.due_at FROM deliveries d"],
    "postgresql_nodes.cc": ["DELETE FROM lanes l WHERE NOT EXISTS"],
    "postgresql_partitions.cc": ["SELECT 1 FROM operations WHERE state = 'running' AND kind = 'recover'"],
    "sqlite_backup.cc": ["SELECT COUNT(*) FROM webhooks", "SELECT COUNT(*) FROM events", "SELECT COUNT(*) FROM deliveries", "SELECT MAX(id) FROM events"],
    "access_tables.cc": ["DELETE FROM password_resets WHERE (realm_id, hash) IN", "SELECT  FROM sealed_resets",
                         "DELETE FROM sealed_resets WHERE (realm_id, delivery_id) IN", "SELECT  FROM oauth_tokens t WHERE hash = $1 AND NOT EXISTS"],
    "cancellation_tables.cc": ["SELECT DISTINCT realm_id FROM cancellations"],
    "fan_out_tables.cc": ["SELECT realm_id FROM fan_outs UNION SELECT realm_id FROM fan_out_sets"],
    "copy_tables.cc": ["SELECT realm_id, event_id FROM event_copies WHERE source_id = $1"],
    "feed_tables.cc": ["SELECT  FROM consumers WHERE tx <> 0"],
    "notice_tables.cc": ["SELECT  FROM failure_notices WHERE told_at <= $1"],
    "operation_tables.cc": ["DELETE FROM idempotency_keys WHERE (realm_id, route, idempotency_key) IN", "SELECT DISTINCT realm_id FROM operations",
                            "SELECT  FROM operations WHERE state = 'running' AND substr(realm_id, 1) = $1"],
    "order_tables.cc": ["UPDATE order_queue SET tx = tx - $1"],
    "overview_tables.cc": ["SELECT count(*), count(CASE WHEN due_at <= $1", "SELECT count(CASE WHEN enabled <> 0"],
    "removals.cc": ["SELECT realm_id, role_id FROM removed_roles LIMIT 1", "DELETE FROM removed_roles WHERE (realm_id, role_id) IN"],
    "resource_tables.cc": ["SELECT COALESCE(MAX(slice), 0) FROM resource_slices", "SELECT DISTINCT realm_id FROM resource_slices",
                           "SELECT EXISTS (SELECT 1 FROM sqlite_schema"],  # SQLite's alone
    "webhook_tables.cc": ["SELECT  FROM webhooks", "SELECT DISTINCT realm_id FROM webhooks", "SELECT realm_id, webhook_id, first_failure_at, failures",
                          "UPDATE webhook_health SET first_failure_at = first_failure_at + $1"],
}


def reference_tables():
    """Those that docs/scaling.md names: small ones, that are everywhere as a whole."""
    (line,) = re.findall(r"^\| reference tables \| (.*?) \|", (ROOT / "docs" / "scaling.md").read_text(), re.M)
    return set(re.findall(r"`(\w+)`", line))


def keys():
    """(table, columns) of each primary key and each unique one."""
    for table, body in re.findall(r"CREATE TABLE (\w+) \((.*?)\n\) CLUSTERED", SCHEMA, re.S):
        yield from ((table, columns.split(", ")) for columns in re.findall(r"PRIMARY KEY \((.*?)\)", body))
        yield from ((table, [column]) for column in re.findall(r"(\w+) \w+ NOT NULL (?:PRIMARY KEY|UNIQUE)", body))
    for table, columns in re.findall(r"CREATE UNIQUE INDEX \w+ ON (\w+) \((.*?)\)", SCHEMA):
        yield table, columns.split(", ")


def statements():
    """(file, text, tables) of each statement of the store. What a macro stands for is left out of the text: lists of columns, and conditions."""
    tables = set(re.findall(r"CREATE TABLE (\w+)", SCHEMA))
    literal = r'"(?:[^"\\]|\\.)*"'
    part = rf"(?:{literal}|[A-Z_]{{4,}}(?:\([^()]*\))?)"
    for file in sorted((ROOT / "src" / "store").rglob("*.cc")):
        if file.stem.endswith("_test") or file.name == "migrations.cc":
            continue
        for found in re.finditer(rf"{part}(?:\s*{part})*", re.sub(r"//[^\n]*", "", file.read_text())):
            text = "".join(each[1:-1] for each in re.findall(literal, found[0]))
            used = {table for table in tables if re.search(rf"\b(FROM|JOIN|INTO|UPDATE)\s+{table}\b", text)}
            if re.match(r"\s*(SELECT|INSERT|UPDATE|DELETE|WITH)\b", text) and used:
                yield file.name, text, used, "_COLUMNS" in found[0]


def test_every_key_begins_with_the_realm():
    reference = reference_tables()
    found = list(keys())
    assert len(found) > 30, "the schema is still written as this test reads it"
    wrong = {table for table, columns in found if columns[0] != "realm_id"} - reference
    assert not wrong, f"their keys do not begin with realm_id: {wrong}; let them, or name the table in docs/scaling.md"
    needed = {table for table, columns in found if columns[0] != "realm_id"}
    assert reference == needed, f"named in docs/scaling.md without need: {reference - needed}"


def test_every_statement_is_of_one_realm():
    reference, count, left = reference_tables(), 0, {(file, begin) for file, begins in OVER_ALL_REALMS.items() for begin in begins}
    for file, text, used, has_columns in statements():
        count += 1
        is_insert = re.search(r"INSERT INTO \w+ \((realm_id|\)|$)", text) or (has_columns and "INSERT INTO" in text)
        if used <= reference or is_insert or re.search(r"\brealm_id = \$", text):
            continue
        known = [begin for begin in OVER_ALL_REALMS.get(file, ()) if text.startswith(begin)]
        assert known, f"{file}: a statement that is not of one realm: {text[:200]}"
        left -= {(file, begin) for begin in known}
    assert count > 250, "the statements are still written as this test reads them"
    assert not left, f"these are no longer there: {left}"
