"""Deliveries of one resource start first in, first out, where a webhook asks for it."""

import contextlib
import os
import random
import sqlite3
import time
import uuid

import pytest

from log_age import age_sqlite, older
from order import SCHEDULE, OrderedLoad, OrderReceiver, check, resources_of
from receiver import Reply
from server import Server, sqlite_only
from waiting import wait_for

#: Full counts in make proof.
EVENTS = int(os.environ.get("POSTRIDER_ORDER_EVENTS", "4000"))
KILLS = int(os.environ.get("POSTRIDER_ORDER_KILLS", "3"))


def numbers(receiver, path, resource=None):
    """The numbers of the events as they came, of one resource."""
    return [request.json["data"]["n"] for request in receiver.at(path) if resource in (None, request.json["resource_id"])]


def publish(realm, resource, count, first=0):
    return [realm.publish("order.paid", {"n": n}, resource).json["id"] for n in range(first, first + count)]


def refusing(*wanted):
    """Refuses these numbers for as long as they are in the list that it gives."""
    refused_now = list(wanted)
    return refused_now, lambda request: Reply(422 if request.json["data"]["n"] in refused_now else 204)


def delivery_of(realm, event):
    (item,) = realm.deliveries(event_id=event)
    return realm.delivery(item["id"])


@pytest.fixture
def ordered(realm, receiver, path):
    def make(script, **members):
        receiver.on(path, script)
        return realm.create_webhook(receiver.url(path), events=["order.*"], **{"ordering": "resource", "retry_schedule": SCHEDULE, **members})
    return make


def test_what_can_be_asked_for(realm, receiver, path):
    hook = realm.create_webhook(receiver.url(path))
    assert (hook["ordering"], hook["on_exhausted"]) == (None, None)
    hook = realm.patch_webhook(hook["id"], ordering="resource", on_exhausted="hold")
    assert (hook["ordering"], hook["on_exhausted"]) == ("resource", "hold")
    assert realm.patch_webhook(hook["id"], ordering="resource")["version"] == 2, "the same again changes nothing"
    for members, pointer in (({"ordering": None}, "#/on_exhausted"), ({"ordering": "fifo"}, "#/ordering"), ({"on_exhausted": 1}, "#/on_exhausted"),
                             ({"ordering": "none"}, "#/on_exhausted")):
        assert realm.call("PATCH", f"/webhooks/{hook['id']}", members, 422).pointers == [pointer]
    hook = realm.patch_webhook(hook["id"], ordering="none", on_exhausted="skip")
    assert (hook["ordering"], hook["on_exhausted"]) == ("none", "skip")


def test_a_later_delivery_waits_for_the_retries_of_an_earlier_one(realm, receiver, path, ordered):
    waiting, script = refusing(0)
    ordered(script, retry_schedule=["1s"] * 20)
    first, other = str(uuid.uuid4()), str(uuid.uuid4())
    events = publish(realm, first, 5)
    publish(realm, other, 3, 100)
    wait_for(lambda: numbers(receiver, path, other) == [100, 101, 102], "another resource goes on")
    wait_for(lambda: delivery_of(realm, events[4])["waiting_for"] == "order", "the last one waits")
    last, head = delivery_of(realm, events[4]), delivery_of(realm, events[0])
    assert last["ordered"] and last["blocked_by"] == head["id"] and last["next_attempt_at"] is None
    assert head["ordered"] and head["blocked_by"] is None
    (said,) = [item for item in realm.explain(events[4]).values()]
    assert said["verdict"] == "pending" and "earlier delivery of its resource" in said["because"] and said["next_attempt_at"] is None
    answer = realm.call("POST", f"/deliveries/{last['id']}/attempt-now", None, 409)
    assert head["id"] in answer.json["detail"]
    waiting.clear()
    wait_for(lambda: numbers(receiver, path, first)[-4:] == [1, 2, 3, 4], "all arrived")
    assert set(numbers(receiver, path, first)[:-4]) == {0}


