"""Publishes and changes webhooks while the server is killed; counts what was lost, invented, doubled."""

import collections
import contextlib
import functools
import os
import random
import sqlite3
import threading
import time
import uuid

from background import Background
from client import NoAnswer
from waiting import wait_for

STABLE = 2
PUBLISHERS = 6


class Journal:
    """What the server acknowledged, by the outside's own notes."""

    def __init__(self):
        self.lock = threading.Lock()
        self.events = {}  # id → (type, the n in its data, how many deliveries were promised)
        self.numbers = {}  # n → id: one event for each key
        self.contradictions = []
        self.webhooks = {}  # id → name that was acknowledged last
        self.changes = collections.Counter()  # webhook → acknowledged updates
        self.repeated = 0
        self.vanished = 0  # what was acknowledged, and a later call did not find


class Load(Background):
    """Threads that publish (singly, in batches, with keys) and one that changes webhooks."""

    def __init__(self, realm, churn_url):
        self.realm, self.churn_url, self.journal = realm, churn_url, Journal()
        self.on_answer = None  # called once, at the next acknowledgement
        super().__init__(*(functools.partial(self.publish_for_ever, random.Random(seed)) for seed in range(PUBLISHERS)),
                         functools.partial(self.change_for_ever, random.Random(99)))

    def insist(self, call):
        """Repeats what has no answer, until it has one."""
        while True:
            try:
                answer = call()
            except NoAnswer:
                with self.journal.lock:
                    self.journal.repeated += 1
                time.sleep(0.005)
                continue
            if answer.status != 503:
                action, self.on_answer = self.on_answer, None
                if action is not None:
                    action()
                return answer
            time.sleep(0.005)

    def publish_for_ever(self, choice):
        while not self.stopping.is_set():
            key = uuid.UUID(int=choice.getrandbits(128)).hex + os.urandom(4).hex()
            count = choice.choice((1, 1, 1, 1, 1, 1, 20))
            events = [{"event": choice.choice(("order.paid", "order.shipped")),
                       "resource_id": str(uuid.uuid4()), "data": {"n": f"{key}-{n}"}}
                      for n in range(count)]
            if count == 1:
                answer = self.insist(lambda: self.realm.publish(key=key, expect=None, **events[0]))
            else:
                answer = self.insist(lambda: self.realm.publish_batch(events, key, expect=None))
            if answer.status in (404, 422):  # realm and types are there from the start
                self.journal.vanished += 1
                continue
            assert answer.status == 202, answer
            told = [answer.json] if count == 1 else answer.json["items"]
            with self.journal.lock:
                for event, item in zip(events, told, strict=True):
                    n = event["data"]["n"]
                    if self.journal.numbers.setdefault(n, item["id"]) != item["id"]:
                        self.journal.contradictions.append(n)
                    self.journal.events[item["id"]] = (event["event"], n, item["deliveries"])

    def change_for_ever(self, choice):
        """Creates webhooks, and renames them. A name says which change was acknowledged last."""
        known = []
        while not self.stopping.is_set():
            if len(known) < 5 or (len(known) < 30 and choice.random() < 0.05):
                # Creating has no key: what had no answer may be there, so each try has its own URL.
                answer = self.insist(lambda: self.realm.call("POST", "/webhooks", {
                    "name": "new", "url": f"{self.churn_url}-{uuid.uuid4().hex}",
                    "events": ["order.paid"], "retry_schedule": ["100ms"] * 20}))
                if answer.status in (404, 422):
                    self.journal.vanished += 1
                    continue
                assert answer.status == 201, answer
                known.append(answer.json["id"])
                self.note(answer.json["id"], "new", 0)
            webhook_id, name = choice.choice(known), uuid.uuid4().hex
            answer = self.insist(
                lambda: self.realm.call("PATCH", f"/webhooks/{webhook_id}", {"name": name}))
            if answer.status == 404:
                known.remove(webhook_id)
                self.journal.vanished += 1
                continue
            assert answer.status == 200, answer
            self.note(webhook_id, name, 1)
            time.sleep(0.002)

    def note(self, webhook_id, name, changes):
        with self.journal.lock:
            self.journal.webhooks[webhook_id] = name
            self.journal.changes[webhook_id] += changes


Report = collections.namedtuple(
    "Report", "acknowledged lost_events lost_deliveries lost_changes unexpected duplicates repeated set_aside")


