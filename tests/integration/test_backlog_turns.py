"""What one change makes of very many rows is done part by part: others write in between, nothing is lost.

Disabling and deleting what has a great backlog, deleting a realm of many webhooks, and a change that
many webhooks are told of. Whoever asks is answered when all of it is done.
"""

import contextlib
import threading
import uuid

import pytest

from server import Server
from waiting import wait_for

WEBHOOKS = 1000
#: Deliveries that wait: one transaction cancels 128.
BACKLOG = 6000
FLAGS = ("--allow-network", "127.0.0.0/8")


class Neighbour:
    """Another realm, which publishes one event after the other."""

    def __init__(self, server):
        self.realm = server.realm(None, "order.paid")

    def __enter__(self):
        self.published, self.ended = 0, threading.Event()
        self.thread = threading.Thread(target=self.run)
        self.thread.start()
        wait_for(lambda: self.published > 0, "the neighbour publishes")
        self.before = self.published
        return self

    def run(self):
        while not self.ended.is_set():
            self.realm.publish("order.paid")
            self.published += 1

    @property
    def meanwhile(self):
        return self.published - self.before

    def __exit__(self, *exception):
        self.ended.set()
        self.thread.join()


def with_backlog(server, receiver, count=BACKLOG):
    """A realm with a webhook whose receiver never answers, and so many deliveries that wait."""
    realm = server.realm(None, "order.paid")
    path = "/" + uuid.uuid4().hex
    receiver.on(path, None)
    hook = realm.create_webhook(receiver.url(path), events=["order.paid", "webhook.*"], timeout="3s")["id"]
    for _ in range(count // 1000):
        realm.publish_batch([{"event": "order.paid", "resource_id": str(uuid.uuid4()), "data": {}}] * 1000)
    receiver.wait(path)
    return realm, hook, path


def pending(realm, hook=None):
    return realm.get("/deliveries", state="pending", limit=1, **({"webhook_id": hook} if hook else {})).json["items"]


def test_disabling_lets_others_write_in_between(server, receiver):
    realm, hook, path = with_backlog(server, receiver)
    with Neighbour(server) as neighbour:
        realm.patch_webhook(hook, enabled=False)
        meanwhile = neighbour.meanwhile
        assert not pending(realm, hook), "it is answered when all is cancelled"
    assert meanwhile >= 10, f"{BACKLOG} deliveries are more than 40 parts: a publish between each two"
    sent = {each.id for each in receiver.at(path)}
    states = {each["state"]: each for each in realm.deliveries(webhook_id=hook)}
    assert set(states) <= {"cancelled", "failed"} and states["cancelled"]["reason"] == "The webhook was disabled."
    realm.patch_webhook(hook, enabled=True)
    receiver.on(path, 204)
    event = realm.publish("order.paid").json["id"]
    receiver.wait(path, len(sent) + 2)
    assert {each.id for each in receiver.at(path)} - sent <= {event, *(each["event_id"] for each in realm.deliveries(
        webhook_id=hook, event="webhook.updated"))}, "what was cancelled is not sent"


def test_deleting_lets_others_write_in_between_and_is_delivered_itself(server, receiver):
    realm, hook, path = with_backlog(server, receiver)
    receiver.on(path, 204)
    with Neighbour(server) as neighbour:
        realm.delete_webhook(hook)
        meanwhile = neighbour.meanwhile
    assert meanwhile >= 10
    told = lambda: [each for each in receiver.at(path) if each.json["event"] == "webhook.deleted"]
    wait_for(told, "its own deletion")
    wait_for(lambda: not pending(realm), "nothing waits any more", 30)
    assert len(told()) == 1


def test_a_webhook_that_is_enabled_again_at_once_gets_what_is_new_alone(server, receiver):
    realm, hook, path = with_backlog(server, receiver)
    answered = threading.Thread(target=realm.patch_webhook, args=(hook,), kwargs={"enabled": False})
    answered.start()
    wait_for(lambda: not realm.webhook(hook)["enabled"], "it is disabled")
    realm.patch_webhook(hook, enabled=True)
    receiver.on(path, 204)
    old = {each.id for each in receiver.at(path)}
    event = realm.publish("order.paid").json["id"]
    answered.join()
    wait_for(lambda: event in {each.id for each in receiver.at(path)}, "the new one", 30)
    wait_for(lambda: not pending(realm, hook), "all else is cancelled", 30)
    types = {each.id: each.json["event"] for each in receiver.at(path)}
    assert {id for id, kind in types.items() if kind == "order.paid"} <= old | {event}


def test_a_kill_in_between_loses_nothing(tmp_path, receiver):
    with Server(tmp_path / "data", *FLAGS) as server:
        realm, hook, path = with_backlog(server, receiver, 20_000)
        sent = {each.id for each in receiver.at(path)}

        def disable():
            with contextlib.suppress(Exception):
                realm.patch_webhook(hook, enabled=False)

        answer = threading.Thread(target=disable)
        answer.start()
        wait_for(lambda: realm.get("/deliveries", state="cancelled", limit=1).json["items"], "some are cancelled")
        server.kill()
        answer.join()
        receiver.on(path, 204)
        server.start()
        wait_for(lambda: not pending(realm, hook), "the rest are cancelled", 60)
        assert {each.id for each in receiver.at(path)} <= sent, "nothing of it is sent any more"


@pytest.fixture(scope="module")
def crowd(server, receiver):
    """A realm whose every change is told to many webhooks."""
    realm = server.realm(None, "order.paid")
    receiver.on("/crowd", 204)
    for _ in range(WEBHOOKS):
        realm.create_webhook(receiver.url("/crowd"), events=["user.*", "realm.*"])
    return realm


def test_a_change_that_many_webhooks_are_told_of(server, receiver, crowd):
    user = crowd.call("POST", "/users", {"username": "ada"}, 201).json["id"]
    with Neighbour(server) as neighbour:
        for name in ("Ada", "Eva", "Ida", "Uma"):
            crowd.call("PATCH", f"/users/{user}", {"first_name": name}, 200)
        meanwhile = neighbour.meanwhile
    assert meanwhile >= 7, "the 1,000 deliveries of each are eight parts"
    event = crowd.items("/events", event="user.updated")[0]["id"]
    counts = crowd.get(f"/events/{event}").json["deliveries"]
    assert sum(counts.values()) == WEBHOOKS, "it is answered when all deliveries are written"
    wait_for(lambda: sum(each.id == event for each in receiver.at("/crowd")) >= WEBHOOKS, "all are delivered", 60)
    assert sum(each.id == event for each in receiver.at("/crowd")) == WEBHOOKS


def test_a_realm_with_many_webhooks_is_deleted_in_parts(server, receiver, crowd):
    wait_for(lambda: not pending(crowd), "nothing is under way", 60)
    with Neighbour(server) as neighbour:
        server.client.call("DELETE", f"/realms/{crowd.name}", None, 204)
        meanwhile = neighbour.meanwhile
    assert meanwhile >= 3, "1,000 deliveries and 1,000 tombstones are forty parts"
    told = lambda: sum(each.json["event"] == "realm.deleted" for each in receiver.at("/crowd"))
    wait_for(lambda: told() >= WEBHOOKS, "every webhook hears of it", 60)
    assert told() == WEBHOOKS
