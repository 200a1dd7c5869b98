"""The command line against a real server: what it prints, --json, exit codes, listen and verify."""

import json
import re
import subprocess
import threading
import uuid

import pytest

import signing
from server import Server, TOKEN, binary, environment, sqlite_only
from waiting import wait_for

SECRET = "whsec_" + "QUJD" * 11


class Shell:
    """Runs verbs in one realm of one server."""

    def __init__(self, server, realm):
        self.server, self.realm = server, realm

    def run(self, *arguments, expect=0, given="", **variables):
        variables = {"POSTRIDER_URL": self.server.url, "POSTRIDER_TOKEN": TOKEN,
                     "POSTRIDER_REALM": self.realm.name, **variables}
        done = subprocess.run([binary(), *map(str, arguments)], input=given, text=True, timeout=60,
                              capture_output=True, env=environment(**variables))
        assert done.returncode == expect, (arguments, done.returncode, done.stdout, done.stderr)
        if expect == 2:
            assert done.stderr.startswith("postrider: ") and done.stderr.count("\n") == 1, done
        return done.stdout if expect == 0 else done.stdout + done.stderr

    def json(self, *arguments, **keywords):
        return json.loads(self.run(*arguments, "--json", **keywords))


@pytest.fixture
def shell(server, realm):
    return Shell(server, realm)


class Listening:
    """`postrider listen`, with what it printed so far."""

    def __init__(self, *flags):
        self.process = subprocess.Popen([binary(), "listen", "--port", "0", *map(str, flags)], text=True,
                                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, env=environment())
        line = self.process.stderr.readline()
        self.url = re.search(r"listening on (http://127\.0\.0\.1:\d+)/", line)[1] + "/hook"
        self.lines = []
        self.thread = threading.Thread(target=self.read, daemon=True)
        self.thread.start()

    def read(self):
        for line in self.process.stdout:
            self.lines.append(line)

    def ended(self):
        code = self.process.wait(20)
        self.thread.join(20)
        return code

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.process.kill()
        self.process.wait()
        self.thread.join(20)
        self.process.stdout.close()
        self.process.stderr.close()


def test_from_nothing_to_a_verified_webhook(shell, realm):
    with Listening("--secret", SECRET, "--count", 2, "--json") as listening:
        hook = shell.json("webhook", "create", listening.url, "--event", "order.*", "--name", "mine",
                          "--secret", SECRET, "-H", "Authorization: Bearer x")
        assert hook["name"] == "mine" and hook["secret"] == SECRET
        first = shell.json("publish", "order.paid", "--data", '{"total": 12.50}')
        assert first["event"] == "order.paid" and first["deliveries"] == 1
        test = shell.run("webhook", "test", "mine")
        assert "204" in test
        assert listening.ended() == 0
    shown = [json.loads(line) for line in listening.lines]
    assert [one["body"]["event"] for one in shown] == ["order.paid", "postrider.test"]
    assert all(one["verified"] is True for one in shown)
    wait_for(lambda: realm.deliveries(state="delivered"), "delivered")


def test_listen_tells_a_wrong_signature(shell, realm):
    with Listening("--secret", "whsec_" + "A" * 44, "--count", 1) as listening:
        shell.run("webhook", "create", listening.url, "--event", "order.*", "--secret", SECRET)
        shell.run("publish", "order.paid")
        assert listening.ended() == 4
    assert "order.paid" in "".join(listening.lines)


def test_listen_misbehaves_when_told(shell, realm):
    with Listening("--status", 503) as listening:
        shell.run("webhook", "create", listening.url, "--event", "order.*", "--name", "m",
                  "--retry-schedule", "50ms,50ms")
        event = shell.json("publish", "order.paid")
        delivery = realm.wait_final(event["id"])[0]
    assert delivery["state"] == "failed" and delivery["attempts"] == 3
    assert delivery["last_outcome"]["status"] == 503
    table = shell.run("delivery", "list", "--state", "failed", "--webhook", "m")
    assert "order.paid" in table and "503" in shell.run("delivery", "show", delivery["id"])
    assert "503" in shell.run("event", "explain", event["id"])


