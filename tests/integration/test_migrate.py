"""postrider migrate: everything moves from one database to the other, verified, and can go on after a kill."""

import signal
import sqlite3
import subprocess
import time

import pytest

import postgres
from receiver import Receiver
from server import Server, binary, environment
from waiting import wait_for
from world import make_world


def migrate(*arguments, expect=0):
    done = subprocess.run([binary(), "migrate", *map(str, arguments)], capture_output=True, text=True, timeout=120,
                          stdin=subprocess.DEVNULL, env=environment(), check=False)
    assert done.returncode == expect, done
    return done.stdout if expect == 0 else done.stderr.strip().splitlines()[-1]


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    """A stopped store with one of everything, and what its API said."""
    data = tmp_path_factory.mktemp("data")
    with Receiver() as receiver, Server(data, "--allow-network", "127.0.0.0/8") as server:
        realm, names = make_world(server, receiver)
        realm.create_webhook("https://nowhere.invalid/", events=["order.shipped"], retry_schedule=["24h"])
        for number in range(1500):
            realm.publish("order.paid", {"n": number, "text": "\u00e9\u0000"[:1]})
        pending = realm.publish("order.shipped").json["id"]
        said = say(realm)
        server.stop()
        yield data, realm.name, pending, said


def say(realm):
    """What must be the same afterwards; deliveries go on by themselves."""
    return {path: realm.items(path) for path in ("/events", "/users", "/roles", "/clients", "/audit", "/sessions", "/event-types")
            if path != "/event-types"}


def started(data, url, name):
    server = Server(data, "--database", url, "--allow-network", "127.0.0.0/8")
    return server, name


def test_to_postgresql_and_back(filled, tmp_path):
    data, name, pending, said = filled
    url = postgres.shared().database()
    out = migrate("--data", data, "--to", url)
    assert "equal checksums" in out
    with Server(data, "--database", url, "--allow-network", "127.0.0.0/8") as server:
        realm = type(server.master)(server.client, name)
        assert say(realm) == said
        assert [row["event_id"] for row in realm.deliveries(state="pending")] == [pending]
        hook = realm.items("/webhooks")[-1]
        assert realm.get(f"/webhooks/{hook['id']}/secret").json["secret"].startswith("whsec_")
        assert realm.publish("order.paid").json["id"] > said["/events"][0]["id"], "ids go on ascending"
        server.stop()
    back = tmp_path / "back.db"
    migrate("--from", url, "--to", f"sqlite:{back}")
    with Server(data, "--database", f"sqlite:{back}", "--allow-network", "127.0.0.0/8") as server:
        realm = type(server.master)(server.client, name)
        again = say(realm)
        assert {**again, "/events": again["/events"][1:]} == said


def test_who_follows_the_log_misses_nothing_by_the_move(tmp_path):
    """From one PostgreSQL to another: its transactions have other numbers there."""
    first, second = postgres.shared().database(), postgres.shared().database()
    data = tmp_path / "data"
    with Server(data, "--database", first) as server:
        realm = server.realm(None, "order.paid")
        realm.call("PUT", "/consumers/reader", {"events": ["order.*"], "position": "oldest"}, 201)
        ids = [realm.publish("order.paid").json["id"] for _ in range(5)]
        page = wait_for(lambda: (read := realm.get("/consumers/reader/events", limit=2).json)["items"] and read, "events")
        realm.call("POST", "/consumers/reader/commit", {"position": page["position"]}, 200)
        read = [item["id"] for item in page["items"]]
        server.stop()
    migrate("--from", first, "--to", second)
    assert postgres.shared().ask(second.rsplit("/", 1)[1], "SELECT tx FROM consumers") == [(0,)]
    with Server(data, "--database", second) as server:
        realm = type(server.master)(server.client, realm.name)
        unread = set(ids) - set(read)
        wait_for(lambda: unread <= {item["id"] for item in realm.get("/consumers/reader/events").json["items"]}, "what was unread")


def test_it_goes_on_after_a_kill_and_the_target_stays_closed(filled, tmp_path):
    data, name, _, said = filled
    url = postgres.shared().database()
    database = url.rsplit("/", 1)[1]

    def copied():
        try:
            return postgres.shared().ask(database, "SELECT count(*) FROM events")[0][0]
        except Exception:  # noqa: BLE001  # not there yet
            return 0

    process = subprocess.Popen([binary(), "migrate", "--data", str(data), "--to", url], stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment())
    wait_for(lambda: copied() > 0 or process.poll() is not None, "some events are copied")
    process.send_signal(signal.SIGKILL)
    killed = process.wait(30) == -signal.SIGKILL
    if killed:
        refused = subprocess.run([binary(), "serve", "--data", str(tmp_path / "x"), "--listen", "127.0.0.1:0", "--database", url],
                                 capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL, env=environment(), check=False)
        assert refused.returncode == 1 and "run postrider migrate again" in refused.stderr
        time.sleep(0.5)  # PostgreSQL ends the killed one's session
        assert "went on with an interrupted move" in migrate("--data", data, "--to", url)
    with Server(data, "--database", url) as server:
        assert say(type(server.master)(server.client, name)) == said
    assert killed, "the copy ended before the kill: nothing was tested"


def test_what_cannot_be_moved_is_said(filled, tmp_path):
    data, *_ = filled
    assert "there is no store at" in migrate("--data", tmp_path, "--to", f"sqlite:{tmp_path}/x.db", expect=1)
    assert "--to must be" in migrate("--data", data, "--to", "mysql://x", expect=2)
    used = postgres.shared().database()
    with Server(tmp_path / "used", "--database", used) as server:
        assert "in use by a postrider node" in migrate("--data", data, "--to", used, expect=1)
        server.stop()
    assert "has other data already" in migrate("--data", data, "--to", used, expect=1)
    with Server(data):
        assert "in use by another postrider process" in migrate("--data", data, "--to", postgres.shared().database(), expect=1)


def test_a_row_that_differs_is_found(filled):
    data, *_ = filled
    url = postgres.shared().database()
    database = url.rsplit("/", 1)[1]
    migrate("--data", data, "--to", url)
    with sqlite3.connect(data / "postrider.db") as source:
        first, = source.execute("SELECT id FROM realms ORDER BY id LIMIT 1").fetchone()
    postgres.shared().ask(database, "INSERT INTO store_state VALUES ('transfer', %s)", first.hex().encode())
    postgres.shared().ask(database, "UPDATE audit SET action = 'other' WHERE id = (SELECT max(id::text)::bytea FROM audit)")
    assert "the table audit differs" in migrate("--data", data, "--to", url, expect=1)
