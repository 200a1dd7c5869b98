"""One server and one receiver per test file; a realm of its own for each test."""

import os

import pytest

from receiver import Receiver
from server import Server, binary, on_postgresql

#: Short waits between attempts, for tests that see retries.
QUICK = ["50ms", "50ms"]


#: Of the embedded store: its file, its disk, its start, and what is measured on it; or with a database of its own, or of no store.
SQLITE_ONLY = {"test_backup.py", "test_disk.py", "test_isolation.py", "test_retention.py", "test_startup.py", "test_hostile.py",
               "test_postgresql.py", "test_partitions.py", "test_plans.py", "test_network.py", "test_nodes.py", "test_order_nodes.py", "test_feed_kills.py", "test_migrate.py", "test_tls.py",
               "test_probe.py", "test_contract_shape.py", "test_binary.py", "test_postgresql_elsewhere.py", "test_failover.py"}

#: They measure times: tools/run_tests runs them with nothing beside them.
ALONE = {"test_floods.py", "test_isolation.py", "test_known_browsers.py", "test_network.py", "test_partitions.py", "test_postgresql.py", "test_sessions.py"}

#: The files that take longest, most of it waiting: they begin first, so that no one of them is left at the end.
LONGEST = ["test_nodes.py", "test_probe.py", "test_directory_constraints.py", "test_feed_kills.py", "test_clock.py",
           "test_bench.py", "test_order.py", "test_order_nodes.py", "test_authentication.py", "test_unreadable_rows.py", "test_tls.py",
           "test_counters.py", "test_hostile.py", "test_controls.py", "test_crash.py", "test_import_ferriskey.py", "test_feed.py"]


def pytest_configure(config):
    config.addinivalue_line("markers", "alone: of a file that measures times, with nothing beside it")


def pytest_collection_modifyitems(items):
    for item in items:
        if item.path.name in ALONE:
            item.add_marker("alone")
    last = len(LONGEST)
    rank = {name: at for at, name in enumerate(LONGEST)}
    items.sort(key=lambda item: rank.get(item.path.name, last))  # stable: the others keep their order


def pytest_ignore_collect(collection_path):
    return True if on_postgresql() and collection_path.name in SQLITE_ONLY else None


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
