"""The first hour: what a newcomer types, mistypes and is told. Each test is a line of what the command line and the API promise."""

import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import time
import uuid

import pytest

from client import Client, Realm
from server import ROOT, TOKEN, binary, environment, sqlite_only
from terminal import Terminal
from waiting import wait_for

SECRET = "whsec_" + "QUJD" * 11
#: How the API speaks, and people do not.
OF_THE_API = re.compile(r"\b(GET|POST|PUT|PATCH|DELETE)\b|/api/v1|#/|Authorization:|x-permission|Content-Type")


class Shell:
    def __init__(self, server, realm, home):
        self.variables = {"POSTRIDER_URL": server.url, "POSTRIDER_TOKEN": TOKEN, "POSTRIDER_REALM": realm.name,
                          "HOME": str(home), "XDG_CONFIG_HOME": str(home)}

    def environment(self, **more):
        return environment(**{**self.variables, **more})

    def say(self, *words, given="", **more):
        return subprocess.run([binary(), *map(str, words)], input=given, text=True, timeout=60, capture_output=True,
                              env=self.environment(**more))

    def out(self, *words, **more):
        done = self.say(*words, **more)
        assert done.returncode == 0, (words, done)
        return done.stdout

    def wrong(self, *words, code=1, **more):
        done = self.say(*words, **more)
        assert done.returncode == code, (words, done)
        assert done.stderr.startswith("postrider: "), done
        assert not OF_THE_API.search(done.stderr), done.stderr
        return done.stderr

    def terminal(self, *words, columns=80, rows=24):
        return Terminal([binary(), *map(str, words)], self.environment(TERM="xterm", NO_COLOR="1"), columns, rows)


@pytest.fixture
def shell(server, realm, tmp_path):
    return Shell(server, realm, tmp_path)


def test_flags_of_the_server_go_anywhere(shell, realm):
    for words in (("--realm", realm.name, "webhook", "list"), ("webhook", "--realm", realm.name, "list"),
                  ("webhook", "list", f"--realm={realm.name}"), ("-o", "json", "--realm", realm.name, "webhooks", "ls")):
        done = shell.say(*words, POSTRIDER_REALM="no-such-realm")
        assert done.returncode == 0, (words, done)


@pytest.mark.parametrize("words, meant", [
    (("webhoks", "ls"), "webhook"), (("webhook", "lst"), "list"), (("webhook", "remov", "x"), "delete"),
    (("publsh", "a.b"), "publish"), (("webhook", "create", "https://h/", "--nme", "x"), "--name"),
    (("webhook", "list", "--relm", "x"), "--realm"), (("delivery", "list", "--state", "faild"), "failed"),
    (("webhook", "list", "-o", "jsn"), "json"), (("completion", "bsh"), "bash"), (("user", "creat", "ada"), "create")])
def test_a_near_miss_names_what_is_meant(shell, words, meant):
    text = shell.wrong(*words, code=2)
    assert f"do you mean {meant}?" in text, text
    assert "recover" not in text


def test_other_programs_names_for_verbs(shell, realm):
    realm.create_webhook("http://127.0.0.1:9/", name="billing")
    for words in (("webhook", "ls"), ("webhooks", "list"), ("webhook", "get", "billing"), ("webhook", "describe", "billing"),
                  ("webhook", "update", "billing", "--timeout", "5s"), ("webhook", "remove", "billing", "--yes")):
        shell.out(*words)


