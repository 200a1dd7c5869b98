"""Publishes to many resources, and a receiver that counts what it gets out of their order."""

import json
import random
import threading
import time
import uuid

from background import Background
from client import NoAnswer
from receiver import Receiver, Reply
from waiting import wait_for

#: Attempts of a delivery of the webhooks here.
SCHEDULE = ["20ms", "20ms"]
ATTEMPTS = 1 + len(SCHEDULE)


class OrderReceiver(Receiver):
    """Refuses every event of some resources, and now and then the first attempt of another. For each resource it knows the number of
    the event that must come next, and what became of the one before."""

    def __init__(self, failing, flaky=0.02):
        self.failing, self.flaky, self.choice = failing, flaky, random.Random(1)
        self.current = {}  # resource → (number, refusals, whether it was accepted)
        self.received = self.settled = self.repeated = 0
        self.inversions, self.gaps, self.overlaps = [], [], []
        super().__init__()

    def take(self, request):
        body = json.loads(request.body)
        resource, number = body["resource_id"], body["data"]["n"]
        last, refusals, accepted = self.current.get(resource, (-1, ATTEMPTS, True))
        self.received += 1
        if number < last:
            self.inversions.append((resource, number, last))
            return Reply(204)
        if number == last and accepted:
            self.repeated += 1  # the server was killed before it had recorded that
            return Reply(204)
        if number > last:
            if number > last + 1:
                self.gaps.append((resource, last, number))
            if not accepted and refusals < ATTEMPTS:
                self.overlaps.append((resource, last, refusals, number))
            refusals = 0
        refuses = resource in self.failing or (refusals == 0 and self.choice.random() < self.flaky)
        refusals += refuses
        self.current[resource] = (number, refusals, not refuses)
        self.settled += not refuses or refusals == ATTEMPTS
        # Not 500, of ten of which in a row the breaker would open.
        return Reply(422 if refuses else 204)


class OrderedLoad(Background):
    """Each thread has resources of its own, and publishes to each in turn, in batches through one realm after the other."""

    def __init__(self, realms, resources, events, threads=4, batch=100):
        self.realms, self.acknowledged, self.lock = realms, 0, threading.Lock()
        shares = [resources[number::threads] for number in range(threads)]
        super().__init__(*(lambda share=share, number=number: self.publish(share, events * len(share) // len(resources), batch, number)
                           for number, share in enumerate(shares)))

    def publish(self, resources, count, batch, seed):
        choice, numbers = random.Random(seed), dict.fromkeys(resources, 0)
        turn = seed
        while count > 0 and not self.stopping.is_set():
            events = []
            for _ in range(min(batch, count)):
                resource = choice.choice(resources)
                events.append({"event": "order.paid", "resource_id": resource, "data": {"n": numbers[resource]}})
                numbers[resource] += 1
            count -= len(events)
            turn = self.insist(events, turn + 1)
            with self.lock:
                self.acknowledged += len(events)

    def insist(self, events, turn):
        """Again through the next realm, by the same key, until it is accepted."""
        key = uuid.uuid4().hex
        while True:
            try:
                answer = self.realms[turn % len(self.realms)].publish_batch(events, key, expect=None)
            except (NoAnswer, OSError):
                answer = None
            if answer is not None and answer.status == 202:
                return turn
            assert answer is None or answer.status in (429, 500, 503), answer
            turn += 1
            time.sleep(0.01)


def resources_of(count, failing_part=0.01):
    """Ids, and those of them that the receiver refuses."""
    resources = [str(uuid.uuid4()) for _ in range(count)]
    return resources, set(resources[:max(1, int(count * failing_part))])


def check(receiver, load, events, timeout):
    """Waits until all has arrived or has failed for good, and says what was out of order."""
    wait_for(lambda: receiver.settled >= events, lambda: f"{events} settled, there are {receiver.settled} of {load.acknowledged}", timeout, 0.1)
    assert load.acknowledged == events
    print(f"{events} events, {receiver.received} attempts, {receiver.repeated} repeated; inversions {len(receiver.inversions)}, "
          f"gaps {len(receiver.gaps)}, overlaps {len(receiver.overlaps)}")
    assert not receiver.inversions and not receiver.gaps and not receiver.overlaps, \
        (receiver.inversions[:3], receiver.gaps[:3], receiver.overlaps[:3])
