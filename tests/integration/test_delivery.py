"""Deliveries: retries, what ends them, what is recorded of them, and what people do to them."""

import datetime
import email.utils
import time

import pytest

from receiver import Reply
from waiting import wait_for

QUICK = ["100ms", "200ms"]


def seconds_between(attempts):
    times = [datetime.datetime.fromisoformat(attempt["started_at"]) for attempt in attempts]
    return [(later - earlier).total_seconds() for earlier, later in zip(times, times[1:])]


def reasons(delivery):
    return [attempt["outcome"]["reason"] for attempt in delivery["attempts_log"]]


def delivered_once(realm, receiver, path, script, **members):
    """One event to one scripted webhook, to its end."""
    members.setdefault("retry_schedule", QUICK)
    hook = realm.create_webhook(receiver.on(path, script), events=["order.*"], **members)
    event_id = realm.publish().json["id"]
    return hook, realm.wait_final(event_id)[0]


def test_retries_until_accepted(realm, receiver, path):
    hook, delivery = delivered_once(realm, receiver, path, [500, 404, 204])
    assert delivery["state"] == "delivered" and delivery["attempts"] == 3
    assert reasons(delivery) == ["refused_by_status", "refused_by_status", "accepted"]
    assert [attempt["status"] for attempt in delivery["attempts_log"]] == [500, 404, 204]
    assert [attempt["number"] for attempt in delivery["attempts_log"]] == [1, 2, 3]
    assert delivery["next_attempt_at"] is None and delivery["finished_at"]
    first, second = seconds_between(delivery["attempts_log"])
    assert 0.08 <= first < 1.5 and 0.16 <= second < 1.5  # ±20 % of 100 ms and 200 ms
    requests = receiver.wait(path, 3)
    assert len({request.id for request in requests}) == 1
    assert delivery["webhook_id"] == hook["id"] and delivery["test"] is False


def test_the_schedule_ends(realm, receiver, path):
    _, delivery = delivered_once(realm, receiver, path, 503)
    assert delivery["state"] == "failed" and delivery["attempts"] == 3 and delivery["reason"]
    assert delivery["last_outcome"]["status"] == 503
    assert delivery["last_outcome"]["reason"] == "refused_by_status"
    assert len(receiver.at(path)) == 3


def test_a_backlog_of_large_bodies_is_read_to_its_end(realm, receiver, path):
    """More of them than one read takes, in the store alone."""
    hook = realm.create_webhook(receiver.url(path), events=["order.*"], enabled=False)
    since = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(minutes=1)
    ids = {realm.publish(data={"text": "x" * 250_000}).json["id"] for _ in range(100)}
    realm.patch_webhook(hook["id"], enabled=True)
    realm.call("POST", f"/webhooks/{hook['id']}/recover", {"since": since.isoformat()}, 202)
    wait_for(lambda: {request.id for request in receiver.at(path)} >= ids, "all of them", 20)
    assert len(receiver.at(path)) == len(ids)


def test_an_empty_schedule_is_one_attempt(realm, receiver, path):
    _, delivery = delivered_once(realm, receiver, path, 500, retry_schedule=[])
    assert delivery["state"] == "failed" and delivery["attempts"] == 1


@pytest.mark.parametrize("status", [200, 201, 202, 204, 206, 226, 299])
def test_any_2xx_accepts(realm, receiver, path, status):
    _, delivery = delivered_once(realm, receiver, path, status)
    assert (delivery["state"], delivery["attempts"]) == ("delivered", 1)


@pytest.mark.parametrize("status", [300, 301, 302, 303, 307, 308, 304, 400, 401, 404, 409, 418, 429,
                                    500, 501, 599])
