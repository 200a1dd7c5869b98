"""On PostgreSQL as people run it: the newest version, behind PgBouncer, and with a role of its own that owns nothing else."""

import os
import pathlib
import re
import signal
import subprocess

import pytest

import postgres
from feed import everything
from nodes import Nodes
from postgres import PgBouncer, Postgres
from publishers import Publishers
from receiver import Receiver
from server import ROOT, Server
from waiting import wait_for
from world import make_world

#: What tools/install_postgresql brings.
TOOLS = pathlib.Path(os.environ.get("POSTRIDER_TOOLS", ROOT / "build" / "tools"))
ALLOWED = ("--allow-network", "127.0.0.0/8")
needs = lambda name: pytest.mark.skipif(not (TOOLS / name).exists(), reason="tools/install_postgresql has nothing for this machine")


def check_each_once(receiver, path, publishers, duplicates=0):
    wait_for(lambda: {request.id for request in receiver.at(path)} >= set(publishers.acknowledged), "everything acknowledged", 60)
    came = [request.id for request in receiver.at(path)]
    assert len(came) - len(set(came)) <= duplicates


@needs("postgresql")
def test_the_newest_version(tmp_path):
    """One of everything, two nodes, and a kill of the database."""
    with Postgres(programs=str(TOOLS / "postgresql" / "bin")) as database, Receiver() as receiver:
        version = int(database.ask("postgres", "SHOW server_version_num")[0][0]) // 10000
        assert version > int(re.search(r"/(\d+)/bin", postgres.debians())[1]), "it is newer than what all other tests run on"
        with Nodes(tmp_path, database, 2) as nodes:
            make_world(nodes[0], receiver)
            realm = nodes[1].realm("acme", "order.paid")
            realm.create_webhook(receiver.url("/a"), events=["order.paid"])
            with Publishers(*nodes.realms(realm), pause=0.002) as publishers:
                publishers.wait_more(300)
                database.end(signal.SIGKILL)
                database.start()
                publishers.wait_more(300)
            check_each_once(receiver, "/a", publishers, duplicates=len(publishers.acknowledged))
            logged = {event["id"] for event in everything(realm, event="order.*", at_least=len(publishers.acknowledged))[0]}
            assert logged >= set(publishers.acknowledged), "the log forward"


@needs("pgbouncer")
def test_behind_pgbouncer_in_session_mode(tmp_path):
    """Two nodes: prepared statements, settings of a session, advisory locks and LISTEN go through it; it may go and come back."""
    with Postgres() as database, PgBouncer(TOOLS / "pgbouncer", database) as pooler, Receiver() as receiver:
        with Nodes(tmp_path, database, 2) as made:
            realm = made[0].realm("acme", "order.paid")
        url = pooler.url(made.url)
        with Server(tmp_path / "node0", "--database", url, *ALLOWED) as first, Server(tmp_path / "node1", "--database", url, *ALLOWED) as second:
            realms = [type(realm)(server.client, "acme") for server in (first, second)]
            hook = realms[0].create_webhook(receiver.url("/a"), events=["order.paid"])
            with Publishers(*realms, pause=0.002) as publishers:
                publishers.wait_more(300)
                pooler.kill()
                pooler.start()
                publishers.wait_more(300)
            check_each_once(receiver, "/a", publishers, duplicates=len(publishers.acknowledged))
            # A change at one node is obeyed by the other once it is answered: their notifications come through.
            for number in range(20):
                here, there = realms[number % 2], realms[1 - number % 2]
                here.patch_webhook(hook["id"], url=receiver.url(f"/moved/{number}"))
                event = there.publish("order.paid").json["id"]
                wait_for(lambda: [request.id for request in receiver.at(f"/moved/{number}")] == [event], "at the new place")
            assert first.stop() == 0 and second.stop() == 0


def documented():
    """The commands of docs/service.md that make a role and its database."""
    text = (ROOT / "docs" / "service.md").read_text()
    return re.findall(r"^sudo -u postgres (createuser .*|createdb .*)$", text, re.M)


def test_a_role_and_a_database_as_the_documents_make_them(tmp_path):
    commands = documented()
    assert [command.split()[0] for command in commands] == ["createuser", "createdb"]
    with Postgres(("fsync", "off")) as database, Receiver() as receiver:
        for command in commands:
            subprocess.run([f"{database.bin}/{command.split()[0]}", "-h", "127.0.0.1", "-p", str(database.port), "-U", "postgres",
                            *[word for word in command.split()[1:] if word != "--pwprompt"]], check=True, capture_output=True)
        ((superuser, createdb, createrole),) = database.ask("postgres", "SELECT rolsuper, rolcreatedb, rolcreaterole FROM pg_roles WHERE rolname = 'postrider'")
        assert not (superuser or createdb or createrole), "it may do no more than it needs"
        with Server(tmp_path / "data", "--database", f"postgresql://postrider@127.0.0.1:{database.port}/postrider", *ALLOWED) as server:
            realm = server.realm("acme", "order.paid")
            realm.create_webhook(receiver.url("/a"), events=["order.paid"])
            (delivery,) = realm.wait_final(realm.publish("order.paid").json["id"])
            assert delivery["state"] == "delivered" and server.stop() == 0
