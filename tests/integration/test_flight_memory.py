"""Large bodies to receivers that take them and do not answer: memory stays in its bound, and others are delivered to."""

import pathlib
import time
import uuid

from receiver import Receiver
from server import Server
from waiting import wait_for

WEBHOOKS, LARGE = 40, 250_000
RESIDENT_BYTES_MAX = 512 * 1024 * 1024


def peak_bytes(server):
    text = pathlib.Path(f"/proc/{server.pid}/status").read_text()
    return int(text.partition("VmHWM:")[2].split()[0]) * 1024


def test_bodies_in_flight_have_a_bound_in_sum(tmp_path):
    with Receiver() as receiver, Server(tmp_path / "data", "--allow-network", "127.0.0.0/8") as server:
        realm, other = server.realm(None, "order.paid"), server.realm(None, "order.paid")
        for number in range(WEBHOOKS):
            realm.create_webhook(receiver.url(f"/{number}"), events=["order.paid"], timeout="30s")
        other.create_webhook(receiver.url("/other"), events=["order.paid"])
        # After so many successes each lane has its 64 in flight.
        realm.publish_batch([{"event": "order.paid", "resource_id": str(uuid.uuid4()), "data": {}}] * 70)
        for number in range(WEBHOOKS):
            receiver.wait(f"/{number}", 70, timeout=60)
            receiver.on(f"/{number}", None)
        large = {"event": "order.paid", "resource_id": str(uuid.uuid4()), "data": {"text": "x" * LARGE}}
        for _ in range(2):
            realm.publish_batch([large] * 50)
        hanging = lambda: sum(len(receiver.at(f"/{number}")) for number in range(WEBHOOKS)) - 70 * WEBHOOKS
        wait_for(lambda: hanging() >= 150, "as many are in flight as may be", 60)
        started = time.monotonic()
        event = other.publish("order.paid", data={"text": "x" * LARGE}).json["id"]
        wait_for(lambda: event in {each.id for each in receiver.at("/other")}, "a large event of another realm", 10)
        print(f"{hanging()} in flight, the other's after {time.monotonic() - started:.2f} s, {peak_bytes(server) >> 20} MiB")
        assert hanging() * LARGE < 96 * 1024 * 1024 / 2 + LARGE, "half of what may be in flight in sum"
        assert peak_bytes(server) < RESIDENT_BYTES_MAX


def test_what_templates_make_of_small_events_has_a_bound_in_sum(tmp_path):
    """Each escape doubles a backslash: events of 2 KB become bodies of 900 KB, to receivers that do not answer."""
    with Receiver() as receiver, Server(tmp_path / "data", "--allow-network", "127.0.0.0/8") as server:
        realm, other = server.realm(None, "order.paid"), server.realm(None, "order.paid")
        large = {"t": "{{data.text" + "|discord" * 9 + "}}"}
        receiver.on("/large", None)
        for number in range(100):
            realm.create_webhook(receiver.url("/large"), events=["order.paid"], timeout="30s", format="template", template=large)
        other.create_webhook(receiver.url("/other"), events=["order.paid"], format="template", template=large)
        for _ in range(2):
            realm.publish("order.paid", data={"text": "\\" * 900})
        receiver.wait("/large", 40, 60)
        started = time.monotonic()
        other.publish("order.paid", data={"text": "\\" * 900})
        receiver.wait("/other", 1, 10)
        print(f"{len(receiver.at('/large'))} in flight, the other's after {time.monotonic() - started:.2f} s, {peak_bytes(server) >> 20} MiB")
        assert {len(request.body) for request in receiver.at("/large")} == {921_608}
        assert len(receiver.at("/large")) * 921_608 < 96 * 1024 * 1024 / 2 + 921_608, "half of what may be in flight in sum"
        assert peak_bytes(server) < RESIDENT_BYTES_MAX