def test_everything_else_is_retried_and_no_redirect_followed(realm, receiver, path, status):
    trap = receiver.url(path + "-trap")
    step = Reply(status, (("Location", trap),))
    _, delivery = delivered_once(realm, receiver, path, [step, 204])
    assert (delivery["state"], delivery["attempts"]) == ("delivered", 2)
    assert reasons(delivery) == ["refused_by_status", "accepted"]
    assert receiver.at(path + "-trap") == []


def test_retry_after(realm, receiver, path):
    # Longer than the schedule's delay: honoured. As seconds, and as a date.
    soon = email.utils.formatdate(time.time() + 2.5, usegmt=True)
    steps = [Reply(503, (("Retry-After", "1"),)), Reply(429, (("Retry-After", soon),)), 204]
    _, delivery = delivered_once(realm, receiver, path, steps, retry_schedule=["50ms", "50ms"])
    assert delivery["state"] == "delivered"
    first, second = seconds_between(delivery["attempts_log"])
    assert 0.95 <= first < 2.5
    assert 0.05 <= second < 3.5
    assert sum([first, second]) >= 1.4


def test_a_short_or_silly_retry_after_does_not_shorten(realm, receiver, path):
    steps = [Reply(503, (("Retry-After", value),)) for value in ("0", "-5", "soon", "1e9x")] + [204]
    _, delivery = delivered_once(realm, receiver, path, steps, retry_schedule=["300ms"] * 4)
    assert delivery["state"] == "delivered"
    assert all(0.24 <= wait < 2 for wait in seconds_between(delivery["attempts_log"]))


def test_retry_after_is_clamped_to_a_day(realm, receiver, path):
    hook = realm.create_webhook(receiver.on(path, Reply(503, (("Retry-After", "99999999"),))),
                                retry_schedule=["1s"])
    event_id = realm.publish().json["id"]
    receiver.wait(path)
    delivery = wait_for(lambda: next((d for d in realm.deliveries(event_id=event_id) if d["attempts"]),
                                     None), "a recorded attempt")
    due = datetime.datetime.fromisoformat(delivery["next_attempt_at"])
    ahead = due - datetime.datetime.now(datetime.timezone.utc)
    assert datetime.timedelta(hours=23.9) < ahead <= datetime.timedelta(hours=24.01)
    assert hook["id"] == delivery["webhook_id"] and delivery["state"] == "pending"


def test_410_disables(realm, receiver, path):
    def answer(request):
        return 410 if request.json["event"] == "order.paid" else 500
    hook = realm.create_webhook(receiver.on(path, answer), events=["order.*"], retry_schedule=["1h"])
    watcher = realm.create_webhook(receiver.url(path + "-watch"), events=["webhook.updated"])
    pending = realm.publish("order.shipped").json["id"]
    receiver.wait(path)
    gone = realm.publish("order.paid").json["id"]
    delivery = realm.wait_final(gone)[0]
    assert delivery["state"] == "failed" and reasons(delivery) == ["gone"]
    assert [item["state"] for item in realm.wait_final(pending)] == ["cancelled"]
    assert {name: realm.webhook(hook["id"])[name] for name in ("enabled", "disabled_reason")} == {
        "enabled": False, "disabled_reason": "gone"}
    update = receiver.wait(path + "-watch")[0].json
    assert update["resource_id"] == hook["id"] and update["data"]["changed"] == ["enabled", "disabled_reason"]
    assert realm.publish().json["deliveries"] == 0 and watcher["enabled"]


def test_disabling_cancels_what_is_pending(realm, receiver, path):
    hook = realm.create_webhook(receiver.on(path, 500), events=["order.*"], retry_schedule=["1h"])
    event_ids = [realm.publish().json["id"] for _ in range(5)]
    receiver.wait(path, 5)
    realm.patch_webhook(hook["id"], enabled=False)
    for event_id in event_ids:
        delivery = realm.wait_final(event_id)[0]
        assert delivery["state"] == "cancelled" and "disabled" in delivery["reason"]
    realm.patch_webhook(hook["id"], enabled=True)  # does not bring them back by itself
    assert {item["state"] for item in realm.deliveries(webhook_id=hook["id"])} == {"cancelled"}


