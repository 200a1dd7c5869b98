"""On PostgreSQL: what is acknowledged is kept and delivered, whatever becomes of the database."""

import concurrent.futures
import os
import pathlib
import re
import signal
import subprocess
import time
import uuid

import pytest

from postgres import Postgres
from publishers import Publishers
from receiver import Receiver, Reply
from server import Server, binary, environment
from waiting import wait_for

#: Full count in make proof, a tenth in scripts/test.
KILLS = max(3, int(os.environ.get("POSTRIDER_KILLS", "6")) // 2)
LOCK_SECONDS = KILLS * 2
VACUUM_ROWS = int(os.environ.get("POSTRIDER_ROWS", "30000"))
#: What a p99 of the reads of a backlog is taken of, and how often that many are tried for.
REFILLS_MIN, MEASURE_ROUNDS_MAX = 20, 10


@pytest.fixture(scope="module")
def database():
    """Durable, as in earnest: it is killed."""
    with Postgres() as started:
        yield started


def check_all_arrived(realm, receiver, publishers):
    wait_for(lambda: {request.id for request in receiver.at("/a")} >= set(publishers.acknowledged),
             "every acknowledged event at the receiver", 60)
    wait_for(lambda: not realm.deliveries(state="pending"), "nothing pending", 60)


def test_the_database_is_killed_and_comes_back(tmp_path, database):
    with Receiver() as receiver, Server(tmp_path / "data", "--database", database.database(),
                                        "--allow-network", "127.0.0.0/8") as server:
        realm = server.realm("acme", "order.paid")
        realm.create_webhook(receiver.url("/a"), events=["order.paid"])
        resumed = []
        with Publishers(realm) as publishers:
            for _ in range(KILLS):
                publishers.wait_more(100)
                database.end(signal.SIGKILL)
                time.sleep(0.3)
                assert server.process.poll() is None
                database.start()
                back = time.monotonic()
                publishers.wait_more(20)
                resumed.append(time.monotonic() - back)
        check_all_arrived(realm, receiver, publishers)
        print(f"{KILLS} kills, {len(publishers.acknowledged)} acknowledged, resumed within {max(resumed):.2f} s, "
              f"slowest refusal {max(publishers.refusals, default=0):.2f} s")
        assert max(resumed) < 5
        assert sorted(publishers.refusals)[len(publishers.refusals) // 2] < 0.5, "refused at once"


def cpu_seconds(process):
    fields = pathlib.Path(f"/proc/{process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_an_outage_that_outlasts_the_lease(tmp_path, database):
    """With retries due all the while: it waits without work for the processor, and goes on at once."""
    with Receiver() as receiver, Server(tmp_path / "data", "--database", database.database(),
                                        "--allow-network", "127.0.0.0/8") as server:
        realm = server.realm("acme", "order.paid")
        receiver.on("/a", Reply(404))
        realm.create_webhook(receiver.url("/a"), events=["order.paid"], retry_schedule=["4s"] * 10)
        ids = {realm.publish("order.paid").json["id"] for _ in range(50)}
        wait_for(lambda: {request.id for request in receiver.at("/a")} >= ids, "attempted", 10)
        database.end(signal.SIGKILL)
        time.sleep(5)  # the lease is over
        before, count = cpu_seconds(server.process), len(receiver.at("/a"))
        time.sleep(3)
        spent = cpu_seconds(server.process) - before
        assert len(receiver.at("/a")) == count, "without its lease it attempts nothing"
        receiver.on("/a", Reply(204))
        database.start()
        back = time.monotonic()
        wait_for(lambda: len(receiver.at("/a")) >= count + len(ids), "delivered", 10)
        resumed = time.monotonic() - back
        wait_for(lambda: not realm.deliveries(state="pending"), "nothing pending", 10)
        print(f"an outage of 8 s: {spent:.2f} s of the processor in 3 s of it, resumed within {resumed:.2f} s")
        assert spent < 0.5
        assert resumed < 5


def test_the_nodes_table_is_locked_for_longer_than_the_lease(tmp_path, database):
    url = database.database()
    with Receiver() as receiver, Server(tmp_path / "data", "--database", url, "--allow-network", "127.0.0.0/8") as server:
        realm = server.realm("acme", "order.paid")
        realm.create_webhook(receiver.url("/a"), events=["order.paid"])
        with database.locked(url, "nodes"):
            time.sleep(8)
        wait_for(lambda: realm.publish("order.paid", expect=None).status == 202, "it takes publishes", 5)
        wait_for(lambda: receiver.at("/a"), "it has its lease again, and delivers", 5)


def test_every_backend_is_terminated(tmp_path, database):
    url = database.database()
    with Receiver() as receiver, Server(tmp_path / "data", "--database", url, "--allow-network", "127.0.0.0/8") as server:
        realm = server.realm("acme", "order.paid")
        realm.create_webhook(receiver.url("/a"), events=["order.paid"])
        name = url.rsplit("/", 1)[1]
        with Publishers(realm) as publishers:
            for _ in range(5 * KILLS):
                publishers.wait_more(30)
                database.ask("postgres", "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = %s", name)
        check_all_arrived(realm, receiver, publishers)
        counts = {}
        for request in receiver.at("/a"):
            counts[request.id] = counts.get(request.id, 0) + 1
        print(f"{len(counts)} events, {sum(counts.values()) - len(counts)} duplicates")
        assert set(counts) >= set(publishers.acknowledged)


def test_a_lock_is_held_and_let_go(tmp_path, database):
    """By somebody's maintenance: nothing can be published or recorded meanwhile, and all of it goes on after it."""
    url = database.database()
    with Receiver() as receiver, Server(tmp_path / "data", "--database", url, "--allow-network", "127.0.0.0/8") as server:
        realm = server.realm("acme", "order.paid")
        realm.create_webhook(receiver.url("/a"), events=["order.paid"])
        with Publishers(realm) as publishers:
            publishers.wait_more(100)
            with database.locked(url, "deliveries"):
                locked_until = time.monotonic() + LOCK_SECONDS
                before = len(publishers.acknowledged)
                while time.monotonic() < locked_until:
                    assert server.client.raw("GET", "/healthz").status == 200
                    time.sleep(0.1)
                assert len(publishers.acknowledged) <= before + 4, "nothing is acknowledged that could not be written"
            back = time.monotonic()
            publishers.wait_more(20)
            resumed = time.monotonic() - back
        check_all_arrived(realm, receiver, publishers)
        print(f"locked for {LOCK_SECONDS} s: {len(publishers.acknowledged)} acknowledged, resumed within {resumed:.2f} s, "
              f"{len(publishers.refusals)} refusals, slowest {max(publishers.refusals, default=0):.2f} s, {publishers.unknown} without an answer")
        assert resumed < 5


def refill_ms(log):
    """How long each read of a lane from the store took."""
    return [float(ms) for ms in re.findall(r"duration: ([\d.]+) ms  execute [^:]*: SELECT d\.[^\n]*d\.due_at >= \$4 AND d\.due_at < \$6 ORDER BY d\.due_at", log)]


def test_a_long_transaction_keeps_vacuum_from_its_work(tmp_path):
    """What has been delivered stays in the index of what is pending, and reads of the backlog must not go through it."""
    with (Postgres(("fsync", "off"), ("log_min_duration_statement", "0")) as database, Receiver() as receiver,
          Server(tmp_path / "data", "--database", database.database(), "--allow-network", "127.0.0.0/8") as server):
        name = server.flags[1].rsplit("/", 1)[1]
        realm = server.realm("acme", "order.paid")
        realm.create_webhook(receiver.url("/a"), events=["order.paid"])
        log, sent = database.folder / "log", 0

        def deliver(count):
            """Faster than it is delivered, so that there is a backlog; how long the reads of it took."""
            nonlocal sent
            before = log.stat().st_size
            batch = [{"event": "order.paid", "resource_id": str(uuid.uuid4()), "data": {}} for _ in range(250)]
            with concurrent.futures.ThreadPoolExecutor(8) as pool:
                list(pool.map(lambda _: realm.call("POST", "/events/batch", {"events": batch}, 202), range(count // 250)))
            sent += count // 250 * 250
            wait_for(lambda: len(receiver.requests) >= sent, lambda: f"{sent} deliveries, there are {len(receiver.requests)}", 60 + count // 1000, 0.1)
            with log.open() as lines:
                lines.seek(before)
                return sorted(refill_ms(lines.read()))

        def measure():
            """Until there are enough reads for a p99: a quick machine has a short backlog, and reads it seldom."""
            times = []
            for _ in range(MEASURE_ROUNDS_MAX):
                times += deliver(20_000)
                if len(times) >= REFILLS_MIN:
                    break
            return sorted(times)

        deliver(10_000)  # warm, and enough for statistics
        database.ask(name, "ANALYZE")
        alone = measure()
        long = database.connect(name)
        long.autocommit = False
        long.cursor().execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM deliveries")
        deliver(VACUUM_ROWS)
        beside = measure()
        p99 = [times[len(times) * 99 // 100] for times in (alone, beside)]
        wait_for(lambda: not realm.deliveries(state="pending"), "nothing is pending", 60)
        server.stop()
        started = time.monotonic()
        server.start()
        realm.publish("order.paid")
        wait_for(lambda: len(receiver.requests) > sent, "it goes on after a start")
        resumed = time.monotonic() - started
        dead = database.ask(name, "SELECT sum(n_dead_tup) FROM pg_stat_user_tables WHERE relname LIKE 'deliveries%%'")[0][0]
        long.close()
        assert len({request.id for request in receiver.requests}) == sent + 1
        print(f"{dead} dead rows: {len(alone)} and {len(beside)} refills, p99 {p99[0]:.1f} ms without and {p99[1]:.1f} ms with the long "
              f"transaction; after a start it delivers within {resumed:.1f} s; lost 0")
        assert dead >= VACUUM_ROWS and len(beside) >= REFILLS_MIN
        assert p99[1] <= 3 * max(p99[0], 5)
        assert resumed < 5


def test_a_webhook_whose_lane_was_never_made_gets_one(tmp_path, database):
    """As when the node that made the webhook is killed before it has made the lane."""
    url = database.database()
    with Receiver() as receiver, Server(tmp_path / "data", "--database", url, "--allow-network", "127.0.0.0/8") as server:
        realm = server.realm("acme", "order.paid")
        realm.create_webhook(receiver.url("/a"), events=["order.paid"])
        server.kill()
        database.ask(url.rsplit("/", 1)[1], "DELETE FROM lanes")
        server.start()
        realm.publish("order.paid")
        receiver.wait("/a")


def test_a_killed_node_is_followed_by_the_next_at_once(tmp_path, database):
    url = database.database()
    with Receiver() as receiver, Server(tmp_path / "data", "--database", url, "--allow-network", "127.0.0.0/8") as server:
        realm = server.realm("acme", "order.paid")
        realm.create_webhook(receiver.url("/a"), events=["order.paid"])
        ids = [realm.publish("order.paid").json["id"] for _ in range(50)]
        for _ in range(3):
            started = time.monotonic()
            server.restart()
            assert time.monotonic() - started < 12
        ids += [realm.publish("order.paid").json["id"] for _ in range(50)]
        wait_for(lambda: {request.id for request in receiver.at("/a")} >= set(ids), "all of them")
        assert ids == sorted(ids), "ids ascend over restarts"


def start(tmp_path, url, **variables):
    return subprocess.run([binary(), "serve", "--data", str(tmp_path / "other"), "--listen", "127.0.0.1:0", "--database", url],
                          capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL,
                          env=environment(**variables), check=False)


def last_line(done):
    assert done.returncode in (1, 2), done
    line = done.stderr.strip().splitlines()[-1]
    assert line.startswith("postrider: ") and "secret-word" not in done.stderr, done.stderr
    return line


def test_what_is_wrong_with_the_database_is_one_sentence(tmp_path, database):
    port = database.port
    assert "--database cannot be read" in last_line(start(tmp_path, "postgresql://[x"))
    assert "Connection refused" in last_line(start(tmp_path, "postgresql://postgres:secret-word@127.0.0.1:1/x"))
    assert "createdb" in last_line(start(tmp_path, f"postgresql://postgres@127.0.0.1:{port}/nowhere"))
    assert "createuser" in last_line(start(tmp_path, f"postgresql://nobody@127.0.0.1:{port}/postgres"))
    url = database.database()
    name = url.rsplit("/", 1)[1]
    with Server(tmp_path / "data", "--database", url):
        assert "--key-file" in last_line(start(tmp_path, url)), "a second node needs the first one's key"
    database.ask(name, "UPDATE postrider_schema SET version = 99")
    assert "newer Postrider" in last_line(start(tmp_path, url))
    database.ask("postgres", "CREATE ROLE poor LOGIN")
    database.ask(database.database().rsplit("/", 1)[1], "SELECT 1")
    other = database.database()
    done = last_line(start(tmp_path, other.replace("postgres@", "poor@")))
    assert "GRANT" in done and "poor" in done
    latin = "latin_" + name
    database.ask("postgres", f"CREATE DATABASE {latin} ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
    assert "--encoding=UTF8" in last_line(start(tmp_path, url.replace(name, latin)))


def test_the_password_is_never_shown(tmp_path, database):
    url = database.database().replace("postgres@", "postgres:secret-word@")
    with Server(tmp_path / "data", "--database", url, "--log-level", "debug") as server:
        server.realm("acme")
        server.stop()
        assert not any("secret-word" in line for line in server.log)
    done = subprocess.run([binary(), "check-config", "--database", url], capture_output=True, text=True, timeout=30,
                          stdin=subprocess.DEVNULL, env=environment(), check=True)
    assert "secret-word" not in done.stdout and "postgresql://postgres@" in done.stdout