def test_an_id_a_part_of_it_or_a_name(shell, realm, receiver, path):
    """Wherever an id goes."""
    hook = realm.create_webhook(receiver.url(path), name="billing")
    event = json.loads(shell.out("publish", "order.paid", "--json"))["id"]
    delivery = realm.wait_final(event)[0]["id"]
    user = json.loads(shell.out("user", "create", "ada", "--json"))["id"]
    role = json.loads(shell.out("role", "create", "auditor", "--json"))["id"]
    client = json.loads(shell.out("client", "create", "storefront", "--json"))["id"]
    key = json.loads(shell.out("api-key", "create", "ci", "--permission", "view_events", "--json"))["id"]
    short = lambda whole: f"{whole[:8]}…{whole[-4:]}"
    for verb, whole, name in ((("webhook", "show"), hook["id"], "billing"), (("user", "show"), user, "ada"),
                              (("role", "show"), role, "auditor"), (("client", "show"), client, "storefront"),
                              (("api-key", "show"), key, "ci"), (("event", "show"), event, None),
                              (("event", "explain"), event, None), (("delivery", "show"), delivery, None)):
        for typed in filter(None, (whole, short(whole), whole[:30], name)):
            assert shell.out(*verb, typed), (verb, typed)
    assert "do you mean \"ada\"?" in shell.wrong("user", "show", "adda", code=3)
    assert "do you mean \"billing\"?" in shell.wrong("webhook", "show", "bill", code=3)
    shell.out("user", "assign", short(user), "auditor")
    shell.out("delivery", "list", "--webhook", short(hook["id"]), "--event-id", short(event))


@pytest.mark.parametrize("columns", [80, 132])
def test_tables_fit_the_terminal(shell, realm, receiver, path, columns):
    long = "x" * 60
    realm.create_webhook(receiver.url(path) + "/" + long, name="warehouse " + long, events=["*"])
    event = json.loads(shell.out("publish", "order.paid", "--data", json.dumps({"note": long}), "--json"))["id"]
    realm.wait_final(event)
    shell.out("user", "create", "ada." + long, "--email", f"{long}@example.com")
    permissions = "view_users,view_roles,view_clients,view_webhooks,view_events,view_audit"
    shell.out("role", "create", "auditor." + long, "--permission", permissions)
    shell.out("client", "create", "storefront-" + long)
    shell.out("api-key", "create", "ci " + long, "--permission", permissions)
    for noun in ("user", "role", "client", "api-key", "webhook", "event", "delivery", "audit", "session", "realm", "operation"):
        with shell.terminal(noun, "list", columns=columns) as terminal:
            assert terminal.end() == 0, terminal.text
        lines = terminal.text.splitlines()
        assert lines and all(len(line) <= columns for line in lines), terminal.text
        if noun in ("user", "role", "client", "api-key", "webhook", "event", "delivery"):
            assert re.search(r"\b[0-9a-f]{8}…[0-9a-f]{4}\b", terminal.text), "ids are shortened: " + terminal.text
            assert len(lines) > 1
        for line in shell.out(noun, "list", "-o", "name").splitlines():
            assert " " not in line or noun == "realm", line
        json.loads(shell.out(noun, "list", "-o", "json"))
        shell.out(noun, "list", "-o", "wide")
    deliveries = shell.out("delivery", "list")
    assert "order.paid" in deliveries and "delivered" in deliveries and "warehouse" in deliveries and "204" in deliveries


@pytest.mark.parametrize("columns", [40, 60, 80, 120])
def test_help_is_as_wide_as_the_terminal(shell, columns):
    for words in (("--help",), ("webhook", "create", "--help"), ("help", "serve"), ("webhook", "--help")):
        with shell.terminal(*words, columns=columns) as terminal:
            assert terminal.end() == 0, terminal.text
        wide = [line for line in terminal.text.splitlines() if len(line) > max(columns, 60) and "'" not in line]
        assert [line for line in wide if len(line) > 80] == [], wide


def test_permissions_are_listed_with_the_nearest(shell):
    for words in (("role", "create", "r", "--permission", "view_user"), ("api-key", "create", "k", "--permission", "view_user")):
        text = shell.wrong(*words)
        assert '--permission, number 1: "view_user" is no permission; do you mean view_users?' in text
        assert "view_realms" in text and "publish_builtin_events" in text


