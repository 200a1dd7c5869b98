"""What a webhook asks of its deliveries beyond where they go: rate limit, attempts at a time, format of the body."""

import collections
import json
import threading
import time

import pytest

import signing
from contract import some_uuid
from receiver import Reply
from server import Server
from test_webhooks import refused
from waiting import wait_for

NONE = {"rate_limit": None, "max_in_flight": None, "format": None, "filter": None, "ordering": None, "on_exhausted": None, "realms": None}
SET = {"rate_limit": {"count": 20, "per": "1s"}, "max_in_flight": 3, "format": "payload", "filter": {"data": {"n": {"$gte": 1}}}, "ordering": "resource", "on_exhausted": "hold", "realms": None}


def controls_of(hook):
    return {name: hook[name] for name in NONE}


def test_they_are_null_until_they_are_set_and_replaced_whole(realm, receiver):
    hook = realm.create_webhook(receiver.url("/c"))
    assert controls_of(hook) == NONE
    assert controls_of(realm.patch_webhook(hook["id"], **SET)) == SET
    assert controls_of(realm.webhook(hook["id"])) == SET
    assert realm.patch_webhook(hook["id"], **SET)["version"] == 2, "the same again changes nothing"
    changed = realm.patch_webhook(hook["id"], rate_limit={"per": "1h", "count": 1})
    assert controls_of(changed) == {**SET, "rate_limit": {"count": 1, "per": "1h"}}
    assert controls_of(realm.patch_webhook(hook["id"], format=None)) == {**controls_of(changed), "format": None}
    put = realm.call("PUT", f"/webhooks/{hook['id']}", {"url": hook["url"], "events": ["*"]}, 200).json
    assert controls_of(put) == NONE


def waits_of(realm, hook):
    """What each pending delivery of a webhook waits for, oldest first, and until when."""
    items = realm.get("/deliveries", webhook_id=hook["id"], state="pending").json["items"]
    return [(item["waiting_for"], item["waiting_until"]) for item in reversed(items)]


def test_a_delivery_says_what_it_waits_for(realm, receiver, path):
    limited = realm.create_webhook(receiver.url(path + "/limited"))
    realm.publish()
    receiver.wait(path + "/limited")
    # Set now that a node has the lane: who has just got it waits for an interval first.
    realm.patch_webhook(limited["id"], rate_limit={"count": 1, "per": "1h"})
    for _ in range(3):
        realm.publish()
    receiver.wait(path + "/limited", 2)
    wait_for(lambda: len(waits_of(realm, limited)) == 2, "the first is recorded")
    (first, until), second = waits_of(realm, limited)
    assert first == "rate_limit" and second == (first, until)
    assert until > realm.get("/deliveries").json["items"][0]["created_at"], "an hour after the first"
    one = realm.get(f"/deliveries/{realm.get('/deliveries', state='pending').json['items'][0]['id']}").json
    assert (one["waiting_for"], one["waiting_until"]) == ("rate_limit", until)
    done = realm.get("/deliveries", webhook_id=limited["id"], state="delivered").json["items"][0]
    assert done["waiting_for"] is None and done["waiting_until"] is None


def test_a_delivery_waits_for_another_or_for_its_retry(realm, receiver, path):
    receiver.on(path + "/silent", None)
    busy = realm.create_webhook(receiver.url(path + "/silent"), max_in_flight=1, timeout="30s")
    realm.publish(), realm.publish()
    receiver.wait(path + "/silent")
    assert waits_of(realm, busy) == [(None, None), ("max_in_flight", None)]
    realm.delete_webhook(busy["id"])
    receiver.on(path + "/fails", 500)
    fails = realm.create_webhook(receiver.url(path + "/fails"), retry_schedule=["1h"])
    realm.publish()
    (waits,) = wait_for(lambda: [each for each in waits_of(realm, fails) if each[0] == "retry"], "the first attempt failed")
    item = realm.get("/deliveries", webhook_id=fails["id"]).json["items"][0]
    assert waits == ("retry", item["next_attempt_at"])


def test_a_change_is_named_in_its_event(realm, receiver):
    hook = realm.create_webhook(receiver.url("/watched"), events=["order.*"])
    realm.create_webhook(receiver.url("/watch"), events=["webhook.updated"])
    realm.patch_webhook(hook["id"], max_in_flight=3, format="postrider", rate_limit=None)
    data = receiver.wait("/watch")[0].json["data"]
    assert data["changed"] == ["max_in_flight", "format"]
    assert controls_of(data) == {**NONE, "max_in_flight": 3, "format": "postrider"}


@pytest.mark.parametrize("member, value, pointers", [
    ("rate_limit", 5, ["#/rate_limit"]),
    ("rate_limit", {}, ["#/rate_limit/count", "#/rate_limit/per"]),
    ("rate_limit", {"count": 0, "per": "1m"}, ["#/rate_limit/count"]),
    ("rate_limit", {"count": 1.5, "per": "1m"}, ["#/rate_limit/count"]),
    ("rate_limit", {"count": 100001, "per": "1m"}, ["#/rate_limit/count"]),
    ("rate_limit", {"count": 1, "per": "999ms"}, ["#/rate_limit/per"]),
    ("rate_limit", {"count": 1, "per": "25h"}, ["#/rate_limit/per"]),
    ("rate_limit", {"count": 1, "per": 60}, ["#/rate_limit/per"]),
    ("rate_limit", {"count": 1, "per": "1m", "burst": 2}, ["#/rate_limit/burst"]),
    ("max_in_flight", 0, ["#/max_in_flight"]),
    ("max_in_flight", 257, ["#/max_in_flight"]),
    ("max_in_flight", "3", ["#/max_in_flight"]),
    ("format", "cloudevent", ["#/format"]),
    ("format", 1, ["#/format"]),
])
def test_what_is_wrong_is_named(realm, member, value, pointers):
    refused(realm, pointers, **{member: value})