def test_one_that_failed_for_good_is_skipped(realm, receiver, path, ordered):
    _, script = refusing(0, 2)
    ordered(script)
    resource = str(uuid.uuid4())
    events = publish(realm, resource, 4)
    wait_for(lambda: 3 in numbers(receiver, path), "the last one arrived")
    assert numbers(receiver, path) == [0, 0, 0, 1, 2, 2, 2, 3]
    assert [realm.wait_final(event)[0]["state"] for event in events] == ["failed", "delivered", "failed", "delivered"]
    # By hand it goes outside of the order, and says so.
    _, script = refusing()
    receiver.on(path, script)
    failed = delivery_of(realm, events[0])
    assert failed["ordered"]
    assert not realm.call("POST", f"/deliveries/{failed['id']}/redeliver", None, 202).json["ordered"]
    wait_for(lambda: numbers(receiver, path)[-1] == 0, "it arrived after all")


def test_one_that_failed_for_good_is_held_until_it_is_retried_or_skipped(realm, receiver, path, ordered):
    refuse, script = refusing(0, 10)
    hook = ordered(script, on_exhausted="hold")
    one, two, free = (str(uuid.uuid4()) for _ in range(3))
    held_events, _ = publish(realm, one, 3), publish(realm, two, 2, 10)
    publish(realm, free, 2, 20)
    at = f"/webhooks/{hook['id']}"

    def held():
        return {item["resource_id"]: item["delivery_id"] for item in realm.items(at + "/held")}
    wait_for(lambda: set(held()) == {one, two}, "both are held")
    wait_for(lambda: numbers(receiver, path, free) == [20, 21], "another goes on")
    assert delivery_of(realm, held_events[0])["state"] == "failed" and held()[one] == delivery_of(realm, held_events[0])["id"]
    assert [delivery_of(realm, event)["state"] for event in held_events[1:]] == ["pending", "pending"]
    pages = realm.get(at + "/held", limit=1).json
    assert len(pages["items"]) == 1 and pages["next_cursor"]
    release = lambda body, expect: realm.call("POST", at + "/release", body, expect)
    assert release({"resource_id": one, "how": "wait"}, 422).pointers == ["#/how"]
    release({"resource_id": free, "how": "skip"}, 404)
    skipped = held()[two]
    assert release({"resource_id": two, "how": "skip"}, 200).json == {"resource_id": two, "delivery_id": skipped, "how": "skip"}
    wait_for(lambda: numbers(receiver, path, two)[-1] == 11, "the next one after what was skipped")
    refuse.clear()
    release({"resource_id": one, "how": "retry"}, 200)
    wait_for(lambda: numbers(receiver, path, one) == [0, 0, 0, 0, 1, 2], "in their order, after the retry")
    assert held() == {}
    assert delivery_of(realm, held_events[0])["ordered"]
    actions = [entry["action"] for entry in realm.items("/audit")]
    assert actions.count("webhook.release") == 2


def test_a_redelivery_of_what_is_held_is_its_retry(realm, receiver, path, ordered):
    refuse, script = refusing(0)
    hook = ordered(script, on_exhausted="hold")
    resource = str(uuid.uuid4())
    events = publish(realm, resource, 3)
    wait_for(lambda: realm.items(f"/webhooks/{hook['id']}/held"), "it is held")
    refuse.clear()
    assert realm.call("POST", f"/deliveries/{delivery_of(realm, events[0])['id']}/redeliver", None, 202).json["ordered"]
    wait_for(lambda: numbers(receiver, path) == [0, 0, 0, 0, 1, 2], "all in their order")


def test_a_retry_of_all_leaves_those_that_wait_where_they_are(realm, receiver, path, ordered):
    refuse, script = refusing(0)
    hook = ordered(script, retry_schedule=["1h"])
    events = publish(realm, str(uuid.uuid4()), 3)
    wait_for(lambda: delivery_of(realm, events[2])["waiting_for"] == "order" and delivery_of(realm, events[0])["attempts"] == 1, "it waits")
    refuse.clear()
    operation = realm.call("POST", "/deliveries/retry", {"state": "pending", "webhook_id": hook["id"]}, 202).json
    wait_for(lambda: realm.get(f"/operations/{operation['id']}").json["state"] == "done", "the retry is done")
    wait_for(lambda: len(numbers(receiver, path)) == 4, "all arrived")
    assert numbers(receiver, path) == [0, 0, 1, 2]


