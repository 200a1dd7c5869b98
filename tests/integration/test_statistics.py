"""Statistics: what attempts came to over time, of a realm and of each webhook; what a webhook's health says."""

import socket

import pytest

from counters import KINDS, now
from receiver import Reply
from waiting import wait_for


def refusing_port():
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        return unused.getsockname()[1]


def attempts(realm, **query):
    return realm.get("/statistics", **query).json["attempts"]


def test_counts_by_result_and_span(server, receiver, path):
    realm = server.realm(None, "order.paid")
    receiver.on(f"{path}-500", Reply(500))
    receiver.on(f"{path}-404", Reply(404))
    receiver.on(f"{path}-301", Reply(301))
    receiver.on(f"{path}-hangs", None)
    good = realm.create_webhook(receiver.url(path), events=["order.*"])["id"]
    for end in ("500", "404", "301"):
        realm.create_webhook(receiver.url(f"{path}-{end}"), events=["order.*"], retry_schedule=["100ms"])
    realm.create_webhook(receiver.url(f"{path}-hangs"), events=["order.*"], retry_schedule=[], timeout="200ms")
    realm.create_webhook(f"http://127.0.0.1:{refusing_port()}/", events=["order.*"], retry_schedule=[])
    for _ in range(3):
        realm.publish("order.paid")
    wait_for(lambda: not realm.deliveries(state="pending"), "all settled")
    # A test counts for nothing.
    realm.call("POST", f"/webhooks/{good}/test", None, 200)

    found = realm.get("/statistics").json
    assert {kind: found["attempts"][kind] for kind in KINDS if found["attempts"][kind]} == {
        "status_2xx": 3, "status_3xx": 6, "status_4xx": 6, "status_5xx": 6, "timeout": 3, "transport": 3}
    assert (found["attempts"]["total"], found["attempts"]["ok"], found["attempts"]["failed"]) == (27, 3, 24)
    assert found["deliveries"] == {"delivered": 3, "failed": 15, "cancelled": 0}
    assert found["resolution"] == "15m" and found["spans"][0]["since"] == found["since"]
    for part, name in (("attempts", "total"), ("attempts", "timeout"), ("deliveries", "failed")):
        assert sum(span[part][name] for span in found["spans"]) == found[part][name]
    assert sum(bucket["count"] for bucket in found["attempt_buckets"]) == 27
    assert sum(bucket["count"] for bucket in found["attempt_buckets"] if (bucket["le_ms"] or 500) >= 500) >= 3
    assert 0 < found["wait_ms"]["p50"] <= found["wait_ms"]["p95"] <= found["wait_ms"]["p99"] < 15_000
    assert attempts(realm, webhook_id=good)["total"] == 3
    # The same again when it is added up (test_counters.py waits for that).
    by_minute = realm.get("/statistics", since=now(minutes=-30), resolution="1m").json
    assert 31 <= len(by_minute["spans"]) <= 33 and by_minute["attempts"] == found["attempts"]
    assert attempts(realm, until="2020-01-01T00:00:00Z")["total"] == 0


def test_the_past_stays_as_it_was(server, receiver, path):
    realm = server.realm(None, "order.paid")
    receiver.on(path, Reply(503))
    webhook = realm.create_webhook(receiver.url(path), events=["order.*"], retry_schedule=[])["id"]
    sent = [realm.publish("order.paid").json["id"] for _ in range(4)]
    wait_for(lambda: len(realm.deliveries(state="failed")) == 4, "all failed")
    receiver.on(path, Reply(204))
    first = realm.deliveries(event_id=sent[0])[0]["id"]
    realm.call("POST", f"/deliveries/{first}/redeliver", None, 202)
    wait_for(lambda: realm.delivery(first)["state"] == "delivered", "redelivered")
    realm.call("POST", f"/webhooks/{webhook}/recover", {"since": "2020-01-01T00:00:00Z"}, 202)
    wait_for(lambda: len(realm.deliveries(state="delivered")) == 4, "recovered")
    found = realm.get("/statistics").json
    assert found["attempts"]["status_5xx"] == 4 and found["attempts"]["ok"] == 4
    assert found["deliveries"] == {"delivered": 4, "failed": 4, "cancelled": 0}


