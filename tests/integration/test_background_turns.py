"""What the server does in the background for one realm, and cannot do or only slowly, holds up no other realm."""

import contextlib
import sqlite3

import pytest

import postgres
from contract import some_uuid
from server import Server
from test_redeliver import recover, wait_operation
from waiting import wait_for

#: Legal, and as costly as a filter can be.
COSTLY = {"data": {"$or": [{"l": {"$contains": f"z{number}"}} for number in range(64)]}}
LARGE = {"l": "z" * 200_000}
BEYOND = 2**63 - 1


@pytest.fixture
def own_server(tmp_path):
    with Server(tmp_path / "data", "--allow-network", "127.0.0.0/8") as started:
        yield started


def change(server, statement):
    """Writes to the database of a server that has stopped. Gives how many rows it was."""
    if server.database is not None:
        return len(postgres.shared().ask(server.database.rsplit("/", 1)[1], f"{statement} RETURNING 1"))
    with contextlib.closing(sqlite3.connect(server.data / "postrider.db")) as connection, connection:
        return connection.execute(statement).rowcount


def with_large_events(server):
    """A realm with events that are costly to look at, and a webhook that wants none of them."""
    realm = server.realm(None, "order.shipped", "order.paid")
    realm.publish_batch([{"event": "order.shipped", "resource_id": some_uuid(), "data": LARGE} for _ in range(75)])
    return realm, realm.create_webhook("http://127.0.0.1:1/", filter=COSTLY)


def with_lost_events(server, receiver, path, count=5):
    """A realm with a webhook that has missed some events."""
    realm = server.realm(None, "order.shipped", "order.paid")
    for _ in range(count):
        realm.publish()
    return realm, realm.create_webhook(receiver.url(path))


def test_a_recovery_with_a_costly_filter_ends_and_holds_up_no_other(server, receiver, path):
    costly, hook = with_large_events(server)
    realm, other = with_lost_events(server, receiver, path)
    slow = recover(costly, hook).json
    # The long reader has a low priority: on a busy machine a turn of it takes its time.
    assert wait_operation(realm, recover(realm, other).json, 120)["done"] == 5
    failed = realm.call("POST", "/deliveries/retry", {"state": "failed"}, 202).json
    assert wait_operation(realm, failed, 120)["state"] == "done"
    ended = wait_operation(costly, slow, 180)
    assert (ended["state"], ended["done"], ended["total"]) == ("done", 0, 0)


def test_a_dry_run_with_a_costly_filter_answers_with_what_it_has_looked_at(server):
    costly, _ = with_large_events(server)
    asked = {"events": ["order.*"], "filter": COSTLY, "last": 75}
    run = costly.call("POST", "/webhooks/check", asked, 200).json["dry_run"]
    assert 1 <= run["looked_at"] == len(run["items"]) <= 75 and run["matching"] == 0
    counted = recover(costly, costly.create_webhook("http://127.0.0.1:1/", filter=COSTLY), 200, dry_run=True).json
    assert counted["missed"] == 0


@pytest.mark.parametrize("spoilt", ["params = 'nonsense'", "position = ''", f"created_at = {BEYOND}", f"done = {BEYOND}"])
def test_an_operation_that_cannot_be_read_fails_and_holds_up_no_other(own_server, receiver, path, spoilt):
    broken, hook = with_lost_events(own_server, receiver, path + "/broken")
    realm, other = with_lost_events(own_server, receiver, path)
    operation = recover(broken, hook).json
    wait_operation(broken, operation)
    assert own_server.stop() == 0
    change(own_server, f"UPDATE operations SET state = 'running', finished_at = NULL, {spoilt}")
    own_server.start()
    assert wait_operation(realm, recover(realm, other).json)["done"] == 5
    if "created_at" in spoilt:  # it is in no list; it does not run any more
        wait_for(lambda: broken.get("/operations", expect=None).json.get("unreadable") == 1, "it is left out")
        return
    said = wait_operation(broken, operation)
    assert said["state"] == "failed", said
    assert "a row of operations cannot be read" in said["detail"] and operation["id"] in said["detail"], said
    wait_operation(broken, recover(broken, hook).json)


@pytest.mark.parametrize("answer, spoilt", [(500, f"webhook_health SET first_failure_at = {BEYOND}"),
                                            (500, f"webhook_health SET failures = {BEYOND}"),
                                            (410, "realms SET settings = 'nonsense' WHERE name <> 'master'")])
def test_what_cannot_be_read_of_a_failing_webhook_holds_up_no_outcome(own_server, receiver, path, answer, spoilt):
    receiver.on(path + "/fails", 500)
    broken = own_server.realm(None, "order.shipped")
    hook = broken.create_webhook(receiver.url(path + "/fails"), retry_schedule=["50ms"] * 20)
    broken.publish()
    receiver.wait(path + "/fails")
    assert own_server.stop() == 0
    receiver.on(path + "/fails", answer)
    change(own_server, f"UPDATE {spoilt}")
    change(own_server, "UPDATE deliveries SET due_at = 1 WHERE state = 'pending'")
    before = len(receiver.at(path + "/fails"))
    own_server.start()
    receiver.wait(path + "/fails", before + 1)
    realm = own_server.realm(None, "order.shipped")
    realm.create_webhook(receiver.url(path))
    assert realm.wait_final(realm.publish().json["id"])[0]["state"] == "delivered"
    if answer == 410:
        wait_for(lambda: not broken.webhook(hook["id"])["enabled"], "it is disabled")
        return
    receiver.on(path + "/fails", 204)
    assert broken.wait_final(broken.publish().json["id"])[0]["state"] == "delivered"


