"""The SDKs of sdk/, packed as their registries want them, against the real server; and postrider/verify.h."""

import base64
import contextlib
import json
import os
import pathlib
import random
import re
import socketserver
import subprocess
import threading
import time
import uuid

import pytest

import sdk_packages
import signing
from client import Client, Realm
from forwarder import Forwarder
from receiver import Receiver
from sdk_packages import DRIVERS, SDK, run
from server import TOKEN, Server

PUBLISHES = int(os.environ.get("POSTRIDER_SDK_PUBLISHES", "400"))
#: Of the server, at requests that are drawn.
KILLS = int(os.environ.get("POSTRIDER_SDK_KILLS", "4"))
SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()
OTHER_SECRET = "whsec_" + base64.b64encode(bytes(range(1, 33))).decode()


@pytest.fixture(scope="module", autouse=True)
def tools():
    sdk_packages.install_tools()


@pytest.fixture(scope="module", params=["python", "typescript", "go"])
def driver(request, tmp_path_factory):
    return getattr(sdk_packages, request.param)(tmp_path_factory.mktemp(request.param))


# Verifying.

def cases():
    """(name, case, what it comes to)."""
    now, webhook_id = int(time.time()), str(uuid.uuid4())
    body = json.dumps({"event": "user.created", "timestamp": "2026-11-23T18:12:03.123456Z", "resource_id": str(uuid.uuid4()),
                       "data": {"username": "zoë"}}, ensure_ascii=False)
    good = signing.headers_for(SECRET, webhook_id, body.encode(), now)
    seed = bytes(range(32))
    public, public_headers = signing.ed25519_headers(seed, webhook_id, body.encode(), now)
    ok = f"ok {webhook_id} user.created"

    def case(headers=good, secrets=SECRET, text=body, at=now):
        return {"body": text, "headers": headers, "secrets": [secrets] if isinstance(secrets, str) else secrets, "now": at}

    both = {**good, "webhook-signature": f"{public_headers['webhook-signature']} {good['webhook-signature']}"}
    flipped = public_headers["webhook-signature"][:-4] + ("AA==" if not public_headers["webhook-signature"].endswith("AA==") else "AQ==")
    yield "v1", case(), ok
    yield "v1a", case(public_headers, public), ok
    yield "v1 beside v1a", case(both), ok
    yield "v1a beside v1", case(both, public), ok
    yield "the second of two secrets", case(secrets=[OTHER_SECRET, SECRET]), ok
    yield "header names in capitals", case({name.title(): value for name, value in good.items()}), ok
    yield "another key", case(secrets=OTHER_SECRET), "no-match"
    yield "another public key", case(public_headers, "whpk_" + base64.b64encode(bytes(range(64, 96))).decode()), "no-match"
    yield "v1a checked as v1", case(public_headers), "no-match"
    yield "another body", case(text=body.replace("zo", "Zo")), "no-match"
    yield "another body, v1a", case(public_headers, public, text=body.replace("zo", "Zo")), "no-match"
    yield "another id", case({**good, "webhook-id": "x"}), "no-match"
    yield "a truncated signature", case({**good, "webhook-signature": good["webhook-signature"][:-8]}), "no-match"
    yield "a changed v1a signature", case({**public_headers, "webhook-signature": flipped}, public), "no-match"
    yield "nonsense", case({**good, "webhook-signature": "v1,!! v1, v2,AAAA  ,"}), "no-match"
    yield "a recorded request", case(at=now + 301), "too-old"
    yield "a clock that is behind", case(at=now - 301), "too-new"
    yield "within five minutes", case(at=now + 299), ok
    yield "no number", case({**good, "webhook-timestamp": "12x"}), "bad-timestamp"
    for name in ("webhook-id", "webhook-timestamp", "webhook-signature"):
        yield f"without {name}", case({key: value for key, value in good.items() if key != name}), "missing-header"
    yield "signed, and not JSON", case(signing.headers_for(SECRET, webhook_id, b"{", now), text="{"), "not-an-event"


def test_verify(driver, tmp_path):
    named = list(cases())
    said = run(*driver, "verify", cwd=tmp_path, text=json.dumps([case for _, case, _ in named])).splitlines()
    assert {name: got for (name, _, _), got in zip(named, said, strict=True)} == {name: expected for name, _, expected in named}


# Against the server.

@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with Server(tmp_path_factory.mktemp("data"), "--allow-network", "127.0.0.0/8") as started:
        yield started


