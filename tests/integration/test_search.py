"""Finding: an id of anything, or a part of a name, leads to the thing; lists by a part of a name; deliveries by what came of them."""

import os
import uuid

import pytest

from receiver import Reply
from server import Server
from client import Client, Realm
from waiting import wait_for


@pytest.fixture(scope="module")
def world(server):
    """A realm with some of everything; names in capitals, to be found in small letters."""
    realm = server.realm(None, "order.paid", "order.shipped")
    ids = {}
    for number, name in enumerate(("Ada Lovelace", "Grace Hopper", "Adam Smith")):
        first, last = name.split()
        body = {"username": f"{first}.{last}", "email": f"{last}@Example.COM", "first_name": first, "last_name": last}
        ids[name] = realm.call("POST", "/users", body, 201).json["id"]
        ids[f"role {number}"] = realm.call("POST", "/roles", {"name": f"Clerk-{number}"}, 201).json["id"]
        ids[f"hook {number}"] = realm.create_webhook(f"https://hooks-{number}.example.com/in", name=f"Billing {number}")["id"]
    ids["client"] = realm.call("POST", "/clients", {"client_id": "Shop-Front", "name": "The shop", "type": "public"}, 201).json["id"]
    uris = f"/clients/{ids['client']}/redirects"
    ids["redirect"] = realm.call("POST", uris, {"value": "https://shop.example.com/Callback"}, 201).json["id"]
    ids["client role"] = realm.call("POST", f"/clients/{ids['client']}/roles", {"name": "Cashier"}, 201).json["id"]
    ids["key"] = realm.call("POST", "/api-keys", {"name": "Nightly", "permissions": ["view_events"]}, 201).json["id"]
    return realm, ids


def search(realm, text, **query):
    return realm.get("/search", q=text, **query).json


def names(found):
    return [(item["kind"], item["name"]) for item in found["items"]]


def test_a_part_of_a_name(world):
    realm, ids = world
    assert names(search(realm, "billing", kinds="webhook")) == [("webhook", f"Billing {n}") for n in (2, 1, 0)]
    assert names(search(realm, "hooks-1.")) == [("webhook", "Billing 1")]
    assert names(search(realm, "loveLACE@")) == [("user", "Ada.Lovelace")]
    assert search(realm, "loveLACE@")["items"][0]["detail"] == "Lovelace@Example.COM"
    assert {name for _, name in names(search(realm, "ada"))} == {"Ada.Lovelace", "Adam.Smith"}
    assert names(search(realm, "grace hop")) == [("user", "Grace.Hopper")]
    assert names(search(realm, "FRONT")) == [("client", "Shop-Front")]
    found = search(realm, "cash")["items"]
    assert [(item["kind"], item["client_id"]) for item in found] == [("role", ids["client"])]
    assert names(search(realm, "callback")) == [("redirect_uri", "https://shop.example.com/Callback")]
    assert names(search(realm, "night")) == [("api_key", "Nightly")]
    assert ("event_type", "user.bulk_deleted") in names(search(realm, "bulk"))
    assert ("event_type", "order.shipped") in names(search(realm, "SHIPPED"))
    assert names(search(realm, "100%")) == [] and names(search(realm, "a_a")) == [], "no pattern of its own"
    few = search(realm, "billing", limit=2)
    assert len(few["items"]) == 2 and few["more"] is True


def test_an_id_of_anything(server, receiver, path):
    realm = server.realm(None, "order.paid")
    webhook = realm.create_webhook(receiver.url(path))["id"]
    event = realm.publish("order.paid").json
    delivery = realm.wait_final(event["id"])[0]["id"]
    user = realm.call("POST", "/users", {"username": "ada"}, 201).json["id"]
    client = realm.call("POST", "/clients", {"client_id": "shop", "type": "public"}, 201).json["id"]
    role = realm.call("POST", "/roles", {"name": "clerk"}, 201).json["id"]
    operation = realm.call("POST", f"/webhooks/{webhook}/recover", {"since": "2020-01-01T00:00:00Z"}, 202).json["id"]
    key = realm.call("POST", "/api-keys", {"name": "k", "permissions": []}, 201).json["id"]
    for kind, thing in (("webhook", webhook), ("event", event["id"]), ("delivery", delivery), ("user", user), ("client", client),
                        ("role", role), ("operation", operation), ("api_key", key)):
        for text in (thing, thing.upper(), thing.replace("-", ""), thing[:-4]):
            assert (kind, thing) in [(item["kind"], item["id"]) for item in search(realm, text, limit=50)["items"]], (kind, text)
    found = search(realm, event["resource_id"])["items"]
    assert [(item["kind"], item["id"], item["detail"]) for item in found] == [("resource", event["resource_id"], "order.paid")]
    assert search(realm, str(uuid.uuid4()))["items"] == []
    # Another realm's are not found.
    assert search(server.realm(), webhook)["items"] == []


def test_one_finds_what_one_may_look_at(server, world):
    realm, ids = world
    key = realm.call("POST", "/api-keys", {"name": "users only", "permissions": ["view_users"]}, 201).json["key"]
    narrow = Realm(Client(server.address, key), realm.name)
    assert {item["kind"] for item in search(narrow, "example", limit=50)["items"]} == {"user"}
    assert search(narrow, ids["hook 0"])["items"] == [] and search(narrow, "billing")["items"] == []


@pytest.mark.parametrize("query, named", [({}, "q"), ({"q": ""}, "q"), ({"q": "a" * 201}, "q"), ({"q": "a", "kinds": "horse"}, "kinds"),
                                          ({"q": "a", "limit": "51"}, "limit")])
def test_what_cannot_be_looked_for(realm, query, named):
    assert realm.get("/search", expect=422, **query).pointers == [named]