def test_what_waits_is_cancelled_with_the_rest_and_nothing_stays_blocked(realm, receiver, path, ordered):
    refuse, script = refusing(0)
    hook = ordered(script, retry_schedule=["1h"])
    resource = str(uuid.uuid4())
    events = publish(realm, resource, 3)
    wait_for(lambda: delivery_of(realm, events[2])["waiting_for"] == "order", "it waits")
    realm.patch_webhook(hook["id"], enabled=False)
    assert {delivery_of(realm, event)["state"] for event in events} == {"cancelled"}
    refuse.clear()
    realm.patch_webhook(hook["id"], enabled=True)
    publish(realm, resource, 2, 10)
    wait_for(lambda: numbers(receiver, path)[-2:] == [10, 11], "what came later")


def test_a_deleted_webhook_still_gets_its_deletion(realm, receiver, path, ordered):
    def script(request):
        return Reply(422 if request.json["event"] == "webhook.updated" else 204)
    hook = ordered(script, on_exhausted="hold")
    realm.patch_webhook(hook["id"], events=["webhook.*"])
    realm.patch_webhook(hook["id"], name="again")
    wait_for(lambda: realm.items(f"/webhooks/{hook['id']}/held"), "its own change is held")
    realm.delete_webhook(hook["id"])
    wait_for(lambda: receiver.at(path)[-1].json["event"] == "webhook.deleted", "its deletion arrived")


def test_without_the_order_what_waits_goes_on_and_new_ones_do_not_wait(realm, receiver, path, ordered):
    refuse, script = refusing(0)
    hook = ordered(script, retry_schedule=["1h"])
    resource = str(uuid.uuid4())
    events = publish(realm, resource, 2)
    wait_for(lambda: delivery_of(realm, events[1])["waiting_for"] == "order", "it waits")
    realm.patch_webhook(hook["id"], ordering=None)
    publish(realm, resource, 1, 10)
    wait_for(lambda: numbers(receiver, path)[-1] == 10, "a new one does not wait")
    refuse.clear()
    realm.call("POST", f"/deliveries/{delivery_of(realm, events[0])['id']}/attempt-now", None, 202)
    wait_for(lambda: numbers(receiver, path)[-2:] == [0, 1], "the old ones in their order")


def test_many_resources_wait_in_the_store_alone(realm, receiver, path, ordered):
    """More of one resource than memory may hold of a webhook, before those of another."""
    refuse, script = refusing(0)
    ordered(script, retry_schedule=["1s"] * 20)
    one, other = str(uuid.uuid4()), str(uuid.uuid4())
    for first in range(0, 1200, 400):
        realm.publish_batch([{"event": "order.paid", "resource_id": one, "data": {"n": n}} for n in range(first, first + 400)])
    realm.publish("order.paid", {"n": 9999}, other)
    wait_for(lambda: numbers(receiver, path, other) == [9999], "what is behind them arrives")
    refuse.clear()
    wait_for(lambda: len(set(numbers(receiver, path, one))) == 1200, "all arrived", 60)
    came = numbers(receiver, path, one)
    assert came == sorted(came)


