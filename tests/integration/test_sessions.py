"""Users log in, act by a session, and are out when they should be."""

import contextlib
import ctypes
import http.client
import json
import re
import socket
import sqlite3
import statistics
import subprocess
import time

import pytest

from browser import SAME, Browser
from client import Client, Realm
from server import Server, TOKEN, binary, environment, sqlite_only
from waiting import wait_for

PASSWORD = "correct horse battery"


def make_user(realm, username, *permissions, password=PASSWORD):
    user = realm.call("POST", "/users", {"username": username, "email": f"{username}@example.com"}, 201).json["id"]
    if password:
        realm.call("PUT", f"/users/{user}/password", {"password": password}, 204)
    if permissions:
        role = realm.call("POST", "/roles", {"name": f"of-{username}", "permissions": list(permissions)}, 201).json["id"]
        realm.call("POST", f"/users/{user}/roles/{role}", None, 204)
    return user


def logged_in(server, realm, username, password=PASSWORD):
    browser = Browser(server, realm.name)
    browser.login(username, password)
    return browser


def test_a_session_does_what_the_users_roles_allow(server, realm):
    user = make_user(realm, "ada", "view_users")
    browser = Browser(server, realm.name)
    answer = browser.login("ada", PASSWORD)
    who = answer.json
    assert (who["kind"], who["user"], who["realm"], who["permissions"]) == (
        "session", {"id": user, "username": "ada"}, realm.name, ["view_users"])
    cookie = answer.headers["set-cookie"]
    assert re.fullmatch(r"sid=[A-Za-z0-9_-]{43}; Path=/; HttpOnly; SameSite=Strict", cookie)
    assert browser.realm.get("/session").json == {**who, "expires_at": browser.realm.get("/session").json["expires_at"]}
    assert browser.realm.get("/users").json["items"]
    refused = browser.realm.call("POST", "/users", {"username": "eve"}, 403)
    assert "manage_users" in refused.json["detail"] and "ada" in refused.json["detail"]
    assert browser.call("GET", "/realms/master").status == 404
    # By e-mail too, whatever the case.
    logged_in(server, realm, "ADA@example.com")


def test_a_changed_role_counts_at_once(server, realm):
    user = make_user(realm, "ada", "view_users")
    browser = logged_in(server, realm, "ada")
    role = realm.items(f"/users/{user}/roles")[0]["id"]
    realm.call("PUT", f"/roles/{role}/permissions", {"permissions": ["view_roles"]}, 200)
    assert browser.realm.call("GET", "/users").status == 403
    assert browser.realm.get("/roles").json["items"]
    realm.call("DELETE", f"/users/{user}/roles/{role}", None, 204)
    assert browser.realm.call("GET", "/roles").status == 403


@pytest.mark.parametrize("how", ["logout", "disabled", "password", "deleted", "credential", "ended", "realm"])
def test_a_session_ends_at_once(server, realm, how):
    user = make_user(realm, "ada", "view_users")
    browser, other = logged_in(server, realm, "ada"), logged_in(server, realm, "ada")
    session = browser.realm.get("/session").json["id"]
    if how == "logout":
        answer = browser.realm.call("DELETE", "/session", None, 204)
        assert "Max-Age=0" in answer.headers["set-cookie"]
        browser.cookie = None
        assert browser.realm.call("GET", "/session").status == 401
        assert other.realm.call("GET", "/session").status == 200
        return
    if how == "disabled":
        realm.call("PATCH", f"/users/{user}", {"enabled": False}, 200)
    elif how == "password":
        realm.call("PUT", f"/users/{user}/password", {"password": "another horse battery"}, 204)
    elif how == "deleted":
        realm.call("DELETE", f"/users/{user}", None, 204)
    elif how == "credential":
        credential = realm.get(f"/users/{user}/credentials").json["items"][0]["id"]
        realm.call("DELETE", f"/users/{user}/credentials/{credential}", None, 204)
    elif how == "ended":
        realm.call("DELETE", f"/sessions/{session}", None, 204)
        assert other.realm.call("GET", "/session").status == 200
    else:
        server.client.call("DELETE", f"/realms/{realm.name}", None, 204)
        assert browser.call("GET", "/realms").status == 401
        return
    refused = browser.realm.call("GET", "/session")
    assert refused.status == 401 and refused.problem == "unauthenticated"