def test_lists_by_a_part_of_a_name(world):
    realm, ids = world

    def found(path, **query):
        return [item["id"] for item in realm.items(path, **query)]
    assert found("/users", search="ada") == [ids["Ada Lovelace"], ids["Adam Smith"]], "by username"
    assert found("/users", search="EXAMPLE.com") == [ids[n] for n in ("Ada Lovelace", "Adam Smith", "Grace Hopper")]
    one = realm.get("/users", search="example.com", limit=1).json
    two = realm.get("/users", search="example.com", limit=1, cursor=one["next_cursor"]).json
    assert [item["id"] for item in one["items"] + two["items"]] == [ids["Ada Lovelace"], ids["Adam Smith"]]
    assert found("/roles", search="clerk-1") == [ids["role 1"]] and found("/roles", search="cash") == []
    assert found(f"/clients/{ids['client']}/roles", search="cash") == [ids["client role"]]
    assert found("/clients", search="the SHOP") == [ids["client"]] and found("/clients", search="nothing") == []
    assert found("/webhooks", search="hooks-2") == [ids["hook 2"]]
    assert found("/webhooks", search=ids["hook 1"][:-1]) == [ids["hook 1"]]
    realm.patch_webhook(ids["hook 0"], enabled=False)
    assert found("/webhooks", enabled="false") == [ids["hook 0"]]
    assert found("/webhooks", enabled="true", search="billing") == [ids["hook 2"], ids["hook 1"]]
    assert realm.get("/users", expect=422, search="a", email="b@example.com").pointers == ["search"]
    assert realm.get("/webhooks", expect=422, enabled="yes").pointers == ["enabled"]


def test_deliveries_by_what_came_of_them(server, receiver, path):
    realm = server.realm(None, "order.paid", "order.shipped")
    receiver.on(f"{path}-503", Reply(503))
    receiver.on(f"{path}-404", Reply(404))
    receiver.on(f"{path}-slow", Reply(204, delay=0.4))
    hooks = {end: realm.create_webhook(receiver.url(f"{path}-{end}"), retry_schedule=[])["id"] for end in ("ok", "503", "404", "slow")}
    hooks["down"] = realm.create_webhook("http://127.0.0.1:1/", retry_schedule=[])["id"]
    resource = str(uuid.uuid4())
    events = [realm.publish(name, resource_id=resource if n != 1 else None).json["id"]
              for n, name in enumerate(("order.paid", "order.paid", "order.shipped"))]
    wait_for(lambda: not realm.deliveries(state="pending"), "all settled")

    def found(**query):
        return [(item["webhook_id"], item["event_id"]) for item in realm.deliveries(**query)]

    def expected(*ends, of=events):
        return {(hooks[end], event) for end in ends for event in of}
    assert set(found(status="503")) == expected("503") and set(found(status="5xx")) == expected("503")
    assert set(found(status="4xx")) == expected("404") and found(status="500") == []
    assert set(found(status="2xx")) == expected("ok", "slow")
    assert set(found(outcome="transport")) == expected("down") == set(found(outcome="connect_failed"))
    assert set(found(outcome="response")) == expected("ok", "slow", "503", "404")
    assert set(found(outcome="refused_by_status", state="failed", webhook_id=hooks["404"])) == expected("404")
    assert set(found(min_duration="350ms")) >= expected("slow")
    assert all(item["duration_ms"] >= 350 for item in realm.deliveries(min_duration="350ms"))
    assert all(item["duration_ms"] > 0 for item in realm.deliveries())
    of_it = [events[2], events[0]]
    assert set(found(resource_id=resource)) == expected(*hooks, of=of_it)
    assert [event for _, event in found(resource_id=resource)] == [events[2]] * 5 + [events[0]] * 5, "newest event first"
    assert found(resource_id=resource, webhook_id=hooks["ok"], event="order.paid") == [(hooks["ok"], events[0])]
    assert set(found(resource_id=resource, status="5xx")) == expected("503", of=of_it)
    assert found(resource_id=str(uuid.uuid4())) == []
    pages, cursor = [], None
    while True:
        page = realm.get("/deliveries", resource_id=resource, limit=3, cursor=cursor).json
        pages += [item["id"] for item in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert pages == [item["id"] for item in realm.deliveries(resource_id=resource)] and len(set(pages)) == 10
    assert [item["webhook_id"] for item in realm.items(f"/webhooks/{hooks['503']}/deliveries", resource_id=resource)] == [hooks["503"]] * 2
    for query, named in (({"status": "6"}, "status"), ({"status": "50x"}, "status"), ({"outcome": "bad"}, "outcome"),
                         ({"min_duration": "long"}, "min_duration"), ({"resource_id": resource, "event_id": events[0]}, "resource_id")):
        assert realm.get("/deliveries", expect=422, **query).pointers == [named]


def test_a_user_among_many_is_found_at_once(tmp_path):
    """POSTRIDER_USERS says among how many; no search reads the users themselves."""
    count = int(os.environ.get("POSTRIDER_USERS", "2000"))
    with Server(tmp_path / "data") as server:
        realm = server.realm("many")
        for start in range(0, count, 100):
            users = [{"username": f"user-{n:06}", "email": f"mail-{n:06}@example.com"} for n in range(start, min(start + 100, count))]
            realm.call("POST", "/import", {"users": users}, 200)
        last = f"{count - 1:06}"
        for text in (f"user-{last}", f"ser-{last}", f"AIL-{last}@", "nobody"):
            found = [item["name"] for item in search(realm, text)["items"]]
            assert found == ([] if text == "nobody" else [f"user-{last}"])
        assert len(realm.items("/users", search="user-0000")) == min(count, 100)
        assert len(realm.items("/users", search="example")) == count, "complete, by pages"