def test_webhooks_are_ranked_worst_first(server, receiver, path):
    realm = server.realm(None, "order.paid", "order.noise")
    receiver.on(f"{path}-noisy", lambda request: Reply(500 if request.json["data"].get("bad") else 204))
    receiver.on(f"{path}-down", Reply(503))
    names = {"Good": "", "Down": "-down", "Noisy": "-noisy"}
    ids = {name: realm.create_webhook(receiver.url(path + end), name=name, retry_schedule=[],
                                      events=["order.noise" if name == "Noisy" else "order.paid"])["id"]
           for name, end in names.items()}
    realm.create_webhook(receiver.url(f"{path}-idle"), name="Idle", events=["user.created"])
    for n in range(20):
        realm.publish("order.noise", {"bad": n % 2 == 0})
    for _ in range(3):
        realm.publish("order.paid")
    wait_for(lambda: not realm.deliveries(state="pending"), "all settled")
    for period in ({}, {"since": now(minutes=-10)}, {"since": now(days=-20)}):
        found = realm.get("/statistics", group_by="webhook", **period).json
        assert [item["name"] for item in found["items"]] == ["Down", "Noisy", "Good"], "one that is down comes first"
        assert [item["attempts"]["failed"] for item in found["items"]] == [3, 10, 0]
        assert [item["attempts"]["total"] for item in found["items"]] == [3, 20, 3]
        assert found["webhooks"] == 3 and found["next_cursor"] is None
    assert [found["items"][n]["webhook_id"] for n in range(3)] == [ids["Down"], ids["Noisy"], ids["Good"]]
    assert found["items"][0]["health"]["failures_in_row"] == 3
    assert [item["name"] for item in realm.items("/statistics", group_by="webhook")] == ["Down", "Noisy", "Good"]
    one = realm.get("/statistics", group_by="webhook", limit=1).json
    two = realm.get("/statistics", group_by="webhook", limit=1, cursor=one["next_cursor"]).json
    assert [item["name"] for item in one["items"] + two["items"]] == ["Down", "Noisy"]

    realm.delete_webhook(ids["Noisy"])
    deleted = realm.get("/statistics", group_by="webhook").json["items"][1]
    assert deleted["name"] == "Noisy" and deleted["deleted"] is True and deleted["enabled"] is False


def test_health_tells_the_truth(server, receiver, path):
    realm = server.realm(None, "order.paid")
    receiver.on(path, lambda request: Reply(503 if request.json["data"].get("bad") else 204))
    made = realm.create_webhook(receiver.url(path), events=["order.*"], retry_schedule=[])
    webhook = made["id"]
    assert "health" not in made
    untouched = realm.webhook(webhook)["health"]
    assert untouched == {"last_success_at": None, "last_failure": None, "failing_since": None, "failures_in_row": 0,
                         "attempts_24h": 0, "failed_24h": 0, "waiting": 0, "waiting_is_more": False,
                         "oldest_waiting_at": None, "breaker": "closed", "open_since": None, "next_probe_at": None}

    def attempted(count):
        wait_for(lambda: realm.webhook(webhook)["health"]["attempts_24h"] == count, f"{count} attempts")
        return realm.webhook(webhook)["health"]
    for n in range(4):
        realm.publish("order.paid", {"bad": n == 3})
        health = attempted(n + 1)
    assert health["failed_24h"] == 1 and health["failures_in_row"] == 1
    assert health["last_failure"]["status"] == 503 and health["last_failure"]["reason"] == "refused_by_status"
    assert health["failing_since"] == health["last_failure"]["at"] > health["last_success_at"]
    realm.publish("order.paid", {"bad": True})
    again = attempted(5)
    assert again["failures_in_row"] == 2 and again["failing_since"] == health["failing_since"]
    realm.publish("order.paid")
    well = attempted(6)
    assert well["failing_since"] is None and well["failures_in_row"] == 0 and well["last_failure"] == again["last_failure"]
    assert realm.get("/webhooks").json["items"][0]["health"] == well

    receiver.on(path, Reply(503))
    realm.patch_webhook(webhook, retry_schedule=["1h"])
    waits = [realm.publish("order.paid").json["id"] for _ in range(2)]
    waiting = attempted(8)
    assert waiting["waiting"] == 2 and waiting["waiting_is_more"] is False
    oldest = realm.deliveries(event_id=waits[0])[0]
    assert waiting["oldest_waiting_at"] == oldest["created_at"]
    # Disabling cancels them: that counts, too.
    realm.patch_webhook(webhook, enabled=False)
    assert realm.get("/statistics").json["deliveries"]["cancelled"] == 2
    assert realm.webhook(webhook)["health"]["waiting"] == 0