@pytest.fixture(scope="module")
def ordering_receiver():
    resources, failing = resources_of(max(20, EVENTS // 20))
    with OrderReceiver(failing) as receiver:
        receiver.resources = resources
        yield receiver


def test_nothing_overtakes_another_over_kills(server, ordering_receiver):
    realm = server.realm(None, "order.paid")
    realm.create_webhook(ordering_receiver.url("/"), events=["order.*"], ordering="resource", retry_schedule=SCHEDULE)
    load = OrderedLoad([realm], ordering_receiver.resources, EVENTS).start()
    choice = random.Random(7)
    for kill in range(1, KILLS + 1):
        wait_for(lambda: load.failures or load.acknowledged >= EVENTS * kill // (KILLS + 1), "publishes", 600)
        time.sleep(choice.uniform(0, 0.3))
        server.kill()
        server.start()
    wait_for(lambda: load.failures or load.acknowledged == EVENTS, "all are published", 3600)
    load.stop()
    check(ordering_receiver, load, EVENTS, 60 + EVENTS / 300)


def probed(realm, hook):
    """Has the first of a resource attempted now; gives whether the breaker is closed."""
    if realm.webhook(hook["id"])["health"]["breaker"] == "closed":
        return True
    for item in realm.get("/deliveries", webhook_id=hook["id"], state="pending", limit=1).json["items"]:
        first = realm.delivery(item["id"])["blocked_by"] or item["id"]
        assert realm.call("POST", f"/deliveries/{first}/attempt-now", None).status in (202, 409), first  # it may be under way, or have arrived
    return False


def test_the_order_holds_beside_rate_limit_breaker_and_few_in_flight(realm, receiver, path):
    """A receiver that is down until its breaker opens, twice; a rate, and three in flight: nothing overtakes another, and all arrives."""
    count = max(400, EVENTS // 10)
    resources, _ = resources_of(max(10, count // 20))
    with OrderReceiver(set()) as orders:
        down = []

        def answer(request):
            if down:
                return Reply(503)
            return orders.take(request)
        receiver.on(path, answer)
        hook = realm.create_webhook(receiver.url(path), events=["order.*"], ordering="resource", retry_schedule=["20ms"] * 20, max_in_flight=3,
                                    rate_limit={"count": max(200, count), "per": "1s"})
        load = OrderedLoad([realm], resources, count).start()
        for part in (1, 2):
            wait_for(lambda: load.failures or orders.settled >= count * part // 4, "some arrived", 600)
            down.append(True)
            wait_for(lambda: load.failures or realm.webhook(hook["id"])["health"]["breaker"] != "closed", "its breaker is open", 60)
            down.clear()
            # Somebody asks, and so does not wait for the next probe.
            wait_for(lambda: probed(realm, hook), "it is closed", 60, 0.2)
        wait_for(lambda: load.failures or load.acknowledged == count, "all are published", 600)
        load.stop()
        check(orders, load, count, 120 + count / 100)


@sqlite_only
def test_what_is_held_outlives_the_retention_of_what_failed(tmp_path, receiver, path):
    """The delivery that holds a resource goes with the log; those behind it are pending, stay, and go on once it is skipped."""
    _, script = refusing(0)
    with Server(tmp_path / "data", "--allow-network", "127.0.0.0/8") as server:
        realm = server.realm(None, "order.paid")
        receiver.on(path, script)
        hook = realm.create_webhook(receiver.url(path), events=["order.*"], ordering="resource", on_exhausted="hold", retry_schedule=[])
        resource = str(uuid.uuid4())
        events = publish(realm, resource, 3)
        held = wait_for(lambda: realm.items(f"/webhooks/{hook['id']}/held"), "it is held")
        server.stop()
        with contextlib.closing(sqlite3.connect(tmp_path / "data" / "postrider.db")) as database:
            age_sqlite(database, 40)
            database.execute("UPDATE order_queue SET delivery_id = older(delivery_id)")
            database.commit()
        server.start()
        old = [str(uuid.UUID(bytes=older(uuid.UUID(each).bytes, 40))) for each in (events[0], held[0]["delivery_id"])]
        # Out of sight at once, also while housekeeping has not taken it away.
        wait_for(lambda: realm.call("GET", f"/deliveries/{old[1]}").status == 404, "what failed has gone", 90)
        assert [each["resource_id"] for each in realm.items(f"/webhooks/{hook['id']}/held")] == [resource]
        at = f"/webhooks/{hook['id']}/release"
        assert "past its retention" in realm.call("POST", at, {"resource_id": resource, "how": "retry"}, 409).json["detail"]
        realm.call("POST", at, {"resource_id": resource, "how": "skip"}, 200)
        wait_for(lambda: numbers(receiver, path) == [0, 1, 2], "the others came, in their order")


def test_without_the_order_the_receiver_sees_that_it_is_broken(realm, receiver, path):
    """The control: the same load and receiver, and a webhook that does not ask for the order."""
    resources, failing = resources_of(20)
    with OrderReceiver(failing, flaky=0.2) as orders:
        realm.create_webhook(orders.url("/"), events=["order.*"], retry_schedule=SCHEDULE)
        load = OrderedLoad([realm], resources, 2000).start()
        wait_for(lambda: load.failures or orders.inversions or orders.gaps or orders.overlaps, "something is out of order", 60)
        load.stop()