def test_messages_are_in_the_users_words(shell, realm):
    """No HTTP method, path or pointer, whatever is wrong."""
    assert "`postrider event types`" in shell.wrong("publish", "no.such.type")
    assert 'do you mean "order.paid"?' in shell.wrong("publish", "order.payd")
    assert "--resource-id: must be a UUID" in shell.wrong("publish", "order.paid", "--resource-id", "x")
    assert "--timeout: must be" in shell.wrong("webhook", "create", "http://127.0.0.1:9/", "--timeout", "90s")
    assert "URL: " in shell.wrong("webhook", "create", "ftp://h/")
    assert "--set retention_day: is unknown; do you mean retention_days?" in shell.wrong("realm", "settings", "--set", "retention_day=3")
    shell.out("user", "create", "ada")
    assert "USERNAME: is taken" in shell.wrong("user", "create", "ada")
    nobody = shell.wrong("webhook", "list", POSTRIDER_TOKEN="prk_wrong")
    assert "POSTRIDER_TOKEN is unknown, expired or revoked" in nobody
    weak = shell.out("api-key", "create", "weak", "--permission", "view_events").strip()
    assert weak.startswith("prk_") and "\n" not in weak, "the key alone fits into $(…)"
    assert "`postrider whoami`" in shell.wrong("user", "list", POSTRIDER_TOKEN=weak)


def test_the_way_to_the_server_and_to_the_first_token(shell, server, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    assert f"is `postrider serve` running at {url}?" in shell.wrong("webhook", "list", "--url", url)
    there = shell.wrong("webhook", "list", POSTRIDER_TOKEN=None, POSTRIDER_DATA=str(tmp_path / "nowhere"))
    assert "admin-token" in there and "--data-dir" in there and str(tmp_path / "nowhere") in there


def test_contexts(shell, server, realm, tmp_path):
    without = {"POSTRIDER_URL": None, "POSTRIDER_TOKEN": None, "POSTRIDER_REALM": None}
    said = shell.out("login", server.url, "--realm", realm.name, "--name", "shop", given=TOKEN + "\n", **without)
    assert TOKEN not in said
    kept = tmp_path / "postrider" / "contexts.json"
    assert kept.stat().st_mode & 0o777 == 0o600 and kept.parent.stat().st_mode & 0o077 == 0
    assert "order.paid" in shell.out("event-type", "list", **without)
    shell.out("login", server.url, "--name", "all", given=TOKEN, **without)
    assert "order.paid" not in shell.say("event-type", "list", **without).stdout, "master has none of its own"
    assert "order.paid" in shell.out("event-type", "list", "--context", "shop", **without)
    assert "order.paid" in shell.out("event-type", "list", **{**without, "POSTRIDER_CONTEXT": "shop"})
    assert "POSTRIDER_TOKEN" in shell.wrong("webhook", "list", **{**without, "POSTRIDER_TOKEN": "prk_wrong"}), "it wins"
    assert "do you mean \"shop\"?" in shell.wrong("context", "use", "shpo", code=3)
    shell.out("context", "use", "shop")
    assert TOKEN not in shell.out("context", "list") + shell.out("context", "list", "--json")
    shell.out("logout", "all")
    assert [each["name"] for each in json.loads(shell.out("context", "list", "--json"))["items"]] == ["shop"]
    refused = shell.wrong("login", server.url, "--name", "bad", given="prk_wrong\n", **without)
    assert "unknown, expired or revoked" in refused and "bad" not in kept.read_text()
    kept.chmod(0o644)
    assert "chmod 600" in shell.wrong("webhook", "list", code=2, **without)


def test_watch_writes_each_change_once(shell, realm, receiver, path):
    realm.create_webhook(receiver.url(path), name="billing")
    process = subprocess.Popen([binary(), "delivery", "list", "--watch", "-o", "json"], stdout=subprocess.PIPE, text=True,
                               stdin=subprocess.DEVNULL, env=shell.environment())
    try:
        ids = [realm.publish("order.paid").json["id"] for _ in range(2)]
        for event in ids:
            realm.wait_final(event)
        seen = []
        while sum(1 for each in seen if each["state"] == "delivered") < 2:
            seen.append(json.loads(process.stdout.readline()))
        assert {each["event_id"] for each in seen} == set(ids)
        states = [(each["event_id"], json.dumps(each, sort_keys=True)) for each in seen]
        assert len(set(states)) == len(states), "nothing is written twice"
    finally:
        process.kill()
        process.communicate()


def test_watch_takes_the_place_of_what_was_there(shell, realm, receiver, path):
    realm.create_webhook(receiver.url(path), name="billing")
    with shell.terminal("delivery", "list", "--watch", rows=10) as terminal:
        terminal.read_until("Ctrl-C")
        shell.out("publish", "order.paid")
        terminal.read_until("delivered")
        assert terminal.text.count("\x1b[H\x1b[2J") >= 2


def complete(shell, *words, **more):
    """What bash offers for the last word."""
    script = ("source <(%s completion bash)\nCOMP_WORDS=(%s %s)\nCOMP_CWORD=%d\n_postrider\nprintf '%%s\\n' \"${COMPREPLY[@]}\"" %
              (binary(), binary(), " ".join(f"'{word}'" for word in words), len(words)))
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=30, cwd="/",
                          env=shell.environment(**more))
    assert done.stderr == "", done
    return done.stdout.split("\n")[:-1]


