"""Import and export of realms: Keycloak's files, and our own there and back again."""

import json
import subprocess

import pytest

from client import Realm
from server import TOKEN, binary, environment
from waiting import wait_for

KEYCLOAK = {
    "realm": "shop", "displayName": "The shop", "enabled": True,
    "roles": {
        "realm": [{"name": "auditor", "description": "Reads"}, {"name": "boss", "composite": True},
                  {"name": "offline_access"}, {"name": "default-roles-shop", "composite": True}],
        "client": {"web": [{"name": "buyer"}], "account": [{"name": "view-profile"}]},
    },
    "clients": [
        {"clientId": "web", "name": "Web", "publicClient": True, "enabled": True,
         "redirectUris": ["https://shop.example/cb", "https://shop.example/*", "/relative"]},
        {"clientId": "batch", "publicClient": False, "serviceAccountsEnabled": True, "secret": "canary-kc"},
        {"clientId": "account", "publicClient": True, "redirectUris": ["/realms/shop/account/*"]},
    ],
    "users": [
        {"username": "ada", "email": "ada@example.com", "emailVerified": True, "firstName": "Ada",
         "enabled": True, "attributes": {"team": ["red"]}, "realmRoles": ["auditor", "default-roles-shop"],
         "clientRoles": {"web": ["buyer"], "account": ["view-profile"]},
         "credentials": [{"type": "password", "secretData": "{\"value\":\"canary-hash\"}"}]},
        {"username": "bob", "enabled": False},
        {"username": "service-account-batch", "serviceAccountClientId": "batch", "enabled": True,
         "realmRoles": ["auditor"], "clientRoles": {"web": ["buyer"]}},
    ],
}


def run(server, *words, expect=0, token=TOKEN):
    done = subprocess.run([binary(), *words], env=environment(POSTRIDER_URL=server.url, POSTRIDER_TOKEN=token),
                          capture_output=True, text=True, timeout=120)
    assert done.returncode == expect, (done.stdout, done.stderr)
    return done


def import_file(server, tmp_path, realm, *flags, expect=0):
    path = tmp_path / "realm.json"
    path.write_text(json.dumps(realm))
    return json.loads(run(server, "import", str(path), "--json", *flags, expect=expect).stdout)


def counts(answer, what):
    return {kind: count[what] for kind, count in answer["counts"].items()}


def unique(server, **changes):
    return {**json.loads(json.dumps(KEYCLOAK)), "realm": server.realm().name + "-in", **changes}


def test_a_realm_of_keycloak_is_taken_over_and_again(server, tmp_path):
    source = unique(server)
    answer = import_file(server, tmp_path, source)
    assert answer["realm"] == source["realm"]
    assert counts(answer, "created") == {"clients": 2, "roles": 3, "service_accounts": 1, "users": 2}
    assert answer["refused"] == []
    notes = {note["note"]: note["of"] for note in answer["notes"]}
    found = lambda word: next(of for note, of in notes.items() if word in note)
    assert found("wildcard") == ["web: https://shop.example/*", "web: /relative"]
    assert found("passwords") == ["ada"]
    assert found("new secret") == ["batch"]
    assert found("contain roles") == ["boss"]

    realm = Realm(server.client, source["realm"])
    ada, = realm.items("/users", username="ada")
    assert (ada["email"], ada["email_verified"], ada["first_name"]) == ("ada@example.com", True, "Ada")
    assert ada["attributes"] == {"team": ["red"]}
    roles = realm.items(f"/users/{ada['id']}/roles")
    assert sorted(role["name"] for role in roles) == ["auditor", "buyer"]
    clients = {client["client_id"]: client for client in realm.items("/clients")}
    assert clients["web"]["type"] == "public" and clients["batch"]["type"] == "confidential"
    assert len(clients["batch"]["service_account_roles"]) == 2
    uris = realm.items(f"/clients/{clients['web']['id']}/redirects")
    assert [uri["value"] for uri in uris] == ["https://shop.example/cb"]

    fired = sorted(event["event"] for event in realm.items("/events"))
    assert fired == sorted(["realm.created"] + ["client.created"] * 2 + ["redirect_uri.created"] + ["role.created"] * 2
                           + ["client.role.created", "client.updated"] + ["user.created"] * 2
                           + ["user.role.assigned"] * 2)

    again = import_file(server, tmp_path, source)
    assert set(counts(again, "created").values()) == {0}
    assert counts(again, "existing") == counts(answer, "created")
    assert len(realm.items("/events")) == len(fired)


def test_what_is_bad_is_refused_by_name_and_the_rest_comes_in(server, tmp_path):
    source = unique(server)
    source["users"] += [{"username": "eve", "email": "nowhere"}, {"username": "mallory", "email": "ADA@example.com"},
                        {"username": "oscar", "realmRoles": ["no such role"]},
                        *({"username": f"u{i}", "email": f"u{i}@example.com"} for i in range(250))]
    answer = import_file(server, tmp_path, source, expect=1)
    assert counts(answer, "created")["users"] == 252
    refused = {each["name"]: each["reason"] for each in answer["refused"]}
    assert sorted(refused) == ["eve", "mallory", "oscar"]
    assert refused["eve"].startswith("email: ") and refused["mallory"].startswith("email: is taken")
    assert "no such role" in refused["oscar"]