def test_journey(driver, server, tmp_path):
    server.client = Client(server.address, TOKEN)
    realm = server.realm(None, "order.paid")
    with Receiver() as receiver:
        said = json.loads(run(*driver, "journey", realm.name, receiver.url("/sdk"), cwd=tmp_path,
                              POSTRIDER_URL=server.url, POSTRIDER_TOKEN=TOKEN))
    assert said["refusals"] == ["unknown-event-type", "not sent", "not sent", "not-found"]
    assert said["webhooks"] == 0 and said["secret"].startswith("whsec_")
    assert said["controls"] == [{"data": {"n": {"$gte": 100}}}, "template", {"n": "{{data.n}}"}, {"count": 100, "per": "1s"},
                                {"type": "bearer", "token": "••••••"}]
    assert said["waits"] in ([], [None])


def test_the_feed_goes_on_where_a_consumer_was(driver, server, tmp_path):
    server.client = Client(server.address, TOKEN)
    realm = server.realm(None, "order.paid")

    def follow(consumer, count):
        said = run(*driver, "follow", realm.name, consumer, count, cwd=tmp_path, POSTRIDER_URL=server.url, POSTRIDER_TOKEN=TOKEN)
        return [int(line) for line in said.split()]

    def publish(first, end):
        realm.publish_batch([{"event": "order.paid", "resource_id": str(uuid.uuid4()), "data": {"n": n}} for n in range(first, end)])

    publish(0, 250)  # three pages
    realm.call("POST", "/users", {"username": "ada"}, 201)  # it does not read these
    assert follow("new", 0) == list(range(250))
    assert realm.get("/consumers/new").json["events"] == ["order.*"]
    realm.call("PUT", "/consumers/known", {"events": ["order.*"]}, 201)
    publish(250, 280)
    server.restart()
    # Who leaves the loop has not done with what it was given last, unless it says so.
    first = follow("known", 12)
    rest = follow("known", 0)
    assert first == list(range(250, 262)) and rest in (list(range(261, 280)), list(range(262, 280)))
    assert follow("known", 0) == []
    # It waits for what comes.
    process = subprocess.Popen([str(part) for part in (*driver, "follow", realm.name, "known", 3)], cwd=tmp_path, text=True,
                               stdout=subprocess.PIPE, env={**os.environ, "POSTRIDER_URL": server.url, "POSTRIDER_TOKEN": TOKEN})
    publish(280, 283)
    assert [int(line) for line in process.communicate(timeout=60)[0].split()] == [280, 281, 282]


class NotTheServer(socketserver.ThreadingTCPServer):
    """Answers each request with the same bytes; then does what `after` says with the connection."""

    daemon_threads = True

    def __init__(self, answer=b"", after=lambda connection: None):
        super().__init__(("127.0.0.1", 0), self.Handler)
        self.answer, self.after, self.connections = answer, after, 0
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def __exit__(self, *exception):
        self.shutdown()
        super().__exit__(*exception)

    class Handler(socketserver.BaseRequestHandler):
        def handle(self):
            self.server.connections += 1
            head, _, data = self.request.recv(65536).partition(b"\r\n\r\n")
            length = re.search(rb"(?i)content-length: (\d+)", head)
            while length and len(data) < int(length[1]):
                data += self.request.recv(65536)
            self.request.sendall(self.server.answer)
            self.server.after(self.request)


def an_answer(status, kind, body):
    return f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n{body}".encode()


