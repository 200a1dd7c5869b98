"""The order of resources where several nodes share a database: publishes of one resource in turn through both, kills, take-overs."""

import os
import random
import time

import pytest

from nodes import Nodes
from order import SCHEDULE, OrderedLoad, OrderReceiver, check, resources_of
from postgres import Postgres
from waiting import wait_for

#: Full counts in make proof.
EVENTS = int(os.environ.get("POSTRIDER_ORDER_EVENTS", "4000"))
KILLS = int(os.environ.get("POSTRIDER_ORDER_KILLS", "3"))


@pytest.fixture(scope="module")
def database():
    with Postgres() as started:
        yield started


def test_nothing_overtakes_another_through_two_nodes_over_kills(tmp_path, database):
    resources, failing = resources_of(max(20, EVENTS // 20))
    with OrderReceiver(failing) as receiver, Nodes(tmp_path, database, 2) as nodes:
        realm = nodes[0].realm("acme", "order.paid")
        realm.create_webhook(receiver.url("/"), events=["order.*"], ordering="resource", retry_schedule=SCHEDULE)
        load = OrderedLoad(nodes.realms(realm), resources, EVENTS, batch=20).start()
        choice = random.Random(11)
        for kill in range(1, KILLS + 1):
            wait_for(lambda: load.failures or load.acknowledged >= EVENTS * kill // (KILLS + 1), "publishes", 600)
            victim = nodes[kill % 2]
            time.sleep(choice.uniform(0, 0.3))
            victim.kill()
            # Now and then for longer than a lease: the other one has its lanes then.
            time.sleep(choice.choice((0, 6)))
            victim.start()
        wait_for(lambda: load.failures or load.acknowledged == EVENTS, "all are published", 3600)
        load.stop()
        check(receiver, load, EVENTS, 60 + EVENTS / 200)
        wait_for(lambda: nodes.ask("SELECT count(*) FROM order_queue")[0][0] == 0, "no queue is left", 30)
