"""Every column of every table holds nonsense once: the server starts, lists the other rows, delivers the rest, and goes
on with everything of the other realm that goes on in the background.

Generated from the schema, so a new column is in it without a line here.
"""

import contextlib
import json
import shutil
import sqlite3
import uuid

import pytest

from contract import Contract
from receiver import Receiver, Reply
from client import Realm
from server import Server, sqlite_only
from waiting import wait_for
from world import fill, is_form, make_world, send_form

pytestmark = sqlite_only  # the decoding is the same on both; PostgreSQL's files cannot be copied

LISTS = {operation["operationId"]: path for method, path, operation in Contract().operations()
         if method == "GET" and "{realm}" in path and operation["operationId"].startswith("list_")}
GETS = {operation["operationId"]: path for method, path, operation in Contract().operations()
        if method == "GET" and "{realm}" in path and not is_form(operation) and operation["operationId"] != "get_stream"}
#: What each type may hold and nobody can use.
NONSENSE = {"BLOB": b"x", "TEXT": "\x01 no word, no JSON", "INTEGER": 2**63 - 1}
FLAGS = ("--allow-network", "127.0.0.0/8")
#: Lists of which the world has nothing.
MAY_BE_EMPTY = {"list_operations", "list_user_api_keys"}


@contextlib.contextmanager
def database(folder):
    connection = sqlite3.connect(folder / "postrider.db")
    with contextlib.closing(connection), connection:
        yield connection


@pytest.fixture(scope="module")
def receiver():
    with Receiver() as started:
        yield started


@pytest.fixture(scope="module")
def prepared(tmp_path_factory, receiver):
    """A stopped server's folder with two realms, each with one of everything and a delivery that waits."""
    data = tmp_path_factory.mktemp("prepared") / "data"
    receiver.on("/waits", 503)
    with Server(data, *FLAGS) as server:
        worlds = []
        for _ in range(2):
            realm, names = make_world(server, receiver)
            realm.call("POST", f"/users/{names['user_id']}/roles/{names['role_id']}", None)
            realm.create_webhook(receiver.url("/waits"), events=["order.paid"], retry_schedule=["1h"])
            realm.call("POST", "/events", {"event": "order.paid", "resource_id": names["user_id"], "data": {}}, 202,
                       headers={"idempotency-key": "k"})
            receiver.wait("/waits")
            realm.call("POST", f"/users/{names['user_id']}/reset-password", {}, 200)
            fill_the_rest(server, realm, receiver, names)
            worlds.append((realm.name, realm.get("").json["id"], names))
        # The log of outcomes is added up every few seconds only.
        wait_for(lambda: counted_realms(data) == len(worlds), "both realms have counters")
        assert server.stop() == 0
        # SQLite builds the index of resources of what is there when it is opened.
        server.start()
        assert server.stop() == 0
    with database(data) as connection:
        for _, realm_id, names in worlds:
            leave_parts(connection, realm_id, names)
    with database(data) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return data, worlds


def counted_realms(folder):
    with contextlib.closing(sqlite3.connect(f"file:{folder}/postrider.db?mode=ro", uri=True)) as connection:
        return connection.execute("SELECT count(DISTINCT realm_id) FROM webhook_results").fetchone()[0]


def fill_the_rest(server, realm, receiver, names):
    """A webhook that was deleted, an access token, a role of a service account, and a reset whose mail waits."""
    realm.delete_webhook(realm.create_webhook(receiver.url("/gone"), events=["order.paid"])["id"])
    realm.call("PATCH", f"/clients/{names['client_id']}", {"service_account_roles": [names["role_id"]]}, 200)
    token = send_form(server.client, f"/api/v1/realms/{realm.name}/protocol/openid-connect/token", {"grant_type": "client_credentials"},
                      secret=names["client_secret"])
    assert token.status == 200, token
    mail = realm.create_webhook(receiver.url("/waits"), events=["auth.reset_password"], retry_schedule=["1h"])["id"]
    realm.call("PATCH", "/settings", {"password_reset_webhook": mail}, 200)
    realm.call("PATCH", f"/users/{names['user_id']}", {"email": "ada@example.com"}, 200)
    before = len(receiver.at("/waits"))
    realm.call("POST", f"/users/{names['user_id']}/reset-password", {}, 200)
    receiver.wait("/waits", before + 1)


