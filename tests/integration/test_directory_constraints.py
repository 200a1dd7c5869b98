"""The directory's rules: formats, uniqueness, versions, who may grant what, passwords, deletion."""

import hashlib
import os
import sqlite3

import pytest

from client import Client, Realm
from server import Server, sqlite_only
from waiting import wait_for

NOBODY = "019ab200-7c3e-7b1a-9a54-3f0f6b1d2c11"
PASSWORD = "correct horse battery staple"


def make(realm, path, **body):
    return realm.call("POST", path, body, 201).json


@pytest.mark.parametrize("path, body, pointers", [
    ("/users", {}, ["#/username"]),
    ("/users", {"username": ""}, ["#/username"]),
    ("/users", {"username": " ada"}, ["#/username"]),
    ("/users", {"username": "a\u0000"}, ["#/username"]),
    ("/users", {"username": "x" * 256}, ["#/username"]),
    ("/users", {"username": 1, "enabled": "yes", "attributes": [], "x": 1},
     ["#/attributes", "#/enabled", "#/username", "#/x"]),
    ("/users", {"username": "a", "id": NOBODY, "version": 3}, ["#/id", "#/version"]),
    ("/users", {"username": "a", "attributes": {"a": "x" * 16384}}, ["#/attributes"]),
    *[("/users", {"username": "a", "email": email}, ["#/email"])
      for email in ("a", "@b", "a@", "a b@c", "a@b@c", "a@.b", "a@b..c", "a" * 250 + "@b.cd")],
    ("/users/bulk-delete", {}, ["#/ids"]),
    ("/users/bulk-delete", {"ids": []}, ["#/ids"]),
    ("/users/bulk-delete", {"ids": [NOBODY] * 1001}, ["#/ids"]),
    ("/users/bulk-delete", {"ids": [NOBODY, "x", NOBODY]}, ["#/ids/1", "#/ids/2"]),
    ("/roles", {"name": ""}, ["#/name"]),
    ("/roles", {"name": "r", "permissions": ["view_users", "fly", 1]}, ["#/permissions/1", "#/permissions/2"]),
    ("/clients", {"client_id": "a b"}, ["#/client_id"]),
    ("/clients", {"client_id": "c", "type": "secret"}, ["#/type"]),
    ("/clients", {"client_id": "c", "service_account_roles": [NOBODY]}, ["#/service_account_roles"]),
    ("/clients", {"client_id": "c", "type": "public", "service_account_roles": [NOBODY]},
     ["#/service_account_roles"]),
])
def test_bad_fields_are_named(server, path, body, pointers):
    answer = server.realm().call("POST", path, body, 422)
    assert answer.pointers == pointers


@pytest.mark.parametrize("value, good", [
    ("https://shop.example/cb", True), ("https://shop.example:8443/cb?x=1", True),
    ("http://127.0.0.1/cb", True), ("com.example.app:/callback", True), ("com.example.app://callback?x=1", True),
    ("myapp:/callback", False), ("shop.example:8443/cb", False), ("com.example.app:/cb#x", False),
    ("com.example.app:/*", False), ("http://localhost:*/cb", False), ("com..app:/cb", False),
    ("http://127.0.0.1:3000/cb", True), ("http://[::1]/cb", True), ("http://localhost/cb", True),
    ("http://shop.example/cb", False), ("/cb", False), ("https://shop.example/cb#x", False),
    ("https://*.example/cb", False), ("https://user@shop.example/", False), ("javascript:alert(1)", False),
    ("https://", False), ("http://127.0.0.1.example/cb", False),
])
def test_redirect_uris_are_exact_and_safe(server, value, good):
    realm = server.realm()
    client = make(realm, "/clients", client_id="shop")["id"]
    answer = realm.call("POST", f"/clients/{client}/redirects", {"value": value})
    assert answer.status == (201 if good else 422), answer
    if good:
        assert answer.json["value"] == value
        assert realm.call("POST", f"/clients/{client}/redirects", {"value": value}, 409).pointers == ["#/value"]
    else:
        assert answer.pointers == ["#/value"]