def test_an_attempt_in_flight_ends_although_disabled(realm, receiver, path):
    hook = realm.create_webhook(receiver.on(path, Reply(204, delay=0.7)), events=["order.*"])
    event_id = realm.publish().json["id"]
    receiver.wait(path)
    realm.patch_webhook(hook["id"], enabled=False)
    wait_for(lambda: realm.deliveries(event_id=event_id)[0]["state"] == "delivered", "delivered")


def test_a_corrected_url_helps_what_is_pending(realm, receiver, path):
    hook = realm.create_webhook(receiver.on(path, 500), events=["order.*"],
                                retry_schedule=["600ms"] * 5)
    event_id = realm.publish().json["id"]
    receiver.wait(path)
    realm.patch_webhook(hook["id"], url=receiver.url(path + "-right"), headers={"X-New": "1"})
    request = receiver.wait(path + "-right")[0]
    assert request.id == event_id and request.headers["x-new"] == "1"
    delivery = realm.wait_final(event_id)[0]
    assert delivery["state"] == "delivered"
    assert [attempt["request"]["url"] for attempt in delivery["attempts_log"]][-1].endswith("-right")


def test_what_is_recorded(realm, receiver, path):
    body = "é".encode() + b"x" * 8000
    step = Reply(418, (("X-One", "a"), ("X-One", "b"), ("Content-Length", str(len(body)))), body)
    _, delivery = delivered_once(realm, receiver, path, step, retry_schedule=[],
                                 headers={"Authorization": "Bearer s"})
    attempt = delivery["attempts_log"][0]
    assert attempt["outcome"] == {"kind": "response", "reason": "refused_by_status",
                                  "detail": attempt["outcome"]["detail"]}
    sent = {name.lower(): value for name, value in attempt["request"]["headers"].items()}
    request = receiver.at(path)[0]
    assert sent.pop("authorization") == "••••••"
    for name, value in sent.items():
        assert request.headers[name] == value, name
    assert sent["webhook-id"] == delivery["event_id"] and "webhook-signature" in sent
    assert attempt["request"]["url"] == receiver.url(path)
    headers = [(name.lower(), value) for name, value in attempt["response"]["headers"]]
    assert headers[:2] == [("x-one", "a"), ("x-one", "b")]
    assert attempt["response"]["body"] == "é" + "x" * 4094
    assert attempt["response"]["truncated"] is True
    assert attempt["peer"] == f"127.0.0.1:{receiver.port}"
    timings = attempt["timings"]
    assert 0 < timings["first_byte_ms"] <= timings["total_ms"] < 10_000
    assert timings["dns_ms"] == timings["tls_ms"] == 0
    assert delivery["last_outcome"]["status"] == 418


def test_bytes_that_are_not_utf8(realm, receiver, path):
    _, delivery = delivered_once(realm, receiver, path, Reply(200, body=b"a\xff\x00b"))
    response = delivery["attempts_log"][0]["response"]
    assert response["body"] == "a\ufffd\0b" and response["body_base64"] == "Yf8AYg=="
    assert response["truncated"] is False


