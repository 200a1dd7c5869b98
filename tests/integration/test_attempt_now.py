"""Attempts by hand: a pending delivery now, and all deliveries that match."""

import datetime
import uuid

import pytest

from receiver import Reply
from test_redeliver import recover, start_of, wait_operation
from test_stream import Listener
from waiting import wait_for


def now(realm, delivery, expect=202):
    return realm.call("POST", f"/deliveries/{delivery['id']}/attempt-now", None, expect)


def retry(realm, expect=202, **members):
    return realm.call("POST", "/deliveries/retry", members, expect)


def waiting_delivery(realm, receiver, path, schedule=("1h", "2h")):
    """One whose first attempt failed."""
    hook = realm.create_webhook(receiver.on(path, 503), events=["order.*"], retry_schedule=list(schedule))
    event_id = realm.publish().json["id"]
    wait_attempts(realm, realm.deliveries(event_id=event_id)[0], 1)
    return hook, event_id, realm.deliveries(event_id=event_id)[0]


def ahead(delivery):
    """How long until its next attempt; a wait of the schedule is up to a fifth shorter or longer."""
    return datetime.datetime.fromisoformat(delivery["next_attempt_at"]) - datetime.datetime.now(datetime.timezone.utc)


def wait_attempts(realm, delivery, count):
    return wait_for(lambda: (found := realm.delivery(delivery["id"]))["attempts"] >= count and found,
                    f"{count} attempts")


def test_a_pending_delivery_is_attempted_now(realm, receiver, path):
    _, event_id, delivery = waiting_delivery(realm, receiver, path)
    receiver.on(path, 204)
    answer = now(realm, delivery)
    assert answer.json["state"] == "pending" and answer.json["next_attempt_at"] < delivery["next_attempt_at"]
    found = wait_for(lambda: (found := realm.delivery(delivery["id"]))["state"] == "delivered" and found, "delivered")
    assert [attempt["number"] for attempt in found["attempts_log"]] == [1, 2]
    assert [request.id for request in receiver.at(path)] == [event_id] * 2
    assert "delivery.attempt_now" in [item["action"] for item in realm.items("/audit")]


def test_it_uses_up_none_of_the_schedule(realm, receiver, path):
    _, _, delivery = waiting_delivery(realm, receiver, path, ["1h"])
    # A schedule of two attempts: one by hand more, and another, and it still has its second.
    for count in (2, 3):
        now(realm, delivery)
        found = wait_attempts(realm, delivery, count)
        assert found["state"] == "pending" and ahead(found) > datetime.timedelta(minutes=40)


def test_what_is_under_way_is_left_as_it_is(realm, receiver, path):
    realm.create_webhook(receiver.on(path, Reply(503, delay=2)), events=["order.*"], retry_schedule=["1h"])
    delivery = realm.deliveries(event_id=realm.publish().json["id"])[0]
    receiver.wait(path)
    for _ in range(3):
        now(realm, delivery)
    found = wait_attempts(realm, delivery, 1)
    # It was due already: the wait after it is the schedule's.
    assert found["state"] == "pending" and ahead(found) > datetime.timedelta(minutes=40)
    assert len(receiver.at(path)) == 1


def test_what_waits_in_memory_is_attempted_now_too(realm, receiver, path):
    """A retry that is due within seconds is held by the engine and not read from the store."""
    _, _, delivery = waiting_delivery(realm, receiver, path, ["25s"])
    receiver.on(path, 204)
    now(realm, delivery)
    wait_for(lambda: realm.delivery(delivery["id"])["state"] == "delivered", "delivered", 10)


def test_a_final_one_or_a_test_is_409(realm, receiver, path):
    hook = realm.create_webhook(receiver.url(path), events=["order.*"])
    delivery = realm.wait_final(realm.publish().json["id"])[0]
    refused = now(realm, delivery, 409)
    assert refused.problem == "conflict" and "redeliver" in refused.json["detail"]
    test = realm.call("POST", f"/webhooks/{hook['id']}/test", None, 200).json
    assert now(realm, test, 409).problem == "conflict"
    realm.call("POST", f"/deliveries/{uuid.uuid4()}/attempt-now", None, 404)