def test_tables_and_json(shell, realm, receiver, path):
    hook = realm.create_webhook(receiver.url(path), name="billing", headers={"X-A": "hidden-value"})
    event = shell.json("publish", "order.paid", "--resource-id", str(uuid.uuid4()), "--data", "-",
                       given='{"n": 1}')
    realm.wait_final(event["id"])
    for arguments, words in ((("webhook", "list"), ["billing", hook["url"]]),
                             (("webhook", "show", "billing"), ["billing", hook["id"]]),
                             (("webhook", "show", hook["id"]), ["billing"]),
                             (("event", "list"), ["order.paid"]),
                             (("event", "show", event["id"]), ["order.paid", event["id"]]),
                             (("event", "explain", event["id"]), ["billing", "delivered"]),
                             (("event", "types"), ["user.created", "order.paid"]),
                             (("delivery", "list"), ["delivered"]),
                             (("event-type", "list"), ["order.paid"]),
                             (("realm", "list"), [realm.name])):
        text = shell.run(*arguments)
        for word in words:
            assert word in text, (arguments, word, text)
        assert "hidden-value" not in text and hook["secret"] not in text
        assert "\x1b" not in text  # no colours into a pipe
        json.loads(shell.run(*arguments, "--json").splitlines()[0])
    assert hook["secret"] in shell.run("webhook", "secret", "billing")


def test_changing_a_webhook(shell, realm, receiver, path):
    hook = realm.create_webhook(receiver.url(path), name="w")
    shell.run("webhook", "edit", "w", "--timeout", "3s", "--event", "order.paid")
    changed = realm.webhook(hook["id"])
    assert changed["timeout"] == "3s" and changed["events"] == ["order.paid"]
    shell.run("webhook", "disable", "w")
    assert realm.webhook(hook["id"])["enabled"] is False
    event_id = realm.publish("order.paid").json["id"]
    shell.run("webhook", "enable", "w")
    shell.run("webhook", "recover", "w", "--since", "1h", "--wait")
    assert receiver.wait(path)[0].id == event_id
    delivery = realm.wait_final(event_id)[0]
    shell.run("delivery", "redeliver", delivery["id"])
    receiver.wait(path, 2)
    rotated = shell.json("webhook", "rotate-secret", "w")
    assert rotated["previous"] == hook["secret"]
    assert shell.json("webhook", "check", receiver.url(path))["ok"] is True
    shell.run("webhook", "delete", "w", "--yes")
    shell.run("webhook", "show", "w", expect=3)


def test_holding_and_releasing_resources(shell, realm, receiver, path):
    receiver.on(path, 422)
    hook = realm.create_webhook(receiver.url(path), name="w", retry_schedule=[])
    shell.run("webhook", "edit", "w", "--ordering", "resource", "--on-exhausted", "hold")
    assert "resource" in (shown := shell.run("webhook", "show", "w")) and "hold" in shown
    resources = [realm.publish("order.paid").json["resource_id"] for _ in range(3)]
    waiting = realm.publish("order.paid", resource_id=resources[0]).json["id"]
    held = lambda: realm.items(f"/webhooks/{hook['id']}/held")
    wait_for(lambda: len(held()) == 3, "three are held")
    assert all(resource in shell.run("webhook", "held", "w") for resource in resources)
    (blocked,) = realm.deliveries(event_id=waiting)
    wait_for(lambda: re.search("Waiting for +order", shell.run("delivery", "show", blocked["id"])), "it says what it waits for")
    shell.run("webhook", "release", "w", expect=2)
    shell.run("webhook", "release", "w", resources[0], expect=2)
    shell.run("webhook", "release", "w", str(uuid.uuid4()), "--skip", expect=3)
    receiver.on(path, 204)
    assert "follows" in shell.run("webhook", "release", "w", resources[0], "--retry")
    assert "released 2 resources" in shell.run("webhook", "release", "w", "--all", "--skip")
    assert realm.wait_final(waiting)[0]["state"] == "delivered"
    assert held() == []


def test_publishing_a_file(shell, realm, tmp_path):
    events = [{"event": "order.paid", "resource_id": str(uuid.uuid4()), "data": {"n": n}} for n in range(5)]
    lines, array = tmp_path / "lines", tmp_path / "array"
    lines.write_text("\n".join(map(json.dumps, events)) + "\n")
    array.write_text(json.dumps(events))
    for file in (lines, array):
        for _ in range(2):  # the same key: the second time changes nothing
            shell.run("publish", "--batch", file, "--idempotency-key", file.name)
    assert len(realm.orders()) == 10
    shell.run("publish", "--batch", "-", given=lines.read_text())
    assert len(realm.orders()) == 15