def test_completion_of_names(shell, realm):
    for name in ("billing", "big one", "shop"):
        realm.create_webhook("http://127.0.0.1:9/", name=name)
    shell.out("user", "create", "ada")
    assert complete(shell, "webhook", "show", "bi") == ["big one", "billing"]
    assert complete(shell, "delivery", "list", "--webhook", "s") == ["shop"]
    assert complete(shell, "user", "show", "") == ["ada"]
    assert complete(shell, "publish", "order.pa") == ["order.paid"]
    assert complete(shell, "webhook", "create", "https://h/", "--event", "user.crea") == ["user.created"]
    assert complete(shell, "role", "create", "r", "--permission", "view_user") == ["view_users"]
    assert realm.name in complete(shell, "webhook", "list", "--realm", realm.name[:3])
    assert complete(shell, "webhook", "show", "--realm", realm.name, "s", POSTRIDER_REALM="master") == ["shop"]
    assert "show" in complete(shell, "webhook", "sh"), "verbs need no server"


def test_completion_is_silent_and_quick_without_a_server(shell):
    with socket.create_server(("127.0.0.1", 0)) as mute:  # takes connections, answers nothing
        url = f"http://127.0.0.1:{mute.getsockname()[1]}"
        began = time.monotonic()
        done = shell.say("__complete", "webhook", "show", "", POSTRIDER_URL=url)
        took = time.monotonic() - began
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert took < 5, "the limit is 1 s; the rest is for a busy machine"
    assert "etc" in complete(shell, "webhook", "show", "e", POSTRIDER_URL="http://127.0.0.1:1"), "files, as ever"


@pytest.mark.parametrize("name", ["zsh", "fish"])
def test_the_other_shells_take_their_script(shell, name):
    script = shell.out("completion", name)
    assert "__complete" in script
    if shutil.which(name):
        done = subprocess.run([name, "-n"], input=script, text=True, capture_output=True, timeout=30)
        assert done.returncode == 0, done


def listen(*flags):
    process = subprocess.Popen([binary(), "listen", "--port", "0", *flags], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               text=True, stdin=subprocess.DEVNULL, env=environment())
    return process, re.search(r"http://[^ ;]+", process.stderr.readline())[0]


