"""Redeliver, tests of a webhook, and recovering a span of time."""

import datetime
import uuid

import pytest

from receiver import Reply
from waiting import wait_for


def failed_delivery(realm, receiver, path, **members):
    hook = realm.create_webhook(receiver.on(path, 500), events=["order.*"], retry_schedule=[], **members)
    event_id = realm.publish().json["id"]
    return hook, event_id, realm.wait_final(event_id)[0]


def start_of(realm):
    """A moment before everything in this realm."""
    return "2020-01-01T00:00:00Z"


def recover(realm, hook, expect=202, **members):
    members.setdefault("since", start_of(realm))
    return realm.call("POST", f"/webhooks/{hook['id']}/recover", members, expect)


def wait_operation(realm, operation, timeout=30):
    wait_for(lambda: realm.get(f"/operations/{operation['id']}").json["state"] != "running",
             "the operation's end", timeout)
    return realm.get(f"/operations/{operation['id']}").json


def test_redeliver(realm, receiver, path):
    hook, event_id, delivery = failed_delivery(realm, receiver, path)
    receiver.on(path, 204)
    answer = realm.call("POST", f"/deliveries/{delivery['id']}/redeliver", None, 202)
    assert answer.json["state"] == "pending" and answer.json["id"] == delivery["id"]
    again = wait_for(lambda: (found := realm.delivery(delivery["id"]))["state"] == "delivered" and found,
                     "delivered")
    assert [attempt["number"] for attempt in again["attempts_log"]] == [1, 2]  # attempts count on
    assert {request.id for request in receiver.wait(path, 2)} == {event_id}
    # Also one that was delivered; with the URL of the moment; on a disabled webhook.
    realm.patch_webhook(hook["id"], url=receiver.url(path + "-new"), enabled=False)
    realm.call("POST", f"/deliveries/{delivery['id']}/redeliver", None, 202)
    assert receiver.wait(path + "-new")[0].id == event_id


def test_redeliver_a_pending_one_is_409(realm, receiver, path):
    realm.create_webhook(receiver.on(path, 500), retry_schedule=["1h"], events=["order.*"])
    event_id = realm.publish().json["id"]
    receiver.wait(path)
    delivery = realm.deliveries(event_id=event_id)[0]
    assert realm.call("POST", f"/deliveries/{delivery['id']}/redeliver", None, 409).problem == "conflict"
    realm.call("POST", f"/deliveries/{uuid.uuid4()}/redeliver", None, 404)


def test_redelivery_has_the_whole_schedule_again(realm, receiver, path):
    realm.create_webhook(receiver.on(path, 500), retry_schedule=["50ms"], events=["order.*"])
    delivery = realm.wait_final(realm.publish().json["id"])[0]
    realm.call("POST", f"/deliveries/{delivery['id']}/redeliver", None, 202)
    wait_for(lambda: realm.delivery(delivery["id"])["attempts"] == 4, "two attempts more")
    wait_for(lambda: realm.delivery(delivery["id"])["state"] == "failed", "failed")


def test_test_of_a_webhook(realm, receiver, path):
    hook = realm.create_webhook(receiver.url(path), events=["order.paid"], headers={"X-A": "1"})
    answer = realm.call("POST", f"/webhooks/{hook['id']}/test", None, 200).json
    assert answer["state"] == "delivered" and answer["test"] is True
    assert answer["attempts_log"][0]["outcome"]["reason"] == "accepted"
    request = receiver.wait(path)[0]
    body = request.json
    assert list(body) == ["event", "timestamp", "resource_id", "data"]
    assert body["event"] == "postrider.test" and body["data"] == {"webhook_id": hook["id"]}
    assert request.headers["x-a"] == "1" and request.id == answer["event_id"]
    example = realm.call("POST", f"/webhooks/{hook['id']}/test", {"event": "user.created"}, 200).json
    body = receiver.wait(path, 2)[1].json
    assert body["event"] == "user.created" == example["event"] and body["data"]["test"] is True
    # It is in the deliveries, marked, and not in the event log.
    listed = realm.items(f"/webhooks/{hook['id']}/deliveries")
    assert [item["test"] for item in listed] == [True, True]
    assert realm.changes() == ["webhook.created"] and realm.orders() == []


def test_test_of_what_does_not_work(realm, receiver, path):
    hook = realm.create_webhook(receiver.on(path, 500), enabled=False, retry_schedule=["50ms"])
    answer = realm.call("POST", f"/webhooks/{hook['id']}/test", {}, 200).json
    assert answer["state"] == "failed" and answer["attempts"] == 1  # never retried
    assert answer["last_outcome"]["status"] == 500
    refused = realm.call("POST", f"/webhooks/{hook['id']}/test", {"event": "no.such"}, 422)
    assert refused.pointers == ["#/event"]
    # order.shipped has no example.
    assert realm.call("POST", f"/webhooks/{hook['id']}/test", {"event": "order.shipped"}, 422).pointers
    realm.call("PUT", "/event-types/order.shipped", {"example": {"n": 1.50}}, 200)
    realm.call("POST", f"/webhooks/{hook['id']}/test", {"event": "order.shipped"}, 200)
    assert receiver.at(path)[-1].json["data"] == {"n": 1.5, "test": True}


def test_tests_are_limited(realm, receiver, path):
    hook = realm.create_webhook(receiver.url(path))
    statuses = [realm.call("POST", f"/webhooks/{hook['id']}/test", {}) for _ in range(11)]
    assert [answer.status for answer in statuses] == [200] * 10 + [429]
    assert statuses[-1].problem == "too-many-tests"
    assert 1 <= int(statuses[-1].headers["retry-after"]) <= 60
    other = realm.create_webhook(receiver.url(path))
    realm.call("POST", f"/webhooks/{other['id']}/test", {}, 200)


