"""postrider backup: a whole copy of one moment, while the server works."""

import shutil
import sqlite3
import subprocess
import threading

import pytest

from mount import SmallDisk
from receiver import Receiver
from server import Server, binary, environment


def backup(data, file, expect=0, prefix=()):
    done = subprocess.run([*prefix, binary(), "backup", str(file), "--data", str(data)], capture_output=True, text=True, timeout=120,
                          stdin=subprocess.DEVNULL, env=environment(), check=False)
    assert done.returncode == expect, done
    return done.stdout if expect == 0 else done.stderr


def test_a_copy_made_under_load_is_whole_and_goes_on(tmp_path):
    with Receiver() as receiver, Server(tmp_path / "data", "--allow-network", "127.0.0.0/8") as server:
        realm = server.realm("acme", "order.paid")
        realm.create_webhook(receiver.url("/a"), events=["order.paid"])
        first = [realm.publish("order.paid", {"n": n}).json["id"] for n in range(200)]
        acknowledged, stop = [], threading.Event()

        def publish():
            while not stop.is_set():
                acknowledged.append(realm.publish("order.paid", {"n": len(acknowledged)}).json["id"])

        threads = [threading.Thread(target=publish) for _ in range(2)]
        for thread in threads:
            thread.start()
        said = backup(server.data, tmp_path / "copy.db")
        during = len(acknowledged)
        stop.set()
        for thread in threads:
            thread.join()
        assert "read back and whole" in said and str(server.data / "key") in said
        assert during > 0, "the server went on"
        every = {event["id"] for event in realm.items("/events", event="order.paid")}
    assert not (tmp_path / "copy.db.partial").exists()
    # Restored: the copy and the key in a folder of their own.
    (tmp_path / "restored").mkdir()
    (tmp_path / "copy.db").rename(tmp_path / "restored" / "postrider.db")
    shutil.copy2(server.data / "key", tmp_path / "restored" / "key")  # with its mode: 0600
    with Receiver() as receiver, Server(tmp_path / "restored", "--allow-network", "127.0.0.0/8") as server:
        realm = type(realm)(server.client, "acme")
        kept = [event["id"] for event in realm.items("/events", event="order.paid")]
        assert set(first) <= set(kept) <= every
        # One moment: what is there of the stream is its beginning, without a gap.
        assert sorted(kept) == sorted(every)[:len(kept)]
        hook = realm.items("/webhooks")[0]
        assert realm.get(f"/webhooks/{hook['id']}/secret").json["secret"].startswith("whsec_")
        assert len(realm.items("/deliveries")) == len(kept)


def test_a_stopped_servers_store_is_copied_too(tmp_path):
    with Server(tmp_path / "data") as server:
        server.realm("acme")
        server.kill()
    backup(tmp_path / "data", tmp_path / "copy.db")
    with sqlite3.connect(tmp_path / "copy.db") as database:
        assert ("acme",) in database.execute("SELECT name FROM realms").fetchall()


@pytest.mark.parametrize("case", ["nothing there", "exists", "no folder", "full"])
def test_what_cannot_be_done_is_said_in_one_sentence(tmp_path, case):
    data, copy = tmp_path / "data", tmp_path / "copy.db"
    if case != "nothing there":
        with Server(data) as server:
            server.realm("acme")
    if case == "nothing there":
        assert "there is no store at" in backup(data, copy, 1)
    elif case == "exists":
        copy.write_text("mine")
        assert "is there already" in backup(data, copy, 1)
        assert copy.read_text() == "mine"
    elif case == "no folder":
        assert "cannot write" in backup(data, tmp_path / "nowhere" / "copy.db", 1)
    else:
        with SmallDisk(tmp_path / "disk", 1) as disk:
            for n in range(3):
                (disk.outside / f"filler-{n}").write_bytes(b"x" * 300_000)
            assert "nothing was kept of it" in backup(data, disk.folder / "copy.db", 1, disk.prefix)
            assert not list(disk.outside.glob("copy*"))
