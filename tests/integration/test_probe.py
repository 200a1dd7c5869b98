"""postrider probe: a right receiver passes, and each of many broken ones has exactly its fault."""

import base64
import contextlib
import hmac
import http.server
import json
import pathlib
import re
import socket
import ssl
import subprocess
import threading
import time
import warnings

import pytest

import signing
from certificates import Authority
from server import binary, environment

SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()
SEED = bytes(range(32))
PRIVATE_KEY = "whsk_" + base64.b64encode(SEED).decode()


class Right(http.server.BaseHTTPRequestHandler):
    """A receiver that is right. The others are this one with one thing broken."""

    protocol_version = "HTTP/1.1"
    tolerance_before = tolerance_after = 300

    def do_POST(self):
        length = int(self.headers["content-length"])
        if length > self.largest():
            self.close_connection = True
            return self.answer(413)
        body = self.read(length)
        try:
            good = self.verifies(body)
        except ValueError:
            good = False
        if not good:
            return self.answer(self.refusal())
        with self.server.lock:
            first = self.headers["webhook-id"] not in self.server.seen
            if first:
                self.server.seen.append(self.headers["webhook-id"])
        self.answer(self.take(body) if first else self.take_again())

    def read(self, length):
        return self.rfile.read(length)

    def verifies(self, body):
        values = [self.headers[f"webhook-{name}"] for name in ("id", "timestamp", "signature")]
        if None in values:
            return self.without_headers()
        ahead = int(values[1]) - time.time()
        if not -self.tolerance_before <= ahead <= self.tolerance_after:
            return False
        return self.matches(self.expected(values[0], values[1], body), values[2])

    def without_headers(self):
        return False

    def expected(self, webhook_id, timestamp, body):
        return signing.sign(SECRET, webhook_id, timestamp, body)

    def matches(self, expected, signature):
        return any(self.same(expected, entry) for entry in signature.split(" "))

    def same(self, expected, entry):
        return hmac.compare_digest(expected.encode(), entry.encode())

    def take(self, body):
        json.loads(body)
        return 204

    def take_again(self):
        return 204

    def largest(self):
        return 1024 * 1024

    def refusal(self):
        return 401

    def answer(self, status):
        self.send_response(status)
        if status != 204:
            self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *arguments):
        pass


class TakesEverything(Right):
    def verifies(self, body):
        return True


class TakesUnsigned(Right):
    def without_headers(self):
        return True


class ComparesPrefixes(Right):
    def same(self, expected, entry):
        return expected.startswith(entry)


class TripsOverNonsense(Right):
    def verifies(self, body):
        try:
            return super().verifies(body)
        except ValueError:
            self.nonsense = True
            return False

    def refusal(self):
        return 500 if getattr(self, "nonsense", False) else 401


class TakesMembersThatItDoesNotKnow(Right):
    """Verifies the members of an event, and not the body that they came in."""

    def expected(self, webhook_id, timestamp, body):
        return super().expected(webhook_id, timestamp, body.replace(b',"more":1}', b"}"))


class TakesNearbyTimes(Right):
    """Verifies with other times than the one that it was told."""

    def expected(self, webhook_id, timestamp, body):
        return [signing.sign(SECRET, webhook_id, int(timestamp) - off, body) for off in (0, 1)]

    def same(self, expected, entry):
        return entry in expected


class TakesOld(Right):
    tolerance_before = 10 ** 9


class TakesFuture(Right):
    tolerance_after = 10 ** 9


class FirstSignatureOnly(Right):
    def matches(self, expected, signature):
        return self.same(expected, signature.split(" ")[0])


class ComparesTheWholeHeader(Right):
    def matches(self, expected, signature):
        return self.same(expected, signature)


class TripsOverSchemes(Right):
    def matches(self, expected, signature):
        return "v1a," not in signature and super().matches(expected, signature)


class RefusesDuplicates(Right):
    def take_again(self):
        return 409


class RacesDuplicates(Right):
    """Asks, works, and then inserts: a second one at the same moment runs into the unique index."""

    def take(self, body):
        self.server.busy.add(self.headers["webhook-id"])
        time.sleep(0.2)
        self.server.busy.discard(self.headers["webhook-id"])
        return 204

    def take_again(self):
        return 500 if self.headers["webhook-id"] in self.server.busy else 204


class WantsOrder(Right):
    def take(self, body):
        event = json.loads(body)
        with self.server.lock:
            former = self.server.times.get(event["resource_id"], "")
            self.server.times[event["resource_id"]] = max(former, event["timestamp"])
        return 409 if event["timestamp"] < former else 204