def blob(server, *ids):
    """A literal of the ids, one after the other, in the language of the server's store."""
    text = "".join(each.replace("-", "") for each in ids)
    return f"X'{text}'" if server.database is None else f"decode('{text}', 'hex')"


def leave_part(server, realm, event, hook):
    """As a crash leaves a publish to many webhooks: a delivery of it is still to be written."""
    values = ", ".join(blob(server, each) for each in (realm.get("").json["id"], some_uuid(), event, hook))
    columns = "realm_id, id, event_id, webhooks, config_version"
    return f"INSERT INTO fan_outs ({columns}) VALUES ({values}, 1)"


def test_what_a_start_cannot_write_of_a_fan_out_holds_up_no_other(own_server, receiver, path):
    """An event that cannot be read, and one behind it, in one realm; and an event of another realm."""
    parts, hooks = [], []
    broken, realm = (own_server.realm(None, "order.shipped") for _ in range(2))
    events = [broken.publish().json["id"], broken.publish().json["id"], realm.publish().json["id"]]
    for each, place in ((broken, "/broken"), (realm, "")):
        hooks.append(each.create_webhook(receiver.url(path + place))["id"])
    for each, event, hook in ((broken, events[0], hooks[0]), (broken, events[1], hooks[0]), (realm, events[2], hooks[1])):
        parts.append(leave_part(own_server, each, event, hook))
    assert own_server.stop() == 0
    for part in parts:
        assert change(own_server, part) == 1
    assert change(own_server, f"UPDATE events SET origin = 'nonsense' WHERE id = {blob(own_server, events[0])}") == 1
    own_server.start()
    receiver.wait(path)
    receiver.wait(path + "/broken")
    assert receiver.at(path)[0].id == events[2] and receiver.at(path + "/broken")[0].id == events[1]
    set_aside = wait_for(lambda: broken.deliveries(state="failed"), "that of the event that cannot be read")
    assert [each["event_id"] for each in set_aside] == [events[0]]
    assert "It cannot be sent: a row of events cannot be read" in set_aside[0]["reason"], set_aside


@pytest.mark.parametrize("spoilt", [f"created_at = {BEYOND}", "id = {short}"], ids=["a time", "an id"])
def test_a_tombstone_that_cannot_be_read_at_a_start_holds_up_no_other(own_server, receiver, path, spoilt):
    """Two deleted webhooks, one in each realm, whose last deliveries have ended meanwhile, and lanes that go on."""
    receiver.on(path + "/gone", 503)
    gone = []
    broken, realm = (own_server.realm(None, "order.shipped") for _ in range(2))
    for each in (broken, realm):
        hook = each.create_webhook(receiver.url(path + "/gone"), events=["webhook.deleted"], retry_schedule=["1h"])["id"]
        each.delete_webhook(hook)
        gone.append(blob(own_server, hook))
    receiver.wait(path + "/gone", 2)
    live = realm.create_webhook(receiver.url(path))["id"]
    assert own_server.stop() == 0
    change(own_server, "DELETE FROM deliveries WHERE state = 'pending'")
    assert change(own_server, f"UPDATE webhooks SET {spoilt.format(short=blob(own_server, '01'))} WHERE id = {gone[0]}") == 1
    own_server.start()
    assert realm.wait_final(realm.publish().json["id"])[0]["webhook_id"] == live
    left = f"UPDATE webhooks SET version = version WHERE id = {gone[1]}"
    wait_for(lambda: change(own_server, left) == 0, "the other tombstone to go")
    hook = broken.create_webhook(receiver.url(path + "/again"))["id"]
    assert broken.wait_final(broken.publish().json["id"])[0]["webhook_id"] == hook


@pytest.mark.parametrize("table", ["webhooks", "breakers", "webhook_health", "lanes"])
def test_lanes_that_cannot_be_read_at_a_start_hold_up_no_other(own_server, receiver, path, table):
    """A row of a failing webhook without an id that means anything."""
    receiver.on(path + "/fails", 503)
    broken, realm = (own_server.realm(None, "order.shipped") for _ in range(2))
    fails = broken.create_webhook(receiver.url(path + "/fails"), retry_schedule=["50ms"] * 20)["id"]
    broken.publish()
    # After ten failures in a row its breaker opens.
    wait_for(lambda: broken.webhook(fails)["health"]["breaker"] != "closed", "an open breaker")
    live = realm.create_webhook(receiver.url(path))["id"]
    assert own_server.stop() == 0
    column = "id" if table == "webhooks" else "webhook_id"
    if table == "lanes" and own_server.database is None:
        pytest.skip("one node needs no lanes in its store")
    assert change(own_server, f"UPDATE {table} SET {column} = {blob(own_server, '01')} WHERE {column} = {blob(own_server, fails)}") == 1
    own_server.start()
    delivery = realm.wait_final(realm.publish().json["id"])[0]
    assert (delivery["webhook_id"], delivery["state"]) == (live, "delivered")
