"""A full disk under load, and a disk that fails: what was acknowledged stays, the rest is refused."""

import contextlib
import json
import os
import pathlib
import resource
import signal
import subprocess
import sys
import threading
import time
import uuid

import pytest

from browser import Browser
from client import NoAnswer
from mount import SmallDisk
from server import Server
from waiting import wait_for

SHIM = pathlib.Path(__file__).parents[1] / "support" / "eio_shim.c"


class Publishers:
    """Threads that publish batches for ever, and note what each was answered."""

    def __init__(self, realm, threads=4, batch=10, payload=2000):
        self.realm, self.batch, self.payload = realm, batch, payload
        self.accepted, self.refused, self.unknown, self.other = {}, [], [], []
        self.lock, self.stopping = threading.Lock(), threading.Event()
        self.threads = [threading.Thread(target=self.run) for _ in range(threads)]
        for thread in self.threads:
            thread.start()

    def run(self):
        while not self.stopping.is_set():
            group = uuid.uuid4().hex
            events = [{"event": "order.paid", "resource_id": str(uuid.uuid4()),
                       "data": {"group": group, "n": n, "x": "y" * self.payload}}
                      for n in range(self.batch)]
            try:
                answer = self.realm.publish_batch(events, expect=None)
            except NoAnswer:
                with self.lock:
                    self.unknown.append(group)
                time.sleep(0.01)
                continue
            with self.lock:
                if answer.status == 202:
                    self.accepted[group] = [item["id"] for item in answer.json["items"]]
                elif answer.status in (507, 503):
                    self.refused.append((group, answer.problem, answer.headers.get("retry-after")))
                else:
                    self.other.append(answer)
            if answer.status != 202:
                time.sleep(0.01)

    def stop(self):
        self.stopping.set()
        for thread in self.threads:
            thread.join(60)
            assert not thread.is_alive()
        assert self.other == []

    def ids(self):
        with self.lock:
            return {id_ for ids in self.accepted.values() for id_ in ids}


def groups_in_log(realm, batch):
    """group → how many of its events are in the log; each must be all or none."""
    counts = {}
    for event in realm.items("/events", event="order.paid"):
        group = event["data"].get("group")
        if group:
            counts[group] = counts.get(group, 0) + 1
    assert set(counts.values()) <= {batch}, "a group is half there"
    return counts


@pytest.mark.parametrize("leave", [1 << 20, 8 << 20], ids=["filled by others", "filled by itself"])
def test_full_disk(tmp_path, receiver, path, leave):
    with SmallDisk(tmp_path / "disk", 96) as disk, Server(
            disk.folder / "data", "--allow-network", "127.0.0.0/8", "--disk-reserve", "16MiB",
            prefix=disk.prefix) as server:
        realm = server.realm(None, "order.paid")
        realm.create_webhook(receiver.url(path), events=["order.paid"])
        publishers = Publishers(realm)
        try:
            wait_for(lambda: len(publishers.accepted) > 20, "a load")
            disk.fill(leave)
            wait_for(lambda: any(problem == "disk-full" for _, problem, _ in publishers.refused),
                     "507 disk-full", 60)
            assert all(int(after) >= 1 for _, problem, after in publishers.refused if problem == "disk-full")
            # Deliveries go on, on the reserve; reading works; the process lives.
            before = len(publishers.accepted)
            wait_for(lambda: not realm.deliveries(state="pending"),
                     lambda: f"what was accepted to be recorded; {disk.free()} bytes are free", 30)
            assert {request.id for request in receiver.at(path)} >= publishers.ids()
            assert server.client.raw("GET", "/healthz").status == 200
            assert server.client.raw("GET", "/readyz").status == 503
            disk.empty()
            wait_for(lambda: len(publishers.accepted) > before + 20, "publishing to resume by itself", 60)
            wait_for(lambda: server.client.raw("GET", "/readyz").status == 200, "ready")
        finally:
            publishers.stop()
        check_nothing_lost(realm, receiver, path, publishers)
        server.restart()
        check_nothing_lost(realm, receiver, path, publishers)


