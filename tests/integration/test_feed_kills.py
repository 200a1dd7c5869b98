"""Servers and a consumer of the log are killed at random while events are published: every committed event is seen, in the
log's order, without a gap; twice only after a kill. Also what several nodes tell each other."""

import contextlib
import os
import pathlib
import random
import subprocess
import sys
import threading
import time
import uuid

import pytest

from background import Background
from client import NoAnswer
from feed import Follower, everything
from nodes import Nodes
from postgres import Postgres
from server import TOKEN, Server
from waiting import wait_for

#: Of servers and of the consumer together; 1,000 in `make proof`.
KILLS = int(os.environ.get("POSTRIDER_FEED_KILLS", "16"))
CONSUMER = pathlib.Path(__file__).parents[1] / "support" / "python" / "feed_consumer.py"
PUBLISHERS = 4


class InsistentPublishers(Background):
    """Publish until they are stopped, each time with a key until it is answered."""

    def __init__(self, servers, realm):
        self.servers, self.realm, self.acknowledged = servers, realm, set()
        super().__init__(*[self.run] * PUBLISHERS)

    def run(self):
        while not self.stopping.is_set():
            key, resource, count = uuid.uuid4().hex, str(uuid.uuid4()), random.choice((1, 1, 1, 1, 10))
            events = [{"event": "order.paid", "resource_id": resource, "data": {"n": n}} for n in range(count)]
            answer = None
            while answer is None or answer.status == 503:
                realm = type(self.realm)(random.choice(self.servers).client, self.realm.name)
                try:
                    answer = realm.publish_batch(events, key, expect=None)
                except (NoAnswer, TypeError):  # TypeError: it has no port as yet
                    answer = None
                    time.sleep(0.005)
            assert answer.status == 202, answer
            self.acknowledged |= {item["id"] for item in answer.json["items"]}
            time.sleep(0.002)


class Consumer:
    def __init__(self, folder, realm, servers):
        self.servers, self.addresses, self.journal = servers, folder / "addresses", folder / "journal"
        self.command = [sys.executable, str(CONSUMER), str(self.addresses), TOKEN, realm.name, "mirror", str(self.journal)]
        self.process, self.size = None, 0

    def note_addresses(self):
        self.addresses.write_text("\n".join(f"{server.host}:{server.port}" for server in self.servers if server.port))

    def start(self):
        self.note_addresses()
        self.size = self.journal.stat().st_size if self.journal.exists() else 0
        self.process = subprocess.Popen(self.command, stderr=subprocess.PIPE, text=True)

    def kill(self):
        """While it works: it has been given events since it started."""
        wait_for(lambda: self.journal.exists() and self.journal.stat().st_size > self.size + 20, "events at the consumer", 60)
        time.sleep(random.uniform(0, 0.02))
        assert self.process.poll() is None, self.process.communicate()[1]
        self.process.kill()
        self.process.communicate()

    def lines(self):
        # What was being written when it was killed is no line.
        text = self.journal.read_text()
        return text[:text.rfind("\n") + 1].splitlines()


def check(lines, log):
    """How often what was seen before was seen again; fails where something is missing, out of order or of no event."""
    place = {event: number for number, event in enumerate(log)}
    reached, last, may_go_back, repeated = -1, -1, False, 0
    for line in lines:
        if line in ("start", "again"):
            may_go_back = True
            continue
        assert line in place, f"{line} is not in the log"
        at = place[line]
        if may_go_back:
            assert at <= reached + 1, f"{at - reached - 1} events are missing behind {reached}"
        else:
            assert at == last + 1, f"after {last} came {at}"
        repeated += at <= reached
        last, reached, may_go_back = at, max(reached, at), False
    assert reached == len(log) - 1, f"the last {len(log) - 1 - reached} of {len(log)} are missing"
    return repeated


