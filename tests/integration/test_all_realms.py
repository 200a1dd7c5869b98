"""A webhook of master that takes the events of all realms."""

import pytest

from client import Client, Realm
from waiting import wait_for


@pytest.fixture
def everywhere(server, receiver, path):
    """A webhook of master for all realms; with what it got of one realm, oldest first."""
    made = []

    def make(**members):
        hook = server.master.create_webhook(receiver.url(path), **{"events": ["*"], "realms": "all", **members})
        made.append(hook)
        return hook
    yield make
    for hook in made:
        server.master.call("DELETE", f"/webhooks/{hook['id']}")


def of(receiver, path, realm):
    return [request for request in receiver.at(path) if request.json["data"].get("realm", {}).get("name") == realm.name]


def test_it_gets_what_happens_in_every_realm_once(server, realm, receiver, path, everywhere):
    everywhere()
    other = server.realm()
    for each in (realm, other):
        each.call("POST", "/users", {"username": "ada"}, 201)
        each.client.call("PATCH", f"/realms/{each.name}", {"display_name": "D"}, 200)
    kinds = ["user.created", "realm.updated"]
    for each in (realm, other):
        got = wait_for(lambda: len(found := [request for request in of(receiver, path, each) if request.json["event"] in kinds]) >= 2 and found,
                       "both of each realm")
        inside, = each.items("/events", event="user.created")
        assert sorted(request.json["event"] for request in got) == sorted(kinds)
        user = next(request for request in got if request.json["event"] == "user.created")
        assert user.id == inside["id"] and user.json["data"] == inside["data"]
        # It is in master's log, under the same id.
        copy = wait_for(lambda: (found := server.master.get(f"/events/{inside['id']}").json)["deliveries"]["delivered"] == 1 and found, "it is recorded")
        assert copy["data"] == inside["data"]


def test_only_what_it_wants_is_copied_and_goes_to_no_other(server, realm, receiver, path, everywhere):
    own = server.master.create_webhook(receiver.url(path + "/own"), events=["*"])
    hook = everywhere(events=["user.*"], filter={"data": {"realm": {"name": realm.name}}})
    try:
        before = len(server.master.items("/events", event="role.created"))
        user = realm.call("POST", "/users", {"username": "eve"}, 201).json
        realm.call("POST", "/roles", {"name": "r"}, 201)
        realm.publish("order.paid")
        realm.publish("user.created", {"realm": {"name": realm.name}})
        server.realm().call("POST", "/users", {"username": "elsewhere"}, 201)
        wait_for(lambda: len(receiver.at(path)) >= 2, "both")
        assert [request.json["event"] for request in receiver.at(path)] == ["user.created", "user.created"]
        assert len(server.master.items("/events", event="role.created")) == before
        copied = server.master.items("/events", event="user.created", resource_id=user["id"])
        assert len(copied) == 1
        explained = server.master.explain(copied[0]["id"])
        assert explained[hook["id"]]["verdict"] == "delivered"
        assert explained[own["id"]]["verdict"] == "not_subscribed" and "another realm" in explained[own["id"]]["because"]
        # What is recovered is not theirs either.
        operation = server.master.call("POST", f"/webhooks/{own['id']}/recover", {"since": copied[0]["accepted_at"]}, 202).json
        wait_for(lambda: server.master.get(f"/operations/{operation['id']}").json["state"] == "done", "recovered")
        assert copied[0]["id"] not in [request.id for request in receiver.at(path + "/own")]
    finally:
        server.master.delete_webhook(own["id"])


def test_what_it_missed_is_recovered(server, realm, receiver, path, everywhere):
    hook = everywhere(events=["user.*"])
    receiver.on(path, 422)
    server.master.patch_webhook(hook["id"], retry_schedule=[])
    user = realm.call("POST", "/users", {"username": "ida"}, 201).json
    wait_for(lambda: any(request.json["resource_id"] == user["id"] for request in receiver.at(path)), "refused")
    copied = wait_for(lambda: server.master.items("/events", event="user.created", resource_id=user["id"]), "copied")[0]
    server.master.wait_final(copied["id"])
    receiver.on(path, 204)
    server.master.call("POST", f"/webhooks/{hook['id']}/recover", {"since": copied["accepted_at"]}, 202)
    wait_for(lambda: server.master.deliveries(event_id=copied["id"])[0]["state"] == "delivered", "it came after all")


def test_operational_events_of_all_realms(server, realm, receiver, path, everywhere):
    everywhere(events=["postrider.*"])
    hook = realm.create_webhook(receiver.on(path + "/gone", 410), events=["order.*"])
    realm.publish("order.paid")
    disabled = wait_for(lambda: [each for each in receiver.at(path) if each.json["event"] == "postrider.webhook.disabled"
                                 and each.json["resource_id"] == hook["id"]], "it is told")
    assert disabled[0].json["data"]["realm"]["name"] == realm.name


def test_what_is_refused(server, realm, receiver, path):
    master = server.master
    members = {"url": receiver.url(path), "events": ["*"], "realms": "all"}
    assert realm.call("POST", "/webhooks", members, 422).pointers == ["#/realms"]
    assert master.call("POST", "/webhooks", members | {"realms": "some"}, 422).pointers == ["#/realms"]
    master.call("PUT", "/event-types/shop.sold", {})
    refused = master.call("POST", "/webhooks", members | {"events": ["user.*", "shop.sold", "shop.*", "postrider.*"]}, 422)
    assert refused.pointers == ["#/events/1", "#/events/2"]


def test_it_needs_manage_realms(server, receiver, path, everywhere):
    hook = everywhere()
    made = server.master.call("POST", "/api-keys", {"name": "weak", "permissions": ["manage_webhooks", "view_webhooks"]}, 201).json
    weak = Realm(Client(server.address, made["key"]), "master")
    members = {"url": receiver.url(path), "events": ["*"], "realms": "all"}
    assert "manage_realms" in weak.call("POST", "/webhooks", members, 403).json["detail"]
    assert "manage_realms" in weak.call("PATCH", f"/webhooks/{hook['id']}", {"url": receiver.url("/mine")}, 403).json["detail"]
    own = weak.create_webhook(receiver.url(path), events=["user.*"])
    weak.call("PATCH", f"/webhooks/{own['id']}", {"realms": "all"}, 403)
    weak.delete_webhook(own["id"])
    shown = server.master.webhook(hook["id"])
    assert shown["realms"] == "all" and shown["version"] == 1
    assert server.master.patch_webhook(hook["id"], realms=None)["realms"] is None


def test_there_are_few(server, receiver, path, everywhere):
    for _ in range(16):
        everywhere(events=["user.*"])
    refused = server.master.call("POST", "/webhooks", {"url": receiver.url(path), "events": ["*"], "realms": "all"}, 422)
    assert refused.pointers == ["#/realms"] and "16" in refused.json["errors"][0]["detail"]