def test_a_receivers_developer_needs_no_server(shell):
    process, url = listen("--secret", SECRET, "--count", "3", "--json")
    assert "204: accepted" in shell.out("sign", url, "--secret", SECRET, "--event", "user.created", "--id", "one")
    assert "401: refused" in shell.say("sign", url, "--secret", "whsec_" + "A" * 44).stdout
    stale = shell.say("sign", url, "--secret", SECRET, "--timestamp", "10m")
    assert stale.returncode == 1 and "401: refused" in stale.stdout
    out, _ = process.communicate(timeout=30)
    first, second, third = map(json.loads, out.splitlines())
    assert first["verified"] and first["id"] == "one" and first["body"]["event"] == "user.created"
    assert first["body"]["data"], "the catalogue's example"
    assert not second["verified"] and second["status"] == 401 and not third["verified"]
    assert process.returncode == 4


def test_listen_forwards_to_an_application(shell):
    behind, application = listen("--status", "202", "--count", "1", "--json")
    process, url = listen("--secret", SECRET, "--forward-to", application + "hooks", "--count", "1")
    assert "202: accepted" in shell.out("sign", url, "--secret", SECRET)
    assert json.loads(behind.communicate(timeout=30)[0])["path"] == "/hooks"
    assert f"{application}hooks answered 202" in process.communicate(timeout=30)[0]


def test_deleting_asks_and_counts(shell, realm, receiver, path):
    shell.out("client", "create", "storefront")
    shell.out("client", "add-redirect", "storefront", "https://shop.example/cb")
    shell.out("role", "create", "auditor")
    shell.out("user", "create", "ada")
    shell.out("user", "assign", "ada", "auditor")
    realm.create_webhook(receiver.on(path, 503), name="billing", retry_schedule=["1h"])
    event = json.loads(shell.out("publish", "order.paid", "--json"))["id"]
    wait_for(lambda: json.loads(shell.out("delivery", "list", "--event-id", event, "--json"))["items"][0]["attempts"], "an attempt")
    for words, counted in ((("client", "delete", "storefront"), "1 redirect URI"), (("user", "delete", "ada"), "1 role"),
                           (("webhook", "delete", "billing"), "1 delivery"), (("role", "delete", "auditor"), "loses")):
        assert "--yes" in shell.wrong(*words, code=2)
        with shell.terminal(*words) as terminal:
            terminal.read_until("[y/N]")
            assert counted in terminal.text, terminal.text
            terminal.type("n")
            assert terminal.end() == 1 and "nothing was deleted" in terminal.text
        with shell.terminal(*words) as terminal:
            terminal.read_until("[y/N]")
            terminal.type("y")
            assert terminal.end() == 0, terminal.text
    with shell.terminal("realm", "delete", realm.name) as terminal:
        terminal.read_until("Type its name")
        assert re.search(r"0 webhooks, 0 users, \d+ roles? and 0 clients", terminal.text), terminal.text
        terminal.type("y")
        assert terminal.end() == 1, "the name is asked for"
    with shell.terminal("realm", "delete", realm.name) as terminal:
        terminal.read_until("Type its name")
        terminal.type(realm.name)
        assert terminal.end() == 0, terminal.text


def test_a_password_is_not_shown(shell):
    shell.out("user", "create", "ada")
    with shell.terminal("user", "password", "ada") as terminal:
        for question in ("New password of ada:", "The same again:"):
            terminal.read_until(question)
            wait_for(lambda: not terminal.echoes(), "no echo")
            terminal.type("correct horse battery staple")
        assert terminal.end() == 0, terminal.text
    assert "horse" not in terminal.text


def test_help_is_no_error(shell):
    for words in (("--help",), ("-h",), ("help",), ("webhook", "--help"), ("help", "webhook"), ("webhook", "create", "--help"),
                  ("webhook", "help"), ("serve", "--help"), ("help", "sign")):
        done = shell.say(*words)
        assert done.returncode == 0 and done.stdout and not done.stderr, (words, done)
    for script in ("demo", "setup", "build", "test"):
        done = subprocess.run([ROOT / "scripts" / script, "--help"], capture_output=True, text=True, timeout=30)
        assert done.returncode == 0 and f"scripts/{script}" in done.stdout and not done.stderr, (script, done)