def rehearse(folder, servers, restart):
    """Publishes and kills, then compares what the consumer saw with the log."""
    first = servers[0]
    realm = first.realm(None, "order.paid")
    realm.call("PUT", "/consumers/mirror", {"position": "oldest", "events": ["order.*"]}, 201)
    consumer = Consumer(folder, realm, servers)
    consumer.start()
    publishers = InsistentPublishers(servers, realm).start()
    kills = {"servers": 0, "consumer": 0}
    wait_for(lambda: publishers.acknowledged, "the first publish")
    while sum(kills.values()) < KILLS:
        time.sleep(random.uniform(0.01, 0.15))
        if random.random() < 0.5:
            consumer.kill()
            consumer.start()
            kills["consumer"] += 1
        else:
            restart(random.choice(servers))
            consumer.note_addresses()
            kills["servers"] += 1
    publishers.stop()
    log = [item["id"] for item in everything(realm, event="order.*", at_least=len(publishers.acknowledged))[0]]
    assert publishers.acknowledged <= set(log) and len(log) == len(set(log))
    wait_for(lambda: log[-1] in consumer.lines(), "the last event", 60)
    consumer.kill()
    repeated = check(consumer.lines(), log)
    print(f"feed: {kills['servers']} kills of servers, {kills['consumer']} of the consumer: {len(log)} events, 0 missing, "
          f"{repeated} repeated")


def test_a_consumer_misses_nothing_of_one_server(tmp_path):
    with Server(tmp_path / "data") as server:
        rehearse(tmp_path, [server], lambda killed: killed.restart())


@pytest.fixture(scope="module")
def database():
    with Postgres() as started:
        yield started


@pytest.fixture
def three(tmp_path, database):
    with Nodes(tmp_path, database, 3) as nodes:
        yield nodes


def test_a_consumer_misses_nothing_of_three_nodes(three, tmp_path):
    rehearse(tmp_path, three.servers, lambda killed: killed.restart())


def test_a_call_that_waits_on_one_node_hears_of_commits_on_another(three):
    here, *elsewhere = three.realms(three[0].realm(None, "order.shipped"))
    start = here.get("/feed", after="newest").json["position"]
    follower = Follower(here, start, wait="20s")
    late = []
    for number in range(60):
        realm = elsewhere[number % 2]
        published = realm.publish().json["id"]
        told = time.monotonic()
        wait_for(lambda: published in follower.ids(), "the event at the other node", 10, 0.0005)
        late.append(time.monotonic() - told)
    follower.stop()
    late.sort()
    print(f"feed: published on one node, read on another: p50 {late[30] * 1000:.1f} ms, max {late[-1] * 1000:.1f} ms")
    # Without the nodes' news it would be the end of the wait.
    assert late[-1] < 5


def test_all_nodes_give_the_same_order_without_a_gap(three):
    realms = three.realms(three[0].realm(None, "order.shipped"))
    start = realms[0].get("/feed", after="newest").json["position"]
    followers = [Follower(realm, start) for realm in realms]
    published = []

    def publish(realm):
        for _ in range(150):
            published.append(realm.publish().json["id"])
    threads = [threading.Thread(target=publish, args=(realm,)) for realm in realms for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for follower in followers:
        wait_for(lambda: len(follower.items) >= len(published), lambda: f"{len(follower.items)} of {len(published)}", 30)
        follower.stop()
    log = [item["id"] for item in everything(realms[0], start, at_least=len(published))[0]]
    assert sorted(log) == sorted(published)
    assert all(follower.ids() == log for follower in followers), "another order, or a gap"


def test_a_transaction_that_stays_open_holds_events_back_and_loses_none(three):
    """Of somebody else in the same database: its number is below those of later events."""
    realm, other = three.realms(three[0].realm(None, "order.shipped"))[:2]
    start = realm.get("/feed", after="newest").json["position"]
    with contextlib.closing(three.postgres.connect(three.name)) as connection:
        connection.autocommit = False
        cursor = connection.cursor()
        cursor.execute("SELECT pg_current_xact_id()")
        published = [each.publish().json["id"] for each in (realm, other, realm)]
        assert realm.get("/feed", after=start, wait="500ms").json["items"] == []
        follower = Follower(other, start, wait="20s")
        connection.rollback()
    wait_for(lambda: follower.ids() == published, lambda: str(follower.ids()), 10)
    follower.stop()


def test_a_database_that_begins_to_count_anew_keeps_the_order(three):
    """As one that was restored into another server: what it has is numbered higher than what comes."""
    server = three[0]
    realm = server.realm(None, "order.shipped")
    published = [realm.publish().json["id"] for _ in range(3)]
    for each in three.servers:
        each.stop()
    three.ask("UPDATE events SET tx = tx + 1000000000")
    server.start()
    before, position = everything(realm, event="order.*", at_least=3)
    assert [item["id"] for item in before] == published
    published += [realm.publish().json["id"] for _ in range(3)]
    assert [item["id"] for item in everything(realm, position, event="order.*", at_least=3)[0]] == published[3:]
    assert [item["id"] for item in everything(realm, event="order.*")[0]] == published