def test_recover_takes_failed_cancelled_and_missed(realm, receiver, path):
    def answer(request):
        return 500
    missed_before = [realm.publish("order.paid").json["id"] for _ in range(3)]
    hook = realm.create_webhook(receiver.on(path, answer), events=["order.*"], retry_schedule=[])
    failed = [realm.publish("order.paid").json["id"] for _ in range(3)]
    for event_id in failed:
        realm.wait_final(event_id)
    realm.patch_webhook(hook["id"], retry_schedule=["1h"])
    cancelled = realm.publish("order.shipped").json["id"]
    receiver.wait(path, 4)
    realm.patch_webhook(hook["id"], enabled=False)
    while_disabled = realm.publish("order.shipped").json["id"]
    realm.publish("user.created")  # does not match
    assert recover(realm, hook, 409).problem == "conflict"  # disabled
    receiver.on(path, 204)
    realm.patch_webhook(hook["id"], enabled=True)
    delivered = realm.publish("order.shipped").json["id"]
    realm.wait_final(delivered)
    before = len(receiver.at(path))
    operation = recover(realm, hook).json
    assert operation["kind"] == "recover" and operation["webhook_id"] == hook["id"]
    operation = wait_operation(realm, operation)
    assert operation["state"] == "done" and operation["finished_at"]
    expected = {*missed_before, *failed, cancelled, while_disabled}
    got = [request.id for request in receiver.wait(path, before + len(expected))[before:]]
    assert sorted(got) == sorted(expected)
    for event_id in expected:
        assert [item["state"] for item in realm.wait_final(event_id)] == ["delivered"]
    # Again finds nothing more to do.
    wait_operation(realm, recover(realm, hook).json)
    assert len(receiver.at(path)) == before + len(expected)


def test_recover_a_span(realm, receiver, path):
    hook = realm.create_webhook(receiver.url(path), events=["order.*"], enabled=False)
    events = []
    for _ in range(3):
        event = realm.publish()
        events.append(realm.get(f"/events/{event.json['id']}").json)
        at = event.json["timestamp"]
        wait_for(lambda: datetime.datetime.now(datetime.timezone.utc) >=
                 datetime.datetime.fromisoformat(at) + datetime.timedelta(milliseconds=5), "5 ms later")
    realm.patch_webhook(hook["id"], enabled=True)
    wait_operation(realm, recover(realm, hook, since=events[1]["accepted_at"],
                                  until=events[2]["accepted_at"]).json)
    assert [request.id for request in receiver.wait(path)] == [events[1]["id"]]
    for bad in ({"since": "x"}, {"since": 7}, {"until": "x"}, {"colour": 1},
                {"since": "2026-01-02T00:00:00Z", "until": "2026-01-01T00:00:00Z"}):
        assert recover(realm, hook, 422, **bad).problem == "invalid-request"
    assert realm.call("POST", f"/webhooks/{hook['id']}/recover", {}, 422).pointers == ["#/since"]


def backlog(realm, hook, count):
    """`count` events that the webhook misses, being disabled."""
    realm.patch_webhook(hook["id"], enabled=False)
    event_ids = set()
    for _ in range(count // 1000):
        events = [{"event": "order.paid", "resource_id": str(uuid.uuid4()), "data": {}}] * 1000
        event_ids |= {item["id"] for item in realm.publish_batch(events).json["items"]}
    realm.patch_webhook(hook["id"], enabled=True)
    return event_ids


def test_recover_survives_a_crash(server, receiver, path):
    realm = server.realm(None, "order.paid")
    hook = realm.create_webhook(receiver.url(path), events=["order.*"])
    expected = backlog(realm, hook, 8000)
    operation = recover(realm, hook).json
    receiver.wait(path)  # it is at work
    server.restart()
    operation = wait_operation(realm, operation, timeout=60)
    assert operation["state"] == "done"
    wait_for(lambda: {request.id for request in receiver.at(path)} >= expected, "all 8,000", 60)
    assert {request.id for request in receiver.at(path)} == expected


def test_recover_is_cancelled(realm, receiver, path):
    hook = realm.create_webhook(receiver.on(path, Reply(204, delay=0.01)), events=["order.*"])
    backlog(realm, hook, 6000)
    operation = recover(realm, hook).json
    second = recover(realm, hook, None)
    answer = realm.call("DELETE", f"/operations/{operation['id']}")
    if answer.status == 409:  # it was quicker than we
        pytest.skip("recovery was done before it could be cancelled")
    assert second.status == 409 and second.problem == "conflict"  # one at a time
    assert answer.status == 200 and answer.json["state"] == "cancelled"
    at_end = realm.get(f"/operations/{operation['id']}").json
    assert at_end["state"] == "cancelled" and at_end["done"] < 6000
    assert realm.call("DELETE", f"/operations/{operation['id']}", None, 409).problem == "conflict"
    assert [item["id"] for item in realm.items("/operations")] == [operation["id"]]
    # The rest comes with the next recovery; nothing comes twice.
    wait_operation(realm, recover(realm, hook).json, timeout=60)
    wait_for(lambda: len(receiver.at(path)) >= 6000, "all 6,000", 60)
    assert len({request.id for request in receiver.at(path)}) == len(receiver.at(path)) == 6000