def test_long_steps_show_that_they_go_on(tmp_path):
    """Without a terminal, as apt, npm and ninja run in scripts/setup and scripts/build."""
    fifo, log = tmp_path / "go", tmp_path / "log"
    os.mkfifo(fifo)
    process = subprocess.Popen([ROOT / "tools" / "with_progress", "building", str(log), "sh", "-c",
                                f"echo 'step 7 of 9'; read line < {fifo}; exit 3"], stdout=subprocess.PIPE, text=True,
                               env=environment(PROGRESS_SECONDS="1"))
    assert re.fullmatch(r"building: still at it after \d+ s: step 7 of 9\n", process.stdout.readline())
    fifo.write_text("go\n")
    process.communicate(timeout=30)
    assert process.returncode == 3, "as the command does"
    for script in ("setup", "build"):
        assert "with_progress" in (ROOT / "scripts" / script).read_text()


def test_the_api_names_every_wrong_field_of_every_event(realm):
    about = str(uuid.uuid4())
    answer = realm.call("POST", "/events/batch", {"events": [
        {"event": "order.payd", "resource_id": about, "data": {}},
        {"event": "order.paid", "resource_id": "x", "data": []},
        {"event": "order.paid", "resource_id": about, "data": {}},
        {"evnt": "order.paid", "resource_id": about, "data": {}, "timestamp": "noon"},
        {"event": "no.such", "resource_id": about, "data": 1}]})
    assert answer.status == 422
    places = [error["pointer"] for error in answer.json["errors"]]
    assert places == ["#/events/0/event", "#/events/1/resource_id", "#/events/1/data", "#/events/3/evnt", "#/events/3/timestamp",
                      "#/events/3/event", "#/events/4/data", "#/events/4/event"]
    assert answer.json["detail"].startswith("8 fields are wrong; the first: #/events/0/event there is no event type")
    assert 'do you mean "order.paid"?' in answer.json["errors"][0]["detail"]
    single = realm.call("POST", "/events", {"event": "order.payd", "resource_id": "x", "data": {}}).json["errors"]
    assert [error["pointer"] for error in single] == ["#/resource_id", "#/event"]


def test_places_have_one_style(realm):
    for method, path, body, begins in (
            ("POST", "/webhooks", {"url": "x", "events": ["*"]}, "#/url "),
            ("POST", "/webhooks", {"url": "x", "evnts": []}, "3 fields are wrong; the first: #/evnts is unknown; do you mean events?"),
            ("POST", "/webhooks", [], "the body must be"),
            ("GET", "/events?since=noon", None, "the query parameter since must be a time"),
            ("GET", "/webhooks?limit=0&foo=1", None, "2 fields are wrong; the first: the query parameter limit "),
            ("PATCH", "/settings", {"timeout": "90s"}, "#/timeout must be"),
            ("POST", "/roles", {"name": "r", "permissions": ["x"]}, '#/permissions/0 "x" is no permission; known are view_realms,'),
            ("POST", "/users/bulk-delete", {"ids": ["x"]}, "#/ids/0 must be")):
        problem = realm.call(method, path, body)
        assert problem.status == 422 and problem.json["detail"].startswith(begins), problem.json


def test_titles_fit(realm):
    realm.call("POST", "/users", {"username": "ada", "email": "ada@example.com"})
    realm.call("POST", "/roles", {"name": "auditor"})
    realm.call("POST", "/clients", {"client_id": "shop"})
    for path, body, title in (("/users", {"username": "ada"}, "Username taken"),
                              ("/users", {"username": "eve", "email": "ada@example.com"}, "E-mail address taken"),
                              ("/roles", {"name": "auditor"}, "Name taken"),
                              ("/clients", {"client_id": "shop"}, "Client id taken")):
        problem = realm.call("POST", path, body)
        assert (problem.status, problem.json["title"]) == (409, title), problem.json
        assert problem.json["type"].endswith("-taken")
        assert problem.body.endswith(b"\n")


