"""What the benchmarks share: a server, a receiver, load, and the reference in the same run."""

import contextlib
import http.client
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
TOKEN = "bench-token-0123456789abcdef0123456789abcdef"
TICK_US = 1e6 / os.sysconf("SC_CLK_TCK")

sys.path.insert(0, str(ROOT / "tests" / "support" / "python"))
from postgres import Postgres  # noqa: E402


def fail(sentence):
    sys.exit(f"bench: {sentence}")


# What the kernel counts.


def thread_cpu_us(pid):
    """CPU microseconds by thread name of a process."""
    used = {}
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(OSError):
            name = (task / "comm").read_text().strip()
            used[name] = used.get(name, 0) + int((task / "schedstat").read_text().split()[0]) / 1000
    return used


def children_cpu_us():
    times = os.times()
    return (times.children_user + times.children_system) * 1e6


def tree_of(pid):
    """A process and its children."""
    yield pid
    for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            if int(stat.read_text().rsplit(")", 1)[1].split()[1]) == pid:
                yield int(stat.parent.name)


def tree_cpu_us(pid):
    """Of a process and its children, those that have ended too."""
    total = 0
    for each in tree_of(pid):
        with contextlib.suppress(OSError):
            fields = pathlib.Path(f"/proc/{each}/stat").read_text().rsplit(")", 1)[1].split()
            total += sum(int(value) for value in fields[11:15 if each == pid else 13])
    return total * TICK_US


def written_bytes(pid):
    """Bytes that a process and its children gave to the disk."""
    total = 0
    for each in tree_of(pid):
        with contextlib.suppress(OSError):
            total += int(re.search(r"^write_bytes: (\d+)", pathlib.Path(f"/proc/{each}/io").read_text(), re.M).group(1))
    return total


def machine_ticks():
    """Ticks in which a core had work, and all ticks, of the whole machine."""
    fields = [int(value) for value in pathlib.Path("/proc/stat").read_text().splitlines()[0].split()[1:9]]
    return sum(fields) - fields[3] - fields[4], sum(fields)


class Receiver:
    def __init__(self, programs):
        self.process = subprocess.Popen([programs / "bench_peer", "receive"], stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline())

    def get(self, path):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        with contextlib.closing(connection):
            connection.request("GET", path)
            return json.loads(connection.getresponse().read())

    def wait_for(self, count, seconds):
        deadline = time.monotonic() + seconds
        while (stats := self.get("/stats"))["received"] < count and time.monotonic() < deadline:
            time.sleep(0.05)
        return stats

    def stop(self):
        self.process.kill()
        self.process.wait()


class Server:
    """A server on `folder`, which it may find filled. `ready_seconds`: from its start until it answers."""

    def __init__(self, programs, folder, *flags):
        self.folder = folder
        environment = dict(os.environ, POSTRIDER_BOOTSTRAP_TOKEN=TOKEN)
        log = pathlib.Path(f"{folder}.log")
        started = time.monotonic()
        with log.open("w") as stderr:
            self.process = subprocess.Popen(
                [programs / "postrider", "serve", "--data", folder, "--listen", "127.0.0.1:0",
                 "--allow-network", "127.0.0.0/8", *flags],
                stdout=subprocess.DEVNULL, stderr=stderr, env=environment)  # fmt: skip
        while time.monotonic() < started + 120 and self.process.poll() is None:
            if found := re.search(r"listening on http://127\.0\.0\.1:(\d+)", log.read_text()):
                self.ready_seconds = time.monotonic() - started
                self.port = int(found.group(1))
                return
            time.sleep(0.005)
        fail("the server did not start: " + log.read_text())

    def ask(self, method, path, body=None):
        """The answer's text, by the base path; paths that begin with "//" are outside of it."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        with contextlib.closing(connection):
            path = path[1:] if path.startswith("//") else "/api/v1" + path
            connection.request(method, path, json.dumps(body) if body is not None else None,
                               {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"})  # fmt: skip
            answer = connection.getresponse()
            text = answer.read().decode()
            if answer.status >= 300:
                fail(f"{method} {path} answered {answer.status}: {text}")
            return text

    def call(self, method, path, body=None):
        text = self.ask(method, path, body)
        return json.loads(text) if text else None

    def metric(self, name):
        """The sum of a metric over its labels."""
        found = re.findall(rf"^{name}(?:{{[^}}]*}})? ([\d.e+-]+)$", self.ask("GET", "//metrics"), re.M)
        return sum(float(value) for value in found)

    def resident_mib(self, which="VmRSS"):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(rf"{which}:\s+(\d+)", status).group(1)) / 1024

    def stop(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        self.process.wait(timeout=60)


# Load.


def load(programs, server, **options):
    """bench_load's figures. Durations in ms; `accepted` counts requests."""
    path = f"/api/v1/realms/master/events{'/batch' if options.get('batch') else ''}"
    flags = [text for name, value in options.items() for text in (f"--{name}", str(value))]
    out = subprocess.run([programs / "bench_load", str(server.port), TOKEN, path, *flags], capture_output=True, text=True)
    if out.returncode != 0:
        fail(f"bench_load failed: {out.stdout}{out.stderr}")
    return json.loads(out.stdout)


