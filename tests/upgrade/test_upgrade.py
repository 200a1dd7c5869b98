"""From the version before to this one. `tools/run_upgrade` builds the binary that it needs, POSTRIDER_BEFORE."""

import os

from nodes import Nodes
from postgres import Postgres
from publishers import Publishers
from receiver import Receiver, Reply
from server import Server, binary
from waiting import wait_for

BEFORE = os.environ["POSTRIDER_BEFORE"]
ALLOWED = ("--allow-network", "127.0.0.0/8")


def check_each_once(receiver, paths, ids):
    for path in paths:
        wait_for(lambda: {request.id for request in receiver.at(path)} >= set(ids), f"everything at {path}", 60)
        came = [request.id for request in receiver.at(path)]
        assert len(came) == len(set(came)), f"{path}: duplicates"


def test_one_node_after_the_other_under_load(tmp_path, capsys):
    """The first of the new ones migrates the schema while the last old one works on."""
    with Postgres() as database, Receiver() as receiver, Nodes(tmp_path, database, 3, program=BEFORE) as nodes:
        realm = nodes[0].realm("acme", "order.paid")
        paths = [f"/{n}" for n in range(12)]
        for path in paths:
            realm.create_webhook(receiver.url(path), events=["order.paid"])
        with Publishers(*nodes.realms(realm), pause=0.005) as publishers:
            publishers.wait_more(1000)
            for server in nodes.servers:
                assert server.stop() == 0
                server.program = binary()
                server.start()
                nodes.wait_shared()
                publishers.wait_more(1000)
        check_each_once(receiver, paths, publishers.acknowledged)
        assert not publishers.refusals
        times = sorted(publishers.acknowledged.values())
        longest = max(after - before for before, after in zip(times, times[1:]))
        with capsys.disabled():
            print(f"\nthree nodes upgraded under load: {len(publishers.acknowledged)} acknowledged, lost 0, 0 duplicates, refused 0, "
                  f"longest time without an answer {longest:.2f} s")
        assert longest < 2


def test_old_and_new_nodes_beside_each_other(tmp_path):
    """What one changes the other goes by, both ways."""
    with Postgres() as database, Receiver() as receiver, Nodes(tmp_path, database, 2, program=BEFORE) as nodes:
        realm = nodes[0].realm("acme", "order.paid")
        assert nodes[1].stop() == 0
        nodes[1].program = binary()
        nodes[1].start()
        nodes.wait_shared()
        old, new = nodes.realms(realm)
        for number in range(50):
            for here, there in ((old, new), (new, old)):
                was, becomes = f"/{here is old}/{number}/was", f"/{here is old}/{number}/becomes"
                webhook = here.create_webhook(receiver.url(was), events=["order.paid"])
                first = there.publish("order.paid").json["id"]
                wait_for(lambda: receiver.at(was), "the first arrives", 10)
                here.call("PATCH", f"/webhooks/{webhook['id']}", {"url": receiver.url(becomes)}, 200)
                second = there.publish("order.paid").json["id"]
                wait_for(lambda: receiver.at(becomes), "the second arrives", 10)
                there.call("DELETE", f"/webhooks/{webhook['id']}", None, 204)
                here.publish("order.paid")
                assert [request.id for request in receiver.at(was)] == [first]
                assert [request.id for request in receiver.at(becomes)] == [second]


def test_the_embedded_store_goes_on(tmp_path):
    with Receiver() as receiver:
        receiver.on("/late", Reply(503))
        with Server(tmp_path / "data", *ALLOWED, program=BEFORE) as server:
            realm = server.realm("acme", "order.paid")
            realm.create_webhook(receiver.url("/late"), events=["order.paid"], retry_schedule=["1s"] * 10)
            ids = [realm.publish("order.paid").json["id"] for _ in range(200)]
            wait_for(lambda: receiver.at("/late"), "attempted", 10)
            assert server.stop() == 0
            server.program = binary()
            receiver.on("/late", Reply(204))
            server.start()
            realm = type(realm)(server.client, realm.name)
            wait_for(lambda: not realm.deliveries(state="pending"), "delivered", 30)
            assert {event["id"] for event in realm.items("/events")} >= set(ids)
            assert all(delivery["state"] == "delivered" for delivery in realm.deliveries())
