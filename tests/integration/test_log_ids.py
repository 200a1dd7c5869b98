"""Log lines name what they are about, so that one id leads from a request to its event, its deliveries and their attempts."""

import json
import re
import uuid

import pytest

from receiver import Receiver, Reply
from server import ROOT, Server
from waiting import wait_for

TRACE = "0af7651916cd43dd8448eb211c80319c"

#: Which other fields a line has that names one of these.
BRINGS = {"delivery": {"event", "webhook", "realm"}, "event": {"realm"}, "webhook": {"realm"}, "user": {"realm"}}
#: About the server, the node or the store, and not about one realm; "answered" has its realm in the line "asked" of the same request.
OF_THE_SERVER = {
    "the last run crashed", "not everything that was told of webhooks in this while is in the log", "what waits was not counted",
    "housekeeping waits", "the clock has moved by far more than time has passed: nothing is deleted for its age for the next hour; if the clock is wrong, set it right and restart the server",
    "logins failed", "a setting of an older version has ended", "the first API key is in a file", "answered", "the old certificate stays",
    "the certificate was read again", "the configuration was not read again, the old one stays", "the configuration was read again",
    "these settings change at the next start", "what was counted waits to be added up", "starting", "listening on ", "metrics on http://", "stopping",
    "stopped", "no memory for a request", "a partition past its retention waits: much of it is still pending", "the index of resources waits",
    "this node's part in the cluster waits",
    "the disk has no room at all: the server has started without any, and until its next start other programs cannot read the database beside it",
    "a row is left out"}


def lines_of_source():
    """The message and the names of the fields of each line that the server can write."""
    for file in sorted((ROOT / "src").rglob("*.cc")):
        if file.stem.endswith(("_test", "_fuzz")) or file.parent.name == "telemetry":
            continue
        text = file.read_text()
        for call in re.finditer(r"\blog::(?:debug|info|warning|error)\(", text):
            end, depth = call.end(), 1
            while depth:
                depth += {"(": 1, ")": -1}.get(text[end], 0)
                end += 1
            said = text[call.end():end - 1]
            strings = re.match(r'\s*"[^"]*",\s*(?:std::string\()?((?:"[^"]*"\s*)+)', said)
            if strings is None:
                continue  # its message is an argument
            yield "".join(re.findall(r'"([^"]*)"', strings[1])), set(re.findall(r'\{\s*"(\w+)",', said)), file.name


def test_every_line_names_the_realm_and_what_leads_to_it():
    found = list(lines_of_source())
    assert len(found) > 30, "the calls are still written as this test reads them"
    for message, fields, file in found:
        missing = set().union(*(BRINGS.get(field, set()) for field in fields)) - fields
        assert not missing, f"{file}: the line {message!r} names one of {sorted(BRINGS)} without {sorted(missing)}"
        if message not in OF_THE_SERVER:
            assert "realm" in fields, f"{file}: the line {message!r} names no realm; if it is about the whole server, say so here"
    left = OF_THE_SERVER - {message for message, _, _ in found}
    assert not left, f"no line says this any more: {sorted(left)}"


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """What a publish, its attempts and its failure left in the log; the ids by their names."""
    flags = ("--allow-network", "127.0.0.0/8", "--log-level", "debug", "--log-format", "json")
    with Receiver() as receiver, Server(tmp_path_factory.mktemp("data"), *flags) as server:
        realm = server.realm(None, "order.paid")
        receiver.on("/down", lambda request: Reply(503))
        hook = realm.create_webhook(receiver.url("/down"), retry_schedule=["50ms"])
        body = {"event": "order.paid", "resource_id": str(uuid.uuid4()), "data": {}}
        event = realm.call("POST", "/events", body, 202, {"traceparent": f"00-{TRACE}-b7ad6b7169203331-01"}).json["id"]
        (delivery,) = realm.wait_final(event)
        realm.call("PATCH", f"/webhooks/{hook['id']}", {"enabled": False}, 200)
        wait_for(lambda: any("a delivery has failed" in line for line in server.log), "the end of the delivery")
        wait_for(lambda: any("disabled by hand" in line for line in server.log), "that the webhook is disabled")
        wait_for(lambda: any('"operation":"update_webhook"' in line and '"status"' in line for line in server.log), "the last answer")
        lines = [json.loads(line) for line in server.log if line.startswith("{")]
        yield {"realm": realm.name, "webhook": hook["id"], "event": event, "delivery": delivery["id"]}, lines


def said(lines, message, **fields):
    return [line for line in lines if line["message"] == message and fields.items() <= line.items()]


def test_a_request_leads_to_its_event(told):
    names, lines = told
    (accepted,) = said(lines, "accepted", realm=names["realm"], event=names["event"], events=1, trace=TRACE)
    (asked,) = said(lines, "asked", request=accepted["request"])
    assert (asked["operation"], asked["realm"], asked["trace"]) == ("publish_event", names["realm"], TRACE)
    assert asked["by"].startswith("api_key ")
    (answered,) = said(lines, "answered", request=accepted["request"])
    assert answered["status"] == 202


def test_an_event_leads_to_each_attempt_and_to_the_end(told):
    names, lines = told
    attempts = said(lines, "attempted", **names)
    assert [(line["attempt"], line["outcome"], line["status"]) for line in attempts] == [(1, "refused_by_status", 503), (2, "refused_by_status", 503)]
    (end,) = said(lines, "a delivery has failed", **names)
    assert end["attempts"] == 2 and end["level"] == "info"
    assert {line["trace"] for line in [*attempts, end]} == {TRACE}


def test_a_change_by_hand_names_its_request(told):
    names, lines = told
    (line,) = said(lines, "a webhook was disabled by hand", webhook=names["webhook"], realm=names["realm"])
    assert said(lines, "answered", request=line["request"], operation="update_webhook")