def test_sessions_are_listed_and_capped(server, realm):
    ada, ben = make_user(realm, "ada"), make_user(realm, "ben")
    first = logged_in(server, realm, "ada")
    logged_in(server, realm, "ben")
    for _ in range(100):
        logged_in(server, realm, "ada")
    assert first.realm.call("GET", "/session").status == 401, "the oldest of 101 has ended"
    items = realm.items("/sessions", user_id=ada)
    assert len(items) == 100 and {item["user_id"] for item in items} == {ada}
    assert items[0]["address"] == "127.0.0.1"
    assert [item["user_id"] for item in realm.items("/sessions", user_id=ben)] == [ben]
    assert realm.get(f"/sessions/{items[0]['id']}").json["id"] == items[0]["id"]


def test_it_survives_a_kill(tmp_path):
    with Server(tmp_path / "data") as server:
        make_user(server.master, "ada", "view_users")
        browser = logged_in(server, server.master, "ada")
        server.restart()
        assert browser.realm.get("/session").json["name"] == "ada"
        browser.realm.call("DELETE", "/session", None, 204)
        cookie = browser.cookie
        server.restart()
        browser.cookie = cookie
        assert browser.realm.call("GET", "/session").status == 401


def test_the_answer_never_tells_who_is_there(server, realm):
    make_user(realm, "ada")
    make_user(realm, "ben", password=None)
    gone = make_user(realm, "cid")
    realm.call("PATCH", f"/users/{gone}", {"enabled": False}, 200)
    seen, times = set(), {}
    for name in ("ada", "ben", "cid", "nobody"):
        for _ in range(3):
            started = time.monotonic()
            answer = Browser(server, realm.name).login(name, "wrong horse battery", 401)
            times.setdefault(name, []).append(time.monotonic() - started)
            document = answer.json
            del document["request_id"]
            seen.add((answer.problem, str(document), answer.headers["www-authenticate"]))
    assert len(seen) == 1 and seen.pop()[0] == "login-failed"
    medians = {name: statistics.median(values) for name, values in times.items()}
    assert max(medians.values()) < 3 * min(medians.values()), medians


def test_failures_slow_down_one_account_and_lock_nobody_out(server, realm):
    make_user(realm, "ada")
    make_user(realm, "ben")
    browser = Browser(server, realm.name)
    for _ in range(3):
        browser.login("ada", "wrong", 401)
    started = time.monotonic()
    browser.login("ben", PASSWORD)
    assert time.monotonic() - started < 0.9
    started = time.monotonic()
    browser.login("Ada", "wrong", 401)
    assert 1 <= time.monotonic() - started < 2.5
    started = time.monotonic()
    browser.login("ada", PASSWORD)
    assert 2 <= time.monotonic() - started < 4, "it waits, and gets in"
    started = time.monotonic()
    browser.login("ada", PASSWORD)
    assert time.monotonic() - started < 0.9, "and the failures are forgotten"


def test_other_sites_cannot_use_a_session(server, realm):
    make_user(realm, "ada", "view_users", "manage_users")
    browser = logged_in(server, realm, "ada")
    new = lambda: {"username": "u-" + str(time.monotonic_ns())}
    ours = f"http://127.0.0.1:{server.port}"
    for headers in ({"sec-fetch-site": "cross-site"}, {"sec-fetch-site": "same-site"}, {"sec-fetch-site": "none"},
                    {"origin": "https://evil.example"}, {"origin": "null"}, {},
                    {"sec-fetch-site": "cross-site", "origin": ours}):
        refused = browser.realm.call("POST", "/users", new(), 403, headers)
        assert refused.problem == "cross-site", headers
    for headers in (SAME, {"origin": ours}, {"sec-fetch-site": "same-origin", "origin": ours}):
        browser.realm.call("POST", "/users", new(), 201, headers)
    for headers, status in (({"sec-fetch-site": "cross-site"}, 403), ({"sec-fetch-site": "none"}, 200), ({}, 200),
                            ({"origin": "https://evil.example"}, 403)):
        assert browser.realm.call("GET", "/users", headers=headers).status == status, headers
    # Nor can they log somebody in.
    refused = Browser(server, realm.name).realm.call("POST", "/session", {"username": "ada", "password": PASSWORD}, 403,
                                                     {"sec-fetch-site": "cross-site"})
    assert refused.problem == "cross-site"
    # A token is no cookie: it is never sent by itself.
    assert server.client.raw("GET", "/api/v1/realms", headers={"sec-fetch-site": "cross-site"}).status == 200
    # With both, the token counts.
    both = browser.raw("GET", f"/api/v1/realms/{realm.name}/session", headers={"authorization": "Bearer wrong"})
    assert both.status == 401