class JudgesTheEventsTime(Right):
    def take(self, body):
        happened = json.loads(body)["timestamp"]
        return 400 if happened < time.strftime("%Y-%m-%dT%H:%M", time.gmtime(time.time() - 3600)) else 204


class VerifiesWhatItParsed(Right):
    def verifies(self, body):
        return super().verifies(json.dumps(json.loads(body), separators=(",", ":"), ensure_ascii=False).encode())


class ReadsLatin(Right):
    def verifies(self, body):
        return super().verifies(body.decode("ascii", "replace").encode())


class TakesLittle(Right):
    def largest(self):
        return 100_000


class WorksFirst(Right):
    def take(self, body):
        time.sleep(2.2)
        return 204


class ReadsOnce(Right):
    def read(self, length):
        body = self.rfile.read1(length)
        if len(body) < length:
            self.close_connection = True
        return body


class KnowsItsEventsOnly(Right):
    def take(self, body):
        return 204 if json.loads(body)["event"] == "user.created" else 422


class TripsOverGet(Right):
    def do_GET(self):
        self.answer(500)

    do_HEAD = do_GET


class LeavesBodiesUnread(Right):
    """Refuses by the size of the body, and keeps the connection with the body in it."""

    def do_POST(self):
        if 8_000 < int(self.headers["content-length"]) < 100_000:
            return self.answer(401)
        super().do_POST()


class HangsUp(Right):
    def answer(self, status):
        if self.headers["connection"] == "close":
            self.close_connection = True
            return
        super().answer(status)


class DisablesItself(Right):
    def refusal(self):
        return 410


class Redirects(Right):
    def do_POST(self):
        self.read(int(self.headers["content-length"]))
        self.answer(307)


@contextlib.contextmanager
def running(handler, tls=None):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    server.handle_error = lambda *arguments: None
    server.lock, server.seen, server.busy, server.times = threading.Lock(), [], set(), {}
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        server.url = f"http{'' if tls is None else 's'}://127.0.0.1:{server.server_port}/webhook"
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def probe(url, *arguments, secret=SECRET, code=None):
    done = subprocess.run([binary(), "probe", url, "--secret", secret, *arguments], text=True, timeout=60, capture_output=True,
                          stdin=subprocess.DEVNULL, env=environment())
    if code is not None:
        assert done.returncode == code, done.stdout + done.stderr
    return done


def report_of(url, *arguments, **options):
    done = probe(url, *arguments, "--json", **options)
    report = json.loads(done.stdout)
    assert done.returncode == (0 if report["passed"] else 1), done.stdout
    return report


def named(report, verdict):
    return [check["name"] for check in report["checks"] if check["verdict"] == verdict]


def test_a_right_receiver_passes():
    with running(Right) as receiver:
        report = report_of(receiver.url)
        assert named(report, "fault") == [] and named(report, "not_run") == ["outdated_tls"], report
        # What it worked on is what the report says, each once, and nothing that was to be refused.
        assert sorted(receiver.seen) == sorted(report["accepted_ids"])
        assert not set(receiver.seen) & set(report["refused_ids"])
        assert report["duration_ms"] < 10_000 and report["requests"] <= 50
        card = probe(receiver.url, code=0).stdout
        assert "0 faults" in card and "FAULT" not in card and "accepted" in card


@pytest.mark.parametrize("handler, fault", [
    (TakesEverything, "wrong_key"), (TakesUnsigned, "missing_signature"), (ComparesPrefixes, "truncated_signature"),
    (TripsOverNonsense, "malformed_signature"), (TakesMembersThatItDoesNotKnow, "changed_body"),
    (TakesNearbyTimes, "changed_headers"), (TakesOld, "old_timestamp"), (TakesFuture, "future_timestamp"),
    (FirstSignatureOnly, "rotation"), (ComparesTheWholeHeader, "rotation"), (TripsOverSchemes, "both_schemes"),
    (RefusesDuplicates, "duplicate"), (RacesDuplicates, "duplicate_at_once"), (WantsOrder, "reordering"),
    (JudgesTheEventsTime, "old_event"), (VerifiesWhatItParsed, "raw_bytes"), (ReadsLatin, "unicode"), (TakesLittle, "large_body"),
    (ReadsOnce, "slow_body"), (KnowsItsEventsOnly, "unknown_event"), (TripsOverGet, "other_methods"),
    (LeavesBodiesUnread, "keep_alive"), (HangsUp, "connection_close"), (WorksFirst, "patience"), (Redirects, "accepts"),
])
def test_a_broken_receiver_has_its_fault_alone(handler, fault):
    with running(handler) as receiver:
        report = report_of(receiver.url)
        assert named(report, "fault") == [fault], [c for c in report["checks"] if c["verdict"] != "passed"]
        assert report["duration_ms"] < 35_000