def test_what_frees_room_or_secures_the_server_goes_through_on_a_full_disk(tmp_path, receiver, path):
    """On the reserve (promise 13); what makes something new is refused."""
    with SmallDisk(tmp_path / "disk", 96) as disk, Server(
            disk.folder / "data", "--allow-network", "127.0.0.0/8", "--disk-reserve", "16MiB",
            prefix=disk.prefix) as server:
        realm = server.realm(None, "order.paid")
        ids = [realm.create_webhook(receiver.url(path), events=["order.paid"])["id"] for _ in range(2)]
        key = realm.call("POST", "/api-keys", {"name": "old", "permissions": ["view_events"]}, 201).json["id"]
        users = [realm.call("POST", "/users", {"username": name, "email": f"{name}@example.com"}, 201).json["id"]
                 for name in ("ada", "eve")]
        realm.call("PUT", f"/users/{users[0]}/password", {"password": "correct horse battery"}, 204)
        disk.fill(1 << 20)
        wait_for(lambda: realm.publish("order.paid", {"x": "y" * 200_000}, expect=None).status == 507, "507", 60)
        browser = Browser(server, realm.name)
        browser.login("ada", "correct horse battery")
        browser.realm.call("DELETE", "/session", None, 204)
        realm.call("DELETE", f"/api-keys/{key}", None, 204)
        assert realm.patch_webhook(ids[0], enabled=False)["enabled"] is False
        realm.call("DELETE", f"/webhooks/{ids[1]}", None, 204)
        realm.call("PATCH", f"/users/{users[1]}", {"enabled": False}, 200)
        realm.call("DELETE", f"/users/{users[1]}", None, 204)
        realm.call("PUT", f"/users/{users[0]}/password", {"password": "incorrect horse battery"}, 204)
        assert realm.call("PATCH", "/settings", {"retention_days": 3}, 200).json["retention_days"] == 3
        for method, what, body in (("POST", "/webhooks", {"name": "n", "url": receiver.url(path), "events": ["order.paid"]}),
                                   ("POST", "/users", {"username": "new"}),
                                   ("POST", "/api-keys", {"name": "new", "permissions": ["view_events"]})):
            assert realm.call(method, what, body).status == 507
        assert realm.publish("order.paid", expect=None).status == 507
        disk.empty()
        wait_for(lambda: realm.publish("order.paid", expect=None).status == 202, "202", 60)


