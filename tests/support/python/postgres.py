"""A private PostgreSQL of Debian's, in a folder of its own, on a free port; gone with the tests."""

import atexit
import contextlib
import glob
import itertools
import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import tempfile

import psycopg2

from waiting import wait_for

#: PostgreSQL does not run as root.
USER = "postgres"


def free_port():
    """Below those that the kernel gives to connections: one of them could take it before PostgreSQL does."""
    for _ in range(100):
        port = random.randrange(20_000, 32_000)
        with contextlib.suppress(OSError), socket.create_server(("0.0.0.0", port)):
            return port
    raise OSError("there is no free port")


def debians():
    """The programs of Debian's PostgreSQL, or of POSTRIDER_TEST_POSTGRESQL, for a whole run of the tests on another one."""
    return os.environ.get("POSTRIDER_TEST_POSTGRESQL") or sorted(glob.glob("/usr/lib/postgresql/*/bin"))[-1]


class Postgres:
    """`programs`: the folder of another version's; default: Debian's."""

    def __init__(self, *settings, programs=None):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="postrider-postgres-"))
        self.bin = programs or debians()
        self.port, self.settings, self.process = free_port(), settings, None
        self.as_user = ()
        if os.geteuid() == 0:
            shutil.chown(self.folder, USER)
            self.as_user = ("setpriv", f"--reuid={USER}", f"--regid={USER}", "--init-groups", "--")
        subprocess.run([*self.as_user, f"{self.bin}/initdb", "-D", self.data, "-U", USER, "--auth=trust", "--no-sync",
                        "--encoding=UTF8", "--locale=C.UTF-8"], check=True, capture_output=True, cwd="/")
        with open(f"{self.data}/pg_hba.conf", "a", encoding="ascii") as rules:
            rules.write("host all all 10.213.0.0/16 trust\n")  # of network.py
        self.numbers = itertools.count()

    @property
    def data(self):
        return str(self.folder / "data")

    def start(self):
        options = {"listen_addresses": "127.0.0.1", "port": self.port, "unix_socket_directories": "",
                   "max_connections": 200, "shared_buffers": "128MB", **dict(self.settings)}
        self.process = subprocess.Popen(
            [*self.as_user, f"{self.bin}/postgres", "-D", self.data, *(f"--{name}={value}" for name, value in options.items())],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=(self.folder / "log").open("ab"), cwd="/")
        wait_for(self.answers, "PostgreSQL answers", 60)
        return self

    def answers(self):
        try:
            self.ask("postgres", "SELECT 1")
            return True
        except psycopg2.OperationalError:
            return False

    def connect(self, database):
        connection = psycopg2.connect(host="127.0.0.1", port=self.port, user=USER, dbname=database)
        connection.autocommit = True
        return connection

    def ask(self, database, query, *arguments):
        """The rows of a query; nothing of a command."""
        connection = self.connect(database)
        try:
            with connection.cursor() as cursor:
                cursor.execute(query, arguments)
                return cursor.fetchall() if cursor.description else None
        finally:
            connection.close()

    def database(self):
        """The URL of a new, empty database."""
        name = f"test_{next(self.numbers)}"
        self.ask("postgres", f"CREATE DATABASE {name}")
        return f"postgresql://{USER}@127.0.0.1:{self.port}/{name}"

    @contextlib.contextmanager
    def locked(self, url, table):
        """While somebody else holds a table of a database, as for maintenance."""
        connection = self.connect(url.rsplit("/", 1)[1])
        connection.autocommit = False
        try:
            connection.cursor().execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
            yield
        finally:
            connection.close()

    def end(self, how):
        """SIGKILL: as a crash; SIGINT: fast; SIGQUIT: at once."""
        if how == signal.SIGKILL:
            # The postmaster and all its processes: killed alone, those would hold its memory.
            subprocess.run(["pkill", "-KILL", "-P", str(self.process.pid)], check=False)
        self.process.send_signal(how)
        self.process.wait(30)

    def close(self):
        if self.process is not None and self.process.poll() is None:
            self.end(signal.SIGINT)
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self.start()

    def __exit__(self, *exception):
        self.close()


class PgBouncer:
    """A pooler before a PostgreSQL, in session mode (tools/install_postgresql)."""

    def __init__(self, program, database):
        self.program, self.database = program, database
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="postrider-pgbouncer-"))
        self.port, self.process = free_port(), None
        (self.folder / "users").write_text(f'"{USER}" ""\n')
        (self.folder / "ini").write_text(
            f"[databases]\n* = host=127.0.0.1 port={database.port}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {self.port}\n"
            f"unix_socket_dir =\npool_mode = session\nauth_type = trust\nauth_file = {self.folder}/users\nmax_client_conn = 200\n"
            "default_pool_size = 100\n")
        for path in (self.folder, self.folder / "users", self.folder / "ini"):
            if database.as_user:
                shutil.chown(path, USER)

    def start(self):
        self.process = subprocess.Popen([*self.database.as_user, str(self.program), "-q", str(self.folder / "ini")], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=(self.folder / "log").open("ab"), cwd="/")

        def answers():
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                return True
        wait_for(answers, lambda: (self.folder / "log").read_text())
        return self

    def url(self, of_server):
        """Where it serves the database of that URL."""
        return of_server.replace(f":{self.database.port}/", f":{self.port}/")

    def kill(self):
        self.process.kill()
        self.process.wait(30)

    def __enter__(self):
        return self.start()

    def __exit__(self, *exception):
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


_shared = None


def shared():
    """One for all tests of a run, without fsync: what becomes of a power cut is not their question."""
    global _shared
    if _shared is None:
        _shared = Postgres(("fsync", "off"), ("full_page_writes", "off")).start()
        atexit.register(_shared.close)
    return _shared
