"""What is past a realm's retention is out of sight at once, before it is deleted; what is pending stays in sight."""

import uuid

import log_age
from counters import added_up, now
from receiver import Receiver
from server import Server
from waiting import wait_for


def test_what_is_past_its_retention_is_hidden_at_once(tmp_path):
    with Receiver() as receiver, Server(tmp_path / "data", "--allow-network", "127.0.0.0/8") as server:
        realm = server.realm("acme", "order.paid", "order.held")
        realm.call("PATCH", "/settings", {"retention_days": 90}, 200)
        webhook = realm.create_webhook(receiver.url("/a"), events=["order.paid"])
        realm.create_webhook("https://nowhere.invalid/", events=["order.held"], retry_schedule=["24h"])
        for _ in range(5):
            realm.publish("order.paid")
        realm.publish("order.held")
        receiver.wait("/a", 5)
        wait_for(lambda: len(realm.deliveries(state="delivered")) == 5, "they are recorded")
        operation = realm.call("POST", f"/webhooks/{webhook['id']}/recover", {"since": "2020-01-01T00:00:00Z"}, 202).json
        wait_for(lambda: realm.get(f"/operations/{operation['id']}").json["state"] == "done", "the recovery ends")
        realm_id = uuid.UUID(realm.get("").json["id"]).bytes
        added_up(server)
        server.stop()
        log_age.age_realm(server, realm_id, 40)
        server.start()

        def at(item):
            return str(uuid.UUID(bytes=log_age.older(uuid.UUID(item).bytes, 40)))

        paid = realm.items("/events", event="order.paid")
        held = realm.items("/events", event="order.held")[0]["id"]
        delivered = realm.deliveries(state="delivered")
        assert len(paid) == 5 and len(delivered) == 5
        operation = at(operation["id"])
        one_event, one_delivery = f"/events/{paid[0]['id']}", f"/deliveries/{delivered[0]['id']}"
        for path in (one_event, f"{one_event}/explain", one_delivery, f"/operations/{operation}"):
            realm.call("GET", path, expect=200)
        assert len(realm.items("/audit", action="webhook.create")) == 2 and len(realm.items("/operations")) == 1
        assert realm.get("/statistics", since=now(days=-100)).json["deliveries"]["delivered"] == 5

        realm.call("PATCH", "/settings", {"retention_days": 30}, 200)
        for path in (one_event, f"{one_event}/explain", one_delivery, f"/operations/{operation}"):
            realm.call("GET", path, expect=404)
        realm.call("POST", f"{one_delivery}/redeliver", expect=404)
        assert not realm.items("/events", event="order.paid")
        assert not realm.deliveries(state="delivered") and not realm.deliveries() and not realm.deliveries(event_id=paid[0]["id"])
        assert not realm.items(f"/webhooks/{webhook['id']}/deliveries")
        assert not realm.items("/audit", action="webhook.create") and not realm.items("/operations")
        assert realm.get("/statistics", since=now(days=-100)).json["attempts"]["total"] == 0
        # What is pending is nobody's past.
        pending = realm.deliveries(state="pending")
        assert [each["event_id"] for each in pending] == [held]
        assert realm.get(f"/events/{held}").json["deliveries"]["pending"] == 1
        assert realm.get(f"/deliveries/{pending[0]['id']}").json["state"] == "pending"
        assert [each["id"] for each in realm.deliveries(event_id=held)] == [pending[0]["id"]]
        again = realm.call("POST", f"/webhooks/{webhook['id']}/recover", {"since": "2020-01-01T00:00:00Z"}, 202).json
        wait_for(lambda: realm.get(f"/operations/{again['id']}").json["state"] == "done", "the recovery ends")
        assert realm.get(f"/operations/{again['id']}").json["total"] == 0

        with log_age.opened(server) as (sql, _):
            sql.execute("SELECT count(*) FROM events WHERE type = 'order.paid'")
            assert sql.fetchone()[0] == 5, "hidden, and not deleted yet"