def test_names_are_taken_once_and_conflicts_name_the_field(server):
    realm = server.realm()
    make(realm, "/users", username="Ada", email="Ada@example.com")
    eve = make(realm, "/users", username="eve")["id"]
    for body, pointer in (({"username": "ADA"}, "#/username"), ({"email": "ada@EXAMPLE.com"}, "#/email")):
        assert realm.call("PATCH", f"/users/{eve}", body, 409).pointers == [pointer]
        assert realm.call("POST", "/users", {"username": "new", **body}, 409).pointers == [pointer]
    make(server.realm(), "/users", username="ada")  # another realm has its own
    make(realm, "/roles", name="r")
    assert realm.call("POST", "/roles", {"name": "r"}, 409).pointers == ["#/name"]
    client = make(realm, "/clients", client_id="c")["id"]
    assert realm.call("POST", "/clients", {"client_id": "c"}, 409).pointers == ["#/client_id"]
    make(realm, f"/clients/{client}/roles", name="r")  # a client has names of its own
    assert realm.call("POST", f"/clients/{client}/roles", {"name": "r"}, 409).pointers == ["#/name"]


def test_versions_put_and_patch(server):
    realm = server.realm()
    user = realm.call("POST", "/users", {"username": "ada", "first_name": "Ada",
                                         "attributes": {"a": 1, "b": {"c": 2}}}, 201)
    path = f"/users/{user.json['id']}"
    assert user.headers["etag"] == '"1"' and user.headers["location"].endswith(path)
    patched = realm.call("PATCH", path, {"attributes": {"a": None, "b": {"d": 3}}}, 200,
                         headers={"if-match": '"1"'})
    assert patched.json["attributes"] == {"b": {"c": 2, "d": 3}} and patched.headers["etag"] == '"2"'
    assert realm.call("PATCH", path, {"first_name": "x"}, 412, {"if-match": '"1"'}).problem == "precondition-failed"
    assert realm.call("DELETE", path, None, 412, {"if-match": '"1"'}).problem == "precondition-failed"
    same = realm.call("PATCH", path, {"first_name": "Ada"}, 200)
    assert same.headers["etag"] == '"2"'
    replaced = realm.call("PUT", path, {"username": "ada"}, 200).json
    assert replaced["first_name"] == "" and replaced["attributes"] == {} and replaced["version"] == 3


def test_lists_go_by_cursor(server):
    realm = server.realm()
    made = [make(realm, "/users", username=f"u{n}")["id"] for n in range(7)]
    first = realm.get("/users", limit=3).json
    second = realm.get("/users", limit=3, cursor=first["next_cursor"]).json
    assert [u["id"] for u in first["items"] + second["items"]] == made[::-1][:6]
    assert realm.get("/users", username="U3").json["items"][0]["id"] == made[3]
    assert realm.get("/users", username="nobody").json["items"] == []


def test_another_realms_objects_are_404(server):
    one, other = server.realm(), server.realm()
    user, role = make(one, "/users", username="ada")["id"], make(one, "/roles", name="r")["id"]
    client = make(one, "/clients", client_id="c")["id"]
    client_role = make(one, f"/clients/{client}/roles", name="r")["id"]
    own = make(other, "/users", username="own")["id"]
    for path in (f"/users/{user}", f"/roles/{role}", f"/clients/{client}", f"/clients/{client}/roles",
                 f"/users/{user}/roles", f"/users/{user}/credentials"):
        other.call("GET", path, None, 404)
    other.call("POST", f"/users/{own}/roles/{role}", None, 404)
    other.call("POST", "/users/bulk-delete", {"ids": [own, user]}, 422)
    assert [u["id"] for u in other.items("/users")] == [own]
    # A client's role is reached through its client alone.
    one.call("GET", f"/roles/{client_role}", None, 404)
    one.call("GET", f"/clients/{client}/roles/{role}", None, 404)


