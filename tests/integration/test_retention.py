"""What is older than a realm's retention goes by itself; what is pending stays; the disk gets its room back."""

import contextlib
import sqlite3
import uuid

import pytest

from log_age import age_sqlite, older
from receiver import Receiver
from server import Server
from waiting import wait_for


def free_pages(path):
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
        return database.execute("PRAGMA freelist_count").fetchone()[0]


def count(path, what):
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
        return database.execute(f"SELECT COUNT(*) FROM {what}").fetchone()[0]


def test_old_events_go_and_pending_ones_stay(tmp_path):
    with Receiver() as receiver, Server(tmp_path / "data", "--allow-network", "127.0.0.0/8", "--payload-bytes-max", "1MiB") as server:
        realm, brief = server.realm("acme", "order.paid", "order.held"), server.realm("brief", "order.paid")
        brief.call("PATCH", "/settings", {"retention_days": 1}, 200)
        realm.call("PATCH", "/settings", {"retention_days": 90}, 200)
        for each in (realm, brief):
            each.create_webhook(receiver.url("/a"), events=["order.paid"])
        held = realm.create_webhook("https://nowhere.invalid/", events=["order.held"], retry_schedule=["24h"])
        realm.call("POST", "/api-keys", {"name": "long ago", "permissions": [], "expires_at": "2099-01-01T00:00:00Z"}, 201)
        pending = realm.publish("order.held").json["id"]
        for _ in range(80):
            realm.publish("order.paid", {"blob": "x" * 900_000})
        brief.publish("order.paid")
        receiver.wait("/a", 81)
        wait_for(lambda: not realm.deliveries(state="pending", webhook_id=None)[1:], "all but one are final")
        server.stop()
        path = tmp_path / "data" / "postrider.db"
        with contextlib.closing(sqlite3.connect(path)) as database:
            age_sqlite(database, 40)
            database.execute("UPDATE api_keys SET expires_at = 1 WHERE name = 'long ago'")
            database.commit()
        before = path.stat().st_size
        assert before > 60_000_000
        server.start()
        fresh = brief.publish("order.paid").json["id"]
        wait_for(lambda: [event["id"] for event in brief.items("/events", event="order.paid")] == [fresh], "brief's old one is gone")
        assert len(realm.items("/events", event="order.paid")) == 80, "acme keeps 90 days"
        wait_for(lambda: "long ago" not in [key["name"] for key in realm.items("/api-keys")], "the key that ended")
        assert realm.items("/audit", action="api_key.expire")[0]["actor"] == {"kind": "system", "id": "housekeeping"}
        realm.call("PATCH", "/settings", {"retention_days": 30}, 200)
        server.restart()
        wait_for(lambda: not realm.items("/events", event="order.paid"), "acme's old ones", 30)
        wait_for(lambda: count(path, "events WHERE type = 'order.paid'") == 1, "they are deleted", 40)
        left = str(uuid.UUID(bytes=older(uuid.UUID(pending).bytes, 40)))
        assert realm.get(f"/events/{left}").json["deliveries"]["pending"] == 1
        assert [each["webhook_id"] for each in realm.deliveries(state="pending")] == [held["id"]]
        wait_for(lambda: free_pages(path) <= 4096, "the free pages are given back", 30)
        server.stop()  # which brings into the file what is still in the WAL
        assert path.stat().st_size < before * 0.6
        with contextlib.closing(sqlite3.connect(path)) as database:
            assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            assert database.execute("SELECT COUNT(*) FROM attempts WHERE delivery_id NOT IN (SELECT id FROM deliveries)").fetchone() == (0,)


@pytest.mark.parametrize("stuck", [0, 1])
def test_a_realm_of_which_nothing_can_be_removed_holds_up_no_other(tmp_path, stuck):
    with Server(tmp_path / "data") as server:
        ids = []
        for name in ("one", "two"):
            realm = server.realm(name, "order.paid")
            realm.publish("order.paid")
            ids.append(realm.get("").json["id"].replace("-", ""))
        realm.call("POST", "/api-keys", {"name": "long ago", "permissions": [], "expires_at": "2099-01-01T00:00:00Z"}, 201)
        server.stop()
        path = tmp_path / "data" / "postrider.db"
        with contextlib.closing(sqlite3.connect(path)) as database:
            age_sqlite(database, 40)
            database.execute("UPDATE api_keys SET expires_at = 1 WHERE name = 'long ago'")
            database.execute(f"CREATE TRIGGER stuck BEFORE DELETE ON events WHEN old.realm_id = x'{ids[stuck]}' "
                             "BEGIN SELECT RAISE(ABORT, 'stuck'); END")
            database.commit()
        server.start()
        wait_for(lambda: count(path, f"events WHERE realm_id = x'{ids[1 - stuck]}' AND type = 'order.paid'") == 0, "the other's are removed")
        wait_for(lambda: "long ago" not in [key["name"] for key in realm.items("/api-keys")], "the key that ended")
        server.wait_log("housekeeping waits")
        assert count(path, f"events WHERE realm_id = x'{ids[stuck]}' AND type = 'order.paid'") == 1
