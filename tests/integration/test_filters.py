"""Filters of webhooks: which events of its types one wants."""

import json
import os
import random

import pytest

import filters
from contract import some_uuid
from test_api_keys import make_key, using
from test_webhooks import refused
from waiting import wait_for

#: How many pairs of a filter and an event; `make proof` takes many.
PAIRS = int(os.environ.get("POSTRIDER_FILTER_PAIRS", "10000"))
LARGE = {"data": {"total": {"$gte": 100}, "currency": {"$in": ["EUR", "USD"]}}}


def publish(realm, text, event="order.paid"):
    body = f'{{"event":"{event}","resource_id":"{some_uuid()}","data":{text}}}'
    return realm.publish_bytes(body.encode()).json


def verdicts(realm, event):
    return {item["webhook_id"]: item for item in realm.get(f"/events/{event['id']}/explain").json["items"]}


def test_only_what_it_lets_through_is_delivered(realm, receiver, path):
    hook = realm.create_webhook(receiver.url(path), filter=LARGE)
    other = realm.create_webhook(receiver.url(path + "/other"))
    assert hook["filter"] == LARGE and other["filter"] is None
    small = publish(realm, '{"total":99.99,"currency":"EUR"}')
    large = publish(realm, '{"total":100.00,"currency":"USD"}')
    assert small["deliveries"] == 1 and large["deliveries"] == 2
    assert [request.id for request in receiver.wait(path)] == [large["id"]]
    said = verdicts(realm, small)[hook["id"]]
    assert said["verdict"] == "filtered" and "/data/total/$gte" in said["because"], said
    assert verdicts(realm, large)[hook["id"]]["verdict"] in ("delivered", "pending")


def test_what_held_when_the_event_came_is_explained(realm, receiver, path):
    hook = realm.create_webhook(receiver.url(path), filter=LARGE)
    event = publish(realm, '{"total":1}')
    assert realm.patch_webhook(hook["id"], filter={"data": {"total": 1}})["filter"] == {"data": {"total": 1}}
    assert "/data/total/$gte" in verdicts(realm, event)[hook["id"]]["because"]
    assert publish(realm, '{"total":1}')["deliveries"] == 1
    assert realm.patch_webhook(hook["id"], filter=None)["filter"] is None
    assert publish(realm, '{"total":2}')["deliveries"] == 1


def test_recover_goes_by_the_filter_as_it_is_now(realm, receiver, path):
    hook = realm.create_webhook(receiver.url(path), filter={"data": {"n": 1}})
    for number in (1, 2, 3):
        publish(realm, f'{{"n":{number}}}')
    receiver.wait(path)
    realm.patch_webhook(hook["id"], filter={"data": {"n": {"$gte": 2}}})
    operation = realm.call("POST", f"/webhooks/{hook['id']}/recover", {"since": "2020-01-01T00:00:00Z"}, 202).json
    wait_for(lambda: realm.get(f"/operations/{operation['id']}").json["state"] == "done", "recovered")
    assert sorted(request.json["data"]["n"] for request in receiver.wait(path, 3)) == [1, 2, 3]


def test_an_event_of_a_change_goes_by_it_too(realm, receiver, path):
    realm.create_webhook(receiver.url(path), events=["user.*"], filter={"data": {"username": {"$endsWith": "@example.com"}}})
    for name in ("ada", "grace@example.com"):
        realm.call("POST", "/users", {"username": name}, 201)
    assert receiver.wait(path)[0].json["data"]["username"] == "grace@example.com"


@pytest.mark.parametrize("value, pointers", [
    (5, ["#/filter"]),
    ({}, ["#/filter"]),
    ({"total": 1}, ["#/filter/total"]),
    ({"data": {"a": {"$gte": None}, "b/c": {"$startsWith": 1}}}, ["#/filter/data/a/$gte", "#/filter/data/b~1c/$startsWith"]),
    ({"data": {"a": {"$matches": "x"}}}, ["#/filter/data/a/$matches"]),
    ({"$or": [{"event": "order.paid"}, 5]}, ["#/filter/$or/1"]),
    ({"data": {"a": {"$in": list(range(101))}}}, ["#/filter/data/a/$in"]),
])
def test_what_is_wrong_is_named(realm, value, pointers):
    refused(realm, pointers, filter=value)


def test_filters_that_cannot_be_looked_up_are_bounded(realm, receiver):
    """Each is held against each event; one with an equality is looked up, and there may be as many as webhooks."""
    for _ in range(100):
        realm.create_webhook(receiver.url("/slow"), filter={"data": {"n": {"$gt": 1}}})
    refused(realm, ["#/filter"], filter={"data": {"n": {"$gt": 1}}})
    hooks = [realm.create_webhook(receiver.url("/fast"), filter={"data": {"n": number}}) for number in range(30)]
    refused(realm, ["#/filter"], "PATCH", f"/webhooks/{hooks[0]['id']}", filter={"data": {"n": {"$lt": 1}}})
    event = publish(realm, '{"n":1.0}')
    assert event["deliveries"] == 1
    assert [id for id, item in verdicts(realm, event).items() if item["verdict"] != "filtered"] == [hooks[1]["id"]]


