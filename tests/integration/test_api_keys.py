"""API keys and the audit log: made, used, limited, revoked; who did what."""

import pytest

from client import Client, Realm

NOBODY = "019ab200-7c3e-7b1a-9a54-3f0f6b1d2c11"


def make_key(realm, *permissions, name="k", **more):
    return realm.call("POST", "/api-keys", {"name": name, "permissions": list(permissions), **more}, 201).json


def using(server, realm, key):
    return Realm(Client(server.address, key["key"]), realm.name)


def test_a_key_does_what_it_may_and_no_more(server):
    realm, other = server.realm(), server.realm()
    key = make_key(realm, "view_users", "publish_events")
    assert key["key"].startswith("prk_") and key["expires_at"] is None and key["last_used_at"] is None
    mine = using(server, realm, key)
    assert mine.get("/users").json["items"] == []
    refused = mine.call("POST", "/users", {"username": "ada"}, 403)
    assert "manage_users" in refused.json["detail"]
    assert Realm(mine.client, other.name).call("GET", "/users").status == 404
    assert mine.call("GET", "/api-keys").status == 403
    assert realm.items("/users") == []


def test_nobody_passes_on_what_they_do_not_have(server):
    realm = server.realm()
    mine = using(server, realm, make_key(realm, "manage_api_keys", "view_users"))
    made = make_key(mine, "view_users", name="less")
    assert made["permissions"] == ["view_users"]
    refused = mine.call("POST", "/api-keys", {"name": "more", "permissions": ["view_users", "view_audit"]}, 403)
    assert "view_audit" in refused.json["detail"]
    assert sorted(key["name"] for key in realm.items("/api-keys")) == ["k", "less"]


def test_a_revoked_key_is_refused_at_once_and_after_a_restart(server):
    realm = server.realm()
    key = make_key(realm, "view_users")
    mine = using(server, realm, key)
    mine.get("/users")
    realm.call("DELETE", f"/api-keys/{key['id']}", expect=204)
    refused = mine.call("GET", "/users", expect=401)
    assert "Bearer" in refused.headers["www-authenticate"]
    realm.call("GET", f"/api-keys/{key['id']}", expect=404)
    realm.call("DELETE", f"/api-keys/{key['id']}", expect=404)
    kept = make_key(realm, "view_users", name="kept")
    server.restart()
    mine.call("GET", "/users", expect=401)
    using(server, realm, kept).get("/users")


def test_the_key_is_in_no_other_answer_nor_in_the_files(server):
    realm = server.realm()
    key = make_key(realm, "view_users")
    using(server, realm, key).get("/users")
    for path in ("/api-keys", f"/api-keys/{key['id']}", "/audit", "/events"):
        assert key["key"].encode() not in realm.get(path).body
    for file in server.data.iterdir():
        if file.is_file():
            assert key["key"].encode() not in file.read_bytes(), file


@pytest.mark.parametrize("body, status, pointers", [
    ({}, 422, ["#/name", "#/permissions"]),
    ({"name": "", "permissions": []}, 422, ["#/name"]),
    ({"name": "x" * 201, "permissions": ["fly"]}, 422, ["#/name", "#/permissions/0"]),
    ({"name": "bootstrap", "permissions": []}, 422, ["#/name"]),
    ({"name": "a", "permissions": "all", "x": 1}, 422, ["#/permissions", "#/x"]),
    ({"name": "a", "permissions": [], "expires_at": "2020-01-01T00:00:00Z"}, 422, ["#/expires_at"]),
    ({"name": "a", "permissions": [], "expires_at": "soon"}, 422, ["#/expires_at"]),
    ({"name": "taken", "permissions": []}, 409, ["#/name"]),
])
def test_bad_keys_are_refused_by_field(server, body, status, pointers):
    realm = server.realm()
    make_key(realm, name="taken")
    assert sorted(realm.call("POST", "/api-keys", body, status).pointers) == pointers
    assert len(realm.items("/api-keys")) == 1


def test_the_servers_own_key_stays(server):
    own, = [key for key in server.master.items("/api-keys") if key["name"] == "bootstrap"]
    refused = server.master.call("DELETE", f"/api-keys/{own['id']}", expect=409)
    assert "admin-token" in refused.json["detail"]
    server.master.get("/users")


def test_the_audit_log_says_who_did_what(server):
    realm = server.realm()
    key = make_key(realm, "manage_users", "view_users")
    mine = using(server, realm, key)
    user = mine.call("POST", "/users", {"username": "ada"}, 201).json["id"]
    mine.call("PATCH", f"/users/{user}", {"email": "ada@example.com"}, 200)
    realm.call("DELETE", f"/users/{user}", expect=204)
    about = realm.items("/audit", resource_id=user)
    assert [entry["action"] for entry in about] == ["user.delete", "user.update", "user.create"]
    assert about[1]["detail"] == {"changed": ["email"]}
    assert [entry["actor"] == {"kind": "api_key", "id": key["id"]} for entry in about] == [False, True, True]
    by_key = realm.items("/audit", actor_id=key["id"])
    assert [entry["action"] for entry in by_key] == ["user.update", "user.create"]
    assert [entry["action"] for entry in realm.items("/audit", actor_id=key["id"], action="user.create")] == ["user.create"]
    assert [entry["action"] for entry in realm.items("/audit", action="api_key.*")] == ["api_key.create"]
    assert realm.items("/audit", action="user") == []
    assert realm.items("/audit", resource_id=user, actor_id=key["id"], action="user.update") == about[1:2]
    assert realm.items("/audit", until=about[2]["time"], resource_id=user) == []
    assert realm.items("/audit", since=about[2]["time"], resource_id=user) == about
    assert server.realm().items("/audit", resource_id=user) == []
    pages = realm.get("/audit", limit=1).json
    assert len(pages["items"]) == 1 and pages["next_cursor"]
    mine.call("GET", "/audit", expect=403)


def test_when_a_key_was_last_used_is_kept(server):
    realm = server.realm()
    key = make_key(realm, "view_users")
    using(server, realm, key).get("/users")
    server.stop()
    server.start()
    assert realm.get(f"/api-keys/{key['id']}").json["last_used_at"] is not None
