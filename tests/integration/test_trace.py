"""The W3C trace context of a publish: kept with its events, sent on to receivers, shown and logged; malformed, it is nowhere."""

import json
import re
import signal
import subprocess
import uuid

import pytest

from receiver import Receiver, Reply
from server import Server, binary, environment, on_postgresql
from waiting import wait_for

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
PARENT, STATE = f"00-{TRACE}-{SPAN}-01", 'vendor=a"b\\c,other@shop=2'
HEADERS = {"traceparent": PARENT, "tracestate": STATE}


def publish(realm, headers, expect=202, **members):
    body = {"event": "order.paid", "resource_id": str(uuid.uuid4()), "data": {}, **members}
    return realm.call("POST", "/events", body, expect, headers).json["id"]


def span_of(request):
    """The span of a request that belongs to the trace."""
    found = re.fullmatch(f"00-{TRACE}-([0-9a-f]{{16}})-01", request.headers["traceparent"])
    assert found and found[1] not in (SPAN, "0" * 16) and request.headers["tracestate"] == STATE, request.headers
    return found[1]


def seen(event):
    return event.get("traceparent"), event.get("tracestate")


def test_each_attempt_is_a_span_of_its_publishers_trace(realm, receiver, path):
    answers = iter([Reply(503), Reply(503)])
    receiver.on(path, lambda request: next(answers, Reply(204)))
    realm.create_webhook(receiver.url(path), retry_schedule=["50ms", "50ms"], headers={"x-own": "1"})
    event = publish(realm, HEADERS)
    (delivery,) = realm.wait_final(event)
    spans = [span_of(request) for request in receiver.at(path)]
    assert len(set(spans)) == len(spans) == 3
    shown = [attempt["request"]["headers"] for attempt in delivery["attempts_log"]]
    assert sorted((each["traceparent"], each["tracestate"]) for each in shown) == sorted((f"00-{TRACE}-{span}-01", STATE) for span in spans)
    assert seen(realm.get(f"/events/{event}").json) == (PARENT, STATE) == seen(realm.items("/events", event="order.*")[0])
    page = realm.get("/feed", event="order.*", wait="10s").json
    assert seen(page["items"][0]) == (PARENT, STATE), "followers of the log go on with it"
    realm.call("POST", f"/deliveries/{delivery['id']}/redeliver", None, 202)
    wait_for(lambda: len(receiver.at(path)) == 4, "it came again")
    assert span_of(receiver.at(path)[3]) not in spans


@pytest.mark.parametrize("headers", [
    {}, {"tracestate": STATE}, {"traceparent": ""}, {"traceparent": "nonsense"}, {"traceparent": PARENT.upper()}, {"traceparent": PARENT + "-more"},
    {"traceparent": f"ff-{TRACE}-{SPAN}-01"}, {"traceparent": f"00-{'0' * 32}-{SPAN}-01"}, {"traceparent": f"00-{TRACE}-{'0' * 16}-01"},
    {"traceparent": f"{PARENT},{PARENT}", "tracestate": STATE}, {"traceparent": f"00-{TRACE}-{SPAN}-01\u00e4".encode("latin-1")}])
def test_what_is_malformed_goes_nowhere(realm, receiver, path, headers):
    realm.create_webhook(receiver.url(path))
    event = publish(realm, headers)
    realm.wait_final(event)
    (request,) = receiver.at(path)
    assert not {"traceparent", "tracestate"} & set(request.headers)
    assert seen(realm.get(f"/events/{event}").json) == (None, None)


@pytest.mark.parametrize("state", ["nonsense", "UPPER=1", "a=1,a=2", "a=", "=1", ",".join(f"k{n}=1" for n in range(33))])
def test_a_malformed_tracestate_leaves_the_trace(realm, receiver, path, state):
    realm.create_webhook(receiver.url(path))
    event = publish(realm, {"traceparent": PARENT, "tracestate": state})
    realm.wait_final(event)
    (request,) = receiver.at(path)
    assert request.headers["traceparent"].startswith(f"00-{TRACE}-") and "tracestate" not in request.headers
    assert seen(realm.get(f"/events/{event}").json) == (PARENT, None)