def test_what_filters_cost_together_is_bounded(realm, receiver):
    looks = [{"list": {"$contains": f"none {number}"}} for number in range(50)]
    for _ in range(10):
        realm.create_webhook(receiver.url("/slow"), filter={"data": {"$or": looks}})
    refused(realm, ["#/filter"], filter={"data": {"$or": looks}})
    hooks = [realm.create_webhook(receiver.url("/fast"), filter={"data": {"tags": f"t{number}", "$or": looks}}) for number in range(40)]
    events = [{"list": ["none"] * 1000, "tags": []}, {"list": ["none 7"], "tags": ["t1", "t5"]}]
    batch = [{"event": "order.paid", "resource_id": some_uuid(), "data": data} for data in events * 20]
    counts = [item["deliveries"] for item in realm.publish_batch(batch).json["items"]]
    assert counts == [0, 12] * 20
    costly = {"tags": [f"t{number}" for number in range(40)], "list": ["none"] * 950}  # of 1,000 that are looked at
    answer = realm.publish_batch([*batch, {"event": "order.paid", "resource_id": some_uuid(), "data": costly}], expect=None)
    assert (answer.status, answer.problem) == (422, "filters-too-costly"), answer
    assert "event 40" in answer.json["detail"]
    realm.delete_webhook(hooks[0]["id"])


def test_random_filters_agree_with_another_implementation(server, receiver):
    seed = int(os.environ.get("POSTRIDER_SEED", "20261130"))
    chance = random.Random(seed)
    hooks_a_realm, events = 90, 60
    differences, pairs, through = [], 0, 0
    while pairs < PAIRS:
        realm = server.realm(None, "order.shipped", "order.paid")
        wanted = {}
        while len(wanted) < hooks_a_realm:
            text = filters.some_filter(chance)
            body = f'{{"url":"{receiver.url("/random")}","events":["*"],"name":"f","filter":{text}}}'.encode()
            made = realm.call("POST", "/webhooks", body, 201).json
            wanted[made["id"]] = text
        for _ in range(events):
            event = publish(realm, filters.data(chance), chance.choice(["order.paid", "order.shipped"]))
            whole = realm.get(f"/events/{event['id']}").body
            fields = filters.read(whole)
            fields = {name: fields[name] for name in ("event", "timestamp", "resource_id", "data")}
            for webhook, item in verdicts(realm, event).items():
                expected = filters.holds(filters.read(wanted[webhook]), fields)
                through += expected
                pairs += 1
                if expected != (item["verdict"] != "filtered"):
                    differences.append((wanted[webhook], json.dumps(fields["data"], default=str), item["because"]))
    assert not differences, f"seed {seed}: {len(differences)} of {pairs}; the first: {differences[:3]}"
    assert pairs / 10 < through < pairs * 9 / 10
    print(f"{pairs} pairs of a filter and an event, {through} let through, 0 differences")


def dry_run(realm, status=200, **body):
    answer = realm.call("POST", "/webhooks/check", body, status).json
    return answer["dry_run"] if status == 200 else sorted(error["pointer"] for error in answer["errors"])


def sample(data, event="order.paid"):
    return {"event": event, "resource_id": some_uuid(), "data": data}


def test_a_dry_run_says_what_refuses_a_sample_and_shows_the_body(realm):
    refused_one = dry_run(realm, filter=LARGE, sample=sample({"total": 99, "currency": "EUR"}))
    assert (refused_one["looked_at"], refused_one["matching"], refused_one["body"]) == (1, 0, None)
    assert refused_one["items"][0]["refused_by"] == "#/filter/data/total/$gte"
    assert refused_one["items"][0]["event_id"] is None and refused_one["items"][0]["matches"] is False
    assert dry_run(realm, events=["user.*"], sample=sample({}))["items"][0]["refused_by"] == "#/events"
    body = dry_run(realm, filter=LARGE, format="payload", sample=sample({"total": 100, "currency": "EUR"}))["body"]
    assert body == {"event_id": None, "content_type": "application/json", "problem": None, "text": '{"total":100,"currency":"EUR"}'}
    cloud = dry_run(realm, format="cloudevents", sample=sample({"n": 1}))["body"]
    assert cloud["content_type"] == "application/cloudevents+json"
    assert json.loads(cloud["text"])["source"].endswith(f"/realms/{realm.name}")
    assert not realm.items("/events", event="order.paid"), "a sample is not published"


