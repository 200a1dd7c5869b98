"""A private MariaDB of Debian's, in a folder of its own, on a free port; gone with the tests."""

import atexit
import contextlib
import fcntl
import itertools
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile

import pymysql

from postgres import free_port
from waiting import wait_for

SERVER = "/usr/sbin/mariadbd"


def is_here():
    return os.access(SERVER, os.X_OK)


class Mysql:
    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="postrider-mysql-"))
        self.port, self.numbers = free_port(), itertools.count()
        # As root it wants to be told so; a server of tests needs no other user.
        user = ("--user=root",) if os.geteuid() == 0 else ()
        # One at a time: of several that tests beside each other began at once, one has failed.
        with (pathlib.Path(tempfile.gettempdir()) / "postrider-mysql.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            made = subprocess.run(["mariadb-install-db", "--no-defaults", f"--datadir={self.folder / 'data'}", "--skip-test-db",
                                   "--auth-root-authentication-method=normal", *user], capture_output=True, text=True, cwd="/", check=False)
        assert made.returncode == 0, made.stdout + made.stderr
        self.process = subprocess.Popen(
            [SERVER, "--no-defaults", f"--datadir={self.folder / 'data'}", "--bind-address=127.0.0.1", f"--port={self.port}",
             f"--socket={self.folder / 'socket'}", f"--pid-file={self.folder / 'pid'}", "--innodb-flush-log-at-trx-commit=0", *user],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=(self.folder / "log").open("ab"), cwd="/")
        wait_for(self.answers, "MariaDB answers", 60)

    def answers(self):
        with contextlib.suppress(pymysql.OperationalError):
            self.connect().close()
            return True
        assert self.process.poll() is None, (self.folder / "log").read_text()
        return False

    def connect(self, database=None):
        return pymysql.connect(host="127.0.0.1", port=self.port, user="root", password="", database=database)

    def database(self):
        """A new one's name."""
        name = f"shop{next(self.numbers)}"
        with self.connect() as connection, connection.cursor() as cursor:
            cursor.execute(f"CREATE DATABASE {name}")
        return name

    def close(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


_shared = None


def shared():
    """One for all tests of a run; without a flush for each commit: only its clients are killed."""
    global _shared
    if _shared is None:
        _shared = Mysql()
        atexit.register(_shared.close)
    return _shared