def test_without_events_only_the_audit_log_tells(server, tmp_path):
    source = unique(server)
    import_file(server, tmp_path, source, "--no-events")
    realm = Realm(server.client, source["realm"])
    assert [event["event"] for event in realm.items("/events")] == ["realm.created"]
    assert len(realm.items("/users")) == 2


def test_export_and_import_are_there_and_back_again(server, tmp_path):
    source = unique(server)
    source["roles"]["realm"][0]["attributes"] = {"postrider.permissions": ["view_users", "view_audit"]}
    import_file(server, tmp_path, source)
    out = tmp_path / "out.json"
    run(server, "export", "--realm", source["realm"], "--out", str(out))
    assert out.stat().st_mode & 0o777 == 0o600
    run(server, "export", "--realm", source["realm"], "--out", str(out), expect=1)  # never overwrites
    exported = json.loads(out.read_text())
    assert exported["roles"]["realm"][0]["attributes"] == {"postrider.permissions": ["view_users", "view_audit"]}
    assert "canary" not in out.read_text()

    copy = {**exported, "realm": source["realm"] + "2"}
    answer = import_file(server, tmp_path, copy)
    assert counts(answer, "created") == {"clients": 2, "roles": 3, "service_accounts": 1, "users": 2}
    second = json.loads(run(server, "export", "--realm", copy["realm"]).stdout)
    assert second == copy


def test_files_that_are_no_realm_are_refused_before_anything_is_done(server, tmp_path):
    before = len(server.master.items("/events"))
    path = tmp_path / "x.json"
    for text, word in (("{", "x.json"), ("{}", "no realm"), ('[{"realm":"a"},{"realm":"b"}]', "several realms"),
                       ('{"realm":"master"}', "--realm"), ('{"realm":"Not Ours"}', "name")):
        path.write_text(text)
        done = run(server, "import", str(path), expect=1 if "Ours" in text else 2)
        assert word in done.stderr
    assert "cannot be read" in run(server, "import", str(tmp_path / "none"), expect=2).stderr
    assert len(server.master.items("/events")) == before


@pytest.mark.parametrize("body, pointers", [
    ({"users": {}}, ["#/users"]), ({"events": 1}, ["#/events"]), ({"groups": []}, ["#/groups"]),
    ({"users": [{"username": "a", "id": 1}, 5]}, ["#/users/0/id", "#/users/1"]),
    ({"users": [{"username": "a", "roles": [1], "client_roles": []}]},
     ["#/users/0/client_roles", "#/users/0/roles/0"]),
    ({"users": [{"username": "a", "roles": ["r"]}]}, ["#/users/0/roles/0"]),
    ({"users": [{"username": "a", "client_roles": {"c": ["r"]}}]}, ["#/users/0/client_roles/c"]),
    ({"users": [{"username": f"u{i}"} for i in range(201)]}, ["#/users"]),
    ({"users": [{"username": f"u{i}"} for i in range(200)]}, ["#"]),  # and a role
    ({"clients": [{"client_id": "c", "redirect_uris": ["https://a.example/x", "http://a.example"]}]},
     ["#/clients/0/redirect_uris/1"]),
    ({"clients": [{"client_id": "c", "service_account_roles": []}]}, ["#/clients/0/service_account_roles"]),
    ({"roles": [{"name": "r", "client_id": "c"}]}, ["#/roles/0/client_id"]),
    ({"service_accounts": [{}]}, ["#/service_accounts/0/client_id"]),
])
def test_a_bad_part_leaves_nothing(server, body, pointers):
    realm = server.realm()
    before = len(realm.items("/events"))
    body = {"roles": [{"name": "made"}], **body} if "roles" not in body else body
    assert sorted(realm.call("POST", "/import", body, 422).pointers) == pointers
    assert [role["name"] for role in realm.items("/roles")] == []
    assert len(realm.items("/events")) == before


def test_an_import_that_was_killed_goes_on(server, tmp_path):
    source = unique(server, users=[{"username": f"u{i}", "realmRoles": ["auditor"]} for i in range(3000)])
    path = tmp_path / "realm.json"
    path.write_text(json.dumps(source))
    realm = Realm(server.client, source["realm"])
    process = subprocess.Popen([binary(), "import", str(path)], stdout=subprocess.DEVNULL,
                               env=environment(POSTRIDER_URL=server.url, POSTRIDER_TOKEN=TOKEN))
    wait_for(lambda: realm.call("GET", "/users?username=u150").json.get("items"), "a second part")
    process.kill()
    process.wait()
    before = len(realm.items("/users"))
    assert before < 3000, "it was too fast to be killed"
    answer = import_file(server, tmp_path, source)
    users = answer["counts"]["users"]
    assert users["existing"] >= before and users["existing"] + users["created"] == 3000
    assert len(realm.items("/events", event="user.created")) == 3000
    assert len(realm.items("/events", event="user.role.assigned")) == 3000
