"""The event log and event types."""

import re
import uuid

import pytest

BUILT_IN = """user.created user.updated user.deleted user.role.assigned user.role.unassigned
user.bulk_deleted user.credentials.deleted auth.reset_password client.created client.updated
client.deleted client.role.created client.role.updated redirect_uri.created redirect_uri.updated
redirect_uri.deleted role.created role.updated role.deleted role.permission.updated realm.created
realm.updated realm.deleted realm.settings.updated webhook.created webhook.updated
webhook.deleted""".split()


def ids(items):
    return [item["id"] for item in items]


def test_log_filters(realm):
    resource = str(uuid.uuid4())
    paid = [realm.publish("order.paid").json["id"] for _ in range(3)]
    shipped = [realm.publish("order.shipped", resource_id=resource).json["id"] for _ in range(3)]
    user = realm.publish("user.role.assigned").json["id"]
    assert ids(realm.items("/events"))[:-1] == [user, *shipped[::-1], *paid[::-1]]  # realm.created
    assert ids(realm.items("/events", event="order.paid")) == paid[::-1]
    assert ids(realm.items("/events", event="order.*")) == [*shipped[::-1], *paid[::-1]]
    assert ids(realm.items("/events", event="user.*")) == [user]
    assert ids(realm.items("/events", resource_id=resource)) == shipped[::-1]
    assert ids(realm.items("/events", resource_id=resource, event="order.paid")) == []
    assert ids(realm.items("/events", resource_id=resource, event="order.*")) == shipped[::-1]
    assert ids(realm.items("/events", resource_id=resource, event="user.*")) == []


def test_log_by_time(realm):
    first = realm.publish().json["id"]
    middle = None
    while middle is None or middle["accepted_at"] == realm.get(f"/events/{first}").json["accepted_at"]:
        middle = realm.get(f"/events/{realm.publish().json['id']}").json
    at = middle["accepted_at"]
    since, until = realm.items("/events", since=at), realm.items("/events", until=at)
    assert middle["id"] in ids(since) and first in ids(until)
    assert not set(ids(since)) & set(ids(until))
    assert all(item["accepted_at"] >= at for item in since)
    assert all(item["accepted_at"] < at for item in until)


def test_what_an_event_says(realm, receiver, path):
    realm.create_webhook(receiver.url(path))
    event_id = realm.publish(data={"n": 1}).json["id"]
    realm.wait_final(event_id)
    event = realm.get(f"/events/{event_id}").json
    assert event["origin"] == "api" and event["data"] == {"n": 1}
    assert event["deliveries"] == {"pending": 0, "delivered": 1, "failed": 0, "cancelled": 0}
    at = int(uuid.UUID(event_id).hex[:12], 16)
    assert event["accepted_at"][20:23] == f"{at % 1000:03}"
    assert realm.get(f"/events/{uuid.uuid4()}", 404).problem == "not-found"
    assert realm.get("/events/x", 404).problem == "not-found"


def test_paging(realm):
    published = [item["id"] for item in realm.publish_batch(
        [{"event": "order.paid", "resource_id": str(uuid.uuid4()), "data": {}}] * 25).json["items"]]
    seen, cursor = [], None
    for size in (10, 10, 5):
        page = realm.get("/events", limit=10, cursor=cursor, event="order.paid").json
        assert len(page["items"]) == size
        seen += ids(page["items"])
        cursor = page["next_cursor"]
        realm.publish("order.shipped")  # what is new does not shift the pages
        realm.publish("order.paid")
    assert seen == published[::-1] and cursor is None


