"""Starts, kills and restarts the real binary."""

import os
import pathlib
import re
import signal
import subprocess
import threading

import pytest

import postgres
from client import Client, Realm
from waiting import wait_for

ROOT = pathlib.Path(__file__).resolve().parents[3]
TOKEN = "test-token-" + "0123456789abcdef" * 3


def binary():
    return os.environ.get("POSTRIDER_BINARY", str(ROOT / "build" / "release" / "postrider"))


def on_postgresql():
    """Whether servers store in PostgreSQL: a database of its own for each data directory."""
    return os.environ.get("POSTRIDER_TEST_STORE") == "postgresql"


#: For what looks into the embedded store's file, or is about it alone.
sqlite_only = pytest.mark.skipif(on_postgresql(), reason="of the embedded store")


def sanitized():
    """Whether the binary is built with sanitizers: memory and times are theirs, then."""
    cache = pathlib.Path(binary()).parent / "CMakeCache.txt"
    return cache.exists() and re.search(r"^POSTRIDER_SANITIZE:STRING=.", cache.read_text(), re.M) is not None


def environment(**more):
    """An environment without the caller's POSTRIDER_… settings."""
    clean = {name: value for name, value in os.environ.items()
             if not name.startswith("POSTRIDER_") and "proxy" not in name.lower()}
    return {**clean, **{name: value for name, value in more.items() if value is not None}}


class Server:
    """One data directory and the process on it. Use as a context manager."""

    def __init__(self, data, *flags, prefix=(), variables=None, program=None, host="127.0.0.1"):
        self.data = pathlib.Path(data)
        self.flags, self.prefix, self.variables = flags, prefix, variables or {}
        self.program, self.host = program or binary(), host
        self.stdout = subprocess.DEVNULL  # or a file, for what is said to who starts it
        self.process, self.port, self.log, self.reader = None, None, [], None
        self.client = Client(self.address, TOKEN)
        self.master = Realm(self.client)
        self.database = None
        if on_postgresql() and "--database" not in flags:
            self.database = postgres.shared().database()
            self.flags = ("--database", self.database, *flags)

    def __enter__(self):
        return self.start()

    def __exit__(self, *exception):
        if self.process is not None and self.process.poll() is None:
            self.kill()

    def address(self):
        return self.host, self.port

    @property
    def url(self):
        return f"http://{self.host}:{self.port}"

    def command(self):
        return [*self.prefix, self.program, "serve", "--data", str(self.data),
                "--listen", f"{self.host}:0", *self.flags]

    def start(self, timeout=30):
        self.port = None
        self.process = subprocess.Popen(
            self.command(), stdin=subprocess.DEVNULL, stdout=self.stdout,
            stderr=subprocess.PIPE, text=True, errors="replace",
            env=environment(POSTRIDER_BOOTSTRAP_TOKEN=TOKEN, **self.variables))
        ready = threading.Event()
        self.reader = threading.Thread(target=self.read_log, args=(self.process, ready), daemon=True)
        self.reader.start()
        if not ready.wait(timeout) or self.port is None:
            self.process.kill()
            raise AssertionError("the server did not start:\n" + "".join(self.log[-30:]))
        return self

    def read_log(self, process, ready):
        for line in process.stderr:
            self.log.append(line)
            found = re.search(r"listening on https?://[\d.]+:(\d+)", line)
            if found:
                self.port = int(found[1])
                ready.set()
        process.stderr.close()
        ready.set()

    @property
    def pid(self):
        return self.process.pid

    def strike(self):
        """As a power cut for the process: SIGKILL. Does not wait for its end."""
        os.kill(self.process.pid, signal.SIGKILL)

    def kill(self):
        self.strike()
        self.finish()

    def stop(self):
        """An orderly end: SIGTERM. Gives the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.finish()

    def finish(self, timeout=30):
        """Waits for the process to end by itself. Gives the exit code."""
        code = self.process.wait(timeout)
        self.reader.join(timeout)
        return code

    def restart(self):
        self.kill()
        return self.start()

    def realm(self, name=None, *types):
        """A new realm, with its own event types."""
        name = name or "r-" + os.urandom(6).hex()
        self.client.call("POST", "/realms", {"name": name}, expect=201)
        return Realm(self.client, name).event_types(*types)

    # What the process holds.

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def resident_bytes(self):
        text = pathlib.Path(f"/proc/{self.pid}/smaps_rollup").read_text()
        return int(re.search(r"^Rss:\s+(\d+) kB", text, re.M)[1]) * 1024

    def wait_log(self, text, timeout=15):
        wait_for(lambda: any(text in line for line in self.log), f"a log line with {text!r}", timeout)