def test_data_goes_through_byte_for_byte(shell, realm, receiver, path):
    realm.create_webhook(receiver.url(path))
    shell.run("publish", "order.paid", "--data", '{"b":1.10,"a":12345678901234567890123,"c":1e400,"d":"\\u0000"}')
    assert receiver.wait(path)[0].body.endswith(
        b'"data":{"b":1.10,"a":12345678901234567890123,"c":1e400,"d":"\\u0000"}}')


def test_exit_codes(shell, realm, receiver, path):
    hook = realm.create_webhook(receiver.on(path, 500), name="failing")
    for expect, arguments, word in (
            (1, ("publish", "order.pade"), "order.paid"),  # the nearest name
            (2, ("publish", "order.paid", "--data", "[]"), "object"),
            (1, ("webhook", "create", "http://10.0.0.1/", "--event", "order.*"), "--allow-network"),
            (1, ("webhook", "test", "failing"), "500"),
            (2, ("publish", "order.paid", "--data", "@/nonexistent/file"), "/nonexistent/file"),
            (2, ("publish", "order.paid", "--colour", "red"), "--colour"),
            (2, ("webhook", "create"), "URL"), (2, ("webhook", "frobnicate"), "frobnicate"),
            (2, ("delivery", "list", "--state", "lost"), "state"), (2, ("nonsense",), "nonsense"),
            (3, ("webhook", "show", str(uuid.uuid4())), ""), (3, ("webhook", "show", "nobody"), "nobody"),
            (3, ("event", "show", str(uuid.uuid4())), ""), (3, ("event-type", "show", "no.such"), "")):
        text = shell.run(*arguments, expect=expect)
        assert word in text, (arguments, text)
    assert "token" in shell.run("webhook", "list", expect=1, POSTRIDER_TOKEN="prk_wrong").lower()
    shell.run("webhook", "list", expect=3, POSTRIDER_REALM="no-such-realm")
    assert hook["id"] in shell.run("webhook", "list")


def test_no_server(tmp_path):
    with Server(tmp_path / "data") as server:
        shell = Shell(server, server.master)
        shell.run("realm", "list")
        server.stop()
        text = shell.run("realm", "list", expect=1)
        assert str(server.port) in text and text.count("\n") == 1


def test_the_token_of_a_server_on_this_machine(tmp_path):
    """Without a token the admin-token of the data folder is used."""
    process = subprocess.Popen([binary(), "serve", "--data", str(tmp_path / "d"), "--listen", "127.0.0.1:0"],
                               stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=environment())
    try:
        url = next(found[1] for line in process.stderr
                   if (found := re.search(r"listening on (http://127\.0\.0\.1:\d+)", line)))
        done = subprocess.run([binary(), "realm", "list", "--url", url, "--data-dir", str(tmp_path / "d")],
                              capture_output=True, text=True, env=environment(), timeout=30)
        assert done.returncode == 0 and "master" in done.stdout, done
    finally:
        process.kill()
        process.communicate()