def wrk_rate(receiver, data_bytes, connections, seconds):
    """Requests a second of `wrk` alone that posts the bytes of a delivery to the same receiver."""
    body = json.dumps({"event": "bench.tick0", "timestamp": "2026-11-23T18:12:03.123456Z",
                       "resource_id": "01930000-0000-7000-8000-000000000001",
                       "data": {"sent": 1, "text": "x" * max(0, data_bytes - 20)}}, separators=(",", ":"))  # fmt: skip
    headers = {"Content-Type": "application/json", "User-Agent": "Postrider/0.1.0",
               "webhook-id": "01930000-0000-7000-8000-000000000002", "webhook-timestamp": "1614265330",
               "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="}  # fmt: skip
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(f'wrk.method = "POST"\nwrk.body = [==[{body}]==]\n')
        script.writelines(f'wrk.headers["{name}"] = "{value}"\n' for name, value in headers.items())
        script.flush()
        out = subprocess.run(["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "-s", script.name,
                              f"http://127.0.0.1:{receiver.port}/hook"], capture_output=True, text=True, check=True)  # fmt: skip
    return float(re.search(r"Requests/sec:\s+([\d.]+)", out.stdout).group(1))


class World:
    """What one scenario needs: programs, a folder, a receiver, the store's kind; all of it goes at the end."""

    def __init__(self, build, store="sqlite"):
        self.stack = contextlib.ExitStack()
        self.programs = pathlib.Path(build)
        if not (self.programs / "bench_peer").exists():
            fail(f"there are no programs in {self.programs}: scripts/build --all makes them")
        self.store = store
        (ROOT / "build").mkdir(exist_ok=True)
        self.folder = tempfile.mkdtemp(prefix="bench-", dir=ROOT / "build")
        self.stack.callback(shutil.rmtree, self.folder, ignore_errors=True)
        self.receiver = Receiver(self.programs)
        self.stack.callback(self.receiver.stop)
        self.postgres = self.stack.enter_context(
            Postgres(("shared_buffers", "512MB"), ("max_wal_size", "4GB"))) if store == "postgresql" else None  # fmt: skip
        self.server = None

    @property
    def data(self):
        return f"{self.folder}/data"

    def database_flags(self):
        return ("--database", self.postgres.database()) if self.postgres else ()

    def start(self, *flags):
        self.server = Server(self.programs, self.data, *self.database_flags(), *flags)
        return self.server

    def stop(self, how=signal.SIGTERM):
        if self.server:
            self.server.stop(how)
        self.server = None

    def add_webhooks(self, count, types):
        """`count` webhooks that share `types` event types in turn."""
        for number in range(types):
            self.server.call("PUT", f"/realms/master/event-types/bench.tick{number}", {"description": "A tick."})
        for number in range(count):
            self.server.call("POST", "/realms/master/webhooks", {
                "name": f"bench {number}", "events": [f"bench.tick{number % types}"],
                "url": f"http://127.0.0.1:{self.receiver.port}/hook"})  # fmt: skip

    def add_filters(self, count, filter_of):
        """Webhooks of all types that get nothing, because their filters refuse it."""
        for number in range(1, count + 1):
            self.server.call("POST", "/realms/master/webhooks", {
                "name": f"filtered {number}", "events": ["bench.*"], "filter": json.loads(filter_of % number),
                "url": f"http://127.0.0.1:{self.receiver.port}/hook"})  # fmt: skip

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        with contextlib.suppress(Exception):
            self.stop()
        self.stack.close()
