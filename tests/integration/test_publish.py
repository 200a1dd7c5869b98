"""Publishing: what is accepted arrives, byte for byte, once for each Idempotency-Key."""

import concurrent.futures
import datetime
import json
import re
import uuid

from client import NoAnswer

#: API.md section 1: order, digits, an exponent beyond doubles, an escaped NUL.
AWKWARD = b'{"b":1.10,"a":12345678901234567890123,"c":1e400,"d":"\\u0000"}'
RESOURCE = "019300a1-7c3e-7b1a-9a54-3f0f6b1d2c11"


def envelope(data, event="order.shipped", resource_id=RESOURCE, more=b""):
    return b'{"event":"%s","resource_id":"%s","data":%s%s}' % (
        event.encode(), resource_id.encode(), data, more)


def arrived(answer, data):
    """The body that receivers must get for what a publish was answered."""
    told = answer if isinstance(answer, dict) else answer.json
    return b'{"event":"%s","timestamp":"%s","resource_id":"%s","data":%s}' % (
        told["event"].encode(), told["timestamp"].encode(), told["resource_id"].encode(), data)


def test_data_arrives_byte_for_byte(realm, receiver, path):
    realm.create_webhook(receiver.url(path))
    answer = realm.publish_bytes(envelope(AWKWARD))
    assert sorted(answer.json) == ["deliveries", "event", "id", "resource_id", "timestamp"]
    assert answer.json["deliveries"] == 1
    request = receiver.wait(path)[0]
    assert request.body == arrived(answer, AWKWARD)
    assert request.id == answer.json["id"]
    assert b'"data":' + AWKWARD in realm.get(f"/events/{answer.json['id']}").body
    assert b'"data":' + AWKWARD in realm.get("/events").body


def test_white_space_between_tokens_goes_and_nothing_else(realm, receiver, path):
    realm.create_webhook(receiver.url(path))
    spaced = b' {\r\n\t"z" : [ 1.0 , -0 , {} ] , "a b" : " \\n x \xc3\xab " , "\\u0061b" : null } '
    tight = b'{"z":[1.0,-0,{}],"a b":" \\n x \xc3\xab ","\\u0061b":null}'
    answer = realm.publish_bytes(b"\n" + envelope(spaced) + b"  ")
    assert receiver.wait(path)[0].body == arrived(answer, tight)


def test_members_of_the_publish_in_any_order(realm, receiver, path):
    realm.create_webhook(receiver.url(path))
    body = b'{"data":{"n":1},"resource_id":"%s","event":"order.paid"}' % RESOURCE.upper().encode()
    answer = realm.publish_bytes(body)
    assert answer.json["resource_id"] == RESOURCE
    assert receiver.wait(path)[0].body == arrived(answer, b'{"n":1}')


def test_headers_of_a_webhook(realm, receiver, path):
    realm.create_webhook(receiver.url(path), headers={"Authorization": "Bearer x", "X-Team": "a\tb"})
    realm.publish()
    request = receiver.wait(path)[0]
    names = [name.lower() for name, _ in request.header_list]
    assert len(names) == len(set(names)), names
    assert request.headers["content-type"] == "application/json"
    assert request.headers["user-agent"].startswith("Postrider/")
    assert request.headers["authorization"] == "Bearer x"
    assert request.headers["x-team"] == "a\tb"
    assert request.headers["host"] == f"127.0.0.1:{receiver.port}"
    assert re.fullmatch(r"v1,[A-Za-z0-9+/]{43}=", request.headers["webhook-signature"])
    assert abs(int(request.headers["webhook-timestamp"]) - request.wall) <= 2
    assert set(names) == {"host", "content-type", "content-length", "user-agent", "authorization",
                          "x-team", "webhook-id", "webhook-timestamp", "webhook-signature"} | (
                              {"connection"} & set(names))


