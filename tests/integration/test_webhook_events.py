"""webhook.created, webhook.updated, webhook.deleted: fired by the change, in its transaction."""

import json

from waiting import wait_for

QUICK = ["50ms", "50ms", "50ms"]


def events_of(realm, kind):
    """Oldest first."""
    return realm.items("/events", event=kind)[::-1]


def without_secret(webhook):
    return {name: value for name, value in webhook.items() if name not in ("secret", "public_key")}


def test_created(realm, receiver, path):
    watcher = realm.create_webhook(receiver.url(path), events=["webhook.*"])
    hook = realm.create_webhook(receiver.url("/elsewhere"), events=["order.paid"],
                                headers={"Authorization": "Bearer s"}, name="é")
    created = events_of(realm, "webhook.created")
    assert [event["resource_id"] for event in created] == [watcher["id"], hook["id"]]
    assert all(event["origin"] == "directory" for event in created)
    # A creation matches as after it: the watcher gets its own, too.
    requests = {request.json["resource_id"]: request for request in receiver.wait(path, 2)}
    body = requests[hook["id"]].json
    assert list(body) == ["event", "timestamp", "resource_id", "data"]
    data = body["data"]
    assert data["id"] == hook["id"] and data["name"] == "é" and data["events"] == ["order.paid"]
    assert data["url"] == hook["url"] and "changed" not in data
    assert hook["secret"] not in json.dumps(body) and "Bearer s" not in json.dumps(body)
    assert watcher["id"] in requests


def test_updated_names_the_fields(realm, receiver, path):
    realm.create_webhook(receiver.url(path), events=["webhook.updated"])
    hook = realm.create_webhook("http://127.0.0.1:9/x", events=["order.paid"], headers={"X-A": "1"})
    at = f"/webhooks/{hook['id']}"
    changes = [
        ({"name": "n"}, ["name"]),
        ({"description": "d", "timeout": "3s"}, ["description", "timeout"]),
        ({"url": "http://127.0.0.1:9/y"}, ["url"]),
        ({"headers": {"X-A": "2"}}, ["headers"]),
        ({"events": ["order.*", "user.*"], "retry_schedule": []}, ["events", "retry_schedule"]),
        ({"enabled": False}, ["disabled_reason", "enabled"]),
        ({"enabled": True, "name": "n"}, ["disabled_reason", "enabled"]),
        ({"signing": ["v1", "v1a"]}, ["signing"]),
        ({"url": "http://127.0.0.1:10/y"}, ["headers", "secret", "url"]),
    ]
    for members, _ in changes:
        realm.call("PATCH", at, members, 200)
    realm.call("POST", f"{at}/secret/rotate", {}, 200)
    # What changes nothing fires nothing.
    realm.call("PATCH", at, {"name": "n"}, 200)
    realm.call("PATCH", at, {"events": ["user.*", "order.*"]}, 200)
    expected = [changed for _, changed in changes] + [["secret"]]
    updates = [event for event in events_of(realm, "webhook.updated") if event["resource_id"] == hook["id"]]
    assert [sorted(event["data"]["changed"]) for event in updates] == expected
    assert updates[0]["data"]["name"] == "n"
    assert updates[2]["data"]["url"] == "http://127.0.0.1:9/y"
    got = {request.id for request in receiver.wait(path, len(expected))}
    assert got == {event["id"] for event in updates}


def test_the_same_members_in_another_order_change_nothing(realm, receiver, path):
    realm.create_webhook(receiver.url(path), events=["webhook.updated", "user.updated"])
    hook = realm.create_webhook("http://127.0.0.1:9/x", events=["user.*", "order.paid", "role.*"],
                                headers={"X-A": "1", "X-B": "2"}, signing=["v1", "v1a"])
    user = realm.call("POST", "/users", {"username": "ada", "attributes": {"a": 1, "b": {"c": 2}}}, 201).json
    at, log = f"/webhooks/{hook['id']}", realm.changes()
    etag = realm.call("GET", at, None, 200).headers["etag"]
    whole = {"name": hook["name"], "url": hook["url"], "events": ["role.*", "order.paid", "user.*", "role.*"],
             "headers": {"X-B": "••••••", "X-A": "••••••"}, "signing": ["v1a", "v1"],
             "retry_schedule": hook["retry_schedule"]}
    for method, body in (("PUT", whole), ("PATCH", {"events": ["order.paid", "role.*", "user.*"]}),
                         ("PATCH", {"headers": {"X-B": "2", "X-A": "1"}}), ("PATCH", {"signing": ["v1a", "v1"]})):
        answer = realm.call(method, at, body, 200)
        assert answer.headers["etag"] == etag, (method, body)
        assert answer.json["events"] == ["user.*", "order.paid", "role.*"] and answer.json["signing"] == ["v1", "v1a"]
    same = realm.call("PATCH", f"/users/{user['id']}", {"attributes": {"b": {"c": 2}, "a": 1}}, 200).json
    assert same["version"] == user["version"]
    assert realm.changes() == log
    # What differs by one is a change, and the order then is the new one.
    changed = realm.call("PATCH", at, {"events": ["role.*", "user.*"]}, 200).json
    assert changed["events"] == ["role.*", "user.*"]
    assert [request.json["data"]["changed"] for request in receiver.wait(path)] == [["events"]]