@pytest.mark.parametrize("query, named", [
    ({"since": "2099-01-01T00:00:00Z"}, "since"),
    ({"resolution": "2m"}, "resolution"),
    ({"resolution": "1m"}, "resolution"),  # 24 hours are too many spans of it
    ({"group_by": "event"}, "group_by"),
    ({"group_by": "webhook", "resolution": "1h"}, "resolution"),
    ({"group_by": "webhook", "webhook_id": "019ab200-7c3e-7b1a-9a54-3f0f6b1d2c11"}, "webhook_id"),
])
def test_what_cannot_be_answered_says_why(realm, query, named):
    assert realm.get("/statistics", expect=422, **query).pointers == [named]


def test_what_is_too_fine_or_too_long(realm):
    realm.call("PATCH", "/settings", {"retention_days": 400}, 200)
    answer = realm.get("/statistics", expect=422, since=now(days=-10), until=now(days=-9, hours=-23), resolution="1m")
    assert "48 hours" in answer.json["detail"]
    assert "spans" in realm.get("/statistics", expect=422, since=now(days=-300)).json["detail"]
    for days, resolution in ((1, "15m"), (2, "15m"), (7, "1h"), (30, "6h"), (90, "1d")):
        assert realm.get("/statistics", since=now(days=-days)).json["resolution"] == resolution
    assert realm.get("/statistics", since=now(hours=-1)).json["resolution"] == "1m"


def test_the_log_tells_who_fails_and_who_recovers(server, receiver, path):
    realm = server.realm(None, "order.paid")
    receiver.on(path, Reply(503))
    realm.create_webhook(receiver.url(path), name=f"Till {path}", events=["order.*"], retry_schedule=["50ms"] * 20)

    def lines(text):
        return [line for line in server.log if text in line and f"Till {path}" in line and realm.name in line]
    realm.publish("order.paid")
    wait_for(lambda: len(receiver.at(path)) > 2, "several attempts")
    receiver.on(path, Reply(204))
    wait_for(lambda: lines("a webhook has recovered"), "it is told that it recovered")
    assert len(lines("a webhook begins to fail")) == 1 and "503" in lines("a webhook begins to fail")[0]
    for status in (503, 204) * 5:
        receiver.on(path, Reply(status))
        before = len(receiver.at(path))
        realm.publish("order.paid")
        wait_for(lambda: len(receiver.at(path)) > before, "attempted")  # noqa: B023
    receiver.on(path, Reply(410))
    realm.publish("order.paid")
    wait_for(lambda: lines("webhook disabled"), "it is told that it was disabled")
    assert len(lines("a webhook begins to fail")) <= 2, "one that goes to and fro does not fill the log"


def test_the_log_tells_who_disables_a_webhook_by_hand(server, receiver, path):
    realm = server.realm(None, "order.paid")
    hook = realm.create_webhook(receiver.url(path), name=f"Till {path}", events=["order.*"])["id"]

    def lines():
        return [line for line in server.log if "disabled by hand" in line and f"Till {path}" in line and realm.name in line]
    realm.patch_webhook(hook, description="not disabled by this")
    realm.patch_webhook(hook, enabled=False)
    wait_for(lines, "it is told that it was disabled")
    realm.patch_webhook(hook, enabled=False)
    realm.patch_webhook(hook, enabled=True)
    realm.patch_webhook(hook, enabled=False)
    wait_for(lambda: len(lines()) > 1, "it is told again")
    assert len(lines()) == 2 and all(hook in line and "api_key" in line for line in lines())
