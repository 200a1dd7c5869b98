"""The outbox of the SDKs: what the application committed is in the log, once, whoever is killed."""

import collections
import contextlib
import http.server
import importlib
import json
import os
import pathlib
import random
import shutil
import subprocess
import threading
import time
import uuid

import pytest

import sdk_packages
from client import Client, Realm
from forwarder import Forwarder
from sdk_packages import DRIVERS, SDK, TOOLS, run
from server import TOKEN, Server
from waiting import wait_for

#: For each language and database; of the application, the relay and the server together.
KILLS = int(os.environ.get("POSTRIDER_OUTBOX_KILLS", "9"))
#: An application writes so many orders and ends; the next one begins when fewer than these wait in the outbox.
ORDERS = 100


@pytest.fixture(scope="module", autouse=True)
def tools():
    sdk_packages.install_tools()


def library(monkeypatch):
    monkeypatch.syspath_prepend(str(SDK / "python"))
    return importlib.import_module("postrider")


def open_database(dialect, language, tmp_path):
    """A new one's address as the language's driver takes it, and a connection to it."""
    if dialect == "sqlite":
        import sqlite3
        file = str(tmp_path / "shop.db")
        return file + "?_pragma=busy_timeout(60000)&_txlock=immediate" if language == "go" else file, sqlite3.connect(file, timeout=60)
    if dialect == "mysql":
        import mysql
        if not mysql.is_here():
            pytest.skip("there is no mariadbd here (scripts/setup installs it)")
        name, port = mysql.shared().database(), mysql.shared().port
        address = {"python": f"127.0.0.1 {port} {name}", "typescript": f"mysql://root@127.0.0.1:{port}/{name}",
                   "go": f"root@tcp(127.0.0.1:{port})/{name}"}[language]
        return address, mysql.shared().connect(name)
    import psycopg2

    import postgres
    url = postgres.shared().database()
    return url + "?sslmode=disable" if language == "go" else url, psycopg2.connect(url)


def open_shop(dialect, language, tmp_path, monkeypatch):
    """open_database() with its tables."""
    database, connection = open_database(dialect, language, tmp_path)
    cursor = connection.cursor()
    cursor.execute("CREATE TABLE orders (number integer PRIMARY KEY)")
    library(monkeypatch).Outbox(dialect).create_table(cursor)
    connection.commit()
    return database, connection


def outbox_program(language, driver_folder):
    """The command of an application and its relay, on the SDK as it was packed."""
    if language == "python":
        return ["/usr/bin/python3", "-B", DRIVERS / "outbox.py"], {"PYTHONPATH": str(SDK / "python")}
    if language == "typescript":
        folder = pathlib.Path(sdk_packages.typescript(driver_folder)[-1]).parent
        for package in (TOOLS / "node_modules").iterdir():
            if not (folder / "node_modules" / package.name).exists():
                (folder / "node_modules" / package.name).symlink_to(package)
        shutil.copy(DRIVERS / "outbox.mjs", folder)
        return ["node", folder / "outbox.mjs"], {}
    sdk_packages.need_go()
    shutil.copytree(SDK / "go", driver_folder / "module")
    shutil.copytree(DRIVERS / "go_outbox", driver_folder / "outbox")
    run("go", "build", "-o", "outbox", ".", cwd=driver_folder / "outbox", GOFLAGS="-mod=readonly")
    return [driver_folder / "outbox" / "outbox"], {}


@pytest.fixture(scope="module", params=["python", "typescript", "go"])
def outbox(request, tmp_path_factory):
    command, environment = outbox_program(request.param, tmp_path_factory.mktemp(f"outbox-{request.param}"))
    return request.param, [str(part) for part in command], environment


class Shop:
    """An application that writes orders and their events, and a relay; `connection` is another one to their database."""

    def __init__(self, command, environment, where, connection, folder):
        self.command, self.environment, self.where = command, {**os.environ, **environment}, where
        self.connection, self.folder = connection, folder
        self.running, self.next = {}, 0
        self.start("relay")

    def start(self, verb, *more):
        with (self.folder / f"{verb}.log").open("ab") as log:
            self.running[verb] = subprocess.Popen([*self.command, verb, *self.where, *map(str, more)], stdin=subprocess.DEVNULL,
                                                  stdout=log, stderr=log, env=self.environment)

    def kill(self, verb):
        """At any moment of its work."""
        time.sleep(random.uniform(0, 0.02))
        if verb in self.running:
            self.running[verb].kill()
            self.running.pop(verb).wait()

    def write_orders(self):
        """Starts the next application when the last one has ended. It may not fail by itself."""
        application = self.running.get("application")
        assert application is None or application.poll() in (None, 0), (self.folder / "application.log").read_text()
        if application is None or application.poll() == 0:
            self.start("application", self.next, self.next + ORDERS)
            self.next += ORDERS

    def keep_relay_busy(self):
        assert self.running["relay"].poll() is None, (self.folder / "relay.log").read_text()
        if self.count("postrider_outbox") < ORDERS:
            self.write_orders()

    def empty_outbox(self):
        """However long it takes, as long as there is less and less."""
        while left := self.count("postrider_outbox"):
            wait_for(lambda: self.count("postrider_outbox") < left, f"fewer than {left} events in the outbox", 60)

    def count(self, table):
        self.connection.rollback()
        cursor = self.connection.cursor()
        cursor.execute(f"SELECT count(*) FROM {table}")
        return cursor.fetchone()[0]


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql", "mysql"])
def test_the_outbox_publishes_what_was_committed_once(outbox, dialect, tmp_path, monkeypatch):
    language, command, environment = outbox
    database, connection = open_shop(dialect, language, tmp_path, monkeypatch)
    cursor = connection.cursor()
    with Server(tmp_path / "data") as server, Forwarder(server) as forwarder:
        realm = server.realm(None, "order.paid")
        shop = Shop(command, {**environment, "POSTRIDER_URL": forwarder.url, "POSTRIDER_TOKEN": TOKEN},
                    (dialect, database, realm.name), connection, tmp_path)
        kills = collections.Counter(random.choice(["application", "relay", "server"]) for _ in range(KILLS))
        for victim in random.sample(list(kills.elements()), KILLS):
            if victim == "server":
                forwarder.kill_after(random.randint(1, 10), shop.keep_relay_busy)
            elif victim == "relay":
                # While it relays: it has sent something since it started.
                passed = forwarder.requests + random.randint(1, 10)
                wait_for(lambda: shop.keep_relay_busy() or forwarder.requests >= passed, "requests of the relay", 120)
                shop.kill("relay")
                shop.start("relay")
            else:
                orders = shop.count("orders") + random.randint(1, 10)
                wait_for(lambda: shop.write_orders() or shop.count("orders") >= orders, "orders of the application", 120)
                shop.kill("application")
        shop.kill("application")
        shop.empty_outbox()
        shop.kill("relay")
        cursor.execute("SELECT number FROM orders ORDER BY number")
        committed = [number for number, in cursor.fetchall()]
        log = Realm(Client(server.address, TOKEN), realm.name)
        published = sorted(event["data"]["n"] for event in log.items("/events") if event["event"] == "order.paid")
    assert published == committed and len(committed) > 0 and forwarder.kills == kills["server"]
    print(f"{language}, {dialect}: {len(committed)} committed, {dict(kills)} kills")


