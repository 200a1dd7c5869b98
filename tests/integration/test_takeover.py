"""Nobody weaker takes from somebody stronger: every operation that changes a user, a role, a client, an API key or a
session is tried by somebody who may do it, but less than the one it is done to.

Generated from the contract, so a new route is in it without a line here.
"""

import json
from datetime import UTC, datetime, timedelta

import pytest

from client import Client, Realm
from test_oauth import App
from test_tenant_matrix import OPERATIONS, PERMISSIONS, Unchanged, key
from waiting import wait_for
from world import body_for, fill

PASSWORD = "correct horse battery staple"
#: What stands in a path for somebody, or something, that may do more than the caller.
STRONG = {"{user_id}", "{role_id}", "{client_id}", "{api_key_id}", "{session_id}"}
#: Changes of what the path names, and one that names users in its body.
CHANGES = sorted({operation_id for operation_id, (method, path, _) in OPERATIONS.items()
                  if method != "GET" and any(name in path for name in STRONG)} | {"bulk_delete_users"})


@pytest.fixture(scope="module")
def strong(server):
    """A realm whose user, role, client, client's role, key and session may do everything."""
    realm = server.realm()
    make = lambda path, **body: realm.call("POST", path, body, 201).json
    role = make("/roles", name="all", permissions=PERMISSIONS)["id"]
    user = make("/users", username="ada")["id"]
    realm.call("POST", f"/users/{user}/roles/{role}", None, 204)
    realm.call("PUT", f"/users/{user}/password", {"password": PASSWORD}, 204)
    session = realm.call("POST", "/session", {"username": "ada", "password": PASSWORD}, 201).json["id"]
    client = make("/clients", client_id="shop", type="confidential", service_account_roles=[role])["id"]
    return realm, {"realm": realm.name, "user_id": user, "role_id": role, "client_id": client, "session_id": session,
                   "client_role_id": make(f"/clients/{client}/roles", name="buyer", permissions=PERMISSIONS)["id"],
                   "redirect_id": make(f"/clients/{client}/redirects", value="https://shop.example/cb")["id"],
                   "credential_id": realm.get(f"/users/{user}/credentials").json["items"][0]["id"],
                   "api_key_id": make("/api-keys", name="strong", permissions=PERMISSIONS)["id"]}


def ask(server, token, operation_id, names, body):
    method, path, _ = OPERATIONS[operation_id]
    return Client(server.address, token).raw(method, fill(path, names), None if body is None else json.dumps(body).encode())


@pytest.mark.parametrize("operation_id", CHANGES)
def test_nobody_weaker_changes_somebody_stronger(server, strong, operation_id):
    realm, names = strong
    permission = OPERATIONS[operation_id][2]["x-permission"]
    body = {"ids": [names["user_id"]]} if operation_id == "bulk_delete_users" else body_for(operation_id, "https://a.example/")
    weak = key(realm, permission)["key"]
    with Unchanged(server):
        answer = ask(server, weak, operation_id, names, body)
        assert answer.status == 403 and answer.problem == "permission-denied", f"{operation_id}: {answer}"
        assert "you lack the permission" in answer.json["detail"], answer


def test_equals_may(server, strong):
    """The same by somebody who may do as much: that it is not refused for another reason."""
    realm, names = strong
    equal = Realm(Client(server.address, key(realm, *PERMISSIONS)["key"]), realm.name)
    equal.call("PATCH", f"/users/{names['user_id']}", {"first_name": "Ada"}, 200)
    equal.call("PATCH", f"/roles/{names['role_id']}", {"description": "d"}, 200)
    equal.call("PATCH", f"/clients/{names['client_id']}", {"name": "n"}, 200)
    equal.call("POST", f"/clients/{names['client_id']}/secret/rotate", {}, 200)
    equal.call("DELETE", f"/sessions/{names['session_id']}", None, 204)


def test_a_role_is_not_emptied_by_whoever_could_not_grant_it(server):
    realm = server.realm()
    role = realm.call("POST", "/roles", {"name": "r", "permissions": ["manage_users", "view_users"]}, 201).json["id"]
    weak = Realm(Client(server.address, key(realm, "manage_roles", "view_users")["key"]), realm.name)
    for method, body in (("PUT", {"name": "r"}), ("PATCH", {"permissions": []}), ("DELETE", None)):
        weak.call(method, f"/roles/{role}", body, 403)
    weak.call("PUT", f"/roles/{role}/permissions", {"permissions": []}, 403)
    own = weak.call("POST", "/roles", {"name": "own", "permissions": ["view_users"]}, 201).json["id"]
    weak.call("PUT", f"/roles/{own}/permissions", {"permissions": []}, 200)
    weak.call("DELETE", f"/roles/{own}", None, 204)


