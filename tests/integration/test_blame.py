"""Who is blamed when the process ends in the middle of deliveries: nobody for a kill, and for a crash what was alone."""

import os
import pathlib
import signal

import pytest

from receiver import Reply
from server import Server, binary
from waiting import wait_for

FLAGS = ("--allow-network", "127.0.0.0/8")
POISONED = os.environ.get("POSTRIDER_POISONED_BINARY", str(pathlib.Path(binary()).parent / "postrider_poisoned"))


def states(realm):
    found = {}
    for delivery in realm.items("/deliveries"):
        found.setdefault(delivery["state"], []).append(delivery)
    return found


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV, signal.SIGABRT])
def test_three_kills_make_no_delivery_fail(tmp_path, receiver, path, number):
    """A receiver that needs 4 s; also of signals that crashes have, when others send them."""
    receiver.on(path, Reply(204, delay=4))
    with Server(tmp_path / "data", *FLAGS) as server:
        realm = server.realm(None, "order.paid")
        realm.create_webhook(receiver.url(path), events=["order.paid"])
        for _ in range(20):
            realm.publish("order.paid")
        for _ in range(3):
            seen = len(receiver.at(path))
            receiver.wait(path, seen + 4)
            os.kill(server.pid, number)
            server.finish()
            server.start()
        receiver.on(path, 204)
        wait_for(lambda: not states(realm).get("pending"), "nothing waits", 60)
        assert {state: len(all_of) for state, all_of in states(realm).items()} == {"delivered": 20}


def restart_until_it_stays(server, is_done):
    """As a supervisor does. Returns how often it crashed."""
    for crashes in range(30):
        server.start()
        done = wait_for(lambda: server.process.poll() is not None and "crashed" or is_done() and "done",
                        "a crash, or the end", 60)
        if done == "done":
            return crashes
        assert server.finish() == -signal.SIGABRT
    raise AssertionError("it crashes for ever")


def test_only_the_delivery_that_crashes_the_server_is_set_aside(tmp_path, receiver, path):
    if not os.access(POISONED, os.X_OK):
        pytest.skip(f"there is no {POISONED} (target postrider_poisoned)")
    receiver.on(path, Reply(204, delay=0.2))
    receiver.on(f"{path}-other", Reply(204, delay=0.2))
    with Server(tmp_path / "data", *FLAGS) as server:
        realm = server.realm(None, "order.paid", "order.shipped")
        realm.create_webhook(receiver.url(path), events=["order.paid"])
        realm.create_webhook(receiver.url(f"{path}-other"), events=["order.shipped"])
        server.stop()
        server.program = POISONED
        server.start()
        receiver.on(path, None)
        receiver.on(f"{path}-other", None)
        poison = realm.publish("order.paid", data={"a": "poison"}).json["id"]
        for _ in range(3):
            realm.publish("order.paid")
            realm.publish("order.shipped")
        receiver.wait(path, 4)
        server.kill()
        receiver.on(path, Reply(204, delay=0.2))
        receiver.on(f"{path}-other", Reply(204, delay=0.2))

        def is_over():
            try:
                return not states(realm).get("pending")
            except Exception:  # it has just crashed
                return False

        crashes = restart_until_it_stays(server, is_over)
        found = states(realm)
        failed, = found["failed"]
        assert failed["event_id"] == poison
        assert failed["reason"] == ("The server crashed 2 times while this delivery was the only one in flight, "
                                    "so it was set aside; redeliver it by hand."), failed
        assert len(found["delivered"]) == 6
        # Two of a row make suspects; then it is tried alone twice.
        assert 2 <= crashes <= 4
        assert any("the last run crashed" in line and "SIGABRT" in line for line in server.log)
        assert server.stop() == 0