def test_whatever_a_request_fires_belongs_to_its_trace(server, realm, receiver, path):
    """A batch, changes of the directory, of a webhook and of a realm (in both realms), a reset that a stranger asks for, a test."""
    hook = realm.create_webhook(receiver.url(path), events=["*"])

    def events_of(where, *types):
        return [event for event in where.items("/events") if event["event"] in types]

    items = [{"event": "order.paid", "resource_id": str(uuid.uuid4()), "data": {}} for _ in range(3)]
    realm.call("POST", "/events/batch", {"events": items}, 202, HEADERS)
    user = realm.call("POST", "/users", {"username": "ada", "email": "ada@shop.example"}, 201, HEADERS).json["id"]
    realm.call("PATCH", f"/webhooks/{hook['id']}", {"description": "changed"}, 200, HEADERS)
    realm.call("PATCH", "", {"display_name": "Shop"}, 200, HEADERS)
    realm.call("POST", "/reset-password", {"username": "ada"}, 202, HEADERS)
    wait_for(lambda: events_of(realm, "auth.reset_password"), "the reset")
    realm.call("DELETE", f"/users/{user}", None, 204)
    types = ("order.paid", "user.created", "webhook.updated", "realm.updated", "auth.reset_password")
    found = events_of(realm, *types)
    assert {event["event"] for event in found} == set(types) and {seen(event) for event in found} == {(PARENT, STATE)}
    assert {seen(event) for event in events_of(realm, "user.deleted")} == {(None, None)}, "the next request has its own, or none"
    in_master = [event for event in events_of(server.master, "realm.updated") if event["data"]["name"] == realm.name]
    assert {seen(event) for event in in_master} == {(PARENT, STATE)}
    name = "r-" + uuid.uuid4().hex[:12]
    server.client.call("POST", "/realms", {"name": name}, 201, HEADERS)
    assert seen(next(event for event in events_of(server.master, "realm.created") if event["data"]["name"] == name)) == (PARENT, STATE)
    realm.call("POST", f"/webhooks/{hook['id']}/test", {}, 200, HEADERS)
    wait_for(lambda: len(receiver.at(path)) >= 8, "all came")
    for request in receiver.at(path):
        if request.json["event"] in ("webhook.created", "user.deleted"):  # asked for without a trace
            assert "traceparent" not in request.headers
        else:
            span_of(request)


def test_a_repeated_publish_keeps_the_first_trace(realm):
    body = json.dumps({"event": "order.paid", "resource_id": str(uuid.uuid4()), "data": {}}).encode()
    first = realm.call("POST", "/events", body, 202, {**HEADERS, "idempotency-key": "k"}).json["id"]
    again = realm.call("POST", "/events", body, 202, {"traceparent": f"00-{TRACE[::-1]}-{SPAN}-00", "idempotency-key": "k"})
    assert again.headers["idempotent-replayed"] == "true" and again.json["id"] == first
    assert seen(realm.get(f"/events/{first}").json) == (PARENT, STATE)


def run(*arguments):
    done = subprocess.run([binary(), *map(str, arguments)], capture_output=True, text=True, timeout=120, stdin=subprocess.DEVNULL,
                          env=environment(), check=False)
    assert done.returncode == 0, done
    return done.stdout


def test_it_outlives_the_process_a_backup_and_a_move(tmp_path):
    """An event that waits is sent with its trace after a kill; a backup and a move to another database have it, too."""
    flags = ("--allow-network", "127.0.0.0/8")
    with Receiver() as receiver, Server(tmp_path / "data", *flags) as server:
        realm = server.realm(None, "order.paid")
        up = []
        receiver.on("/late", lambda request: Reply(204 if up else 503))
        realm.create_webhook(receiver.url("/late"), retry_schedule=["1s"] * 20)
        event = publish(realm, HEADERS)
        wait_for(lambda: receiver.at("/late"), "a first attempt")
        server.restart()
        up.append(True)
        realm.wait_final(event)
        spans = [span_of(request) for request in receiver.at("/late")]
        assert len(set(spans)) == len(spans) >= 2
        if on_postgresql():
            return
        run("backup", "--data", server.data, tmp_path / "copy.db")
        server.stop()
    with Server(tmp_path / "data", "--database", f"sqlite:{tmp_path / 'copy.db'}", *flags) as copy:
        assert seen(type(realm)(copy.client, realm.name).get(f"/events/{event}").json) == (PARENT, STATE)
        assert copy.stop() == 0
    run("migrate", "--from", f"sqlite:{tmp_path / 'copy.db'}", "--to", f"sqlite:{tmp_path / 'moved.db'}")
    with Server(tmp_path / "data", "--database", f"sqlite:{tmp_path / 'moved.db'}", *flags) as moved:
        assert seen(type(realm)(moved.client, realm.name).get(f"/events/{event}").json) == (PARENT, STATE)


def test_browsers_may_send_it(tmp_path):
    with Server(tmp_path, "--cors-origin", "https://app.shop.example") as server:
        answer = server.client.raw("OPTIONS", "/api/v1/realms/master/events", headers={
            "origin": "https://app.shop.example", "access-control-request-method": "POST", "access-control-request-headers": "traceparent"})
        assert {"traceparent", "tracestate"} <= {name.strip() for name in answer.headers["access-control-allow-headers"].split(",")}
