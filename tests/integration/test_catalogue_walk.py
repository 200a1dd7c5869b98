"""Each of the 27 event types: the real change, the delivered webhook, its body held against the
catalogue's schema, its resource_id the changed resource's. No event is published by hand."""

import jsonschema
import pytest

from catalogue import Walk
from waiting import wait_for


def schemas(server):
    items = server.client.call("GET", "/event-types", expect=200).json["items"]
    return {item["name"]: item["schema"] for item in items}


def names(realm):
    """The types of the whole log, oldest first."""
    return [event["event"] for event in realm.items("/events")][::-1]


def check(request, schema, type_, resource_id):
    body = request.json
    assert list(body) == ["event", "timestamp", "resource_id", "data"]
    assert body["event"] == type_
    assert body["resource_id"] == resource_id, body
    jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker()).validate(body["data"])


def received(receiver, path, count):
    return wait_for(lambda: len(receiver.at(path)) >= count and receiver.at(path),
                    lambda: f"{count} webhooks: {[r.json['event'] for r in receiver.at(path)]}")


def test_every_type_fires_from_its_change(server, receiver, path):
    described = schemas(server)
    assert len(described) == 27
    walked = set()
    realm = server.realm(None, "order.paid")
    walk = Walk(server, realm)
    for number, (type_, prepare) in enumerate(walk.changes()):
        change, _ = prepare()
        at = f"{path}/{number}"
        # Subscribed to everything, so that a second event of one change would come too.
        hook = realm.create_webhook(receiver.url(at), events=["*"])["id"]
        before = len(names(realm))
        resource_id = change()
        assert names(realm)[before:] == [type_], f"{type_}: one change fires one event"
        came = [request for request in received(receiver, at, 2)
                if request.json["resource_id"] != hook]  # its own creation
        assert len(came) == 1
        check(came[0], described[type_], type_, resource_id)
        walked.add(type_)
        realm.delete_webhook(hook)
    walked |= walk_realms(server, receiver, path, described)
    assert walked == set(described)


def only_deletion(requests):
    found, = (request for request in requests if request.json["event"] == "realm.deleted")
    return found


def walk_realms(server, receiver, path, described):
    """realm.created is master's to hear; realm.deleted comes in the realm and in master, one id."""
    master = server.master
    hook = master.create_webhook(receiver.url(f"{path}/master"), events=["realm.*"])["id"]
    try:
        realm = server.realm()
        id_ = realm.get("").json["id"]
        check(received(receiver, f"{path}/master", 1)[0], described["realm.created"], "realm.created", id_)
        realm.create_webhook(receiver.url(f"{path}/own"), events=["*"])
        realm.call("POST", "/users", {"username": "ada"}, 201)
        received(receiver, f"{path}/own", 2)
        server.client.call("DELETE", f"/realms/{realm.name}", None, 204)
        own, of_master = (only_deletion(received(receiver, f"{path}/{name}", count))
                          for name, count in (("own", 3), ("master", 2)))
        for request in (own, of_master):
            check(request, described["realm.deleted"], "realm.deleted", id_)
        assert own.id == of_master.id and own.body == of_master.body
        assert own.json["data"]["contained"]["users"] == 1
        assert own.json["data"]["contained"]["webhooks"] == 1
    finally:
        master.delete_webhook(hook)
    return {"realm.created", "realm.deleted"}


@pytest.mark.parametrize("method, tail, body, status", [
    ("POST", "/users", {"username": "ada"}, 409),  # taken
    ("POST", "/users", {"username": "eve", "email": "no address"}, 422),
    ("POST", "/users/bulk-delete", {"ids": ["{user}", "019ab200-7c3e-7b1a-9a54-3f0f6b1d2c11"]}, 422),
    ("PATCH", "/users/{user}", {"first_name": None}, 200),  # it has none
    ("PUT", "/users/{user}/password", {"password": "short"}, 422),
    ("POST", "/users/{user}/roles/019ab200-7c3e-7b1a-9a54-3f0f6b1d2c11", None, 404),
    ("DELETE", "/users/{user}/roles/{role}", None, 404),  # not assigned
    ("PUT", "/roles/{role}/permissions", {"permissions": ["fly"]}, 422),
    ("PUT", "/roles/{role}/permissions", {"permissions": []}, 200),  # it has none
    ("POST", "/roles", {"name": "auditor"}, 409),
    ("PATCH", "/settings", {"retention_days": 30}, 200),  # as it is
    ("PATCH", "/settings", {"allowed_networks": ["10.0.0.0/8"]}, 422),
])
def test_what_changes_nothing_fires_nothing(server, method, tail, body, status):
    realm = server.realm()
    user = realm.call("POST", "/users", {"username": "ada"}, 201).json["id"]
    role = realm.call("POST", "/roles", {"name": "auditor"}, 201).json["id"]
    if body is not None and "ids" in body:
        body = {"ids": [id_.format(user=user) for id_ in body["ids"]]}
    before = names(realm)
    realm.call(method, tail.format(user=user, role=role), body, status)
    assert names(realm) == before
    assert [item["username"] for item in realm.items("/users")] == ["ada"]


def test_an_update_says_what_changed(server):
    realm = server.realm()
    user = realm.call("POST", "/users", {"username": "ada", "email": "ada@example.com",
                                         "email_verified": True}, 201).json
    realm.call("PATCH", f"/users/{user['id']}", {"email": "ada@example.org", "enabled": False}, 200)
    newest = realm.items("/events")[0]
    assert newest["data"]["changed"] == ["email", "email_verified", "enabled"]
    assert newest["data"]["email"] == "ada@example.org" and newest["data"]["email_verified"] is False


def test_nothing_secret_is_in_any_event(server):
    realm = server.realm()
    user = realm.call("POST", "/users", {"username": "ada"}, 201).json["id"]
    client = realm.call("POST", "/clients", {"client_id": "shop"}, 201).json
    rotated = realm.call("POST", f"/clients/{client['id']}/secret/rotate", None, 200).json
    realm.call("PUT", f"/users/{user}/password", {"password": "canary-password-1"}, 204)
    token = realm.call("POST", f"/users/{user}/reset-password", None, 200).json["token"]
    text = realm.get("/events", limit=200).body.decode()
    for secret in (client["secret"], rotated["secret"], "canary-password-1", token, "argon2"):
        assert secret not in text
