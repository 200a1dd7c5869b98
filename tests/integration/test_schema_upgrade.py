"""From every schema that was ever in use to today's, with rows of a real store, and never backwards."""

import hashlib
import re
import shutil
import sqlite3
import subprocess

import pytest

import postgres
from receiver import Receiver
from server import ROOT, TOKEN, Server, binary, environment, on_postgresql
from waiting import wait_for
from world import make_world

SOURCE = (ROOT / "src" / "store" / "migrations.cc").read_text()
SCRIPTS = dict(re.findall(r'constexpr const char\* (\w+) = R"sql\((.*?)\)sql"', SOURCE, re.S))
STEPS = [name for name in re.findall(r"\w+", re.search(r"std::array steps\{(.*?)\}", SOURCE, re.S)[1])]
#: The beginning of the SHA-256 of each step. A step that stores have gone through is never changed: what is to be other is a step of its own.
DIGESTS = {"first": "9f494b43d0b6bafe", "directory": "62ff446e8c30d921", "audit_indexes": "d7520a4cab355e1d", "powers": "d4de61a1cafc4202",
           "users_by_age": "1793d17d69f1fe5a", "fan_outs": "4ce7a884f4a7a97d", "resource_slices": "101fcaed066797a6", "counters": "5352099e025b02ac",
           "cancellations": "559f798669c19b50", "users_by_words": "05116d9b0a96e346", "controls": "6ee399ee0b585c5d", "consumers": "c15a1b79acea9c20",
           "versions_by_time": "95cd801158b7beb5", "fan_out_sets": "069724a930da9a14", "removals": "b2cdf6388f2b3764", "breakers": "15be9cfe44a24240",
           "version_filters": "e8efb85069a1b42f", "credentials": "2d639a3d678f6359", "orders": "018ea9e1e3cb7a35",
           "operational": "c0b803137af7793d", "traces": "4d2ed4d3e839ac1b", "event_copies": "4dcba6d1dddeeddc",
           "receiver_tls": "a42246b0749129c3"}
ALLOWED = ("--allow-network", "127.0.0.0/8")


def on_sqlite(script):
    return script.replace("BYTES", "BLOB").replace("CLUSTERED", "WITHOUT ROWID")


def in_postgresql(script):
    return script.replace(" CLUSTERED", "").replace(" BYTES", " BYTEA").replace(" TEXT", ' TEXT COLLATE "C"')


def test_no_step_is_changed():
    digests = {name: hashlib.sha256(SCRIPTS[name].encode()).hexdigest()[:16] for name in STEPS}
    assert list(digests.items())[:len(DIGESTS)] == list(DIGESTS.items()), "add a step, leave the others"
    assert len(digests) == len(DIGESTS), f"the new steps are: {dict(list(digests.items())[len(DIGESTS):])}"


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    """The embedded store of a server with one of everything, stopped."""
    data = tmp_path_factory.mktemp("data")
    with Receiver() as receiver, Server(data, "--database", f"sqlite:{data}/postrider.db", *ALLOWED) as server:
        realm, names = make_world(server, receiver)
        hook = realm.create_webhook("https://nowhere.invalid/", events=["order.shipped"], retry_schedule=["24h"])
        pending = realm.publish("order.shipped").json["id"]
        assert server.stop() == 0
    return data, realm.name, {**names, "pending": pending, "hook": hook["id"]}


def rows_of(database, table, columns):
    return {tuple(map(as_bytes, row)) for row in database.execute(f"SELECT {', '.join(columns)} FROM {table}")}


def as_bytes(value):
    return bytes(value) if isinstance(value, memoryview) else value


class Sqlite:
    """An embedded store of an older schema."""

    def __init__(self, folder):
        self.path = folder / "old.db"
        self.url = f"sqlite:{self.path}"
        self.sql = sqlite3.connect(self.path)

    def create(self, steps):
        self.sql.execute("PRAGMA journal_mode = WAL")
        for name in steps:
            self.sql.executescript(on_sqlite(SCRIPTS[name]))
        self.sql.execute(f"PRAGMA user_version = {len(steps)}")

    def columns(self):
        """The columns of each table."""
        tables = [name for (name,) in self.sql.execute("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")]
        return {table: [row[1] for row in self.sql.execute(f"PRAGMA table_info({table})")] for table in tables}

    def insert(self, table, columns, rows):
        self.sql.executemany(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})", rows)
        self.sql.commit()

    def rows(self, table, columns):
        with sqlite3.connect(self.path) as sql:
            return rows_of(sql, table, columns)

    def shape(self):
        """What the schema is: every table and index, and its text."""
        with sqlite3.connect(self.path) as sql:
            return set(sql.execute("SELECT type, name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%'"))

    def raise_version(self):
        with sqlite3.connect(self.path) as sql:
            sql.execute(f"PRAGMA user_version = {len(STEPS) + 1}")

    def version(self):
        return self.sql.execute("PRAGMA user_version").fetchone()[0]