def test_bad_cookies_are_nobodys(server):
    for cookie in ("sid=", "sid", "sid=x", "other=1; sid=" + "A" * 43, "sid=" + "A" * 5000, "__Host-sid=x", "=;;sid"):
        answer = Client(server.address, None).raw("GET", "/api/v1/realms", headers={"cookie": cookie, **SAME})
        assert answer.status == 401, cookie


def test_where_one_may_log_in(tmp_path):
    with Server(tmp_path / "a", "--public-url", "https://hooks.example.com") as server:
        make_user(server.master, "ada", "view_users")
        browser = Browser(server)
        answer = browser.login("ada", PASSWORD)
        assert answer.headers["set-cookie"].startswith("__Host-sid=") and answer.headers["set-cookie"].endswith("; Secure")
        assert browser.realm.get("/session").json["name"] == "ada"
        browser.realm.call("DELETE", "/session", None, 204, {"origin": "https://hooks.example.com"})
    with Server(tmp_path / "b", "--public-url", "http://hooks.example.com") as server:
        refused = Browser(server).login("admin", PASSWORD, 409)
        assert refused.problem == "tls-required" and "--public-url" in refused.json["detail"]


def test_changes_by_a_session_are_in_the_audit_log(server, realm):
    user = make_user(realm, "ada", "manage_users")
    browser = logged_in(server, realm, "ada")
    session = browser.realm.get("/session").json["id"]
    made = browser.realm.call("POST", "/users", {"username": "eve"}, 201).json["id"]
    entry = realm.items("/audit", resource_id=made)[0]
    assert entry["actor"] == {"kind": "user", "id": user}
    assert entry["action"] == "user.create" and entry["detail"] == {"session": session}
    login = realm.items("/audit", resource_id=session)
    assert [entry["action"] for entry in login] == ["session.create"]


def weak_hash(password):
    """argon2id by libsodium with the least parameters that there are."""
    sodium = ctypes.CDLL("libsodium.so.23")
    out = ctypes.create_string_buffer(128)
    sodium.sodium_init()
    sodium.crypto_pwhash_str.argtypes = [ctypes.c_char_p, ctypes.c_char_p, ctypes.c_ulonglong, ctypes.c_ulonglong, ctypes.c_size_t]
    assert sodium.crypto_pwhash_str(out, password, len(password), 1, 8192) == 0
    return out.value.decode()


@sqlite_only
def test_an_old_hash_is_made_anew_at_login(tmp_path):
    with Server(tmp_path / "data") as server:
        user = make_user(server.master, "ada")
        server.stop()
        with sqlite3.connect(tmp_path / "data" / "postrider.db") as database:
            assert database.execute("UPDATE credentials SET hash = ?", (weak_hash(PASSWORD.encode()),)).rowcount == 1
        server.start()
        before = server.master.items("/events", event="user.updated")
        logged_in(server, server.master, "ada")
        assert server.master.items("/events", event="user.updated") == before, "no event: nothing has changed"
        logged_in(server, server.master, "ada")
        server.stop()
        with sqlite3.connect(tmp_path / "data" / "postrider.db") as database:
            (kept,), = database.execute("SELECT hash FROM credentials").fetchall()
        assert kept.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
        assert user


# The first administrator.


def first_output(data, **variables):
    """What a start prints to its standard output."""
    process = subprocess.Popen([binary(), "serve", "--data", str(data), "--listen", "127.0.0.1:0"], text=True,
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               env=environment(POSTRIDER_BOOTSTRAP_TOKEN=TOKEN, **variables))
    log = []
    for line in process.stderr:
        log.append(line)
        found = re.search(r"listening on (http://[\d.:]+)", line)
        if found:
            return process, found[1], log
    raise AssertionError("".join(log))


def ended(process):
    process.terminate()
    return process.communicate(timeout=30)[0]


