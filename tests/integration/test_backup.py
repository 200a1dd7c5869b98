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


def check(file, *arguments, expect=0):
    done = subprocess.run([binary(), "backup", "--check", str(file), *map(str, arguments)], capture_output=True, text=True, timeout=120,
                          stdin=subprocess.DEVNULL, env=environment(), check=False)
    assert done.returncode == expect, done
    return done.stdout if expect == 0 else done.stderr.strip().splitlines()[-1]


@pytest.fixture(scope="module")
def copied(tmp_path_factory):
    """A copy of a store with two events, of which one is pending, and its data folder."""
    folder = tmp_path_factory.mktemp("copied")
    with Server(folder / "data") as server:
        realm = server.realm("acme", "order.paid")
        realm.create_webhook("https://nowhere.invalid/", events=["order.paid"], retry_schedule=["24h"])
        event = realm.publish("order.paid").json["id"]
        server.client.call("POST", "/realms/acme/events", {"event": "order.paid", "resource_id": event, "data": {}}, 202)
        backup(folder / "data", folder / "copy.db")
        accepted = realm.items("/events")[0]["accepted_at"]
    return folder / "copy.db", folder / "data", accepted


def test_a_copy_can_be_checked(copied, tmp_path):
    copy, data, accepted = copied
    before = copy.read_bytes()
    said = check(copy, "--data", data)
    assert "whole, schema" in said and "2 realms, 1 webhooks" in said and "2 deliveries pending" in said and accepted[:19] in said
    assert f"The key ({data}/key) opens its secrets." in said
    assert copy.read_bytes() == before and sorted(path.name for path in copy.parent.iterdir()) == ["copy.db", "data"], "it changes nothing"
    (tmp_path / "elsewhere").write_bytes((data / "key").read_bytes())
    (tmp_path / "elsewhere").chmod(0o600)
    assert "opens its secrets" in check(copy, "--key-file", tmp_path / "elsewhere")


def test_a_copy_that_would_not_help_is_told(copied, tmp_path):
    copy, data, _ = copied
    assert "key file" in (said := check(copy, "--data", tmp_path, expect=1)) and "missing" in said
    with Server(tmp_path / "other"):
        assert "does not hold the key of this database" in check(copy, "--data", tmp_path / "other", expect=1)
    assert "there is no file" in check(tmp_path / "nothing.db", "--data", data, expect=1)
    (tmp_path / "text.db").write_text("a text, not a store\n" * 1000)
    assert "is damaged, or is no copy of a store" in check(tmp_path / "text.db", "--data", data, expect=1)
    (tmp_path / "empty.db").write_bytes(b"")
    assert "is damaged, or is no copy of a store" in check(tmp_path / "empty.db", "--data", data, expect=1)
    broken = bytearray(copy.read_bytes())
    broken[len(broken) // 2:len(broken) // 2 + 4096] = b"x" * 4096
    (tmp_path / "broken.db").write_bytes(broken)
    assert "is damaged, or is no copy of a store" in check(tmp_path / "broken.db", "--data", data, expect=1)
    shutil.copy(copy, tmp_path / "newer.db")
    with sqlite3.connect(tmp_path / "newer.db") as sql:
        sql.execute("PRAGMA user_version = 4711")
    assert "newer Postrider (schema 4711" in check(tmp_path / "newer.db", "--data", data, expect=1)