class FirstStart:
    """`postrider serve` as a newcomer runs it, on any free port."""

    def __init__(self, data, *flags):
        self.process = subprocess.Popen([binary(), "serve", "--data", str(data), "--listen", "127.0.0.1:0", *flags], text=True,
                                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                        env=environment())
        self.said = ""

    def read_until(self, pattern):
        while not (found := re.search(pattern, self.said)):
            line = self.process.stdout.readline()
            assert line, self.said
            self.said += line
        return found

    def end(self):
        self.process.terminate()
        self.said += self.process.communicate(timeout=60)[0]
        return self.said


def stranger(url):
    """Somebody without a key."""
    port = int(url.rsplit(":", 1)[1])
    return Realm(Client(lambda: ("127.0.0.1", port), None), "master")


@sqlite_only
def test_the_login_link_is_printed_until_there_is_a_password(tmp_path):
    data = tmp_path / "data"
    with socket.create_server(("127.0.0.1", 0)) as taken:
        first = subprocess.run([binary(), "serve", "--data", data, "--listen", f"127.0.0.1:{taken.getsockname()[1]}"],
                               capture_output=True, text=True, timeout=60, env=environment())
    assert first.returncode != 0, first
    for is_last in (False, True):
        start = FirstStart(data)
        link = start.read_until(r"(http://127\.0\.0\.1:\d+)/set-password#realm=master&token=(\S+)")
        start.read_until("listening on")
        if is_last:
            anybody = stranger(link[1])
            anybody.call("POST", "/reset-password/complete", {"token": link[2], "password": "correct horse battery staple"}, 204)
        start.end()
    start = FirstStart(data)
    start.read_until("listening on")
    assert "set-password" not in start.end()


@sqlite_only
def test_admin_link_is_not_held_to_the_limit_for_strangers(tmp_path):
    start = FirstStart(tmp_path / "data")
    try:
        url = start.read_until(r"listening on (\S+)")[1]
        anybody = stranger(url)
        for _ in range(20):
            anybody.call("POST", "/reset-password", {"username": "admin"})
        for _ in range(6):
            done = subprocess.run([binary(), "admin-link", "--url", url, "--data-dir", tmp_path / "data"], capture_output=True,
                                  text=True, timeout=30, env=environment())
            assert done.returncode == 0 and "set-password#realm=master&token=prt_" in done.stdout, done
    finally:
        start.end()


def test_the_unit_of_systemd_is_sound(tmp_path):
    if not shutil.which("systemd-analyze"):
        pytest.skip("there is no systemd-analyze here")
    unit = (ROOT / "packaging" / "postrider.service.in").read_text()
    assert "@bindir@/postrider serve --config /etc/postrider/postrider.toml" in unit
    (tmp_path / "postrider.service").write_text(unit.replace("@bindir@/postrider", str(pathlib.Path(binary()).resolve())))
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", str(tmp_path / "postrider.service")],
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and "postrider" not in done.stderr.lower().replace("/postrider.service", ""), done
    settings = (ROOT / "examples" / "systemd" / "postrider.toml").read_text()
    # By its user's default `check-config` looked at another folder than the service has.
    assert 'data = "/var/lib/postrider"' in settings and "StateDirectory=postrider" in unit
    known = {line.split("=")[0].strip().replace("_", "-") for line in settings.splitlines() if "=" in line and not line.startswith("#")}
    help_ = subprocess.run([binary(), "serve", "--help"], capture_output=True, text=True, timeout=30).stdout
    assert known and all(f"--{key} " in help_ for key in known), known