def test_all_that_is_pending_of_a_webhook(realm, receiver, path):
    # With 503 forty would open the breaker.
    hook = realm.create_webhook(receiver.on(path, 404), events=["order.*"], retry_schedule=["1h"])
    other = realm.create_webhook(receiver.on(path + "-other", 404), events=["order.*"], retry_schedule=["1h"])
    for _ in range(40):
        realm.publish()
    pending = lambda which: realm.get(f"/webhooks/{which['id']}/deliveries?state=pending&limit=200").json["items"]
    wait_for(lambda: all(item["attempts"] == 1 for which in (hook, other) for item in pending(which)), "first attempts")
    counted = retry(realm, 200, state="pending", webhook_id=hook["id"], dry_run=True).json
    assert counted == {"count": 40, "is_more": False}
    assert len(receiver.at(path)) == 40  # nothing was done
    receiver.on(path, 204)
    operation = retry(realm, state="pending", webhook_id=hook["id"]).json
    assert operation["kind"] == "retry" and operation["webhook_id"] == hook["id"]
    operation = wait_operation(realm, operation)
    assert (operation["state"], operation["done"], operation["total"]) == ("done", 40, 40)
    wait_for(lambda: not pending(hook), "all delivered")
    assert all(item["attempts"] == 1 for item in pending(other)) and len(pending(other)) == 40
    assert operation["id"] in [item["id"] for item in realm.items("/operations")]


def test_failed_ones_by_what_they_were_answered(realm, receiver, path):
    hooks = {}
    for status in (500, 404):
        hooks[status] = realm.create_webhook(receiver.on(f"{path}-{status}", status), events=["order.*"], retry_schedule=[])
    for _ in range(3):
        realm.wait_final(realm.publish().json["id"], 2)
    count = lambda **members: retry(realm, 200, state="failed", dry_run=True, **members).json["count"]
    first = realm.deliveries(state="failed")[0]
    assert count() == 6 and count(status="5xx") == 3 and count(status="404") == 3 and count(status="503") == 0
    assert count(outcome="response") == 6 and count(outcome="transport") == 0
    assert count(event="order.paid") == 0 and count(event=first["event"]) == 6
    assert count(resource_id=first["resource_id"]) >= 2 and count(min_duration="20s") == 0
    assert count(since="2020-01-01T00:00:00Z") == 6 and count(until="2020-01-01T00:00:00Z") == 0
    for status in hooks:
        receiver.on(f"{path}-{status}", 204)
    operation = wait_operation(realm, retry(realm, state="failed", status="5xx").json)
    assert operation["done"] == 3 and operation["webhook_id"] is None
    wait_for(lambda: len(realm.deliveries(state="delivered")) == 3, "three delivered")
    assert {item["webhook_id"] for item in realm.deliveries(state="failed")} == {hooks[404]["id"]}


@pytest.mark.parametrize("body, pointer", [
    ({}, "#/state"), ({"state": "delivered"}, "#/state"), ({"state": "failed", "status": "abc"}, "#/status"),
    ({"state": "failed", "outcome": "bad"}, "#/outcome"), ({"state": "failed", "webhook_id": "x"}, "#/webhook_id"),
    ({"state": "failed", "dry_run": 1}, "#/dry_run"), ({"state": "failed", "min_duration": "soon"}, "#/min_duration"),
    ({"state": "failed", "endpoint": "x"}, "#/endpoint"),
    ({"state": "failed", "since": "2026-01-02T00:00:00Z", "until": "2026-01-01T00:00:00Z"}, "#/until"),
])
def test_a_retry_that_makes_no_sense_is_refused(realm, body, pointer):
    assert realm.call("POST", "/deliveries/retry", body, 422).pointers == [pointer]


def test_a_retry_of_no_webhook_is_404(realm):
    retry(realm, 404, state="failed", webhook_id=str(uuid.uuid4()))


def test_recover_says_how_many_before(realm, receiver, path):
    missed = [realm.publish().json["id"] for _ in range(2)]
    hook = realm.create_webhook(receiver.on(path, 500), events=["order.*"], retry_schedule=[])
    for _ in range(3):
        realm.wait_final(realm.publish().json["id"])
    counted = recover(realm, hook, 200, dry_run=True).json
    assert counted == {"count": 5, "lost": 3, "missed": len(missed), "is_more": False}
    assert realm.get("/operations").json["items"] == []
    realm.patch_webhook(hook["id"], enabled=False)
    recover(realm, hook, 409, dry_run=True)
    assert start_of(realm)


def test_the_pulse_tells_of_a_failed_attempt_whose_delivery_stays_pending(server, realm, receiver, path):
    _, _, delivery = waiting_delivery(realm, receiver, path)
    listener = Listener(server, realm.name)
    listener.wait(lambda pulse: pulse["attempts"] >= 1 and pulse["pending"] == 1, "the first pulse")
    first = listener.pulses[-1]
    now(realm, delivery)
    wait_attempts(realm, delivery, 2)
    listener.wait(lambda pulse: pulse["attempts"] == first["attempts"] + 1, "the attempt")
    last = next(pulse for pulse in listener.pulses if pulse["attempts"] == first["attempts"] + 1)
    assert (last["pending"], last["failed"]) == (1, 0)
    listener.close()


def test_a_retry_that_has_ended_is_not_cancelled(realm):
    operation = retry(realm, state="cancelled").json
    wait_operation(realm, operation)
    realm.call("DELETE", f"/operations/{operation['id']}", None, 409)
