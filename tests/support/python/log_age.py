"""Makes the log of a store older, as if the days had passed."""

import contextlib
import sqlite3

import postgres

DAY_MS = 24 * 3600 * 1000
TABLES = {"events": "id", "deliveries": "id", "attempts": "delivery_id"}


def older(value, days):
    """Ids begin with their time in milliseconds."""
    value = bytes(value)
    return (int.from_bytes(value[:6], "big") - int(days * DAY_MS)).to_bytes(6, "big") + value[6:]


def id_at(seconds):
    return int(seconds * 1000).to_bytes(6, "big") + bytes(10)


def age_sqlite(database, days):
    """Everything of the log, and the ends of API keys."""
    database.create_function("older", 1, lambda value: older(value, days))
    database.execute("UPDATE events SET id = older(id)")
    database.execute("UPDATE deliveries SET id = older(id), event_id = older(event_id)")
    database.execute("UPDATE attempts SET delivery_id = older(delivery_id)")
    database.execute("UPDATE audit SET id = older(id)")
    database.execute("UPDATE api_keys SET expires_at = expires_at - ? WHERE expires_at IS NOT NULL", (days * DAY_MS * 1000,))
    database.commit()


def age_postgresql(sql, days, condition="TRUE"):
    """Events that meet the condition, with their deliveries and attempts; `sql` is a cursor."""
    sql.execute(f"SELECT id FROM events e WHERE {condition}")
    events = [bytes(row[0]) for row in sql.fetchall()]
    for event in events:
        sql.execute("SELECT id FROM deliveries WHERE event_id = %s", (event,))
        for (delivery,) in sql.fetchall():
            sql.execute("UPDATE attempts SET delivery_id = %s WHERE delivery_id = %s", (older(delivery, days), delivery))
            sql.execute("UPDATE deliveries SET id = %s, event_id = %s WHERE id = %s",
                        (older(delivery, days), older(event, days), delivery))
        sql.execute("UPDATE events SET id = %s WHERE id = %s", (older(event, days), event))
    return events


def age_counters(sql, days, condition, parameters):
    """What has been added up already."""
    micros = int(days * DAY_MS * 1000)
    sql.execute(f"UPDATE counters SET since = since - {micros} WHERE {condition}", parameters)
    sql.execute(f"UPDATE deleted_webhooks SET deleted_at = deleted_at - {micros} WHERE {condition}", parameters)


@contextlib.contextmanager
def opened(server):
    """A cursor on a stopped server's store, whichever it is, and what to write for a parameter."""
    if server.database:
        connection = postgres.shared().connect(server.database.rsplit("/", 1)[1])
        connection.autocommit = False
        mark = "%s"
    else:
        connection = sqlite3.connect(server.data / "postrider.db")
        mark = "?"
    with contextlib.closing(connection):
        yield connection.cursor(), mark
        connection.commit()


def age_realm(server, realm_id, days):
    """Everything of a realm's log, whatever the store."""
    with opened(server) as (sql, mark):
        for table, columns in {"attempts": ["delivery_id"], "deliveries": ["id", "event_id"], "events": ["id"],
                               "audit": ["id"], "operations": ["id"]}.items():
            sql.execute(f"SELECT DISTINCT {', '.join(columns)} FROM {table} WHERE realm_id = {mark}", (realm_id,))
            for row in sql.fetchall():
                sets = ", ".join(f"{column} = {mark}" for column in columns)
                sql.execute(f"UPDATE {table} SET {sets} WHERE realm_id = {mark} AND {columns[0]} = {mark}",
                            (*(older(value, days) for value in row), realm_id, bytes(row[0])))
        age_counters(sql, days, f"realm_id = {mark}", (realm_id,))
        sql.execute(f"UPDATE operations SET created_at = created_at - {int(days * DAY_MS * 1000)} WHERE realm_id = {mark}", (realm_id,))


def cut_first(sql, cut, other):
    """The first partition ends at the id `cut`; what it has above goes to the table with the suffix `other`."""
    for table, key in TABLES.items():
        sql.execute(f"ALTER TABLE {table} DETACH PARTITION {table}_first")
        sql.execute(f"WITH moved AS (DELETE FROM {table}_first WHERE {key} >= %s RETURNING *) "
                    f"INSERT INTO {table}_{other} SELECT * FROM moved", (cut,))
        sql.execute(f"ALTER TABLE {table} ATTACH PARTITION {table}_first FOR VALUES FROM (%s) TO (%s)", (bytes(16), cut))
    sql.execute("UPDATE postrider_partitions SET end_id = %s WHERE suffix = 'first'", (cut,))


def split_first(sql, at):
    """As if the first partition had ended at `at` (seconds since 1970), and another had followed."""
    cut = id_at(at)
    sql.execute("SELECT end_id FROM postrider_partitions WHERE suffix = 'first'")
    end = bytes(sql.fetchone()[0])
    for table in TABLES:
        sql.execute(f"CREATE TABLE {table}_second (LIKE {table} INCLUDING ALL)")
    cut_first(sql, cut, "second")
    for table in TABLES:
        sql.execute(f"ALTER TABLE {table} ATTACH PARTITION {table}_second FOR VALUES FROM (%s) TO (%s)", (cut, end))
    sql.execute("INSERT INTO postrider_partitions VALUES ('second', %s, %s)", (cut, end))


def end_first(sql, at):
    """As if the first partition ended at `at`: newer rows lie in the one for what is ahead."""
    cut = id_at(at)
    sql.execute("LOCK TABLE deliveries, events, attempts")
    for table in TABLES:
        sql.execute(f"ALTER TABLE {table} DETACH PARTITION {table}_ahead")
    cut_first(sql, cut, "ahead")
    for table in TABLES:
        sql.execute(f"ALTER TABLE {table} ATTACH PARTITION {table}_ahead FOR VALUES FROM (%s) TO (MAXVALUE)", (cut,))