def test_listing_by_state(realm, receiver, path):
    good = realm.create_webhook(receiver.url(path + "-good"), events=["order.*"])
    bad = realm.create_webhook(receiver.on(path, 500), events=["order.paid"], retry_schedule=[])
    slow = realm.create_webhook(receiver.on(path + "-s", 500), events=["order.*"], retry_schedule=["1h"])
    event_id = realm.publish("order.paid").json["id"]
    wait_for(lambda: len([d for d in realm.deliveries(event_id=event_id) if d["last_outcome"]]) == 3,
             "three first attempts")
    by_state = {state: [d["webhook_id"] for d in realm.deliveries(state=state)]
                for state in ("pending", "delivered", "failed", "cancelled")}
    assert by_state == {"pending": [slow["id"]], "delivered": [good["id"]], "failed": [bad["id"]],
                        "cancelled": []}
    assert realm.deliveries(state="failed")[0]["reason"]
    realm.publish("order.shipped")
    assert len(realm.deliveries(webhook_id=good["id"])) == 2
    assert len(realm.deliveries(webhook_id=good["id"], event="order.paid")) == 1
    assert len(realm.items(f"/webhooks/{bad['id']}/deliveries")) == 1
    assert realm.items(f"/webhooks/{bad['id']}/deliveries", state="delivered") == []
    event = realm.get(f"/events/{event_id}").json
    assert event["deliveries"] == {"pending": 1, "delivered": 1, "failed": 1, "cancelled": 0}


def test_explain(realm, receiver, path):
    other = realm.create_webhook(receiver.url("/x"), events=["order.shipped"], name="other")
    off = realm.create_webhook(receiver.url("/x"), events=["order.*"], enabled=False, name="off")
    good = realm.create_webhook(receiver.url(path + "-good"), events=["order.*"], name="good")
    bad = realm.create_webhook(receiver.on(path, 500), events=["order.*"], retry_schedule=[], name="bad")
    slow = realm.create_webhook(receiver.on(path + "-s", 500), events=["*"], retry_schedule=["1h"])
    event_id = realm.publish("order.paid").json["id"]
    later = realm.create_webhook(receiver.url("/x"), events=["order.*"], name="later")
    # What held when the event was accepted decides, not what holds now.
    realm.patch_webhook(off["id"], enabled=True)
    realm.patch_webhook(other["id"], events=["order.*"])
    wait_for(lambda: realm.explain(event_id)[slow["id"]]["next_attempt_at"] and
             realm.explain(event_id)[bad["id"]]["verdict"] == "failed" and
             realm.explain(event_id)[good["id"]]["verdict"] == "delivered", "three first attempts")
    wait_for(lambda: "500" in realm.explain(event_id)[slow["id"]]["because"], "the failure's reason")
    said = realm.explain(event_id)
    assert {id_: item["verdict"] for id_, item in said.items()} == {
        other["id"]: "not_subscribed", off["id"]: "disabled", good["id"]: "delivered",
        bad["id"]: "failed", slow["id"]: "pending", later["id"]: "created_later"}
    assert all(item["because"].endswith(".") for item in said.values())
    assert said[good["id"]]["delivery_id"] and said[off["id"]]["delivery_id"] is None
    assert said[good["id"]]["name"] == "good"
    realm.patch_webhook(slow["id"], enabled=False)
    assert realm.explain(event_id)[slow["id"]]["verdict"] == "cancelled"


def test_timeout(realm, receiver, path):
    started = time.monotonic()
    _, delivery = delivered_once(realm, receiver, path, None, timeout="300ms", retry_schedule=[])
    assert time.monotonic() - started < 5
    attempt = delivery["attempts_log"][0]
    assert attempt["outcome"]["kind"] == "transport"
    assert attempt["outcome"]["reason"] == "response_timeout"
    assert 290 <= attempt["timings"]["total_ms"] < 1000
    assert attempt["status"] is None and attempt["response"] is None


def test_connections_are_reused(realm, receiver, path):
    realm.create_webhook(receiver.url(path), events=["order.*"])
    for _ in range(20):
        realm.wait_final(realm.publish().json["id"])
    assert len({request.connection for request in receiver.at(path)}) <= 3


def test_a_connection_that_died_idle_is_tried_again_at_once(realm, receiver, path):
    realm.create_webhook(receiver.url(path), events=["order.*"], retry_schedule=[])
    for _ in range(5):
        delivery = realm.wait_final(realm.publish().json["id"])[0]
        assert (delivery["state"], delivery["attempts"]) == ("delivered", 1)
        receiver.close_connections()