def test_a_realm_with_somebody_stronger_is_not_deleted(server):
    """Its roles, and the API keys that have not ended, go with it."""
    weak = Client(server.address, key(server.master, "manage_realms")["key"])
    for make in (lambda realm: realm.call("POST", "/roles", {"name": "all", "permissions": PERMISSIONS}, 201),
                 lambda realm: key(realm, "manage_realms", "view_users")):
        realm = server.realm()
        make(realm)
        with Unchanged(server):
            answer = weak.call("DELETE", f"/realms/{realm.name}")
            assert answer.status == 403 and "you lack the permission" in answer.json["detail"], answer
    # Nothing stronger is in these two.
    ended = server.realm()
    soon = (datetime.now(UTC) + timedelta(seconds=1)).isoformat()
    ended.call("POST", "/api-keys", {"name": "ended", "permissions": ["view_users"], "expires_at": soon}, 201)
    equal = server.realm()
    key(equal, "manage_realms")
    wait_for(lambda: weak.call("DELETE", f"/realms/{ended.name}").status == 204, "the key to end")
    assert weak.call("DELETE", f"/realms/{equal.name}").status == 204


@pytest.mark.parametrize("kind", ["API key", "access token"])
def test_what_ends_makes_nothing_that_lasts_longer(server, realm, kind):
    """Time is a right, too: whoever has a key for a minute would keep it for ever."""
    end = (datetime.now(UTC) + timedelta(minutes=10)).isoformat()
    if kind == "API key":
        token = key(realm, "manage_api_keys", expires_at=end)["key"]
    else:
        token = App(realm, "shop", "manage_api_keys").token()
    short = Realm(Client(server.address, token), realm.name)
    far = (datetime.now(UTC) + timedelta(hours=2)).isoformat()
    for name, expires in (("for ever", {}), ("longer", {"expires_at": far})):
        refused = short.call("POST", "/api-keys", {"name": name, "permissions": ["manage_api_keys"], **expires}, 422)
        assert refused.pointers == ["#/expires_at"] and kind in refused.json["errors"][0]["detail"], refused
    sooner = (datetime.now(UTC) + timedelta(minutes=5)).isoformat()
    for expires in [sooner] + [end] * (kind == "API key"):
        short.call("POST", "/api-keys", {"name": expires, "permissions": ["manage_api_keys"], "expires_at": expires}, 201)
    # A session ends, too, but stands for its user, who does not.
    Person(server, realm, "ada", "manage_api_keys").make_key("of a person", "manage_api_keys")


def test_one_of_many_is_enough(server, strong):
    realm, names = strong
    other = realm.call("POST", "/users", {"username": "other"}, 201).json["id"]
    weak = Realm(Client(server.address, key(realm, "manage_users")["key"]), realm.name)
    weak.call("POST", "/users/bulk-delete", {"ids": [other, names["user_id"]]}, 403)
    weak.call("POST", "/users/bulk-delete", {"ids": [other]}, 200)


def test_an_administrator_who_cannot_log_in_is_not_the_last_one(server):
    """`admin` has no password here; the second administrator has one, and may not go."""
    master = server.master
    admin = master.get("/users", username="admin").json["items"][0]["id"]
    role = master.items(f"/users/{admin}/roles")[0]["id"]
    second = master.call("POST", "/users", {"username": "second-administrator"}, 201).json["id"]
    master.call("POST", f"/users/{second}/roles/{role}", None, 204)
    master.call("PUT", f"/users/{second}/password", {"password": PASSWORD}, 204)
    credential = master.get(f"/users/{second}/credentials").json["items"][0]["id"]
    for method, path, body in (("DELETE", f"/users/{second}", None), ("PATCH", f"/users/{second}", {"enabled": False}),
                               ("DELETE", f"/users/{second}/roles/{role}", None),
                               ("DELETE", f"/users/{second}/credentials/{credential}", None)):
        assert master.call(method, path, body, 409).problem == "conflict", path
    third = master.call("POST", "/users", {"username": "third-administrator"}, 201).json["id"]
    master.call("POST", f"/users/{third}/roles/{role}", None, 204)
    master.call("DELETE", f"/users/{second}", None, 409)
    master.call("PUT", f"/users/{third}/password", {"password": PASSWORD}, 204)
    master.call("DELETE", f"/users/{second}", None, 204)


class Person:
    """A user with a role of these permissions, who makes keys by a session."""

    def __init__(self, server, realm, name, *permissions):
        self.realm = realm
        self.role = realm.call("POST", "/roles", {"name": f"of {name}", "permissions": list(permissions)}, 201).json["id"]
        self.id = realm.call("POST", "/users", {"username": name}, 201).json["id"]
        realm.call("POST", f"/users/{self.id}/roles/{self.role}", None, 204)
        realm.call("PUT", f"/users/{self.id}/password", {"password": PASSWORD}, 204)
        made = realm.call("POST", "/session", {"username": name, "password": PASSWORD}, 201)
        self.headers = {"cookie": made.headers["set-cookie"].split(";")[0], "origin": server.url}
        self.client = Realm(Client(server.address, None), realm.name)

    def make_key(self, name, *permissions):
        return self.client.call("POST", "/api-keys", {"name": name, "permissions": list(permissions)}, 201,
                                headers=self.headers).json