def test_bad_cursors_and_parameters(server, realm):
    for _ in range(3):
        realm.publish("order.paid")
    cursor = realm.get("/events", limit=1, event="order.paid").json["next_cursor"]
    realm.get("/events", limit=2, event="order.paid", cursor=cursor)
    other = server.realm(None, "order.paid")
    altered = cursor[:-1] + ("A" if cursor[-1] != "A" else "B")
    for bad in (lambda: realm.get("/events", 400, cursor=cursor),
                lambda: realm.get("/events", 400, cursor=cursor, event="order.shipped"),
                lambda: realm.get("/deliveries", 400, cursor=cursor),
                lambda: other.get("/events", 400, cursor=cursor, event="order.paid"),
                lambda: realm.get("/events", 400, cursor=altered, event="order.paid"),
                lambda: realm.get("/events", 400, cursor="x"),
                lambda: realm.get("/events", 400, cursor="'; --")):
        assert bad().problem == "bad-cursor"
    for name, values in {"limit": ["0", "201", "-1", "x", "1.5", ""], "since": ["yesterday", "2026"],
                         "resource_id": ["7"], "offset": ["10"], "Limit": ["5"]}.items():
        for value in values:
            answer = realm.get("/events", 422, **{name: value})
            assert answer.pointers == [name], (name, value)
    assert realm.get("/deliveries", 422, state="lost").pointers == ["state"]


def test_the_catalogue(server):
    items = server.client.call("GET", "/event-types", expect=200).json["items"]
    assert [item["name"] for item in items] == BUILT_IN
    for item in items:
        assert item["built_in"] is True
        assert item["description"].endswith(".") and item["schema"]["type"] == "object"
        assert isinstance(item["example"], dict) and item["example"]
        assert set(item["schema"].get("required", [])) <= set(item["example"])


@pytest.mark.parametrize("name", BUILT_IN)
def test_built_in_types_are_published(realm, name):
    assert realm.publish(name).json["event"] == name


def test_own_types(realm, receiver, path):
    new = {"name": "invoice.line_2.sent", "description": "A line.", "example": {"n": 1},
           "schema": {"type": "object", "required": ["n"]}}
    created = realm.call("POST", "/event-types", new, 201)
    assert {name: created.json[name] for name in new} == new
    assert created.json["built_in"] is False and created.headers["etag"] == '"1"'
    assert created.headers["location"].endswith("/event-types/invoice.line_2.sent")
    assert realm.call("POST", "/event-types", new, 409).problem == "name-taken"
    assert [item["name"] for item in realm.get("/event-types").json["items"]] == [
        "invoice.line_2.sent", "order.paid", "order.shipped"]
    # The schema documents; it is not enforced.
    hook = realm.create_webhook(receiver.url(path), events=["invoice.line_2.sent"])
    realm.publish("invoice.line_2.sent", {"other": True})
    receiver.wait(path)
    replaced = realm.call("PUT", "/event-types/invoice.line_2.sent", {"description": "Other."}, 200)
    assert replaced.json["example"] is None and replaced.headers["etag"] == '"2"'
    stale = realm.call("PUT", "/event-types/invoice.line_2.sent", {}, 412, {"if-match": '"1"'})
    assert stale.problem == "precondition-failed"
    assert realm.call("DELETE", "/event-types/invoice.line_2.sent", None, 409).problem == "conflict"
    realm.delete_webhook(hook["id"])
    realm.call("DELETE", "/event-types/invoice.line_2.sent", None, 204)
    realm.get("/event-types/invoice.line_2.sent", 404)
    assert realm.publish("invoice.line_2.sent", expect=422).pointers == ["#/event"]
    assert realm.items("/events", event="invoice.line_2.sent")[0]["data"] == {"other": True}


def test_own_types_belong_to_their_realm(server, realm, receiver):
    realm.event_types("invoice.sent")
    other = server.realm()
    other.publish("invoice.sent", expect=422)
    refused = other.call("POST", "/webhooks", {"url": receiver.url("/x"), "events": ["invoice.sent"]},
                         422)
    assert refused.pointers == ["#/events/0"]


@pytest.mark.parametrize("name", [
    "invoice", "Invoice.sent", "invoice.", ".sent", "invoice..sent", "invoice.sent ", "invoice-x.sent",
    "user.invented", "auth.x", "client.x", "redirect_uri.x", "role.x", "realm.x", "webhook.x",
    "delivery.x", "postrider.x", "a." + "b" * 127, "caf\u00e9.sent", "user.created", "", 7, None])
def test_names_that_are_refused(realm, name):
    assert realm.call("POST", "/event-types", {"name": name}, 422).pointers == ["#/name"]


def test_longest_name(realm):
    name = "a." + "b" * 126
    realm.event_types(name)
    realm.publish(name)
    assert re.fullmatch(r"[0-9a-f-]{36}", realm.items("/events", event=name)[0]["id"])
