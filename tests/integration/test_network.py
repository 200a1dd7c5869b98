"""A node of two that is cut off: from the database alone, and from the receivers alone."""

import contextlib
import shutil
import statistics
import threading
import time
import uuid

import pytest

from client import Realm
from network import Network
from postgres import Postgres
from publishers import Publishers
from receiver import Receiver
from server import Server
from waiting import wait_for

WEBHOOKS = 8


class Cut:
    """One node in a network of its own, with a wire each for its API, its database and its receivers, and one beside."""

    def __init__(self, stack, folder):
        self.network = stack.enter_context(Network(3))
        self.api, self.database, self.receivers = self.network.wires
        self.postgres = stack.enter_context(Postgres(("fsync", "off"), ("listen_addresses", "*")))
        self.receiver = stack.enter_context(Receiver(address="0.0.0.0"))
        url = self.postgres.database()
        allowed = ("--allow-network", "127.0.0.0/8", "--allow-network", "10.213.0.0/16")
        self.far = stack.enter_context(Server(
            folder / "far", "--database", url.replace("127.0.0.1", self.database.host), "--insecure-http", *allowed,
            prefix=self.network.prefix, host=self.api.inside))
        (folder / "near").mkdir()
        shutil.copy(folder / "far" / "key", folder / "near" / "key")
        self.near = stack.enter_context(Server(folder / "near", "--database", url, *allowed))
        self.name = url.rsplit("/", 1)[1]

    def owners(self):
        rows = self.postgres.ask(self.name, "SELECT n.address, count(*) FROM lanes l JOIN nodes n ON n.id = l.owner "
                                            "WHERE n.heartbeat_at > clock_timestamp() - interval '4 s' GROUP BY 1")
        return dict(rows)

    def shared(self):
        return len(self.owners()) == 2 and sum(self.owners().values()) >= WEBHOOKS

    def webhooks_of(self, server, realm):
        """The numbers of the webhooks that a node delivers to."""
        rows = self.postgres.ask(self.name, "SELECT l.webhook_id FROM lanes l JOIN nodes n ON n.id = l.owner WHERE n.address LIKE %s",
                                 f"{server.host}:%")
        owned = {str(uuid.UUID(bytes=bytes(row[0]))) for row in rows}
        return [int(webhook["url"].rsplit("/", 1)[1]) for webhook in realm.items("/webhooks") if webhook["id"] in owned]

    def by(self, server):
        """The requests that a node has made."""
        address = self.receivers.inside if server is self.far else self.receivers.host
        return [request for request in list(self.receiver.requests) if request.peer == address]

    def realm(self, **webhook):
        realm = self.near.realm("acme", *(f"order.kind{n}" for n in range(WEBHOOKS)))
        for n in range(WEBHOOKS):
            realm.create_webhook(self.receiver.url(f"/{n}", host=self.receivers.host), events=[f"order.kind{n}"], **webhook)
        wait_for(self.shared, "both nodes have lanes", 30, 0.1)
        return realm


@pytest.fixture
def cut(tmp_path):
    with contextlib.ExitStack() as stack:
        yield Cut(stack, tmp_path)


class Load(contextlib.ExitStack):
    """A publisher for each webhook, all the time."""

    def __init__(self, realm):
        super().__init__()
        self.publishers = [self.enter_context(Publishers(realm, kind=f"order.kind{n}", count=1, pause=0.01)) for n in range(WEBHOOKS)]

    def acknowledged(self, *webhooks):
        return {each for n in webhooks or range(WEBHOOKS) for each in self.publishers[n].acknowledged}


def received(cut):
    return {request.id for request in list(cut.receiver.requests)}


def test_cut_off_from_the_database(cut):
    realm = cut.realm()
    far = Realm(cut.far.client, realm.name)
    load = Load(realm)
    wait_for(lambda: cut.by(cut.far) and cut.by(cut.near), "both deliver")
    time.sleep(1)
    cut.database.cut()
    at = time.monotonic()
    waits = []  # of who asks it before it can know

    def publish_at_the_cut():
        started = time.monotonic()
        status = far.publish("order.kind0", expect=None).status
        waits.append((status, time.monotonic() - started))

    threads = [threading.Thread(target=publish_at_the_cut) for _ in range(8)]
    for number, thread in enumerate(threads):
        thread.start()
        time.sleep(0.05 if number else 0.3)
    wait_for(lambda: list(cut.owners().values()) == [WEBHOOKS], "the other takes over", 15, 0.05)
    taken_over = time.monotonic() - at
    time.sleep(max(0, at + 5 - time.monotonic()))  # the lease is over
    refusals = []
    while time.monotonic() < at + 12:
        started = time.monotonic()
        answer = far.publish("order.kind0", expect=None)
        refusals.append((answer.status, time.monotonic() - started))
        time.sleep(0.2)
    for thread in threads:
        thread.join()
    last_by_far = max(request.at for request in cut.by(cut.far)) - at
    cut.database.mend()
    back = time.monotonic()
    wait_for(lambda: far.publish("order.kind0", expect=None).status == 202, "it takes publishes again", 10)
    again = time.monotonic() - back
    wait_for(cut.shared, "it has lanes again", 20, 0.1)
    load.close()
    acknowledged = load.acknowledged()
    wait_for(lambda: received(cut) >= acknowledged, "every acknowledged event", 30)
    wait_for(lambda: not realm.deliveries(state="pending"), "nothing is pending", 30)
    duplicates = sum(len(cut.receiver.at(f"/{n}")) - len({request.id for request in cut.receiver.at(f"/{n}")}) for n in range(WEBHOOKS))
    print(f"{len(acknowledged)} acknowledged, lost 0, {duplicates} duplicates; its last attempt {last_by_far:.1f} s after the cut, "
          f"taken over after {taken_over:.1f} s; "
          f"refused within {max(wait for _, wait in refusals):.2f} s, before that within {max(wait for _, wait in waits):.1f} s "
          f"(half {statistics.median(wait for _, wait in waits):.1f} s); publishes again {again:.1f} s after the mend")
    assert last_by_far < 4, "its lease has ended, so it attempts nothing"
    assert {status for status, _ in refusals} == {503}
    assert max(wait for _, wait in refusals) < 0.5, "at once"
    assert {status for status, _ in waits} == {503}
    # The first is under way, and what becomes of it is not known before its connection is.
    assert max(wait for _, wait in waits) < 9
    assert statistics.median(wait for _, wait in waits) < 5.5
    assert again < 5
    assert not any(one.refusals for one in load.publishers), "the other node goes on"


def test_cut_off_from_the_receivers(cut):
    realm = cut.realm(retry_schedule=["1s"] * 20, timeout="2s")
    load = Load(realm)
    wait_for(lambda: cut.by(cut.far) and cut.by(cut.near), "both deliver")
    theirs = cut.webhooks_of(cut.near, realm)
    cut.receivers.cut()
    time.sleep(8)
    load.close()
    acknowledged = load.acknowledged()
    others = load.acknowledged(*theirs)
    wait_for(lambda: received(cut) >= others, "what the other node delivers is not held up")
    assert not received(cut) >= acknowledged
    cut.receivers.mend()
    wait_for(lambda: received(cut) >= acknowledged, "every acknowledged event", 60)
    wait_for(lambda: not realm.deliveries(state="pending"), "nothing is pending", 30)
    assert not realm.deliveries(state="failed")
    print(f"{len(acknowledged)} acknowledged, lost 0; {len(acknowledged) - len(others)} of them waited for the receivers")
