"""kill -9 at random moments while events are published and webhooks change: nothing acknowledged
is lost, nothing is invented; duplicates are counted. POSTRIDER_KILLS says how often (make proof: 50)."""

import os
import pathlib
import signal
import time

import pytest

import crash
from publishers import Publishers
from server import Server, binary, on_postgresql, sqlite_only
from waiting import wait_for

KILLS = int(os.environ.get("POSTRIDER_KILLS", "10"))


def test_kill_9_loses_nothing(tmp_path, receiver, path, record_property, capsys):
    with Server(tmp_path / "data", "--allow-network", "127.0.0.0/8") as server:
        report = crash.kill_and_count(server, receiver, KILLS, path)
        assert server.stop() == 0
    for name, value in report._asdict().items():
        record_property(name, value)
    with capsys.disabled():
        print(f"\n{KILLS} kills: {report}")
    assert report.acknowledged > 20 * KILLS, "there was hardly any load"
    assert report.lost_events == 0
    assert report.lost_deliveries == 0
    assert report.lost_changes == 0
    assert report.unexpected == 0
    if not on_postgresql():
        indexed, missing = crash.missing_in_index(tmp_path / "data" / "postrider.db")
        assert indexed > 0 and missing == 0
    # Only what was in flight or unrecorded at a kill comes again.
    assert report.duplicates <= KILLS * 600


@sqlite_only
def test_acknowledging_before_the_commit_is_noticed(tmp_path, receiver, path, capsys):
    """The negative control: the same check on a binary that breaks the promise must fail."""
    sabotaged = os.environ.get("POSTRIDER_SABOTAGED_BINARY",
                               str(pathlib.Path(binary()).parent / "postrider_sabotaged"))
    if not os.access(sabotaged, os.X_OK):
        pytest.skip(f"there is no {sabotaged} (target postrider_sabotaged)")
    lost = 0
    for attempt in range(5):
        with Server(tmp_path / f"data{attempt}", "--allow-network", "127.0.0.0/8") as server:
            report = crash.kill_and_count(server, receiver, KILLS, f"{path}-{attempt}", sabotaged)
        with capsys.disabled():
            print(f"\nsabotaged, {KILLS} kills: {report}")
        lost += report.lost_events + report.lost_changes
        if lost:
            return
    raise AssertionError("a binary that acknowledges before it commits was not found out")


def test_pending_deliveries_resume(tmp_path, receiver, path):
    """What waits for its next attempt, and what is in flight, goes on after kill -9."""
    receiver.on(f"{path}-slow", None)
    receiver.on(f"{path}-later", 503)
    with Server(tmp_path / "data", "--allow-network", "127.0.0.0/8") as server:
        realm = server.realm(None, "order.paid", "order.shipped")
        realm.create_webhook(receiver.url(f"{path}-slow"), events=["order.paid"], timeout="20s")
        realm.create_webhook(receiver.url(f"{path}-later"), events=["order.shipped"],
                             retry_schedule=["1s"] * 20)
        slow = {realm.publish("order.paid").json["id"] for _ in range(30)}
        later = {realm.publish("order.shipped").json["id"] for _ in range(30)}
        receiver.wait(f"{path}-slow")
        receiver.wait(f"{path}-later")
        server.kill()
        receiver.on(f"{path}-slow", 204)
        receiver.on(f"{path}-later", 204)
        in_flight = {request.id for request in receiver.at(f"{path}-slow")}
        seen = len(receiver.at(f"{path}-slow")), len(receiver.at(f"{path}-later"))
        server.start()
        wait_for(lambda: {r.id for r in receiver.at(f"{path}-slow")[seen[0]:]} == slow, "all of the slow")
        wait_for(lambda: {r.id for r in receiver.at(f"{path}-later")[seen[1]:]} == later, "all later ones")
        assert in_flight < slow  # what was in flight came again, with its webhook-id
        wait_for(lambda: not realm.deliveries(state="pending"), "nothing pending")
        assert {item["state"] for item in realm.deliveries()} == {"delivered"}


def test_an_orderly_stop(tmp_path, receiver, path):
    """SIGTERM: attempts in flight end and are recorded; nothing comes twice."""
    from receiver import Reply
    receiver.on(path, Reply(204, delay=0.5))
    with Server(tmp_path / "data", "--allow-network", "127.0.0.0/8") as server:
        realm = server.realm(None, "order.paid")
        realm.create_webhook(receiver.url(path), events=["order.paid"])
        ids = {realm.publish("order.paid").json["id"] for _ in range(10)}
        receiver.wait(path)
        assert server.stop() == 0
        server.start()
        wait_for(lambda: {r.id for r in receiver.at(path)} == ids, "all ten")
        wait_for(lambda: not realm.deliveries(state="pending"), "nothing pending")
        assert len(receiver.at(path)) == len(ids)


def test_an_orderly_stop_under_load(tmp_path, receiver, path):
    """SIGTERM while four publish: nothing acknowledged is lost, nothing comes twice, and it ends within its limit (10 s), whatever a receiver does."""
    from receiver import Reply
    hangs, fast = f"{path}-hangs", f"{path}-fast"
    receiver.on(hangs, Reply(204, delay=60))
    with Server(tmp_path / "data", "--allow-network", "127.0.0.0/8") as server:
        realm = server.realm(None, "order.paid", "order.late")
        realm.create_webhook(receiver.url(hangs), events=["order.late"], timeout="30s", retry_schedule=["1s"] * 20)
        realm.create_webhook(receiver.url(fast), events=["order.paid"])
        late = realm.publish("order.late").json["id"]
        receiver.wait(hangs)
        with Publishers(realm) as publishers:
            publishers.wait_more(500)
            began = time.monotonic()
            server.process.send_signal(signal.SIGTERM)
            assert server.finish(60) == 0
            took = time.monotonic() - began
        assert 10 <= took < 15, f"the receiver that hangs is waited for, but no longer than the limit: {took:.1f} s"
        assert not publishers.errors
        receiver.on(hangs, Reply(204))
        server.start()
        acknowledged = set(publishers.acknowledged)
        wait_for(lambda: acknowledged <= {request.id for request in receiver.at(fast)}, "everything acknowledged", 60)
        wait_for(lambda: not realm.deliveries(state="pending"), "nothing pending", 60)
        came = [request.id for request in receiver.at(fast)]
        assert len(came) == len(set(came)), "nothing comes twice"
        assert {request.id for request in receiver.at(hangs)} == {late} and len(receiver.at(hangs)) == 2, "what had no answer comes again"