def kill_and_count(server, receiver, kills, path, program=None, seed=None):
    """The whole check. Gives a Report. `program` is the binary under load; what the count stands on
    is set up by the right one."""
    seed = int.from_bytes(os.urandom(4), "big") if seed is None else seed
    print(f"crash seed {seed}")  # pytest shows it when the test fails
    choice = random.Random(seed)
    realm = server.realm(None, "order.paid", "order.shipped")
    flaky = random.Random(seed + 1)

    def sometimes(request):
        return 503 if flaky.random() < 0.2 else 204
    receiver.on(f"{path}-0", 204)
    receiver.on(f"{path}-1", sometimes)
    stable = [realm.create_webhook(receiver.url(f"{path}-{n}"), events=["order.*", "webhook.*"],
                                   retry_schedule=["100ms"] * 20, name=f"stable {n}")
              for n in range(STABLE)]
    server.stop()
    server.program = program or server.program
    server.start()
    load = Load(realm, receiver.url(f"{path}-churn"))
    load.start()
    try:
        for number in range(kills):
            time.sleep(choice.uniform(0.05, 0.6))
            if number % 3:  # the worst moment: just when somebody was told that all is safe
                load.on_answer = server.strike
                server.finish()
                load.on_answer = None
            else:
                server.kill()
            server.start()
    finally:
        load.stop()
    return count(realm, receiver, load.journal, [hook["id"] for hook in stable], path)


def redeliver_set_aside(realm):
    """What was in flight at three crashes in a row is set aside, visibly (promise 6): here the server
    lives for fractions of a second, so that happens to the innocent. It is for people to send again."""
    set_aside = [item for item in realm.deliveries(state="failed") if "crashes" in item["reason"]]
    for item in set_aside:
        realm.call("POST", f"/deliveries/{item['id']}/redeliver", None, 202)
    wait_for(lambda: not realm.deliveries(state="pending"), "nothing pending", 60, every=0.1)
    return len(set_aside)


def count(realm, receiver, journal, stable, path):
    logged = {event["id"]: event for event in realm.items("/events")}
    orders = {id_: event for id_, event in logged.items() if event["event"].startswith("order.")}
    lost_events = set(journal.events) - set(orders)
    unexpected = set(orders) - set(journal.events)
    unexpected |= {id_ for id_ in set(orders) & set(journal.events)
                   if (orders[id_]["event"], orders[id_]["data"]["n"]) != journal.events[id_][:2]}
    # What should arrive at the stable webhooks: everything that is or should be in the log.
    expected = set(logged) | set(journal.events)
    expected -= {id_ for id_, event in logged.items()  # before both webhooks were there
                 if event["event"] == "webhook.created" and event["resource_id"] in stable}
    expected -= {id_ for id_, event in logged.items() if event["event"].startswith("realm.")}

    def arrived(n):
        return {request.id for request in receiver.at(f"{path}-{n}")}
    wait_for(lambda: not realm.deliveries(state="pending"), "nothing pending", 60, every=0.1)
    set_aside = redeliver_set_aside(realm)
    deadline = time.monotonic() + 60
    while any(expected - lost_events - arrived(n) for n in range(STABLE)):
        if time.monotonic() > deadline:
            break
        time.sleep(0.1)
    lost_deliveries = sum(len(expected - arrived(n)) for n in range(STABLE))
    # At webhooks that came and went meanwhile: as many as each publish was promised.
    churn = [request for request in receiver.requests if request.path.startswith(f"{path}-churn-")]
    by_event = collections.Counter(id_ for id_, _ in {(r.id, r.path) for r in churn})
    for id_, (kind, _, promised) in journal.events.items():
        lost_deliveries += max(0, promised - STABLE - by_event[id_]) if id_ not in lost_events else 0
    unexpected |= {request.id for request in churn} - set(orders)
    for n in range(STABLE):
        unexpected |= arrived(n) - set(logged)
    # Webhooks: each acknowledged one is there with its last name, each change has its event.
    now = {webhook["id"]: webhook["name"] for webhook in realm.items("/webhooks")}
    lost_changes = [id_ for id_, name in journal.webhooks.items() if now.get(id_) != name]
    fired = collections.Counter(event["resource_id"] for event in logged.values()
                                if event["event"] == "webhook.updated")
    created = {event["resource_id"] for event in logged.values() if event["event"] == "webhook.created"}
    lost_changes += [id_ for id_, changes in journal.changes.items() if fired[id_] < changes]
    lost_changes += [id_ for id_ in journal.webhooks if id_ not in created]
    lost_changes += ["vanished"] * journal.vanished
    # Accepted requests that came again. Those answered 503 are meant to.
    answered = collections.Counter((request.path, request.id) for request in receiver.at(f"{path}-0"))
    duplicates = sum(times - 1 for times in answered.values())
    return Report(len(journal.events), len(lost_events), lost_deliveries, len(lost_changes),
                  len(unexpected) + len(journal.contradictions), duplicates, journal.repeated,
                  set_aside)


def missing_in_index(file):
    """Of a stopped SQLite store: how many events its index of resources must have, and how many it has not."""
    with contextlib.closing(sqlite3.connect(file)) as connection:
        return connection.execute(
            "SELECT count(*), coalesce(sum(NOT EXISTS (SELECT 1 FROM resource_slices s JOIN resource_entries r ON r.slice = s.slice "
            "WHERE s.realm_id = e.realm_id AND r.resource_id = e.resource_id AND r.id = e.id)), 0) FROM events e "
            "WHERE e.id <= (SELECT max(last_id) FROM resource_slices s WHERE s.realm_id = e.realm_id)").fetchone()