def test_the_card_says_what_to_change():
    with running(RefusesDuplicates) as receiver:
        report, card = report_of(receiver.url), probe(receiver.url, code=1).stdout
    change, = [check["change"] for check in report["checks"] if check["verdict"] == "fault"]
    assert "1 fault," in card and change in card and "FAULT" in card


def test_it_signs_v1a(tmp_path):
    public, _ = signing.ed25519_headers(SEED, "id", b"", 1)

    class Asymmetric(Right):
        def expected(self, webhook_id, timestamp, body):
            return signing.ed25519_headers(SEED, webhook_id, body, timestamp)[1]["webhook-signature"]

    assert public.startswith("whpk_")
    with running(Asymmetric) as receiver:
        report = report_of(receiver.url, secret=PRIVATE_KEY)
        assert named(report, "fault") == [], report
    with running(Right) as receiver:
        assert named(report_of(receiver.url, secret=PRIVATE_KEY), "fault") == ["accepts"]


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("ca"))


def test_tls_of_yesterday(authority):
    with running(Right, authority.context("right")) as receiver:
        report = report_of(receiver.url, "--ca-file", authority.ca)
        assert named(report, "fault") == [] and named(report, "not_run") == [], report
        # Its authority is nobody's.
        assert named(report_of(receiver.url), "fault") == ["accepts"]
    both, old = authority.context("both"), authority.context("old")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        for context in (both, old):
            context.minimum_version = ssl.TLSVersion.TLSv1
            context.set_ciphers("DEFAULT:@SECLEVEL=0")
        old.maximum_version = ssl.TLSVersion.TLSv1_1
    with running(Right, both) as receiver:
        assert named(report_of(receiver.url, "--ca-file", authority.ca), "fault") == ["outdated_tls"]
    with running(Right, old) as receiver:
        report = report_of(receiver.url, "--ca-file", authority.ca)
        assert named(report, "fault") == ["accepts"] and "TLS" in report["checks"][0]["detail"]


def test_what_is_no_receiver(free_port):
    report = report_of(f"http://127.0.0.1:{free_port}/webhook")
    assert named(report, "fault") == ["accepts"] and "refused" in report["checks"][0]["detail"]
    assert report["duration_ms"] < 5_000


@pytest.fixture
def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        yield one.getsockname()[1]  # bound, and nobody listens


def test_it_asks_before_it_goes_elsewhere():
    for url in ("http://192.0.2.1:9/webhook", "https://[2001:db8::1]/webhook", "http://10.1.2.3/"):
        done = probe(url, code=2)
        assert "not this machine" in done.stderr and "--yes" in done.stderr and done.stdout == ""


def test_wrong_arguments():
    for arguments, word in ((["--secret", SECRET], "--secret"), (["--data", "[]"], "--data"), (["--header", "host: x"], "host"),
                            (["--ca-file", "/nowhere"], "/nowhere")):
        done = probe("http://127.0.0.1:9/", *arguments, code=2)
        assert word.lower() in done.stderr.lower(), done.stderr
    assert probe("http://127.0.0.1:9/", secret="whpk_" + "A" * 44, code=2).stderr
    assert probe("ftp://127.0.0.1/", code=2).stderr
    assert SECRET not in probe("http://127.0.0.1:9/").stdout


def test_its_samples_and_headers():
    class Notes(Right):
        def take(self, body):
            self.server.times[self.headers["x-gate"]] = json.loads(body)["event"]
            return super().take(body)

    with running(Notes) as receiver:
        report = report_of(receiver.url, "--event", "order.paid", "--data", '{"total": 12}', "--header", "x-gate: open")
        assert report["passed"] and "open" in receiver.times and None not in receiver.times


def test_every_check_is_in_the_document():
    page = (pathlib.Path(__file__).parents[2] / "docs" / "probe.md").read_text()
    with running(Redirects) as receiver:
        names = [check["name"] for check in report_of(receiver.url)["checks"]]
    assert re.findall(r"^\| `(\w+)` \|", page, re.M) == names
