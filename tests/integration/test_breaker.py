"""A receiver that is down is left alone: its webhook's breaker opens, what is pending waits, and one at a time is tried."""

import datetime

import pytest

from receiver import Reply
from server import Server
from test_attempt_now import now
from waiting import wait_for

TEN = 10
#: Under way when the tenth fails: a lane that has shown no success has four.
OPENED_WITHIN = TEN + 4
LONG = ["1h", "2h"]


def health(realm, hook):
    return realm.webhook(hook["id"])["health"]


def wait_breaker(realm, hook, state):
    return wait_for(lambda: (found := health(realm, hook))["breaker"] == state and found, f"the breaker is {state}")


def time_of(text):
    return datetime.datetime.fromisoformat(text)


def open_breaker(realm, receiver, path, answer=503, **members):
    """A webhook whose breaker has opened; with twenty deliveries pending."""
    hook = realm.create_webhook(receiver.on(path, answer), events=["order.*"], retry_schedule=LONG, **members)
    for _ in range(20):
        realm.publish()
    found = wait_breaker(realm, hook, "open")
    return hook, found


def pending(realm, hook):
    return realm.items("/deliveries", webhook_id=hook["id"], state="pending")


def test_it_opens_after_ten_failures_and_says_so(realm, receiver, path):
    hook, found = open_breaker(realm, receiver, path)
    assert found["failures_in_row"] >= TEN
    wait = time_of(found["next_probe_at"]) - time_of(found["open_since"])
    assert datetime.timedelta(seconds=4.9) < wait < datetime.timedelta(seconds=5.5)
    assert TEN <= len(receiver.at(path)) <= OPENED_WITHIN
    assert len(pending(realm, hook)) == 20
    assert health(realm, realm.create_webhook(receiver.url(path + "/other"))) | {"breaker": "closed", "open_since": None, "next_probe_at": None} \
        == health(realm, realm.create_webhook(receiver.url(path + "/other")))


def test_a_probe_that_succeeds_lets_everything_go_and_no_schedule_was_used_up(realm, receiver, path):
    hook, _ = open_breaker(realm, receiver, path)
    before = len(receiver.at(path))
    receiver.on(path, [503, 204])
    requests = receiver.wait(path, before + 2, timeout=25)
    # After 5 s and 10 s.
    assert requests[before].at - requests[before - 1].at > 4.5 and requests[before + 1].at - requests[before].at > 9
    assert requests[before].id != requests[before + 1].id, "probes take turns"
    wait_breaker(realm, hook, "closed")
    wait_for(lambda: len(pending(realm, hook)) <= OPENED_WITHIN, "what had not failed yet is delivered")
    for each in pending(realm, hook):
        # Those wait for their first retry, as before.
        assert each["attempts"] == 1
        now(realm, each)
    wait_for(lambda: not pending(realm, hook), "all are delivered")


def test_what_somebody_wants_is_tried_at_once(realm, receiver, path):
    hook, _ = open_breaker(realm, receiver, path)
    before = len(receiver.at(path))
    wanted = next(each for each in pending(realm, hook) if each["attempts"] == 0)
    now(realm, wanted)
    request = receiver.wait(path, before + 1, timeout=4)[before]
    assert request.id == wanted["event_id"]
    found = wait_for(lambda: (found := realm.delivery(wanted["id"]))["attempts"] and found, "its attempt")
    assert found["state"] == "pending"
    receiver.on(path, 204)
    now(realm, wanted)
    wait_for(lambda: realm.delivery(wanted["id"])["state"] == "delivered", "delivered", 4)
    wait_breaker(realm, hook, "closed")


@pytest.mark.parametrize("change", ["url", "enabled"])
def test_a_webhook_that_is_changed_by_hand_is_tried_at_once(realm, receiver, path, change):
    hook, _ = open_breaker(realm, receiver, path)
    good = receiver.on(path + "/good", 204)
    if change == "url":
        realm.patch_webhook(hook["id"], url=good)
    else:
        realm.patch_webhook(hook["id"], enabled=False)
        realm.patch_webhook(hook["id"], enabled=True, url=good)
    assert health(realm, hook)["breaker"] == "closed"
    event = realm.publish().json["id"]
    wait_for(lambda: event in [each.id for each in receiver.at(path + "/good")], "delivered", 4)


@pytest.mark.parametrize("answer", [400, 404, 302])
def test_what_the_receiver_refuses_opens_nothing(realm, receiver, path, answer):
    hook = realm.create_webhook(receiver.on(path, answer), events=["order.*"], retry_schedule=LONG)
    for _ in range(30):
        realm.publish()
    receiver.wait(path, 30)
    wait_for(lambda: health(realm, hook)["failures_in_row"] == 30, "all are recorded")
    assert health(realm, hook)["breaker"] == "closed"


def test_the_receiver_may_ask_for_a_longer_wait(realm, receiver, path):
    _, found = open_breaker(realm, receiver, path, Reply(503, headers=[("retry-after", "600")]))
    wait = time_of(found["next_probe_at"]) - time_of(found["open_since"])
    assert datetime.timedelta(seconds=595) < wait < datetime.timedelta(seconds=605)


def test_it_stays_open_over_a_kill(tmp_path, receiver, path):
    with Server(tmp_path, "--allow-network", "127.0.0.0/8") as server:
        realm = server.realm()
        realm.event_types("order.shipped")
        hook, found = open_breaker(realm, receiver, path, Reply(503, headers=[("retry-after", "600")]))
        before = len(receiver.at(path))
        server.restart()
        other = realm.create_webhook(receiver.url(path + "/other"), events=["order.*"])
        event = realm.publish().json["id"]
        wait_for(lambda: event in [each.id for each in receiver.at(path + "/other")], "the other webhook has it")
        assert len(receiver.at(path)) == before
        assert {key: health(realm, hook)[key] for key in ("breaker", "open_since")} == {"breaker": "open", "open_since": found["open_since"]}
        assert health(realm, other)["breaker"] == "closed"
        realm.delete_webhook(hook["id"])
