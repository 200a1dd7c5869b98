"""Signals, memory and threads: what ends other processes without a word."""

import contextlib
import json
import os
import pathlib
import re
import resource
import signal
import sqlite3
import subprocess
import threading

import pytest

from client import NoAnswer
from server import Server, binary, environment, sanitized, sqlite_only
from waiting import wait_for

STRAY = [signal.SIGUSR1, signal.SIGUSR2, signal.SIGALRM, signal.SIGVTALRM, signal.SIGPROF, signal.SIGIO, signal.SIGPWR,
         signal.SIGHUP, signal.SIGPIPE, signal.SIGXCPU, signal.SIGXFSZ, signal.SIGRTMIN, signal.SIGRTMAX]


def test_stray_signals_do_nothing(server, realm, receiver, path):
    realm.create_webhook(receiver.url(path))
    for number in STRAY:
        os.kill(server.pid, number)
        realm.publish()
    receiver.wait(path, len(STRAY))
    assert server.process.poll() is None


@sqlite_only
@pytest.mark.skipif(sanitized(), reason="a sanitizer reserves terabytes of addresses")
def test_out_of_memory_for_some_requests_is_503_for_those(tmp_path):
    """Its address space ends a little above what it has: large requests do not fit, small ones do."""
    with Server(tmp_path / "data") as server:
        realm = server.realm(None, "order.paid")
        used = int(re.search(r"^VmSize:\s+(\d+) kB", pathlib.Path(f"/proc/{server.pid}/status").read_text(), re.M)[1]) * 1024
        limit = used + (48 << 20)
        resource.prlimit(server.pid, resource.RLIMIT_AS, (limit, limit))
        events = [{"event": "order.paid", "resource_id": "5f0f2d1c-2f5c-4f5e-9a2f-1f2e3d4c5b6a", "data": {"x": "y" * 200_000}}
                  for _ in range(60)]
        body = json.dumps({"events": events}).encode()
        codes = []

        def publish():
            try:
                codes.append(realm.client.call("POST", f"/realms/{realm.name}/events/batch", body).status)
            except NoAnswer:
                codes.append(None)

        threads = [threading.Thread(target=publish) for _ in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(120)
        assert server.process.poll() is None, "".join(server.log[-5:])
        assert 503 in codes or 500 in codes or None in codes, codes
        wait_for(lambda: realm.client.call("POST", f"/realms/{realm.name}/events", json.dumps(events[0] | {"data": {}}).encode()).status == 202,
                 "small requests go through")
        assert server.stop() == 0


@sqlite_only
def test_a_write_that_meets_a_damaged_page_says_what_to_do(tmp_path):
    data = tmp_path / "data"
    with Server(data) as server:
        server.realm(None, "order.paid")
        assert server.stop() == 0
    with contextlib.closing(sqlite3.connect(data / "postrider.db")) as database:
        [[page]] = database.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'audit'")
        [[size]] = database.execute("PRAGMA page_size")
    with open(data / "postrider.db", "r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"\xff" * size)
    with pytest.raises(AssertionError) as failure, Server(data) as server:
        server.wait_log("damaged")
    told = str(failure.value)
    assert "the database is damaged" in told and "restore the newest backup" in told, told
    assert "start it again" not in told


@sqlite_only
def test_without_threads_it_says_so_at_start(tmp_path):
    if os.geteuid() != 0:
        pytest.skip("needs another user, whose number of processes nobody else uses")
    user = 64_321
    os.chmod(tmp_path, 0o777)
    for parent in [tmp_path, *tmp_path.parents][:4]:
        os.chmod(parent, parent.stat().st_mode | 0o755)

    def limit():
        resource.setrlimit(resource.RLIMIT_NPROC, (3, 3))
        os.setgid(user)
        os.setuid(user)

    done = subprocess.run([binary(), "serve", "--data", str(tmp_path / "data"), "--listen", "127.0.0.1:0"], text=True,
                          capture_output=True, preexec_fn=limit, env=environment(), timeout=60, check=False)
    assert done.returncode == 1, done
    assert re.search(r"^postrider: cannot start a thread: .*; raise the number of processes", done.stderr, re.M), done.stderr
