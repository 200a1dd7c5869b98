"""Waiting for a condition with a deadline: the only way in which the tests wait."""

import time


def wait_for(condition, what, timeout=15.0, every=0.01):
    """Gives the first true value of `condition()`; fails after `timeout` seconds."""
    deadline = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            message = what() if callable(what) else what
            raise AssertionError(f"after {timeout} s still not: {message}")
        time.sleep(every)