def test_a_wrong_format_names_the_near_one(realm):
    assert "do you mean cloudevents?" in refused(realm, ["#/format"], format="cloudevent")


def most_in(window, times):
    """The most of sorted `times` that fall into any span of `window` seconds."""
    recent, most = collections.deque(), 0
    for at in times:
        recent.append(at)
        while recent[0] < at - window:
            recent.popleft()
        most = max(most, len(recent))
    return most


def test_a_rate_limit_holds_for_everything_that_is_attempted(realm, receiver, path):
    """Fresh ones, retries and tests; and it does not hold back more than it must."""
    count, events = 20, 45
    receiver.on(path, [503] * 10 + [204])
    hook = realm.create_webhook(receiver.url(path), rate_limit={"count": count, "per": "1s"}, retry_schedule=["100ms"] * 5)
    realm.create_webhook(receiver.url(path + "/other"))
    began = time.monotonic()
    for _ in range(events):
        realm.publish()
    receiver.wait(path + "/other", events)
    assert len(receiver.at(path)) < events, "the webhook without a limit does not wait for the other one"
    receiver.wait(path, 10)
    realm.call("POST", f"/webhooks/{hook['id']}/test", {}, 200)
    requests = receiver.wait(path, events + 11)
    times = sorted(request.at for request in requests)
    # What the receiver sees is a little later than what was started, now more and now less.
    assert most_in(0.9, times) <= count + 1
    assert times[-1] - began < 3 * (events + 11) / count
    deliveries = lambda: realm.items("/deliveries", webhook_id=hook["id"])
    wait_for(lambda: all(each["state"] == "delivered" for each in deliveries()), "delivered")
    assert all(each["attempts"] <= 6 for each in deliveries()), "waiting is no attempt"


def test_a_rate_limit_is_kept_over_a_kill(tmp_path, receiver, path):
    """Who takes a lane over waits for one interval first."""
    with Server(tmp_path, "--allow-network", "127.0.0.0/8") as server:
        realm = server.realm()
        realm.create_webhook(receiver.url(path), events=["*"], rate_limit={"count": 1, "per": "2s"})
        for number in range(3):
            realm.call("POST", "/users", {"username": f"user{number}"}, 201)
        receiver.wait(path)
        server.kill()
        server.start()
        times = [request.at for request in receiver.wait(path, 3)]
    # The first may come twice: what it came to was perhaps not in the store.
    assert min(b - a for a, b in zip(times, times[1:])) > 1.9, times


def test_no_more_are_in_flight_than_is_asked_for(realm, receiver, path):
    now, most, stay, lock = 0, 0, 0.05, threading.Lock()

    def enter(_):
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        threading.Timer(stay * 0.8, leave).start()
        return Reply(204, delay=stay)

    def leave():
        nonlocal now
        with lock:
            now -= 1

    receiver.on(path, enter)
    hook = realm.create_webhook(receiver.url(path), max_in_flight=2)
    for _ in range(20):
        realm.publish()
    receiver.wait(path, 20)
    assert most == 2
    most, stay = 0, 0.5  # long enough that a slow machine starts 64 meanwhile
    realm.patch_webhook(hook["id"], max_in_flight=200)
    for _ in range(10):  # it grows with what succeeds
        realm.publish_batch([{"event": "order.paid", "resource_id": some_uuid(), "data": {}} for _ in range(100)])
    receiver.wait(path, 1020, timeout=30)
    assert most > 64, most


def test_bodies(realm, receiver, path):
    raw = b'{"event":"order.paid","resource_id":"0193a1b2-0000-7000-8000-000000000001","data":{"n": 1.10, "big":1e400,"text":"\\u00e9"}}'
    data = b'{"n":1.10,"big":1e400,"text":"\\u00e9"}'
    hooks = {name: realm.create_webhook(receiver.url(f"{path}/{name}"), format=name) for name in ("postrider", "payload", "cloudevents")}
    event = realm.publish_bytes(raw).json
    got = {name: receiver.wait(f"{path}/{name}")[0] for name in hooks}
    for name, request in got.items():
        assert signing.verifies(hooks[name]["secret"], request.headers, request.body), name
        assert request.id == event["id"]
    assert got["postrider"].body.endswith(b',"data":' + data + b"}")
    assert got["payload"].body == data
    assert {request.headers["content-type"] for name, request in got.items() if name != "cloudevents"} == {"application/json"}
    cloud = got["cloudevents"]
    assert cloud.headers["content-type"] == "application/cloudevents+json"
    assert b'"data":' + data in cloud.body
    whole = json.loads(cloud.body)
    assert whole.pop("data")["n"] == 1.1
    source = whole.pop("source")
    assert source.startswith("http://127.0.0.1:") and source.endswith(f"/realms/{realm.name}")
    assert whole == {"specversion": "1.0", "id": event["id"], "type": "order.paid", "subject": event["resource_id"],
                     "time": event["timestamp"], "datacontenttype": "application/json"}


def test_an_attempt_goes_by_the_format_of_its_moment(realm, receiver, path):
    receiver.on(path, [503, 204])
    hook = realm.create_webhook(receiver.url(path), retry_schedule=["1s"])
    realm.publish()
    receiver.wait(path)
    realm.patch_webhook(hook["id"], format="payload")
    first, second = receiver.wait(path, 2)
    assert "event" in first.json and "event" not in second.json