def test_every_start_prints_a_link_until_there_is_a_password(tmp_path):
    # A start that failed after the store was made has shown nothing.
    with socket.create_server(("127.0.0.1", 0)) as taken:
        failed = subprocess.run([binary(), "serve", "--data", str(tmp_path), "--listen",
                                 f"127.0.0.1:{taken.getsockname()[1]}"], text=True, capture_output=True,
                                timeout=30, stdin=subprocess.DEVNULL, env=environment(), check=False)
    assert failed.returncode == 1 and "set-password" not in failed.stdout + failed.stderr
    process, url, _ = first_output(tmp_path)
    assert "/set-password#" in ended(process)
    process, url, log = first_output(tmp_path)
    port = int(url.rsplit(":", 1)[1])
    link = process.stdout.readline() + process.stdout.readline()
    found = re.search(re.escape(url) + r"/set-password#realm=master&token=(prt_[\w-]+)", link)
    assert found and not any(found[1] in line for line in log), link
    master = Realm(Client(lambda: ("127.0.0.1", port), TOKEN))
    # A stranger who asks for a reset of the administrator voids no link.
    Client(lambda: ("127.0.0.1", port), None).call("POST", "/realms/master/reset-password", {"username": "admin"}, 202)
    wait_for(lambda: master.items("/events", event="auth.reset_password"), "the stranger's reset")
    master.call("POST", "/reset-password/complete", {"token": found[1], "password": PASSWORD}, 204)
    master.call("POST", "/reset-password/complete", {"token": found[1], "password": PASSWORD}, 422)
    who = master.call("POST", "/session", {"username": "admin", "password": PASSWORD}, 201).json
    assert "manage_realms" in who["permissions"] and who["name"] == "admin"
    assert ended(process) == ""
    process, _, _ = first_output(tmp_path)
    assert ended(process) == ""


def test_admin_link_makes_another(tmp_path):
    with Server(tmp_path / "data", variables={"POSTRIDER_ADMIN_PASSWORD": "forgotten horse battery"}) as server:
        link = [binary(), "admin-link", "--url", server.url]
        done = subprocess.run(link, capture_output=True, text=True, timeout=30, stdin=subprocess.DEVNULL,
                              env=environment(POSTRIDER_TOKEN=TOKEN), check=True)
        found = re.search(re.escape(server.url) + r"/set-password#realm=master&token=(prt_[\w-]+)", done.stdout)
        assert found, done.stdout
        server.master.call("POST", "/reset-password/complete", {"token": found[1], "password": PASSWORD}, 204)
        browser = Browser(server)
        browser.login("admin", PASSWORD)
        assert browser.call("GET", "/realms").json["items"]
        # It is not held to the limit for strangers, and none of theirs voids its link.
        for _ in range(6):
            Client(server.address, None).call("POST", "/realms/master/reset-password", {"username": "admin"}, 202)
            again = subprocess.run(link, capture_output=True, text=True, timeout=30, stdin=subprocess.DEVNULL,
                                   env=environment(POSTRIDER_TOKEN=TOKEN), check=True)
        Client(server.address, None).call("POST", "/realms/master/reset-password", {"username": "admin"}, 202)
        token = re.search(r"token=(prt_[\w-]+)", again.stdout)[1]
        server.master.call("POST", "/reset-password/complete", {"token": token, "password": PASSWORD}, 204)


def test_the_password_from_the_environment_is_for_who_has_none(tmp_path):
    with Server(tmp_path / "a", variables={"POSTRIDER_ADMIN_PASSWORD": PASSWORD}) as server:
        logged_in(server, server.master, "admin")
        server.variables = {"POSTRIDER_ADMIN_PASSWORD": "another horse battery"}
        server.restart()
        logged_in(server, server.master, "admin")
    done = subprocess.run([binary(), "serve", "--data", str(tmp_path / "b"), "--listen", "127.0.0.1:0"], text=True,
                          capture_output=True, timeout=30, stdin=subprocess.DEVNULL,
                          env=environment(POSTRIDER_ADMIN_PASSWORD="short"), check=False)
    assert done.returncode == 2 and "POSTRIDER_ADMIN_PASSWORD must have at least 15 characters" in done.stderr


def attempt(server, realm, source, username, password):
    """A login on its way from an address of its own: the answer's status, when it is asked for."""
    body = json.dumps({"username": username, "password": password}).encode()
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60, source_address=(source, 0))
    connection.request("POST", f"/api/v1/realms/{realm.name}/session", body, {"Content-Type": "application/json"})

    def status():
        with contextlib.closing(connection):
            return connection.getresponse().status
    return status


def test_a_flood_at_one_account_refuses_no_other_of_its_realm(server, realm):
    """A realm has 32 places for passwords that wait to be checked: 40 networks that all try one account fill them."""
    for name in ("ada", "ben", "eve"):
        make_user(realm, name)
    flood = [attempt(server, realm, f"127.0.2.{n + 1}", "ada", "wrong horse battery") for n in range(40)]
    # Two of an office, behind one address.
    others = [attempt(server, realm, "127.0.0.77", name, PASSWORD) for name in ("ben", "eve")]
    assert [status() for status in others] == [201, 201]
    statuses = [status() for status in flood]
    assert set(statuses) == {401, 429} and statuses.count(401) >= 10, statuses