def test_the_last_administrator_of_master_stays(server):
    master = server.master
    admin = master.get("/users", username="admin").json["items"][0]["id"]
    role = master.items(f"/users/{admin}/roles")[0]["id"]
    for method, path, body in (
            ("DELETE", f"/users/{admin}", None), ("PATCH", f"/users/{admin}", {"enabled": False}),
            ("POST", "/users/bulk-delete", {"ids": [admin]}), ("DELETE", f"/roles/{role}", None),
            ("DELETE", f"/users/{admin}/roles/{role}", None),
            ("PUT", f"/roles/{role}/permissions", {"permissions": ["view_users"]})):
        assert master.call(method, path, body, 409).problem == "conflict", path
    second = make(master, "/users", username="second")["id"]
    master.call("POST", f"/users/{second}/roles/{role}", None, 204)
    master.call("PATCH", f"/users/{admin}", {"enabled": False}, 200)
    master.call("DELETE", f"/users/{second}", None, 409)
    master.call("PATCH", f"/users/{admin}", {"enabled": True}, 200)
    master.call("DELETE", f"/users/{second}", None, 204)
    assert server.client.call("DELETE", "/realms/master", None, 409).problem == "conflict"


def with_key(server, permissions):
    """A key of master with these permissions, put into the store while the server is down."""
    token = "prk_" + os.urandom(16).hex()
    server.stop()
    with sqlite3.connect(server.data / "postrider.db") as db:
        realm, = db.execute("SELECT id FROM realms WHERE name = 'master'").fetchone()
        names = "[" + ",".join(f'"{name}"' for name in permissions) + "]"
        db.execute("INSERT INTO api_keys (realm_id, id, name, hash, permissions, created_at) VALUES (?, ?, ?, ?, ?, 0)",
                   (realm, os.urandom(16), "less", hashlib.sha256(token.encode()).digest(), names))
    server.start()
    return Client(server.address, token)


@sqlite_only
def test_nobody_grants_what_they_do_not_have(tmp_path):
    with Server(tmp_path / "data") as server:
        realm = server.realm()
        user, less = (make(realm, "/users", username=name)["id"] for name in ("ada", "less"))
        big = make(realm, "/roles", name="big", permissions=["view_users", "manage_realms"])["id"]
        small = make(realm, "/roles", name="small", permissions=["view_users"])["id"]
        realm.call("POST", f"/users/{user}/roles/{big}", None, 204)
        client = make(realm, "/clients", client_id="c", service_account_roles=[big])["id"]
        limited = Realm(with_key(server, ["view_users", "manage_users", "manage_roles", "manage_clients"]), realm.name)
        for method, path, body in (
                ("POST", f"/users/{less}/roles/{big}", None),
                ("POST", "/roles", {"name": "x", "permissions": ["manage_realms"]}),
                ("PUT", f"/roles/{small}/permissions", {"permissions": ["view_users", "manage_realms"]}),
                ("PATCH", f"/roles/{small}", {"permissions": ["manage_realms"]}),
                ("PUT", f"/roles/{big}/permissions", {"permissions": ["view_users"]}),
                ("POST", "/clients", {"client_id": "x", "service_account_roles": [big]}),
                ("POST", f"/clients/{client}/secret/rotate", None),
                ("PUT", f"/users/{user}/password", {"password": PASSWORD}),  # who is more than they
                ("POST", f"/users/{user}/reset-password", None),
                ("PATCH", f"/users/{user}", {"email": "mine@example.com"})):
            refused = limited.call(method, path, body, 403)
            assert "manage_realms" in refused.json["detail"], refused
        limited.call("POST", f"/users/{less}/roles/{small}", None, 204)
        assert limited.call("GET", "/clients", None, 403).problem == "permission-denied"