def request_text(body, headers):
    lines = [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join(["POST /hook HTTP/1.1", "Host: x", *lines, "", ""]) + body.decode()


def test_verify(shell):
    body = b'{"event":"order.paid","data":{}}'
    headers = signing.headers_for(SECRET, "msg_1", body)
    shell.run("verify", "--secret", SECRET, given=request_text(body, headers))
    assert shell.json("verify", "--secret", SECRET, given=request_text(body, headers))["verified"] is True
    flags = [flag for name in ("webhook-id", "webhook-timestamp", "webhook-signature")
             for flag in ("-H", f"{name}: {headers[name]}")]
    shell.run("verify", "--secret", SECRET, *flags, given=body.decode())
    other = "whsec_" + "A" * 44
    shell.run("verify", "--secret", other, "--secret", SECRET, given=request_text(body, headers))
    shell.run("verify", "--secret", other, given=request_text(body, headers), expect=4)
    shell.run("verify", "--secret", SECRET, given=request_text(body + b" ", headers), expect=4)
    old = signing.headers_for(SECRET, "msg_1", body, 1614265330)
    shell.run("verify", "--secret", SECRET, given=request_text(body, old), expect=4)
    shell.run("verify", "--secret", SECRET, "--now", "2021-02-25T15:02:10Z", given=request_text(body, old))
    shell.run("verify", "--secret", "hunter2", given=request_text(body, headers), expect=2)


def test_the_example_of_the_contract(shell):
    """API.md section 1."""
    headers = {"webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek", "webhook-timestamp": "1614265330",
               "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="}
    shell.run("verify", "--secret", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "--now",
              "2021-02-25T15:02:10Z", given=request_text(b'{"test": 2432232314}', headers))


def test_help_and_completion(shell):
    top = shell.run("--help")
    verbs = re.findall(r"^  ([a-z-]+(?: [a-z-]+)?)  +\S", top, re.M)
    assert len(verbs) > 30
    for verb in verbs:
        if verb.split()[0].isdigit():
            continue
        text = shell.run(*verb.split(), "--help")
        assert "Examples" in text or "postrider " + verb in text, verb
    for name in ("bash", "zsh", "fish"):
        script = shell.run("completion", name)
        assert "webhook" in script
    subprocess.run(["bash", "-n"], input=shell.run("completion", "bash"), text=True, check=True, timeout=10)
    assert re.fullmatch(r"postrider \d+\.\d+\.\d+ \(commit ([0-9a-f]{12}(-dirty)?|unknown), store version \d+\)\n", shell.run("--version"))


def test_a_hostile_name_does_not_reach_the_terminal(shell, realm, receiver, path):
    realm.create_webhook(receiver.url(path), name="é\u202edesrever", description="x" * 300)
    text = shell.run("webhook", "list")
    assert "\u202e" not in text and "é" in text


@sqlite_only
def test_key_rotation(tmp_path, receiver, path):
    """`keys rotate` on a stopped server: everything opens with the new key, and not with the old."""
    with Server(tmp_path / "data", "--allow-network", "127.0.0.0/8") as server:
        realm = server.realm(None, "order.paid")
        hook = realm.create_webhook(receiver.url(path), headers={"X-A": "sealed"})
        old = (server.data / "key").read_bytes()
        busy = subprocess.run([binary(), "keys", "rotate", "--data", str(server.data)],
                              capture_output=True, text=True, env=environment(), timeout=30)
        assert busy.returncode == 1 and busy.stderr.count("\n") == 1, busy
        server.stop()
        done = subprocess.run([binary(), "keys", "rotate", "--data", str(server.data)],
                              capture_output=True, text=True, env=environment(), timeout=30)
        assert done.returncode == 0, done
        assert (server.data / "key").read_bytes() != old
        server.start()
        realm.publish("order.paid")
        request = receiver.wait(path)[0]
        assert request.headers["x-a"] == "sealed"
        assert signing.verifies(hook["secret"], request.headers, request.body)
        server.stop()
        (server.data / "key").write_bytes(old)
        with pytest.raises(AssertionError, match="key"):
            server.start()


def test_the_directory_by_verbs(shell, realm):
    user = shell.json("user", "create", "ada", "--email", "ada@example.com", "--attributes", '{"a":1}')
    assert user["attributes"] == {"a": 1}
    shell.json("role", "create", "auditor", "--permission", "view_users,view_audit")
    shell.run("user", "assign", "ada", "auditor")
    assert [role["name"] for role in shell.json("user", "roles", user["id"])["items"]] == ["auditor"]
    assert shell.json("role", "permissions", "auditor", "view_users")["permissions"] == ["view_users"]
    shell.run("user", "password", "ada", given="correct horse battery staple\n")
    assert shell.json("user", "reset", "ada")["token"].startswith("prt_")
    assert shell.json("user", "edit", "ada", "--disable")["enabled"] is False
    assert "ada@example.com" in shell.run("user", "list")
    shell.run("user", "unassign", "ada", "auditor")
    shell.run("user", "delete", "ada", "--yes")
    shell.run("user", "show", "ada", expect=3)

    client = shell.json("client", "create", "shop")
    assert client["secret"] != shell.json("client", "rotate-secret", "shop", "--yes")["secret"]
    uri = shell.json("client", "add-redirect", "shop", "https://shop.example/cb")
    assert "https://shop.example/cb" in shell.run("client", "redirects", "shop")
    shell.run("client", "delete-redirect", "shop", uri["id"], "--yes")
    edited = shell.json("client", "edit", "shop", "--service-account-role", "auditor")
    assert len(edited["service_account_roles"]) == 1
    shell.run("client", "delete", "shop", "--yes")
    settings = shell.json("realm", "settings", realm.name, "--set", "retention_days=7", "--set", "timeout=10s")
    assert (settings["retention_days"], settings["timeout"]) == (7, "10s")
    shell.run("realm", "delete", realm.name, "--yes")
    shell.run("realm", "show", realm.name, expect=3)
