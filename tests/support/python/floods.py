"""What one client's flood costs everybody else (promise 8), and the table of it.

    /usr/bin/python3 tests/support/python/floods.py [flood …]     default: all of them

Each flood comes from a client of its own: another address, another key, another realm. A second client
publishes, lists and logs in at a steady rate, alone and then beside the flood, in one run: the p99 of each
stays within twice of what it is alone, plus 10 ms, nothing of it is refused, and the server holds less than
512 MiB. `test_floods.py` asserts that. Floods that leave nothing behind share a server, one after the other;
between them the second client is alone again.

A first look is short: the p99 of its few calls is the slowest of them, so that what passes is well within the
bound. What does not pass is looked at closely, twice at most, by the same bound: alone and beside the flood by
turns, so that both see the same machine, and until there are enough calls for a p99.

A flood is a class with a name and `run`, in one of the modules below (MODULES); see Flood.
"""

import asyncio
import collections
import dataclasses
import importlib
import json
import os
import pathlib
import resource
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import uuid

from client import Client, Realm
from server import Server, sanitized
from waiting import wait_for

MODULES = ["floods_of_http", "floods_of_store", "floods_of_directory"]
ROUNDS, MORE_ROUNDS, ROUND_SECONDS = 3, 4, 0.6
#: Of the rounds in which the second client was alone, so many of the last count: the machine changes.
ALONE_ROUNDS = 5
#: Of a close look: 100 logins of 60 ms and more of what is quicker, so that one of a hundred may be slow.
CLOSE_LOOKS, CLOSE_TURNS, CLOSE_SECONDS = 2, 4, 2
#: How often each of the second client's calls is made: a first look's p99 is of 60 calls, of 12 logins.
EVERY_SECONDS = {"publish": 0.01, "list": 0.01, "login": 0.05}
SLACK_SECONDS, RATIO = 0.010, 2
RESIDENT_BYTES_MAX = 512 * 1024 * 1024
FLOOD_SECONDS_MAX = 60  # then it ends by itself, whatever became of the test
PASSWORD = "correct horse battery"
HOST = "127.0.0.1"

FLOODS = {}


def flood(kind):
    """Puts a kind of flood in the table."""
    FLOODS[kind.name] = kind
    return kind


class Flood:
    """`prepare` runs in the test's process before anything is measured; `run` in a process of its own."""

    name = ""
    #: Of the flooding key, in a realm of its own.
    permissions = ("publish_events", "view_events")
    flags = ()
    #: What of it goes beyond the HTTP server to the store: run on PostgreSQL too.
    reaches_store = False
    #: What it leaves behind would burden those after it on the same server.
    has_own_server = False

    def prepare(self, realm):
        """Gives what `run` finds in `at.prepared`: anything that JSON can hold."""

    async def run(self, at):
        """Floods until it is cancelled. Says `at.under_way()` once it has begun in full."""
        raise NotImplementedError


class Answers(collections.Counter):
    """How often each status came; and "broken", connections that ended without one."""