def test_a_refused_change_fires_nothing(realm, receiver):
    hook = realm.create_webhook(receiver.url("/x"))
    at = f"/webhooks/{hook['id']}"
    realm.call("PATCH", at, {"name": "x"}, 412, {"if-match": '"9"'})
    realm.call("PATCH", at, {"url": "http://10.0.0.1/"}, 422)
    realm.call("POST", "/webhooks", {"url": "x", "events": ["*"]}, 422)
    realm.call("DELETE", at, None, 412, {"if-match": '"9"'})
    assert realm.changes() == ["webhook.created"]


def test_deleted_reaches_the_webhook_itself(realm, receiver, path):
    # Its own deletion is delivered to the end, with retries; what else was pending is cancelled.
    outcomes = {"order.paid": 500, "webhook.deleted": [503, 503, 204]}

    def answer(request):
        wanted = outcomes.get(request.json["event"], 204)
        return wanted.pop(0) if isinstance(wanted, list) else wanted
    hook = realm.create_webhook(receiver.on(path, answer), events=["order.paid", "webhook.deleted"],
                                retry_schedule=QUICK + ["1h"], name="doomed")
    pending = realm.publish("order.paid").json["id"]
    receiver.wait(path)
    realm.delete_webhook(hook["id"])
    realm.get(f"/webhooks/{hook['id']}", 404)
    realm.call("PATCH", f"/webhooks/{hook['id']}", {"name": "x"}, 404)
    realm.call("DELETE", f"/webhooks/{hook['id']}", None, 404)
    assert realm.items("/webhooks") == []
    deletion = events_of(realm, "webhook.deleted")[0]
    assert deletion["resource_id"] == hook["id"] and deletion["data"]["name"] == "doomed"
    wait_for(lambda: sum(request.id == deletion["id"] for request in receiver.at(path)) == 3,
             "three attempts of the deletion's own event")
    assert [item["state"] for item in realm.wait_final(pending)] == ["cancelled"]
    assert [item["state"] for item in realm.wait_final(deletion["id"])] == ["delivered"]
    assert realm.publish("order.paid").json["deliveries"] == 0


def test_a_deletion_matches_as_before_it(realm, receiver, path):
    watcher = realm.create_webhook(receiver.url(path), events=["webhook.deleted"])
    gone = realm.create_webhook(receiver.url(path + "-gone"), events=["order.paid"])
    realm.delete_webhook(gone["id"])
    assert [request.json["resource_id"] for request in receiver.wait(path)] == [gone["id"]]
    realm.delete_webhook(watcher["id"])
    assert [request.json["resource_id"] for request in receiver.wait(path, 2)][1] == watcher["id"]
    assert receiver.at(path + "-gone") == []


def test_a_tombstone_survives_a_crash(server, receiver, path):
    realm = server.realm(None, "order.paid")
    hook = realm.create_webhook(receiver.on(path, 503), events=["webhook.deleted"],
                                retry_schedule=["300ms"] * 20)
    realm.delete_webhook(hook["id"])
    receiver.wait(path)
    server.kill()
    receiver.on(path, 204)
    before = len(receiver.at(path))
    server.start()
    receiver.wait(path, before + 1)
    deletion = events_of(realm, "webhook.deleted")[0]["id"]
    assert [item["state"] for item in realm.wait_final(deletion)] == ["delivered"]
    assert {request.id for request in receiver.at(path)} == {deletion}


def test_realm_created_is_in_both_realms(server, receiver, path):
    hook = server.master.create_webhook(receiver.url(path), events=["realm.created"])
    try:
        new = server.realm()
        wait_for(lambda: [r for r in receiver.at(path) if r.json["data"]["name"] == new.name],
                 "realm.created in master")
        inside = events_of(new, "realm.created")
        in_master = [event for event in events_of(server.master, "realm.created")
                     if event["resource_id"] == inside[0]["resource_id"]]
        assert len(inside) == len(in_master) == 1
        for name in ("id", "event", "timestamp", "resource_id", "data"):
            assert inside[0][name] == in_master[0][name]
    finally:
        server.master.delete_webhook(hook["id"])
