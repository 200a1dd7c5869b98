"""Changes of the directory while the server is killed: what was delivered is what was committed."""

import collections
import functools
import os
import random
import threading
import time
import uuid

from background import Background
from client import NoAnswer
from waiting import wait_for

CHANGERS = 4

Report = collections.namedtuple("Report", "acknowledged lost invented undelivered inconsistent duplicates")


class Changers(Background):
    """Threads that make, change, assign and delete; they note what was acknowledged."""

    def __init__(self, realm, role):
        self.realm, self.role = realm, role
        self.lock, self.acknowledged = threading.Lock(), collections.Counter()
        self.on_answer = None
        super().__init__(*(functools.partial(self.change_for_ever, random.Random(seed)) for seed in range(CHANGERS)))

    def ask(self, type_, resource_id, method, path, body=None):
        """One try: what has no answer may or may not have been done. Gives the answer or None."""
        try:
            answer = self.realm.call(method, path, body)
        except NoAnswer:
            time.sleep(0.005)
            return None
        if answer.status == 503:
            time.sleep(0.005)
            return None
        if answer.status // 100 != 2:
            assert answer.status == 404, answer  # a try without an answer had deleted it
            return answer
        with self.lock:
            self.acknowledged[(type_, resource_id or answer.json["id"])] += 1
        action, self.on_answer = self.on_answer, None
        if action is not None:
            action()
        return answer

    def change_for_ever(self, choice):
        known = []
        while not self.stopping.is_set():
            if len(known) < 5:
                answer = self.ask("user.created", None, "POST", "/users", {"username": uuid.uuid4().hex})
                if answer is not None:
                    known.append(answer.json["id"])
                continue
            user = choice.choice(known)
            kind = choice.choice(("update", "update", "assign", "unassign", "delete", "bulk"))
            if kind == "update":
                self.ask("user.updated", user, "PATCH", f"/users/{user}", {"first_name": uuid.uuid4().hex})
            elif kind == "assign":
                self.ask("user.role.assigned?", user, "POST", f"/users/{user}/roles/{self.role}")
            elif kind == "unassign":
                self.ask("user.role.unassigned", user, "DELETE", f"/users/{user}/roles/{self.role}")
            elif kind == "delete":
                known.remove(user)
                self.ask("user.deleted", user, "DELETE", f"/users/{user}")
            else:
                gone, known = known[:2], known[2:]
                path = "/users/bulk-delete"
                try:
                    answer = self.realm.call("POST", path, {"ids": gone})
                except NoAnswer:
                    continue
                assert answer.status in (200, 422, 503), answer
                if answer.status == 200:
                    with self.lock:
                        self.acknowledged[("user.bulk_deleted", gone[0])] += 1


def kill_and_count(server, receiver, kills, path, program=None):
    """Gives a Report. `program` is the binary under load; the right one sets up and counts."""
    choice = random.Random(int.from_bytes(os.urandom(4), "big"))
    right = server.program
    realm = server.realm(None)
    hook = realm.create_webhook(receiver.url(path), events=["*"], retry_schedule=["100ms"] * 20)["id"]
    role = realm.call("POST", "/roles", {"name": "auditor"}, 201).json["id"]
    server.stop()
    server.program = program or right
    server.start()
    changers = Changers(realm, role)
    changers.start()
    try:
        for number in range(kills):
            time.sleep(choice.uniform(0.05, 0.5))
            if number % 3:  # the worst moment: just when somebody was told that it is done
                changers.on_answer = server.strike
                server.finish()
                changers.on_answer = None
            else:
                server.kill()
            server.start()
    finally:
        changers.stop()
    return count(realm, receiver, path, changers.acknowledged, {hook, role})


def count(realm, receiver, path, acknowledged, prepared):
    wait_for(lambda: not realm.deliveries(state="pending"), "nothing pending", 60, every=0.1)
    for item in realm.deliveries(state="failed"):  # at three crashes in a row: promise 6
        if "crashes" in item["reason"]:
            realm.call("POST", f"/deliveries/{item['id']}/redeliver", None, 202)
    wait_for(lambda: not realm.deliveries(state="pending"), "nothing pending", 60, every=0.1)
    log = {event["id"]: event for event in realm.items("/events")
           if event["resource_id"] not in prepared and not event["event"].startswith("realm.")}
    times = collections.Counter(request.id for request in receiver.at(path)
                                if request.json["resource_id"] not in prepared)
    fired = fold(log.values())
    lost = (certain(acknowledged) - fired).total()
    return Report(acknowledged=acknowledged.total(), lost=lost, invented=len(set(times) - set(log)),
                  undelivered=len(set(log) - set(times)),
                  inconsistent=len(inconsistencies(realm, log.values())),
                  duplicates=times.total() - len(times))


def certain(acknowledged):
    """Without the assignments that may have changed nothing."""
    return collections.Counter({key: n for key, n in acknowledged.items() if not key[0].endswith("?")})


def fold(events):
    """How often each type fired about each resource; a bulk delete about the first of its users."""
    return collections.Counter((event["event"], event["data"]["ids"][0] if "ids" in event["data"]
                                else event["resource_id"]) for event in events)


def inconsistencies(realm, events):
    """Where what is there differs from what the events tell, told in their order."""
    users, roles = {}, {}
    for event in sorted(events, key=lambda event: event["id"]):
        id_, type_ = event["resource_id"], event["event"]
        if type_ == "user.created":
            users[id_], roles[id_] = (1, event["data"]["first_name"]), set()
        elif type_ == "user.updated":
            users[id_] = (users[id_][0] + 1, event["data"]["first_name"])
        elif type_ == "user.role.assigned":
            roles[id_].add(event["data"]["role"]["id"])
        elif type_ == "user.role.unassigned":
            roles[id_].remove(event["data"]["role"]["id"])
        elif type_ == "user.deleted":
            del users[id_]
        else:
            for gone in event["data"]["ids"]:
                del users[gone]
    there = {user["id"]: (user["version"], user["first_name"]) for user in realm.items("/users")}
    wrong = [id_ for id_ in users.keys() | there.keys() if users.get(id_) != there.get(id_)]
    return wrong + [id_ for id_ in there
                    if {role["id"] for role in realm.items(f"/users/{id_}/roles")} != roles.get(id_)]