def leave_parts(connection, realm_id, names):
    """What a crash leaves of a publish to many webhooks, of a webhook with a great backlog that was disabled, of
    one whose breaker was open, and of a resource that was held."""
    raw = lambda text: bytes.fromhex(text.replace("-", ""))
    connection.execute("INSERT INTO fan_outs (realm_id, id, event_id, config_version, webhooks) VALUES (?, ?, ?, 1, ?)",
                       (raw(realm_id), uuid.uuid4().bytes, raw(names["event_id"]), raw(names["webhook_id"])))
    connection.execute("INSERT INTO fan_out_sets (realm_id, id, events, config_version, webhooks) VALUES (?, ?, ?, 1, ?)",
                       (raw(realm_id), uuid.uuid4().bytes, raw(names["event_id"]) * 2, raw(names["webhook_id"])))
    connection.execute("INSERT INTO breakers (realm_id, webhook_id, opened_at, next_probe_at, wait) VALUES (?, ?, 1, 1, 5000000)",
                       (raw(realm_id), raw(names["webhook_id"])))
    connection.execute("INSERT INTO order_queue (realm_id, delivery_id, webhook_id, resource_id, held_at) VALUES (?, ?, ?, ?, 1)",
                       (raw(realm_id), raw(names["delivery_id"]), raw(names["webhook_id"]), raw(names["user_id"])))
    connection.execute("INSERT INTO failure_notices (realm_id, webhook_id, told_at, since, untold, holds_too_many, last) VALUES (?, ?, 1, 1, 2, 0, '{}')",
                       (raw(realm_id), raw(names["webhook_id"])))
    connection.execute("INSERT INTO event_copies (realm_id, event_id, source_id) VALUES (?, ?, ?)",
                       (raw(realm_id), raw(names["event_id"]), uuid.uuid4().bytes))
    connection.execute("INSERT INTO removed_roles (realm_id, role_id) VALUES (?, ?)", (raw(realm_id), uuid.uuid4().bytes))
    connection.execute("INSERT INTO cancellations (realm_id, id, webhook_id, reason, cancelled_at, except_event, before_id) "
                       "VALUES (?, ?, ?, 'The webhook was disabled.', 1, ?, ?)",
                       (raw(realm_id), *(uuid.uuid4().bytes for _ in range(4))))
    connection.execute("INSERT INTO outcome_log (id, entries) VALUES (?, x'')", (uuid.uuid4().bytes,))


