"""One server and one receiver per test file; a realm of its own for each test."""

import os

import pytest

from receiver import Receiver
from server import Server, binary

#: Short waits between attempts, for tests that see retries.
QUICK = ["50ms", "50ms"]


def pytest_sessionstart(session):
    if not os.access(binary(), os.X_OK):
        pytest.exit(f"there is no {binary()}: run scripts/build, or set POSTRIDER_BINARY", 4)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with Server(tmp_path_factory.mktemp("data"), "--allow-network", "127.0.0.0/8") as started:
        yield started


@pytest.fixture(scope="module")
def receiver():
    with Receiver() as started:
        yield started


@pytest.fixture
def realm(server):
    return server.realm(None, "order.shipped", "order.paid")


@pytest.fixture
def path():
    """A path of the receiver that no other test uses."""
    return "/" + os.urandom(8).hex()