@contextlib.contextmanager
def long_read(disk):
    """Nothing that is newer than it can be copied out of the write-ahead log."""
    read = ("import sqlite3, sys; db = sqlite3.connect(f'file:{sys.argv[1]}?mode=ro', uri=True); db.execute('BEGIN'); "
            "print(db.execute('SELECT count(*) FROM realms').fetchone()[0], flush=True); sys.stdin.read()")
    process = subprocess.Popen([*disk.prefix, sys.executable, "-c", read, disk.folder / "data" / "postrider.db"],
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert int(process.stdout.readline()) > 0
    try:
        yield
    finally:
        process.communicate("", timeout=30)


def test_what_is_in_the_log_alone_fits_into_the_reserve(tmp_path):
    """The write-ahead log has room in its file when the database has none: commits succeed that cannot be copied."""
    with SmallDisk(tmp_path / "disk", 400) as disk, Server(
            disk.folder / "data", "--disk-reserve", "16MiB", prefix=disk.prefix) as server:
        realm = server.realm(None, "order.paid")
        key = realm.call("POST", "/api-keys", {"name": "old", "permissions": ["view_events"]}, 201).json["id"]
        user = realm.call("POST", "/users", {"username": "ada"}, 201).json["id"]
        file = disk.outside / "data" / "postrider.db"
        log = file.with_name("postrider.db-wal")
        publishers = Publishers(realm, threads=8, batch=5, payload=100_000)
        try:
            with long_read(disk):
                wait_for(lambda: log.stat().st_size > 48 << 20, lambda: f"a long log, not of {log.stat().st_size}", 60)
            wait_for(lambda: file.stat().st_size > 40 << 20, "the log to be copied", 60)
            before = len(publishers.accepted)
            wait_for(lambda: len(publishers.accepted) > before + 50, "the log to begin anew", 60)
            disk.fill(24 << 20)  # more than is taken while the reserve is given up
            wait_for(lambda: publishers.refused, "507", 60)
        finally:
            publishers.stop()
        assert disk.free() > 4 << 20, "the reserve is there for what one needs now"
        realm.call("DELETE", f"/api-keys/{key}", None, 204)
        server.kill()
        server.start()
        realm.call("PATCH", f"/users/{user}", {"enabled": False}, 200)
        assert set(groups_in_log(realm, publishers.batch)) >= set(publishers.accepted)


def test_a_log_that_does_not_fit_into_the_reserve(tmp_path):
    """Somebody fills the disk at once while much is in the log alone. A copy of it would use the reserve up: so nothing
    is copied, what one needs then goes through, and a start needs no room at all."""
    with SmallDisk(tmp_path / "disk", 400) as disk, Server(
            disk.folder / "data", "--disk-reserve", "16MiB", prefix=disk.prefix) as server:
        realm = server.realm(None, "order.paid")
        keys = [realm.call("POST", "/api-keys", {"name": name, "permissions": ["view_events"]}, 201).json["id"]
                for name in ("old", "older")]
        log = disk.outside / "data" / "postrider.db-wal"
        publishers = Publishers(realm, threads=8, batch=5, payload=100_000)
        try:
            with long_read(disk):
                wait_for(lambda: log.stat().st_size > 48 << 20, lambda: f"a long log, not of {log.stat().st_size}", 60)
                os.kill(server.process.pid, signal.SIGSTOP)  # at once: before it notices
                disk.fill(1 << 20)
                os.kill(server.process.pid, signal.SIGCONT)
                wait_for(lambda: publishers.refused, "507", 60)
        finally:
            publishers.stop()
        realm.call("DELETE", f"/api-keys/{keys[0]}", None, 204)
        assert disk.free() > 8 << 20, "most of the reserve is there for what one needs now"
        server.kill()
        disk.fill_up()
        server.start()
        assert set(groups_in_log(realm, publishers.batch)) >= set(publishers.accepted)
        assert realm.publish("order.paid", {"x": "y" * 200_000}, expect=None).status == 507
        disk.empty()
        wait_for(lambda: realm.publish("order.paid", expect=None).status == 202, "202", 60)
        realm.call("DELETE", f"/api-keys/{keys[1]}", None, 204)
        server.restart()
        assert realm.get("/events", limit=1).json["items"]


def test_a_limit_of_file_sizes_is_a_full_disk(tmp_path, receiver, path):
    """`ulimit -f`, and a quota, which the kernel tells by another number alone: 507, and the server lives."""
    with Server(tmp_path / "data", "--allow-network", "127.0.0.0/8", prefix=("prlimit", f"--fsize={80 << 20}", "--")) as server:
        realm = server.realm(None, "order.paid")
        realm.create_webhook(receiver.url(path), events=["order.paid"])
        key = realm.call("POST", "/api-keys", {"name": "old", "permissions": ["view_events"]}, 201).json["id"]
        publishers = Publishers(realm, threads=4, batch=5, payload=100_000)
        try:
            wait_for(lambda: any(problem == "disk-full" for _, problem, _ in publishers.refused), "507", 60)
            wait_for(lambda: not realm.deliveries(state="pending"), "what was accepted to be recorded", 60)
            realm.call("DELETE", f"/api-keys/{key}", None, 204)
        finally:
            publishers.stop()
        file = tmp_path / "data" / "postrider.db"
        assert 40 << 20 < file.stat().st_size <= 80 << 20, "what there is was used"
        server.restart()
        check_nothing_lost(realm, receiver, path, publishers)
        assert realm.publish("order.paid", {"x": "y" * 200_000}, expect=None).status == 507
        server.kill()
        server.prefix = ()
        server.start()
        assert realm.publish("order.paid", expect=None).status == 202
        check_nothing_lost(realm, receiver, path, publishers)


@pytest.mark.parametrize("limit", [4 << 20, 24 << 20], ids=["of the log", "of the database"])
def test_a_limit_that_comes_while_it_runs_ends_nothing(tmp_path, limit):
    """Below what the files have already, so that also copies into the database meet it."""
    with Server(tmp_path / "data") as server:
        realm = server.realm(None, "order.paid")
        publishers = Publishers(realm, threads=4, batch=5, payload=100_000)
        try:
            wait_for(lambda: len(publishers.accepted) > 40, "a load")
            resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
            wait_for(lambda: publishers.refused, "507", 60)
            assert {problem for _, problem, _ in publishers.refused} == {"disk-full"}
            assert realm.get("/events", limit=1).json["items"]
            resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
            before = len(publishers.accepted)
            wait_for(lambda: len(publishers.accepted) > before + 5, "publishing to resume by itself", 60)
        finally:
            publishers.stop()
        server.restart()
        assert set(groups_in_log(realm, publishers.batch)) >= set(publishers.accepted)


def check_nothing_lost(realm, receiver, path, publishers):
    counts = groups_in_log(realm, publishers.batch)
    assert set(counts) >= set(publishers.accepted)
    assert not set(counts) & {group for group, _, _ in publishers.refused}, "a refused group is there"
    assert set(counts) <= set(publishers.accepted) | set(publishers.unknown)
    wait_for(lambda: {request.id for request in receiver.at(path)} >= publishers.ids(), "all arrivals", 60)


def test_starting_on_a_full_disk(tmp_path, receiver, path):
    """It starts, serves reading and refuses publishing; with space it accepts again."""
    with SmallDisk(tmp_path / "disk", 64) as disk, Server(
            disk.folder / "data", "--allow-network", "127.0.0.0/8", "--disk-reserve", "16MiB",
            prefix=disk.prefix) as server:
        realm = server.realm(None, "order.paid")
        realm.create_webhook(receiver.url(path), events=["order.paid"])
        event_id = realm.publish("order.paid").json["id"]
        realm.wait_final(event_id)
        server.stop()
        disk.fill(1 << 20)
        server.start()
        assert realm.get(f"/events/{event_id}").json["id"] == event_id
        wait_for(lambda: realm.publish("order.paid", {"x": "y" * 200_000}, expect=None).status == 507,
                 "507")
        disk.empty()
        wait_for(lambda: realm.publish("order.paid", expect=None).status == 202, "202", 30)


@pytest.fixture(scope="module")
def shim(tmp_path_factory):
    built = tmp_path_factory.mktemp("shim") / "eio_shim.so"
    subprocess.run(["gcc", "-Wall", "-Werror", "-shared", "-fPIC", "-O1", "-o", built, SHIM, "-ldl"],
                   check=True)
    return built


@pytest.mark.parametrize("what", ["sync", "write"])
def test_an_io_error_at_commit_ends_the_process(tmp_path, receiver, path, shim, what):
    trigger = tmp_path / "trigger"
    server = Server(tmp_path / "data", "--allow-network", "127.0.0.0/8",
                    variables={"LD_PRELOAD": str(shim), "EIO_TRIGGER": str(trigger)})
    with server:
        realm = server.realm(None, "order.paid")
        realm.create_webhook(receiver.url(path), events=["order.paid"])
        publishers = Publishers(realm, threads=6, batch=25, payload=200)
        try:
            wait_for(lambda: len(publishers.accepted) > 30, "a load")
            trigger.write_text(what)
            assert server.finish() != 0
        finally:
            publishers.stopping.set()
        trigger.unlink()
        said = server.log[-1]
        assert "disk" in said and said.count("\n") == 1, server.log[-5:]
        server.variables = {}
        server.start()
        publishers.stop()
        counts = groups_in_log(realm, 25)
        assert set(counts) >= set(publishers.accepted), "an acknowledged group is lost"
        # What had no answer may be there whole, or not at all; nothing else is there.
        assert set(counts) <= set(publishers.accepted) | set(publishers.unknown)
        wait_for(lambda: len({r.id for r in receiver.at(path)}) >= 25 * len(counts), "all arrivals", 60)
        assert len({r.id for r in receiver.at(path)}) == 25 * len(counts)
        assert json.loads(realm.get("/events", limit=1).body)["items"]


def test_the_shim_does_nothing_without_its_trigger(tmp_path, receiver, path, shim):
    """The control: the same server with the shim loaded works as long as nothing is triggered."""
    with Server(tmp_path / "data", "--allow-network", "127.0.0.0/8", variables={
            "LD_PRELOAD": str(shim), "EIO_TRIGGER": str(tmp_path / "never")}) as server:
        realm = server.realm(None, "order.paid")
        for _ in range(20):
            realm.publish("order.paid")
        assert server.stop() == 0
    assert not os.path.exists(tmp_path / "never")
