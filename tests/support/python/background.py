"""Work that goes on in threads beside a test."""

import threading


class Background:
    """Runs each of `works` in a thread of its own from start() on. They look at `stopping`; stop() raises the failure of one."""

    def __init__(self, *works):
        self.stopping, self.failures = threading.Event(), []
        self.threads = [threading.Thread(target=self.guard, args=(work,), daemon=True) for work in works]

    def guard(self, work):
        try:
            work()
        except BaseException as error:  # shown by stop()
            self.failures.append(error)

    def start(self):
        for thread in self.threads:
            thread.start()
        return self

    def stop(self):
        self.stopping.set()
        for thread in self.threads:
            thread.join(60)
            assert not thread.is_alive(), f"a thread of {type(self).__name__} hangs"
        if self.failures:
            raise self.failures[0]