def test_a_dry_run_over_the_last_events_agrees_with_what_then_comes(realm, receiver, path):
    before = [publish(realm, f'{{"n":{number},"big":12345678901234567890{number % 10}}}') for number in range(60)]
    wanted = {"data": {"n": {"$gte": 20}, "big": {"$lt": 123456789012345678905}}}
    run = dry_run(realm, filter=wanted, events=["order.*"], last=50)
    assert run["looked_at"] == 50 and [item["event_id"] for item in run["items"]] == [event["id"] for event in before[:9:-1]]
    expected = [number for number in range(59, 9, -1) if number >= 20 and number % 10 < 5]
    assert [item["event_id"] for item in run["items"] if item["matches"]] == [before[number]["id"] for number in expected]
    assert run["matching"] == len(expected) and run["body"]["event_id"] == before[54]["id"]
    assert {item["refused_by"] for item in run["items"]} == {None, "#/filter/data/n/$gte", "#/filter/data/big/$lt"}
    realm.create_webhook(receiver.url(path), filter=wanted)
    for number in range(60):
        publish(realm, f'{{"n":{number},"big":12345678901234567890{number % 10}}}')
    came = [request.json["data"]["n"] for request in receiver.wait(path, 20)]
    assert sorted(came) == sorted(number for number in range(60) if number >= 20 and number % 10 < 5)


@pytest.mark.parametrize("body, pointers", [
    ({}, ["#/url"]),
    ({"filter": {"data": {"n": 1}}}, ["#/url"]),
    ({"last": 0}, ["#/last"]),
    ({"last": 1001}, ["#/last"]),
    ({"last": 5, "sample": {"event": "order.paid", "data": {}, "resource_id": "0193b1f0-0000-7000-8000-000000000000"}}, ["#/last"]),
    ({"sample": {"event": "order.paid", "data": 5}}, ["#/sample/data", "#/sample/resource_id"]),
    ({"last": 5, "filter": {"data": {"n": {"$get": 1}}}, "format": "xml"}, ["#/filter/data/n/$get", "#/format"]),
    ({"last": 5, "events": ["order.payed"]}, ["#/events/0"]),
    ({"last": 5, "filters": {}}, ["#/filters"]),
])
def test_what_is_wrong_with_a_dry_run_is_named(realm, body, pointers):
    assert dry_run(realm, 422, **body) == pointers


def test_the_last_events_are_for_those_who_may_see_events(server, realm):
    weak = using(server, realm, make_key(realm, "manage_webhooks"))
    assert weak.call("POST", "/webhooks/check", {"last": 5}, 403).json["detail"].find("view_events") >= 0
    assert weak.call("POST", "/webhooks/check", {"sample": sample({})}, 200).json["dry_run"]["matching"] == 1


def test_a_filter_changes_again_and_again_beside_many(realm, receiver):
    """The matcher takes each change by itself; it must be as if it had read all webhooks anew."""
    hooks = [realm.create_webhook(receiver.url("/many"), filter={"data": {"n": number}}) for number in range(20)]
    chance = random.Random(7)
    wanted = {hook["id"]: {"data": {"n": number}} for number, hook in enumerate(hooks)}
    for _ in range(40):
        hook = chance.choice(hooks)["id"]
        wanted[hook] = chance.choice([None, {"data": {"n": chance.randint(0, 9)}}, {"data": {"n": {"$gte": chance.randint(0, 9)}}},
                                      {"data": {"n": {"$in": [chance.randint(0, 9), chance.randint(0, 9)]}}}])
        realm.patch_webhook(hook, filter=wanted[hook])
        number = chance.randint(0, 9)
        event = publish(realm, f'{{"n":{number}}}')
        fields = {"data": {"n": filters.read(str(number))}}
        expected = sum(each is None or filters.holds(filters.read(json.dumps(each)), fields) for each in wanted.values())
        assert event["deliveries"] == expected


def test_an_import_of_users_is_filtered_event_by_event(realm, receiver, path):
    """Events of one call that go to different webhooks, and past some of them."""
    realm.create_webhook(receiver.url(path), events=["user.created"], filter={"data": {"username": "u7"}})
    realm.create_webhook(receiver.url(path + "/odd"), events=["user.created"], filter={"data": {"username": {"$in": ["u1", "u3"]}}})
    realm.create_webhook(receiver.url(path + "/all"), events=["user.created"])
    users = [{"username": f"u{number}"} for number in range(10)]
    realm.call("POST", "/import", {"users": users}, 200)
    names = lambda where, count: sorted(request.json["data"]["username"] for request in receiver.wait(where, count))
    assert names(path, 1) == ["u7"]
    assert names(path + "/odd", 2) == ["u1", "u3"]
    assert names(path + "/all", 10) == sorted(user["username"] for user in users)