def works(server, realm, made):
    return Client(server.address, made["key"]).raw("GET", f"/api/v1/realms/{realm.name}/session").status


def test_a_key_remembers_who_made_it_and_goes_with_them(server):
    realm = server.realm()
    ada = Person(server, realm, "ada", "manage_api_keys", "view_users")
    first = ada.make_key("first", "manage_api_keys", "view_users")
    assert first["made_by"] == {"kind": "user", "id": ada.id, "name": "ada"}
    second = Realm(Client(server.address, first["key"]), realm.name).call(
        "POST", "/api-keys", {"name": "second", "permissions": ["view_users"]}, 201).json
    assert second["made_by"] == {"kind": "api_key", "id": first["id"], "name": "first"}
    listed = realm.items(f"/users/{ada.id}/api-keys")
    assert [each["name"] for each in listed] == ["second", "first"] and {each["realm"] for each in listed} == {realm.name}
    page = realm.get(f"/users/{ada.id}/api-keys", limit=1).json
    rest = realm.get(f"/users/{ada.id}/api-keys", limit=1, cursor=page["next_cursor"]).json
    assert [each["name"] for each in page["items"] + rest["items"]] == ["second", "first"]
    assert rest["next_cursor"] is None

    left = realm.call("DELETE", f"/users/{ada.id}/roles/{ada.role}", None, 200).json
    assert left["api_keys_total"] == 2 and not left["api_keys_revoked"] and works(server, realm, first) == 200
    gone = realm.call("DELETE", f"/users/{ada.id}?api_keys=revoke", None, 200).json
    assert {each["name"] for each in gone["api_keys"]} == {"first", "second"} and gone["api_keys_revoked"]
    assert works(server, realm, first) == works(server, realm, second) == 401
    revoked = [each for each in realm.items("/audit", action="api_key.revoke")]
    assert {each["detail"]["name"] for each in revoked} == {"first", "second"}


def test_keys_stay_unless_it_is_said(server):
    realm = server.realm()
    people = [Person(server, realm, name, "manage_api_keys", "view_users") for name in ("ada", "eve", "joe")]
    made = [person.make_key(f"k{n}", "view_users") for n, person in enumerate(people)]
    left = realm.call("DELETE", f"/users/{people[0].id}", None, 200).json
    assert [each["name"] for each in left["api_keys"]] == ["k0"] and works(server, realm, made[0]) == 200
    ids = {"ids": [person.id for person in people[1:]]}
    assert realm.call("POST", "/users/bulk-delete?api_keys=yes", ids, 422).json["errors"][0]["parameter"] == "api_keys"
    bulk = realm.call("POST", "/users/bulk-delete?api_keys=revoke", ids, 200).json
    assert bulk["deleted"] == 2 and bulk["api_keys_total"] == 2
    assert [works(server, realm, each) for each in made] == [200, 401, 401]
    alone = realm.call("POST", "/users", {"username": "alone"}, 201).json["id"]
    realm.call("DELETE", f"/users/{alone}?api_keys=revoke", None, 204)


def test_revoking_them_needs_the_right_to_and_is_all_or_nothing(server):
    realm = server.realm()
    ada = Person(server, realm, "ada", "manage_api_keys", "view_users", "view_audit")
    made = ada.make_key("k", "view_users", "view_audit")
    realm.call("PUT", f"/roles/{ada.role}/permissions", {"permissions": []}, 200)
    no_keys = Realm(Client(server.address, key(realm, "manage_users")["key"]), realm.name)
    weaker = Realm(Client(server.address, key(realm, "manage_users", "manage_api_keys")["key"]), realm.name)
    for each in (no_keys, weaker):
        with Unchanged(server):
            each.call("DELETE", f"/users/{ada.id}?api_keys=revoke", None, 403)
    assert works(server, realm, made) == 200
    no_keys.call("DELETE", f"/users/{ada.id}", None, 200)


def reset_events(realm):
    return realm.items("/events", event="auth.reset_password")


def test_strangers_and_administrators_do_not_share_resets(server):
    """A stranger voids no link of an administrator, holds up none, and has a budget of their own."""
    realm = server.realm()
    user = realm.call("POST", "/users", {"username": "ada"}, 201).json["id"]
    anybody = Realm(Client(server.address, None), realm.name)
    token = realm.call("POST", f"/users/{user}/reset-password", None, 200).json["token"]
    anybody.call("POST", "/reset-password", {"username": "ada"}, 202)
    wait_for(lambda: len(reset_events(realm)) == 2, "the stranger's reset is initiated too")
    # Right after a stranger's, and many of them: an administrator is not a stranger.
    for _ in range(7):
        token = realm.call("POST", f"/users/{user}/reset-password", None, 200).json["token"]
    anybody.call("POST", "/reset-password", {"username": "ada"}, 202)
    anybody.call("POST", "/reset-password", {"username": "nobody"}, 202)
    realm.call("POST", "/reset-password/complete", {"token": token, "password": PASSWORD}, 204)
    assert len(reset_events(realm)) == 9, "one a minute is left to strangers"