class Postgresql:
    """A database of an older schema, as the driver made it before there were partitions."""

    def __init__(self, _folder):
        self.url = postgres.shared().database()
        self.connection = postgres.shared().connect(self.url.rsplit("/", 1)[1])

    def ask(self, query, rows=()):
        with self.connection.cursor() as cursor:
            cursor.execute(query, rows)
            return cursor.fetchall() if cursor.description else None

    def create(self, steps):
        own = re.search(r"own_tables =(.*?);\n\n", (ROOT / "src" / "store" / "postgresql_schema.cc").read_text(), re.S)[1]
        self.ask("".join(re.findall(r'"([^"]*)"', own)))
        for name in steps:
            self.ask(in_postgresql(SCRIPTS[name]))
        self.ask(f"UPDATE postrider_schema SET version = {len(steps)}")

    def columns(self):
        found = {}
        for table, column in self.ask("SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public'"):
            found.setdefault(table, []).append(column)
        return found

    def insert(self, table, columns, rows):
        with self.connection.cursor() as cursor:
            cursor.executemany(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join(['%s'] * len(columns))})", rows)

    def rows(self, table, columns):
        return {tuple(map(as_bytes, row)) for row in self.ask(f"SELECT {', '.join(columns)} FROM {table}")}

    def shape(self):
        """Every column with its type, default and order, and every index; partitions have names of their time."""
        columns = self.ask("SELECT table_name, column_name, data_type, is_nullable, column_default FROM information_schema.columns "
                           "WHERE table_schema = 'public' AND table_name IN (SELECT relname FROM pg_class WHERE NOT relispartition)")
        indexes = self.ask("SELECT tablename, indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename IN "
                           "(SELECT relname FROM pg_class WHERE NOT relispartition)")
        return {tuple(row) for row in columns}, {tuple(row) for row in indexes}

    def raise_version(self):
        self.ask(f"UPDATE postrider_schema SET version = {len(STEPS) + 1}")

    def version(self):
        return self.ask("SELECT version FROM postrider_schema")[0][0]


def make_store(folder):
    return (Postgresql if on_postgresql() else Sqlite)(folder)


def fill(store, filled):
    """Copies what a table of that time has of today's rows. Gives it."""
    data, *_ = filled
    kept = {}
    with sqlite3.connect(data / "postrider.db") as today:
        known = {table: [row[1] for row in today.execute(f"PRAGMA table_info({table})")] for table in Sqlite.columns(type("_", (), {"sql": today}))}
        for table, columns in store.columns().items():
            if table in known and columns and table not in ("nodes", "lanes"):
                both = [column for column in columns if column in known[table]]
                kept[table] = (both, rows_of(today, table, both))
                store.insert(table, both, kept[table][1])
    return kept


@pytest.fixture(scope="module")
def fresh(tmp_path_factory):
    """The shape of a store that today's program made."""
    folder = tmp_path_factory.mktemp("fresh")
    store = make_store(folder)
    with Server(folder / "data", "--database", store.url) as server:
        assert server.stop() == 0
    return store.shape()


@pytest.mark.parametrize("count", range(1, len(STEPS)))
def test_from_each_schema_to_todays(filled, fresh, tmp_path, count):
    data, name, names = filled
    store = make_store(tmp_path)
    store.create(STEPS[:count])
    kept = fill(store, filled)
    (tmp_path / "data").mkdir()
    shutil.copy2(data / "key", tmp_path / "data" / "key")
    with Receiver() as receiver, Server(tmp_path / "data", "--database", store.url, *ALLOWED) as server:
        realm = type(server.master)(server.client, name)
        assert realm.get(f"/webhooks/{names['hook']}/secret").json["secret"].startswith("whsec_")
        assert [row["event_id"] for row in realm.deliveries(state="pending")] == [names["pending"]]
        assert {event["id"] for event in realm.items("/events", event="order.*")} >= {names["event_id"], names["pending"]}
        realm.create_webhook(receiver.url("/after"), events=["order.paid"])
        event = realm.publish("order.paid").json["id"]
        wait_for(lambda: receiver.at("/after"), "what is published now arrives")
        assert [request.id for request in receiver.at("/after")] == [event]
        assert server.stop() == 0
    # What the server itself writes on goes its own way; nothing else has changed or gone.
    written = {"store_state", "outcome_log", "counters", "webhook_results", "sessions", "api_keys", "oauth_tokens", "resource_slices", "resource_entries",
               "realms", "operations", "idempotency_keys", "deleted_webhooks", "breakers", "webhook_health", "deliveries", "attempts"}
    for table, (columns, rows) in kept.items():
        if table not in written:
            assert rows <= store.rows(table, columns), table
    for table, key in (("realms", "id"), ("deliveries", "id"), ("attempts", "delivery_id"), ("operations", "id"), ("api_keys", "id")):
        if table in kept:
            place = kept[table][0].index(key)
            assert {(row[place],) for row in kept[table][1]} <= store.rows(table, [key]), table
    assert store.version() == len(STEPS)
    assert store.shape() == fresh


def test_never_backwards(tmp_path):
    """An older program on a newer store: one sentence with the way out, and nothing is changed."""
    store = make_store(tmp_path)
    command = [binary(), "serve", "--data", str(tmp_path / "data"), "--listen", "127.0.0.1:0", "--database", store.url]
    with Server(tmp_path / "data", "--database", store.url) as server:
        assert server.stop() == 0
    store.raise_version()
    refused = subprocess.run(command, capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL,
                             env=environment(POSTRIDER_BOOTSTRAP_TOKEN=TOKEN), check=False)
    assert refused.returncode == 1
    said = refused.stderr.strip().splitlines()[-1]
    assert f"newer Postrider (schema {len(STEPS) + 1}, this one knows up to {len(STEPS)}); run that version, or restore a backup" in said
    assert store.version() == len(STEPS) + 1