def test_a_reset_token_works_once_and_alone(server):
    realm = server.realm()
    user = make(realm, "/users", username="ada", email="ada@example.com")["id"]
    path = f"/users/{user}/reset-password"
    open_realm = Realm(Client(server.address, None), realm.name)
    token = realm.call("POST", path, None, 200).json["token"]

    def complete(text, status, password=PASSWORD):
        return open_realm.call("POST", "/reset-password/complete", {"token": text, "password": password}, status)
    assert complete(token, 422, "short").pointers == ["#/password"]
    assert complete("prt_wrong", 422).pointers == ["#/token"]
    complete(token, 204)
    assert complete(token, 422).pointers == ["#/token"]
    credential, = realm.get(f"/users/{user}/credentials").json["items"]
    assert credential["type"] == "password" and "hash" not in credential
    # There is an end for those with the right to, too.
    for _ in range(59):
        realm.call("POST", path, None, 200)
    again = realm.call("POST", path, None, 429)
    assert again.problem == "too-many-resets" and again.headers["retry-after"] == "60"
    # Void after a change of e-mail, or of the password.
    for change in (("PATCH", "", {"email": "new@example.com"}, 200), ("PUT", "/password", {"password": PASSWORD}, 204)):
        other = make(realm, "/users", username=os.urandom(4).hex())["id"]
        token = realm.call("POST", f"/users/{other}/reset-password", None, 200).json["token"]
        method, tail, body, status = change
        realm.call(method, f"/users/{other}{tail}", body, status)
        assert complete(token, 422).pointers == ["#/token"]


def test_the_realms_policy_is_asked(server):
    realm = server.realm()
    user = make(realm, "/users", username="ada")["id"]
    realm.call("PUT", f"/users/{user}/password", {"password": "x" * 14}, 422)
    realm.call("PUT", f"/users/{user}/password", {"password": "ä" * 15}, 204)
    realm.call("PATCH", "/settings", {"password_min_length": 20}, 200)
    assert realm.call("PUT", f"/users/{user}/password", {"password": "x" * 19}, 422).pointers == ["#/password"]
    realm.call("PUT", f"/users/{user}/password", {"password": "x" * 1025}, 422)
    assert realm.call("PATCH", "/settings", {"password_min_length": 7, "timeout": "1h", "retention_days": 0},
                      422).pointers == ["#/password_min_length", "#/retention_days", "#/timeout"]


def test_settings_hold_for_webhooks(server, receiver, path):
    realm = server.realm(None, "order.paid")
    receiver.on(path, 500)
    realm.create_webhook(receiver.url(path))
    realm.call("PATCH", "/settings", {"retry_schedule": ["50ms"]}, 200)
    final, = realm.wait_final(realm.publish("order.paid").json["id"])
    assert final["state"] == "failed" and len(receiver.at(path)) == 2
    assert realm.call("PUT", "/settings", {}, 200).json["retry_schedule"][0] == "5s"


@sqlite_only
def test_a_deleted_realm_is_gone_and_its_name_is_free(tmp_path, receiver, path):
    with Server(tmp_path / "data", "--allow-network", "127.0.0.0/8") as server:
        realm = server.realm("acme", "order.paid")
        for n in range(30):
            make(realm, "/users", username=f"u{n}")
        client = make(realm, "/clients", client_id="c")["id"]
        make(realm, f"/clients/{client}/redirects", value="https://x.example/")
        receiver.on(path, [503, 204])
        realm.create_webhook(receiver.url(path), events=["realm.deleted"], retry_schedule=["1s"])
        id_ = realm.get("").json["id"]
        server.client.call("DELETE", "/realms/acme", None, 204)
        server.client.call("GET", "/realms/acme", None, 404)
        server.client.call("GET", f"/realms/{id_}/users", None, 404)
        assert server.realm("acme").get("").json["id"] != id_
        receiver.wait(path)
        server.restart()  # its last delivery goes on after a crash
        receiver.wait(path, 2)
        assert receiver.at(path)[-1].json["data"]["contained"]["users"] == 30

        def left():
            with sqlite3.connect(f"file:{server.data}/postrider.db?mode=ro", uri=True) as db:
                raw = bytes.fromhex(id_.replace("-", ""))
                tables = [name for name, in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
                found = {}
                for table in tables:
                    columns = [row[1] for row in db.execute(f"PRAGMA table_info({table})")]
                    key = "realm_id" if "realm_id" in columns else "id" if table == "realms" else None
                    if key:
                        found[table] = db.execute(f"SELECT COUNT(*) FROM {table} WHERE {key} = ?", (raw,)).fetchone()[0]
                return {table: count for table, count in found.items() if count}
        wait_for(lambda: not left(), lambda: f"no rows left: {left()}", 60, every=0.2)
