"""A wall clock that is set, by 1,000 days, while the server runs: nothing is lost by it."""

import datetime
import pathlib
import subprocess

import pytest

from server import Server, sqlite_only
from waiting import wait_for

SHIM = pathlib.Path(__file__).parents[1] / "support" / "clock_shim.c"
DAYS_1000 = 1000 * 86400

#: On PostgreSQL the nodes' lease and the log's partitions go by the database's clock as well.
pytestmark = sqlite_only


@pytest.fixture(scope="module")
def shim(tmp_path_factory):
    built = tmp_path_factory.mktemp("shim") / "clock_shim.so"
    subprocess.run(["gcc", "-Wall", "-Werror", "-shared", "-fPIC", "-O1", "-o", built, SHIM, "-ldl"],
                   check=True)
    return built


class Clock:
    def __init__(self, file):
        self.file = file
        self.move(0)

    def move(self, seconds):
        new = self.file.with_suffix(".new")
        new.write_text(str(seconds))
        new.rename(self.file)


@pytest.fixture
def clock(tmp_path):
    return Clock(tmp_path / "shift")


@pytest.fixture
def server(tmp_path, shim, clock):
    with Server(tmp_path / "data", "--allow-network", "127.0.0.0/8", "--retry-schedule", ",".join(["500ms"] * 12),
                variables={"LD_PRELOAD": str(shim), "CLOCK_SHIFT": str(clock.file)}) as server:
        yield server


def failures(realm, delivery):
    return realm.delivery(delivery)["attempts"]


def test_a_failing_webhook_is_not_disabled_and_what_waits_is_not_cancelled(server, receiver, path, clock):
    receiver.on(path, 500)
    realm = server.realm("shop", "order.paid")
    hook = realm.create_webhook(receiver.url(path), events=["order.paid"])["id"]
    event = realm.publish("order.paid").json["id"]
    # Failing since now: two failures are on record before the clock is set, many come after.
    wait_for(lambda: len(receiver.at(path)) >= 2, "two failures")
    clock.move(DAYS_1000)
    wait_for(lambda: len(receiver.at(path)) >= 7, "five more", 30)
    assert realm.webhook(hook)["enabled"] is True
    assert {each["state"] for each in realm.deliveries(event_id=event)} <= {"pending", "failed"}
    # The stop and the start afterwards make no difference.
    server.restart()
    second = realm.publish("order.paid").json["id"]
    before = len(receiver.at(path))
    wait_for(lambda: len(receiver.at(path)) >= before + 3, "failures after the start", 30)
    assert realm.webhook(hook)["enabled"] is True
    assert not [each for each in realm.deliveries(event_id=second) if each["state"] == "cancelled"]


def test_nothing_is_deleted_for_its_age(server, clock):
    realm = server.realm("shop", "order.paid")
    event = realm.publish("order.paid").json["id"]
    clock.move(DAYS_1000)
    server.wait_log("the clock has moved", 60)
    # Not shown while the clock says that it is too old, but there when the clock is right again.
    assert realm.get(f"/events/{event}", expect=404)
    clock.move(0)
    assert realm.get(f"/events/{event}").json["id"] == event
    # A start under the wrong clock deletes nothing either.
    clock.move(DAYS_1000)
    server.restart()
    server.wait_log("the clock has moved", 60)
    clock.move(0)
    server.restart()
    assert realm.get(f"/events/{event}").json["id"] == event


def test_what_waits_comes_due_when_the_clock_is_set_back(server, receiver, path, clock):
    receiver.on(path, [500, 204])
    realm = server.realm("shop", "order.paid")
    clock.move(DAYS_1000)
    realm.create_webhook(receiver.url(path), events=["order.paid"], retry_schedule=["3s"])
    event = realm.publish("order.paid").json["id"]
    wait_for(lambda: [each for each in realm.deliveries(event_id=event) if each["attempts"] == 1], "the first attempt")
    clock.move(0)
    shown, = realm.deliveries(event_id=event, state="pending")
    due = datetime.datetime.fromisoformat(shown["next_attempt_at"].replace("Z", "+00:00"))
    assert abs((due - datetime.datetime.now(datetime.timezone.utc)).total_seconds()) < 60, "it is shown by the clock as it is"
    assert "; next attempt at " + shown["next_attempt_at"] in shown["reason"]
    receiver.wait(path, 2, timeout=20)
    assert realm.wait_final(event)[0]["state"] == "delivered"
    # What is new is sent at once, and a retry after it waits for as long as it should.
    receiver.on(path, [500, 204])
    event = realm.publish("order.paid").json["id"]
    receiver.wait(path, 4, timeout=20)
    first, second = receiver.at(path)[2:4]
    assert 2 < second.at - first.at < 10


def test_what_waits_comes_due_when_the_clock_was_set_back_while_the_server_was_down(server, receiver, path, clock):
    receiver.on(path, [500, 204])
    realm = server.realm("shop", "order.paid")
    realm.create_webhook(receiver.url(path), events=["order.paid"], retry_schedule=["3s"])
    event = realm.publish("order.paid").json["id"]
    wait_for(lambda: [each for each in realm.deliveries(event_id=event) if each["attempts"] == 1], "the first attempt")
    server.kill()
    clock.move(-7200)
    server.start()
    receiver.wait(path, 2, timeout=20)
    assert realm.wait_final(event)[0]["state"] == "delivered"