def test_timestamp_is_carried(realm, receiver, path):
    realm.create_webhook(receiver.url(path))
    answer = realm.publish(timestamp="2001-02-03T04:05:06.7+01:00")
    assert answer.json["timestamp"] == "2001-02-03T03:05:06.700000Z"
    assert receiver.wait(path)[0].json["timestamp"] == answer.json["timestamp"]
    default = realm.publish().json["timestamp"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", default)
    now = datetime.datetime.now(datetime.timezone.utc)
    ahead = lambda hours: (now + datetime.timedelta(hours=hours)).isoformat()
    realm.publish(timestamp=ahead(23))
    for bad in (ahead(25), "2026-13-01T00:00:00Z", "2026-11-23T18:12:03", "yesterday", 17, None):
        refused = realm.publish(timestamp=bad, expect=422)
        assert refused.pointers == ["#/timestamp"], refused


def test_batch(realm, receiver, path):
    realm.create_webhook(receiver.url(path), events=["order.shipped"])
    events = [{"event": name, "resource_id": str(uuid.uuid4()), "data": {"n": n}}
              for n, name in enumerate(["order.shipped", "order.paid"] * 50)]
    items = realm.publish_batch(events).json["items"]
    assert [item["resource_id"] for item in items] == [event["resource_id"] for event in events]
    assert [item["deliveries"] for item in items] == [1, 0] * 50
    assert [item["id"] for item in items] == sorted(item["id"] for item in items)
    bodies = {request.id: request.body for request in receiver.wait(path, 50)}
    assert bodies == {item["id"]: arrived(item, b'{"n":%d}' % n)
                      for n, item in enumerate(items) if n % 2 == 0}


def test_batch_is_all_or_none(realm, receiver, path):
    realm.create_webhook(receiver.url(path))
    good = {"event": "order.paid", "resource_id": RESOURCE, "data": {}}
    bad = [{**good, "event": "order.pade"}, {**good, "data": []}, {**good, "resource_id": "7"}]
    refused = realm.publish_batch([good, bad[0], good, bad[0]], expect=422)
    assert refused.pointers == ["#/events/1/event", "#/events/3/event"]
    refused = realm.publish_batch([good, bad[1], good, bad[2], good], expect=422)
    assert refused.pointers == ["#/events/1/data", "#/events/3/resource_id"]
    realm.publish_batch([], expect=422)
    realm.publish_batch([good] * 1001, expect=422)
    assert realm.orders() == []
    realm.publish_batch([good] * 1000)
    assert len(receiver.wait(path, 1000, timeout=30)) == 1000
    assert len(realm.orders()) == 1000


def test_fan_out_limit_says_how_many_fit(realm, receiver):
    for _ in range(21):
        realm.create_webhook(receiver.url("/unused"), events=["order.paid"], name="many")
    events = [{"event": "order.paid", "resource_id": RESOURCE, "data": {}}] * 1000
    refused = realm.publish_batch(events, expect=422)
    assert refused.problem == "fan-out-too-large"
    assert "952" in refused.json["detail"], refused  # 20,000 / 21
    assert realm.orders() == [] and receiver.at("/unused") == []


def test_ids_are_in_commit_order(realm):
    ids = [realm.publish().json["id"] for _ in range(50)]
    assert ids == sorted(ids)
    assert [item["id"] for item in realm.orders()] == ids[::-1]
    assert {uuid.UUID(id_).version for id_ in ids} == {7}


def test_idempotency_key_gets_the_first_answer(realm, receiver, path):
    realm.create_webhook(receiver.url(path))
    body = envelope(b'{"n":1}')
    first = realm.publish_bytes(body, key="order-1")
    assert "idempotent-replayed" not in first.headers
    again = realm.publish_bytes(body, key='"order-1"')  # quoted or not is the same
    assert again.headers["idempotent-replayed"] == "true"
    assert again.body == first.body and again.status == 202
    other = realm.publish_bytes(envelope(b'{"n":2}'), key="order-1", expect=422)
    assert other.problem == "idempotency-key-reused"
    other_bytes = realm.publish_bytes(body + b" ", key="order-1", expect=422)
    assert other_bytes.problem == "idempotency-key-reused"
    assert realm.publish_bytes(body).json["id"] != first.json["id"]
    assert len(receiver.wait(path, 2)) == 2
    assert len(realm.orders()) == 2


def test_idempotency_scope_is_realm_and_route(server, realm):
    event = {"event": "order.paid", "resource_id": RESOURCE, "data": {}}
    body = json.dumps(event).encode()
    ids = {realm.publish_bytes(body, key="k").json["id"],
           server.realm(None, "order.paid").publish_bytes(body, key="k").json["id"]}
    batch = realm.publish_batch([event], key="k")
    assert "idempotent-replayed" not in batch.headers
    again = realm.publish_batch([event], key="k")
    assert again.headers["idempotent-replayed"] == "true" and again.body == batch.body
    assert len(ids | {batch.json["items"][0]["id"]}) == 3


def test_refusals_are_not_kept(realm):
    refused = realm.publish_bytes(envelope(b"{}", event="invoice.sent"), key="k", expect=422)
    assert refused.pointers == ["#/event"]
    realm.event_types("invoice.sent")
    assert "idempotent-replayed" not in realm.publish_bytes(
        envelope(b"{}", event="invoice.sent"), key="k").headers


def test_idempotency_key_of_any_visible_ascii(realm):
    visible = "".join(chr(code) for code in range(0x21, 0x7f) if chr(code) != '"')
    for key in ("a", "k" * 255, visible):
        first = realm.publish_bytes(envelope(b"{}"), key=key)
        assert realm.publish_bytes(envelope(b"{}"), key=key).body == first.body
    for bad in ("k" * 256, "two words", "t\tb", '""', "caf\xe9"):
        refused = realm.publish_bytes(envelope(b"{}"), key=bad, expect=422)
        assert [name.lower() for name in refused.pointers] == ["idempotency-key"], bad


def test_concurrent_repetitions_are_one_event(realm, receiver, path):
    realm.create_webhook(receiver.url(path))
    for n in range(5):
        body = envelope(b'{"n":%d}' % n)
        with concurrent.futures.ThreadPoolExecutor(24) as pool:
            answers = list(pool.map(
                lambda _: realm.publish_bytes(body, key=f"same-{n}", expect=None), range(24)))
        assert {answer.status for answer in answers} == {202}
        assert len({answer.body for answer in answers}) == 1
        assert sum("idempotent-replayed" not in answer.headers for answer in answers) == 1
    assert len(receiver.wait(path, 5)) == 5
    assert len(realm.orders()) == 5


def test_concurrent_keys_with_different_bodies(realm):
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda n: realm.publish_bytes(
            envelope(b'{"n":%d}' % n), key="fought-over", expect=None), range(8)))
    assert sorted(answer.status for answer in answers) == [202] + [422] * 7
    assert len(realm.orders()) == 1


def test_idempotency_survives_a_crash(server, receiver, path):
    realm = server.realm(None, "order.shipped")
    realm.create_webhook(receiver.url(path))
    body = envelope(b'{"n":1}')
    first = realm.publish_bytes(body, key="before")
    batch_events = [json.loads(body)] * 3
    batch = realm.publish_batch(batch_events, key="before")
    server.restart()
    for _ in range(2):  # the client may meet the connection that died
        try:
            again = realm.publish_bytes(body, key="before")
            break
        except NoAnswer:
            continue
    assert again.body == first.body and again.headers["idempotent-replayed"] == "true"
    assert realm.publish_batch(batch_events, key="before").body == batch.body
    assert realm.publish_bytes(envelope(b"{}"), key="before", expect=422).problem == \
        "idempotency-key-reused"
    assert len(realm.orders()) == 4
    assert {request.id for request in receiver.wait(path, 4)} == {
        first.json["id"], *(item["id"] for item in batch.json["items"])}