def columns(folder):
    """(table, column, type, the key's columns) of each column of each table."""
    with database(folder) as connection:
        # sqlite_stat1 is the planner's, not ours.
        tables = [name for name, in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")]
        for table in sorted(tables):
            about = connection.execute(f"SELECT name, type, pk FROM pragma_table_info('{table}')").fetchall()
            key = [name for name, _, place in sorted(about, key=lambda each: each[2]) if place > 0] or ["rowid"]
            for name, kind, _ in about:
                yield table, name, {"BIGINT": "INTEGER", "BYTES": "BLOB"}.get(kind, kind), key


def leave_at_work(folder):
    """As a crash leaves it: operations run, and every delivery that waits is due."""
    with database(folder) as connection:
        assert connection.execute("UPDATE operations SET state = 'running', finished_at = NULL").rowcount > 0
        assert connection.execute("UPDATE deliveries SET due_at = 1 WHERE state = 'pending'").rowcount > 0


def spoil(folder, table, column, kind, key, realm_id):
    """Puts nonsense into one row of the realm, the newest. Returns whether there is one."""
    with database(folder) as connection:
        owner = "id" if table == "realms" else "realm_id" if "realm_id" in key else None
        where, arguments = (f"WHERE {owner} = ?", [bytes.fromhex(realm_id.replace("-", ""))]) if owner else ("", [])
        row = connection.execute(f"SELECT {', '.join(key)} FROM {table} {where} ORDER BY {', '.join(key)} DESC LIMIT 1",
                                 arguments).fetchone()
        if row is None:
            return False
        connection.execute(f"UPDATE {table} SET {column} = ? WHERE " + " AND ".join(f"{name} = ?" for name in key),
                           (NONSENSE[kind], *row))
        return True


def look_at(server, realm, names, is_spoiled):
    for operation_id, path in GETS.items():
        answer = server.client.raw("GET", fill(path, {**names, "realm": realm}))
        # What belongs to a row that cannot be read is not listed: 404, or 500 with the reason in the log.
        belongs = is_spoiled and path.count("{") > 1 and answer.status == 500
        if operation_id in LISTS and not belongs and (not is_spoiled or answer.status != 404):
            assert answer.status == 200, f"{operation_id}: {answer}"
            items = json.loads(answer.body)["items"]
            assert items or answer.json.get("unreadable") or is_spoiled or operation_id in MAY_BE_EMPTY, operation_id


def deliver(server, receiver, realm, path):
    hook = server.client.call("POST", f"/realms/{realm}/webhooks",
                              {"name": "new", "url": receiver.url(path), "events": ["order.shipped"]})
    answer = server.client.call("POST", f"/realms/{realm}/events",
                                {"event": "order.shipped", "resource_id": "5f0f2d1c-2f5c-4f5e-9a2f-1f2e3d4c5b6a", "data": {}})
    return answer.status == 202 and (hook.json.get("id"), answer.json["id"])


def ends(realm, operation):
    return lambda: realm.get(f"/operations/{operation.json['id']}").json["state"] == "done"


def goes_on(server, realm_name, names, hook, event):
    """What the server does by itself, of a realm of which nothing is wrong."""
    realm = Realm(server.client, realm_name)
    wait_for(lambda: realm.get(f"/operations/{names['operation_id']}").json["state"] == "done", "what ran before goes on")
    final = lambda: any(each["webhook_id"] == hook and each["state"] == "delivered" for each in realm.deliveries(event_id=event))
    wait_for(final, "what attempts came to is recorded")
    recovery = realm.call("POST", f"/webhooks/{hook}/recover", {"since": "2020-01-01T00:00:00Z"}, 202)
    wait_for(ends(realm, recovery), "a recovery ends")
    retry = realm.call("POST", "/deliveries/retry", {"state": "pending"}, 202)
    wait_for(ends(realm, retry), "a bulk retry ends")
    realm.patch_webhook(hook, enabled=False)
    assert not [each for each in realm.deliveries(state="pending") if each["webhook_id"] == hook]
    realm.delete_webhook(hook)


def test_nonsense_in_any_column_harms_its_own_row_alone(prepared, receiver, tmp_path):
    source, ((victim, victim_id, victim_names), (healthy, _, healthy_names)) = prepared
    untried, refused, findings = set(), set(), []
    for number, (table, column, kind, key) in enumerate(columns(source)):
        data = tmp_path / "data"
        shutil.copytree(source, data)
        where = f"{table}.{column}"
        leave_at_work(data)
        if not spoil(data, table, column, kind, key, victim_id):
            untried.add(table)
            shutil.rmtree(data)
            continue
        server = Server(data, *FLAGS)
        try:
            server.start()
        except AssertionError:
            refused.add(where)
            if table != "store_state" or server.process.wait(10) != 1 or not server.log[-1].startswith("postrider: "):
                findings.append(f"{where}: it does not start: {server.log[-5:]}")
            shutil.rmtree(data)
            continue
        with contextlib.ExitStack() as stack:
            stack.callback(server.__exit__)
            try:
                look_at(server, healthy, healthy_names, False)
                look_at(server, victim, victim_names, True)
                made = deliver(server, receiver, healthy, f"/{number}")
                assert made, where
                deliver(server, receiver, victim, f"/{number}-victim")
                receiver.wait(f"/{number}")
                goes_on(server, healthy, healthy_names, *made)
                assert server.stop() == 0
            except AssertionError as error:
                findings.append(f"{where}: {error}\n{''.join(server.log[-5:])}")
        shutil.rmtree(data)
    assert not findings, "\n".join(findings)
    assert not untried, "the world has a row of everything"
    assert len(refused) <= 2, refused


def restart_with(source, tmp_path, *changes):
    data = tmp_path / "data"
    shutil.copytree(source, data)
    with database(data) as connection:
        for change, arguments in changes:
            assert connection.execute(change, arguments).rowcount > 0, change
    return Server(data, *FLAGS)


def test_a_delivery_whose_event_cannot_be_read_fails_with_the_reason(prepared, receiver, tmp_path):
    source, ((victim, victim_id, _), _) = prepared
    changes = [("UPDATE events SET resource_id = x'78' WHERE realm_id = ? AND type = 'order.paid' AND id IN (SELECT event_id FROM deliveries WHERE state = 'pending')",
                (bytes.fromhex(victim_id.replace("-", "")),))]
    with restart_with(source, tmp_path, *changes) as server:
        path = f"/realms/{victim}/deliveries?state=failed"
        with contextlib.closing(sqlite3.connect(f"file:{server.data}/postrider.db?mode=ro", uri=True)) as connection:
            failed = lambda: connection.execute("SELECT reason FROM deliveries WHERE state = 'failed'").fetchall()
            wait_for(failed, "the delivery has failed")
            (reason,), = failed()
        assert reason.startswith("It cannot be sent: a row of deliveries cannot be read: its column resource_id is no id"), reason
        listed = server.client.call("GET", path, None, 200).json
        assert listed["items"] == [] and listed["unreadable"] == 1
        server.wait_log("its column resource_id is no id; its key begins with " + victim_id)


def test_a_webhook_that_cannot_be_read_waits_until_it_is_saved(prepared, receiver, tmp_path):
    source, ((victim, victim_id, _), _) = prepared
    changes = [("UPDATE webhooks SET disabled_reason = 'nonsense', name = 'odd' WHERE realm_id = ? AND events LIKE '%order.paid%'",
                (bytes.fromhex(victim_id.replace("-", "")),)),
               ("UPDATE deliveries SET due_at = 1 WHERE realm_id = ? AND state = 'pending'",
                (bytes.fromhex(victim_id.replace("-", "")),))]
    with restart_with(source, tmp_path, *changes) as server:
        odd, = [each for each in server.client.call("GET", f"/realms/{victim}/webhooks", None, 200).json["items"]
                if each["name"] == "odd"]
        assert (odd["enabled"], odd["disabled_reason"]) == (False, "corrupt")
        pending = server.client.call("GET", f"/realms/{victim}/deliveries?state=pending&webhook_id={odd['id']}", None, 200).json["items"]
        assert len(pending) == 1
        receiver.on("/saved", Reply(204))
        saved = server.client.call("PATCH", f"/realms/{victim}/webhooks/{odd['id']}",
                                   {"enabled": True, "url": receiver.url("/saved")}, 200).json
        assert saved["enabled"] and saved["disabled_reason"] is None
        assert receiver.wait("/saved")[0].id == pending[0]["event_id"]


def test_rows_that_cannot_be_read_are_cancelled_with_the_rest(receiver, tmp_path):
    """More than one transaction cancels: one of them was found again for ever, and the webhook never disabled."""
    with Server(tmp_path / "data", *FLAGS) as server:
        realm = server.realm(None, "order.paid")
        receiver.on("/down", 503)
        hook = realm.create_webhook(receiver.url("/down"), events=["order.paid"], retry_schedule=["1h"])
        for _ in range(3):
            realm.publish_batch([{"event": "order.paid", "resource_id": str(uuid.uuid4()), "data": {}}] * 100)
        server.kill()
        with database(server.data) as connection:
            for column, nonsense in (("due_at", 2**63 - 1), ("id", b"x")):
                changed = connection.execute(f"UPDATE deliveries SET {column} = ? WHERE id = (SELECT max(id) FROM deliveries WHERE length(id) = 16"
                                             " AND due_at < ?)", (nonsense, 2**62))
                assert changed.rowcount == 1
        server.start()
        realm.client.renew()
        realm.patch_webhook(hook["id"], enabled=False)
        with database(server.data) as connection:
            assert connection.execute("SELECT state, count(*) FROM deliveries GROUP BY state").fetchall() == [("cancelled", 300)]