class At:
    """What a flood is given: where the server is, and who asks. Its address is not the second client's."""

    def __init__(self, port, realm, token, prepared=None):
        self.port, self.realm, self.token, self.prepared = port, realm, token, prepared
        self.answers = Answers()
        self.begun = asyncio.Event()

    def under_way(self):
        self.begun.set()

    def request(self, method, path, body=b"", token=None, **headers):
        """The bytes of a request; `path` is below the realm, or from the root with a leading "//"."""
        path = path[1:] if path.startswith("//") else f"/api/v1/realms/{self.realm}{path}"
        lines = [f"{method} {path} HTTP/1.1", "Host: flood"]
        if "Authorization" not in headers:
            lines.append(f"Authorization: Bearer {token or self.token}")
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items() if value]
        if body and "Content_Length" not in headers:
            lines.append(f"Content-Length: {len(body)}")
        if body and "Content_Type" not in headers:
            lines.append("Content-Type: application/json")
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + body

    async def connect(self, address="127.0.9.1"):
        return await asyncio.open_connection(HOST, self.port, local_addr=(address, 0))

    async def answer(self, reader):
        """Reads one answer; gives its status."""
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        length = head.partition(b"content-length: ")[2].partition(b"\r\n")[0]
        await reader.readexactly(int(length or 0))
        status = int(head[9:12])
        self.answers[str(status)] += 1
        return status

    async def ask_again_and_again(self, request, connections=16, address="127.0.9.1"):
        """The same request on so many connections, each as soon as the one before is answered."""

        async def ask():
            while True:
                try:
                    reader, writer = await self.connect(address)
                    while True:
                        writer.write(request)
                        await self.answer(reader)
                        self.under_way()
                except (OSError, asyncio.IncompleteReadError):
                    self.answers["broken"] += 1
                    await asyncio.sleep(0.01)

        await asyncio.gather(*(ask() for _ in range(connections)))

    async def hold(self, send, connections, address="127.0.9.1", is_reading=True):
        """So many connections that have sent `send` and then nothing; one that ends is made again."""
        ready = 0

        async def one():
            nonlocal ready
            while True:
                try:
                    reader, writer = await self.connect(address)
                    writer.write(send)
                    try:
                        await asyncio.wait_for(writer.drain(), 5)
                    except TimeoutError:
                        pass  # it reads no more of us
                    if not is_reading:
                        writer.transport.pause_reading()
                        await asyncio.sleep(0.5)
                    ready += 1
                    if ready >= connections:
                        self.under_way()
                    if not is_reading:
                        await asyncio.sleep(FLOOD_SECONDS_MAX)
                    while piece := await reader.read(4096):
                        if piece.startswith(b"HTTP/1.1"):
                            self.answers[piece[9:12].decode()] += 1
                except OSError:
                    pass
                self.answers["broken"] += 1
                ready += 1  # refused: it has done what it could
                if ready >= connections:
                    self.under_way()
                await asyncio.sleep(0.2)

        await asyncio.gather(*(one() for _ in range(connections)))


