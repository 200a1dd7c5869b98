"""Load that goes on while something breaks."""

import itertools
import threading
import time

from client import NoAnswer
from waiting import wait_for


class Publishers:
    """Publishes all the time through all of `realms`, one realm as different nodes serve it; each thread through
    the next one when one does not answer. Keeps what was acknowledged, and how long each refusal took."""

    def __init__(self, *realms, kind="order.paid", count=4, pause=0.0):
        self.realms = realms
        self.kind, self.pause = kind, pause
        self.acknowledged, self.refusals, self.unknown = {}, [], 0
        self.lock, self.over, self.numbers = threading.Lock(), threading.Event(), itertools.count()
        self.errors = []
        self.threads = [threading.Thread(target=self.run, args=(at,), daemon=True) for at in range(count)]

    def run(self, at):
        while not self.over.is_set():
            realm, started = self.realms[at % len(self.realms)], time.monotonic()
            try:
                answer = realm.publish(self.kind, {"n": next(self.numbers)}, expect=None)
            except (NoAnswer, OSError, TypeError):
                self.unknown += 1
                at += 1
                time.sleep(0.01)
                continue
            if answer.status == 202:
                with self.lock:
                    self.acknowledged[answer.json["id"]] = time.monotonic()
            elif answer.status == 503:
                self.refusals.append(time.monotonic() - started)
                at += 1
                time.sleep(0.01)
            else:
                self.errors.append(answer)
                return
            if self.pause:
                time.sleep(self.pause)

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *exception):
        self.over.set()
        for thread in self.threads:
            thread.join(40)
            assert not thread.is_alive()
        assert not self.errors, self.errors[0]

    def wait_more(self, count, timeout=30):
        before = len(self.acknowledged)
        wait_for(lambda: len(self.acknowledged) >= before + count, f"{count} more publishes", timeout)