@pytest.mark.parametrize("answer, error", [
    (b"HTTP/1.1 302 Found\r\nLocation: https://login.example/\r\nContent-Length: 0\r\n\r\n", "ProtocolError"),
    (an_answer("308 Moved", "application/json", "{}"), "ProtocolError"),
    (an_answer("502 Bad Gateway", "text/html", "<html"), "ProtocolError"),
    (an_answer("200 OK", "text/html; charset=utf-8", "<html>Please log in</html>"), "ProtocolError"),
    (an_answer("200 OK", "application/json", "{"), "ProtocolError"),
    (an_answer("200 OK", "application/json", "<html>"), "ProtocolError"),
    (an_answer("200 OK", "application/json", '{"status": "maintenance"}'), "ProtocolError"),
    (an_answer("200 OK", "application/json", "[]"), "ProtocolError"),
    (an_answer("200 OK", "application/json", "null"), "ProtocolError"),
    (an_answer("403 Forbidden", "application/json", '{"message": "blocked"}'), "ProtocolError"),
    (b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n", "ProtocolError"),
    (b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n{", "TransportError"),
    (b"SSH-2.0-OpenSSH_9.2\r\n", "TransportError"),
    (b"", "TransportError"),
], ids=["redirect", "redirect of JSON", "page", "page with 200", "no JSON", "page that says JSON", "a gateway's JSON", "a list", "null",
        "a gateway's refusal", "nothing", "cut off", "not HTTP", "closed"])
def test_what_is_not_the_server(driver, tmp_path, answer, error):
    with NotTheServer(answer) as proxy:
        assert run(*driver, "answered", proxy.url, cwd=tmp_path).split() == [error] * 3


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 200 OK\r\nX-Slow: ", b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n"],
                         ids=["nothing", "headers", "body"])
def test_an_answer_that_trickles(driver, tmp_path, answer):
    """A byte now and then is no reason to wait longer than the timeout, which is a second."""
    ended = threading.Event()

    def trickle(connection):
        with contextlib.suppress(OSError):
            while answer and not ended.wait(0.1):
                connection.sendall(b" ")
        ended.wait(60)

    with NotTheServer(answer, trickle) as proxy:
        began = time.monotonic()
        said = run(*driver, "answered", proxy.url, cwd=tmp_path).split()
        ended.set()
    assert said == ["TransportError"] * 3 and time.monotonic() - began < 20


def test_wrong_types_are_not_sent(driver, tmp_path):
    with NotTheServer(an_answer("500 Oops", "text/plain", "")) as nobody:
        said = run(*driver, "wrong", nobody.url, cwd=tmp_path).splitlines()
    assert set(said) == {"not sent"} and len(said) > 30, said
    assert nobody.connections == 0


def test_pages_are_read_while_the_server_is_killed(driver, tmp_path):
    count, kills = 150, 4
    with Server(tmp_path / "data") as server:
        realm = server.realm(None, "order.paid")
        realm.publish_batch([{"event": "order.paid", "resource_id": str(uuid.uuid4()), "data": {"n": n}} for n in range(count)])
        with Forwarder(server, random.sample(range(2, 60), kills)) as forwarder:
            said = run(*driver, "pages", realm.name, cwd=tmp_path, POSTRIDER_URL=forwarder.url, POSTRIDER_TOKEN=TOKEN).splitlines()
        assert forwarder.kills == kills
    backward, forward = ([int(n) for n in line.split()] for line in said)
    assert backward == list(range(count))[::-1] and forward == list(range(count))


def test_a_feed_of_typescript_that_waits_is_left(server, tmp_path_factory, tmp_path):
    server.client = Client(server.address, TOKEN)
    realm = server.realm(None, "order.paid")
    driver = sdk_packages.typescript(tmp_path_factory.mktemp("left"))
    assert run(*driver, "left", realm.name, cwd=tmp_path, POSTRIDER_URL=server.url, POSTRIDER_TOKEN=TOKEN).strip() == "enough true"


def test_each_publish_is_in_the_log_once_although_the_server_is_killed(driver, tmp_path):
    with Server(tmp_path / "data") as server:
        realm = server.realm(None, "order.paid")
        with Forwarder(server, random.sample(range(2, PUBLISHES + 1), KILLS)) as forwarder:
            process = subprocess.Popen([str(part) for part in (*driver, "publish", realm.name, PUBLISHES)], cwd=tmp_path,
                                       stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                       env={**os.environ, "POSTRIDER_URL": forwarder.url, "POSTRIDER_TOKEN": TOKEN})
            said, errors = process.communicate(timeout=900)
        assert process.returncode == 0, errors[-2000:]
        assert int(said) == PUBLISHES and forwarder.kills == KILLS
        log = Realm(Client(server.address, TOKEN), realm.name)
        assert sorted(event["data"]["n"] for event in log.items("/events") if event["event"] == "order.paid") == list(range(PUBLISHES))
        print(f"{PUBLISHES} publishes, {KILLS} kills, {forwarder.requests - PUBLISHES} requests more")


# postrider/verify.h, and Python's other ed25519.

def test_verify_in_cpp(tmp_path):
    run("g++", "-std=c++20", "-O1", "-Wall", "-Wextra", "-Wpedantic", "-Werror", f"-I{SDK / 'cpp'}", "-o", tmp_path / "verify",
        DRIVERS / "verify.cc", "-lcrypto", cwd=tmp_path)
    lines, expected = [], {}
    for name, case, result in cases():
        if result == "not-an-event":
            continue
        headers = {key.lower(): value for key, value in case["headers"].items()}
        fields = [case["body"], *(headers.get(f"webhook-{each}", "") for each in ("id", "timestamp", "signature")), str(case["now"]),
                  *case["secrets"]]
        lines.append("".join(field + "\x1f" for field in fields))
        expected[name] = result.split(" ")[0]
    said = run(tmp_path / "verify", cwd=tmp_path, text="\n".join(lines)).splitlines()
    assert dict(zip(expected, said, strict=True)) == expected


def test_verify_in_python_with_and_without_cryptography(tmp_path):
    named = list(cases())
    (tmp_path / "without").mkdir()
    (tmp_path / "without" / "cryptography.py").write_text("raise ImportError('as if it were not here')")
    for path in (SDK / "python", f"{tmp_path / 'without'}:{SDK / 'python'}"):
        said = run("/usr/bin/python3", "-B", DRIVERS / "driver.py", "verify", cwd=tmp_path, PYTHONPATH=str(path),
                   text=json.dumps([case for _, case, _ in named])).splitlines()
        assert said == [expected for _, _, expected in named]


def test_type_checkers_know_what_python_gives(tmp_path):
    """The README's code and more of its kind; and a member that is not there is found."""
    mypy = [sdk_packages.TOOLS / "venv/bin/python3", "-m", "mypy", "--no-incremental", "--cache-dir", os.devnull]
    run(*mypy, SDK / "python" / "postrider", cwd=tmp_path)
    program = code_of("python", "python")[1] + """
from postrider import Postrider

client = Postrider("https://postrider.example", "token")
print(client.publish("order.paid", "019300a1-7c3e-7b1a-9a54-3f0f6b1d2c11", {})["id"].upper())
print([delivery["waiting_for"] for delivery in client.deliveries()], [event["position"] for event in client.feed()])
"""
    (tmp_path / "right.py").write_text(program)
    run(*mypy, "--check-untyped-defs", "right.py", cwd=tmp_path, MYPYPATH=str(SDK / "python"))
    (tmp_path / "wrong.py").write_text(program.replace('["username"]', '["user_name"]').replace('"waiting_for"', '"waits_for"'))
    found = subprocess.run([str(part) for part in (*mypy, "--check-untyped-defs", "wrong.py")], cwd=tmp_path, capture_output=True, text=True,
                           env={**os.environ, "MYPYPATH": str(SDK / "python")})
    assert found.returncode == 1 and "user_name" in found.stdout and "waits_for" in found.stdout, found.stdout


# The READMEs.

def code_of(language, kind):
    text = (SDK / language / "README.md").read_text()
    return re.findall(rf"^```{kind}\n(.*?)^```$", text, re.M | re.S)


def test_the_readmes(driver, server, tmp_path):
    server.client = Client(server.address, TOKEN)
    realm = server.realm(None, "order.paid")
    where = {"POSTRIDER_URL": server.url, "POSTRIDER_TOKEN": TOKEN, "POSTRIDER_REALM": realm.name, "WEBHOOK_SECRET": SECRET}
    folder = pathlib.Path(driver[0] if len(driver) == 1 else driver[-1]).parent
    if driver[0] == "node":
        for number, code in enumerate(code_of("typescript", "js")):
            (folder / f"readme{number}.mjs").write_text(code)
            said = run("node", folder / f"readme{number}.mjs", cwd=folder, **where)
            assert number > 0 or "order.paid { number: 'A-1042' }" in said
    elif len(driver) == 2:
        for number, code in enumerate(code_of("python", "python")):
            said = run(driver[0], "-c", code, cwd=tmp_path, **where)
            assert number > 0 or "order.paid {'number': 'A-1042'}" in said
    else:
        (folder / "readme").mkdir(exist_ok=True)
        (folder / "readme" / "main.go").write_text(code_of("go", "go")[0])
        assert 'order.paid {"number":"A-1042"}' in run("go", "run", "./readme", cwd=folder, GOFLAGS="-mod=vendor", **where)


def test_each_package_has_the_licence():
    for language in ("python", "typescript", "go"):
        assert (SDK / language / "LICENSE").read_bytes() == (sdk_packages.ROOT / "LICENSE").read_bytes()


def test_the_readme_of_cpp(tmp_path):
    (tmp_path / "receiver.cc").write_text(code_of("cpp", "cpp")[0])
    (tmp_path / "sdk").symlink_to(SDK)
    command, = code_of("cpp", "sh")
    run("bash", "-c", command, cwd=tmp_path)
    good = signing.headers_for(SECRET, "a", b"{}")
    for body, status in (("{}", "204"), ("{ }", "401")):
        said = run(tmp_path / "receiver", good["webhook-id"], good["webhook-timestamp"], good["webhook-signature"], cwd=tmp_path,
                   text=body, WEBHOOK_SECRET=SECRET)
        assert said.strip() == status