class Silent(http.server.BaseHTTPRequestHandler):
    """A server that accepts a few events, and then answers nobody any more."""

    protocol_version = "HTTP/1.1"

    def do_POST(self):
        event = json.loads(self.rfile.read(int(self.headers["content-length"])))
        with self.server.lock:
            self.server.asked.append((self.headers["idempotency-key"], event["data"]["n"]))
            answers = len({key for key, _ in self.server.asked}) <= self.server.accepts
        if not answers:
            self.server.hanging.wait()
            self.close_connection = True
            return
        body = json.dumps({"id": str(uuid.uuid4()), **event, "timestamp": "2026-11-23T18:12:03.123456Z", "deliveries": 0}).encode()
        self.send_response(202)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def silent_server(accepts):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Silent)
    server.accepts, server.asked, server.lock, server.hanging = accepts, [], threading.Lock(), threading.Event()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server
    finally:
        server.hanging.set()
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql", "mysql"])
def test_the_application_goes_on_while_the_server_does_not_answer(outbox, dialect, tmp_path, monkeypatch):
    """A relay that waits for an answer holds no lock that an order waits for."""
    language, command, environment = outbox
    database, connection = open_shop(dialect, language, tmp_path, monkeypatch)
    with silent_server(accepts=3) as server:
        where = {"POSTRIDER_URL": f"http://127.0.0.1:{server.server_address[1]}", "POSTRIDER_TOKEN": TOKEN}
        shop = Shop(command, {**environment, **where}, (dialect, database, "shop"), connection, tmp_path)
        shop.start("application", 0, 40)
        assert shop.running.pop("application").wait(timeout=60) == 0
        wait_for(lambda: len(server.asked) > 3, "a request that is not answered", 60)
        before = shop.count("orders")
        shop.start("application", 40, 80)
        assert shop.running.pop("application").wait(timeout=20) == 0, "the application waits for the relay"
        assert shop.count("orders") > before
        shop.kill("relay")


def test_several_relays_keep_the_order(outbox, tmp_path, monkeypatch):
    """Each sends what it finds; an event is sent for the first time when the one before it has been accepted."""
    language, command, environment = outbox
    database, connection = open_shop("sqlite", language, tmp_path, monkeypatch)
    with Server(tmp_path / "data") as server:
        realm = server.realm(None, "order.paid")
        shop = Shop(command, {**environment, "POSTRIDER_URL": server.url, "POSTRIDER_TOKEN": TOKEN},
                    ("sqlite", database, realm.name), connection, tmp_path)
        first = shop.running.pop("relay")
        shop.start("relay")
        shop.start("application", 0, 300)
        assert shop.running.pop("application").wait(timeout=120) == 0
        shop.empty_outbox()
        assert first.poll() is None and shop.running["relay"].poll() is None, (tmp_path / "relay.log").read_text()
        first.kill()
        first.wait()
        shop.kill("relay")
        published = [event["data"]["n"] for event in realm.items("/events") if event["event"] == "order.paid"]
        cursor = connection.cursor()
        cursor.execute("SELECT number FROM orders ORDER BY number DESC")
        assert published == [number for number, in cursor.fetchall()]


def test_the_outbox_keeps_what_is_refused(tmp_path, monkeypatch):
    import sqlite3

    postrider = library(monkeypatch)
    connection = sqlite3.connect(tmp_path / "shop.db")
    outbox = postrider.Outbox("sqlite")
    outbox.create_table(connection.cursor())
    for name in ("order.payd", "order.paid"):
        outbox.add(connection.cursor(), name, uuid.uuid4(), {})
    with pytest.raises(postrider.PostriderError):
        outbox.add(connection.cursor(), "order.paid", "no uuid", {})
    connection.commit()
    with Server(tmp_path / "data") as server:
        client = postrider.Postrider(server.url, TOKEN, server.realm(None, "order.paid").name)
        assert outbox.relay(connection, client) == 2 and outbox.relay(connection, client) == 0
    left = connection.execute("SELECT event, error FROM postrider_outbox").fetchall()
    assert len(left) == 1 and "order.payd" in left[0][0] and "do you mean" in left[0][1]