class Flooding:
    """A flood at work. Use as a context manager: under way inside of it, ended behind it."""

    def __init__(self, server, name, realm, token, prepared):
        self.given = json.dumps({"port": server.port, "realm": realm, "token": token, "prepared": prepared})
        self.name, self.answers = name, Answers()

    def __enter__(self):
        self.process = subprocess.Popen([sys.executable, __file__, "--run", self.name], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        self.process.stdin.write(self.given + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        assert line == "under way\n", f"the flood {self.name} said {line!r}"
        return self

    def __exit__(self, *exception):
        out, _ = self.process.communicate("", timeout=FLOOD_SECONDS_MAX)
        if exception[0] is None:
            self.answers.update(json.loads(out or "{}"))  # nothing of one that its alarm has ended


async def run_flood(name):
    at = At(**json.loads(sys.stdin.readline()))
    running = asyncio.create_task(FLOODS[name]().run(at))
    end = asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    begun = asyncio.create_task(at.begun.wait())
    await asyncio.wait([running, begun], return_when=asyncio.FIRST_COMPLETED)
    if not running.done():
        print("under way", flush=True)
        await asyncio.wait([running, asyncio.ensure_future(end)], return_when=asyncio.FIRST_COMPLETED)
    if running.done():
        running.result()  # says why
    running.cancel()
    print(json.dumps(at.answers), flush=True)
    os._exit(0)  # the connections of thousands go at once


class Second:
    """The client that floods must not harm: publishes, lists and logs in, in a realm of its own."""

    def __init__(self, server):
        self.realm = server.realm("quiet", "order.paid")
        user = self.realm.call("POST", "/users", {"username": "ada", "email": "ada@example.com"}, 201).json["id"]
        self.realm.call("PUT", f"/users/{user}/password", {"password": PASSWORD}, 204)
        self.calls = {"publish": self.publish, "list": self.list, "login": self.login}
        self.open = Realm(Client(server.address, None), "quiet")
        self.usual = statistics.median(self.seconds_of_all() for _ in range(20))

    def publish(self):
        return self.realm.call("POST", "/events", {"event": "order.paid", "resource_id": str(uuid.uuid4()), "data": {"n": 1}}).status

    def list(self):
        return self.realm.call("GET", "/events", limit=20).status

    def login(self):
        return self.open.call("POST", "/session", {"username": "ada", "password": PASSWORD}).status

    def seconds_of_all(self):
        started = time.monotonic()
        for call in self.calls.values():
            call()
        return time.monotonic() - started

    def wait_for_calm(self):
        """The server has worked off what a flood has left behind."""
        self.realm.client.renew()
        self.open.client.renew()
        wait_for(lambda: all(self.seconds_of_all() < 3 * self.usual for _ in range(3)), "the server is calm", 60)

    def round(self, length=ROUND_SECONDS):
        """How long each call took, in seconds, and what was answered otherwise than it should be."""
        seconds, wrong = collections.defaultdict(list), Answers()
        end = time.monotonic() + length

        def repeat(name, good):
            due = time.monotonic()
            while due < end:
                started = time.monotonic()
                try:
                    status = self.calls[name]()
                except Exception as error:  # pylint: disable=broad-except
                    status = repr(error)
                seconds[name].append(time.monotonic() - started)
                if status != good:
                    wrong[f"{name}: {status}"] += 1
                due = max(due + EVERY_SECONDS[name], time.monotonic())
                time.sleep(max(0, due - time.monotonic()))

        threads = [threading.Thread(target=repeat, args=each) for each in
                   (("publish", 202), ("list", 200), ("login", 201))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return seconds, wrong


def p99(samples):
    return sorted(samples)[max(0, -(-len(samples) * 99 // 100) - 1)]


def p99_of_each(seconds):
    return {call: p99(samples) for call, samples in seconds.items()}


@dataclasses.dataclass
class Row:
    """What came of one flood. Seconds by the second client's call."""

    name: str
    alone: dict
    beside: dict
    too_slow: dict  # by how much more than it may
    wrong: Answers
    resident_bytes: int
    answers: Answers
    looks: int = 1

    @property
    def findings(self):
        found = [f"{call}: {seconds * 1e3:.1f} ms too slow" for call, seconds in self.too_slow.items() if seconds > 0]
        found += [f"{count} × {what}" for what, count in self.wrong.items()]
        if self.resident_bytes > RESIDENT_BYTES_MAX:
            found.append(f"{self.resident_bytes / 2**20:.0f} MiB held")
        return found

    def line(self):
        times = "".join(f"{self.alone[call] * 1e3:8.1f} →{self.beside[call] * 1e3:8.1f}" for call in EVERY_SECONDS)
        answers = " ".join(f"{status}×{count}" for status, count in sorted(self.answers.items()))
        looks = f" ({self.looks} looks)" if self.looks > 1 else ""
        return f"{self.name:26}{times}{self.resident_bytes / 2**20:8.0f}  {answers}{looks}"


def header():
    calls = "".join(f"{call + ', ms':>18}" for call in EVERY_SECONDS)
    return f"{'flood':26}{calls}{'MiB':>8}  answers to the flood (p99 alone → beside it; bound: 2 × + 10 ms, 512 MiB)"


def peak_bytes(server):
    text = pathlib.Path(f"/proc/{server.pid}/status").read_text()
    return int(text.partition("VmHWM:")[2].split()[0]) * 1024


def excess(alone, beside):
    """By how much each call is slower than it may be."""
    # A sanitizer's server is slower beside itself: its ratio is not the product's.
    ratio = 3 * RATIO if sanitized() else RATIO
    return {call: beside[call] - ratio * alone[call] - SLACK_SECONDS for call in EVERY_SECONDS}


class Ground:
    """A server for one flood after the other, and the second client. Use as a context manager."""

    def __init__(self, data, flags=()):
        self.server = Server(data, "--allow-network", "127.0.0.0/8", *flags)
        self.alone = collections.deque(maxlen=ALONE_ROUNDS)
        self.floods = 0

    def __enter__(self):
        self.server.__enter__()
        self.second = Second(self.server)
        for _ in range(ROUNDS):
            self.be_alone()
        return self

    def __exit__(self, *exception):
        self.server.__exit__(*exception)

    def be_alone(self):
        self.alone.append(p99_of_each(self.alone_for(ROUND_SECONDS)))

    def alone_for(self, length):
        self.second.wait_for_calm()
        seconds, errors = self.second.round(length)
        assert not errors, f"alone: {errors}"
        return seconds

    def measure(self, kind):
        """One flood. Gives its Row."""
        self.floods += 1
        realm = self.server.realm(f"flood-{self.floods}", "order.paid")
        prepared = kind.prepare(realm)
        token = realm.call("POST", "/api-keys", {"name": "flood", "permissions": list(kind.permissions)}, 201).json["key"]

        def flooding():
            return Flooding(self.server, kind.name, realm.name, token, prepared)
        row = self.look(kind.name, flooding)
        while row.findings and row.looks <= CLOSE_LOOKS:
            row = dataclasses.replace(self.look_closely(kind.name, flooding), looks=row.looks + 1)
        return row

    def forget_peak(self):
        pathlib.Path(f"/proc/{self.server.pid}/clear_refs").write_text("5")

    def look(self, name, flooding):
        """Medians of the p99 of a few short rounds."""
        self.be_alone()
        self.forget_peak()
        beside, wrong = [], Answers()
        alone = medians(self.alone)
        with flooding() as flood_at_work:
            while not is_enough(alone, beside):
                seconds, errors = self.second.round()
                beside.append(p99_of_each(seconds))
                wrong.update(errors)
            peak = peak_bytes(self.server)
        return Row(name, alone, medians(beside), excess(alone, medians(beside)), wrong, peak, flood_at_work.answers)

    def look_closely(self, name, flooding):
        """The p99 of all calls, alone and beside the flood by turns."""
        alone, beside = collections.defaultdict(list), collections.defaultdict(list)
        wrong, answers, peak = Answers(), Answers(), 0
        for _ in range(CLOSE_TURNS):
            add(alone, self.alone_for(CLOSE_SECONDS))
            self.forget_peak()
            with flooding() as flood_at_work:
                seconds, errors = self.second.round(CLOSE_SECONDS)
                peak = max(peak, peak_bytes(self.server))
            add(beside, seconds)
            wrong.update(errors)
            answers.update(flood_at_work.answers)
        alone, beside = p99_of_each(alone), p99_of_each(beside)
        return Row(name, alone, beside, excess(alone, beside), wrong, peak, answers)


def add(samples, more):
    for call, each in more.items():
        samples[call] += each


def is_any(seconds_by_call):
    return any(seconds > 0 for seconds in seconds_by_call.values())


def medians(rounds):
    return {call: statistics.median(each[call] for each in rounds) for call in EVERY_SECONDS}


def is_enough(alone, beside):
    """Whether more rounds would tell anything: when two of three are within the bound, so is their median."""
    if len(beside) >= ROUNDS:
        return len(beside) >= ROUNDS + MORE_ROUNDS or not is_any(excess(alone, medians(beside)))
    return len(beside) > ROUNDS // 2 and not any(is_any(excess(alone, each)) for each in beside)


def groups(kinds):
    """Those that can share a server, one group after the other."""
    found = collections.OrderedDict()
    for kind in kinds:
        found.setdefault((kind.flags, kind.name if kind.has_own_server else None), []).append(kind)
    return list(found.values())


def load():
    for module in MODULES:
        importlib.import_module(module)
    return FLOODS


def main(arguments):
    # The classes register with the module of this name, not with __main__.
    import floods  # pylint: disable=import-self
    known = floods.load()
    if arguments[:1] == ["--run"]:
        signal.alarm(FLOOD_SECONDS_MAX)
        os.nice(15)  # what it costs to make the flood is not what the flood costs
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        return asyncio.run(floods.run_flood(arguments[1]))
    if unknown := [name for name in arguments if name not in known]:
        print(f"floods: there is no flood {', '.join(unknown)}; there are {', '.join(known)}", file=sys.stderr)
        return 2
    print(floods.header(), flush=True)
    failed = False
    for group in groups([known[name] for name in arguments or known]):
        with tempfile.TemporaryDirectory() as folder, Ground(pathlib.Path(folder) / "data", group[0].flags) as ground:
            for kind in group:
                row = ground.measure(kind())
                print(row.line(), *(f"\n    {finding}" for finding in row.findings), sep="", flush=True)
                failed = failed or bool(row.findings)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
