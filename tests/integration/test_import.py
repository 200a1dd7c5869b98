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
    assert found("everybody has in Keycloak: the roles in it") == ["default-roles-shop"]

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


def test_what_is_bad_costs_only_itself(server, tmp_path):
    source = unique(server)
    source["users"] += [{"username": "eve", "email": "nowhere"}, {"username": "mallory", "email": "ADA@example.com"},
                        {"username": "oscar", "realmRoles": ["no such role", "auditor"]}, {"username": "x" * 300},
                        *({"username": f"u{i}", "email": f"u{i}@example.com"} for i in range(250))]
    answer = import_file(server, tmp_path, source, expect=1)
    assert counts(answer, "created")["users"] == 255
    refused = {each["name"][:5]: each["reason"] for each in answer["refused"]}
    assert sorted(refused) == ["xxxxx"] and "255" in refused["xxxxx"]
    said = {note["note"]: note["of"] for note in answer["notes"] if note["kind"] == "left_out"}
    rest, = (of for note, of in said.items() if "the rest is there" in note)
    assert [line.split(":")[0] for line in rest] == ["eve", "mallory"] and "ada" in rest[1], rest
    assert any("oscar: no such role" in of for of in said.values())
    realm = Realm(server.client, source["realm"])
    oscar, = realm.items("/users", username="oscar")
    assert [role["name"] for role in realm.items(f"/users/{oscar['id']}/roles")] == ["auditor"]
    assert [user["email"] for user in realm.items("/users", username="mallory")] == [None]


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
    assert [user["id"] for user in second["users"] if "id" in user] == [user["id"] for user in exported["users"] if "id" in user]


def test_files_that_are_no_realm_are_refused_before_anything_is_done(server, tmp_path):
    before = len(server.master.items("/events"))
    path = tmp_path / "x.json"
    for text, word in (("{", "x.json"), ("{}", "no realm"), ('[{"realm":"a"},{"realm":"b"}]', "several realms"),
                       ('{"realm":"master"}', "--realm"), ('{"realm":"Not Ours"}', "--realm not-ours")):
        path.write_text(text)
        done = run(server, "import", str(path), expect=2)
        assert word in done.stderr
    assert "cannot be read" in run(server, "import", str(tmp_path / "none"), expect=2).stderr
    assert len(server.master.items("/events")) == before


@pytest.mark.parametrize("body, pointers", [
    ({"users": {}}, ["#/users"]), ({"events": 1}, ["#/events"]), ({"groups": []}, ["#/groups"]),
    ({"users": [{"username": "a", "id": 1}, 5]}, ["#/users/0/id", "#/users/1"]),
    ({"users": [{"username": "a", "id": "x", "created_at": "soon", "password_hash": "$2y$x"}]},
     ["#/users/0/created_at", "#/users/0/id", "#/users/0/password_hash"]),
    ({"users": [{"username": "a", "created_at": "2999-01-01T00:00:00Z"}]}, ["#/users/0/created_at"]),
    ({"users": [{"username": "a", "password_hash": "$argon2id$v=19$m=999999999,t=2,p=1$c2FsdHNhbHQ$aGFzaA"}]},
     ["#/users/0/password_hash"]),
    ({"clients": [{"client_id": "c", "secret_hash": "00"}]}, ["#/clients/0/secret_hash"]),
    ({"partial": 1}, ["#/partial"]), ({"dry_run": 0}, ["#/dry_run"]),
    ({"users": [{"username": "a", "roles": [1], "client_roles": []}]},
     ["#/users/0/client_roles", "#/users/0/roles/0"]),
    ({"users": [{"username": "a", "roles": ["r"]}]}, ["#/users/0/roles/0"]),
    ({"users": [{"username": "a", "client_roles": {"c": ["r"]}}]}, ["#/users/0/client_roles/c"]),
    ({"users": [{"username": f"u{i}"} for i in range(101)]}, ["#/users"]),
    ({"users": [{"username": f"u{i}"} for i in range(100)]}, ["#"]),  # and a role
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


def test_a_partial_part_names_what_it_leaves_out(server):
    realm = server.realm()
    ada = "5b0f9c1a-3333-4a55-8c0c-4a3f8a3d1c01"
    body = {"partial": True, "roles": [{"name": "r"}, {"name": "", "description": "x"}, {"name": "s", "permissions": ["view_users", "nonsense"]}],
            "clients": [{"client_id": "c", "type": "public", "redirect_uris": ["https://a.example/x", "http://a.example", {"value": "https://b.example/", "enabled": False}]}],
            "service_accounts": [{"client_id": "nobody", "roles": ["r"]}],
            "users": [{"username": "ada", "id": ada, "created_at": "2019-03-01T12:00:00.5Z", "roles": ["r", "ghost"], "client_roles": {"gone": ["x"]}},
                      {"username": "bob", "id": ada, "email": "no", "unknown": 1}, {"username": ""}, 7]}
    answer = realm.call("POST", "/import", body, 200).json
    assert (answer["created"], answer["existing"]) == (5, 0)
    assert sorted(each["pointer"] for each in answer["left_out"]) == sorted([
        "#/roles/1", "#/roles/2/permissions", "#/clients/0/redirect_uris/1", "#/service_accounts/0", "#/users/0/roles/1",
        "#/users/0/client_roles/gone", "#/users/1/id", "#/users/1/email", "#/users/1/unknown", "#/users/2", "#/users/3"])
    users = {user["username"]: user for user in realm.items("/users")}
    assert users["ada"]["id"] == ada and users["ada"]["created_at"] == "2019-03-01T12:00:00.500000Z"
    assert users["bob"]["id"] != ada and users["bob"]["email"] is None
    assert [user["username"] for user in realm.items("/users")] == ["bob", "ada"], "newest first, by the time of creation"
    client, = realm.items("/clients")
    uris = {uri["value"]: uri["enabled"] for uri in realm.items(f"/clients/{client['id']}/redirects")}
    assert uris == {"https://a.example/x": True, "https://b.example/": False}
    # Again: nobody is there twice, and somebody else of the same name is named.
    again = realm.call("POST", "/import", {"partial": True, "users": [{"username": "ADA", "id": ada}, {"username": "ada", "id": ada.replace("3333", "4444")}]}, 200).json
    assert (again["created"], again["existing"], [each["pointer"] for each in again["left_out"]]) == (0, 1, ["#/users/1"])


def test_a_dry_run_of_a_part_writes_nothing(server):
    realm = server.realm()
    body = {"partial": True, "dry_run": True, "users": [{"username": "ada"}, {"username": "eve", "email": "no"}]}
    answer = realm.call("POST", "/import", body, 200).json
    assert answer == {"created": 0, "existing": 0, "left_out": [{"pointer": "#/users/1/email", "detail": answer["left_out"][0]["detail"]}]}
    assert realm.items("/users") == []


def test_users_are_paged_by_the_time_of_their_creation(server):
    realm = server.realm()
    times = [f"20{year:02}-01-01T00:00:00Z" for year in range(30) if year < 26]
    users = [{"username": f"u{n}", "id": f"{(n * 7919) % 65536:08x}-0000-4000-8000-000000000001", "created_at": time} for n, time in enumerate(times)]
    assert realm.call("POST", "/import", {"users": users}, 200).json["created"] == 26
    seen, cursor = [], ""
    while cursor is not None:
        page = realm.get("/users?limit=4" + (f"&cursor={cursor}" if cursor else "")).json
        seen += [user["username"] for user in page["items"]]
        if cursor == "":  # the row at which the page ended goes: the next one begins where it was
            realm.call("DELETE", f"/users/{page['items'][-1]['id']}", None, 204)
        cursor = page["next_cursor"]
    assert seen == [f"u{n}" for n in reversed(range(26))]


def test_a_hash_that_is_imported_lets_its_user_in(server):
    realm, other = server.realm(), server.realm()
    user = realm.call("POST", "/users", {"username": "ada"}, 201).json
    realm.call("PUT", f"/users/{user['id']}/password", {"password": "correct horse battery staple"}, 204)
    shown = realm.get(f"/users/{user['id']}/credentials?reveal=hash")
    assert shown.headers["cache-control"] == "no-store"
    assert "hash" not in realm.get(f"/users/{user['id']}/credentials").json["items"][0]
    hashed = shown.json["items"][0]["hash"]
    assert other.call("POST", "/import", {"users": [{"username": "ada", "password_hash": hashed}]}, 200).json["created"] == 1
    login = {"username": "ada", "password": "correct horse battery staple"}
    assert other.call("POST", "/session", login, 201)
    assert other.call("POST", "/session", {**login, "password": "another one entirely"}, 401)


def test_hashes_are_shown_to_nobody_who_may_do_less(server):
    weak = server.master.call("POST", "/api-keys", {"name": "weak", "permissions": ["view_users", "view_clients"]}, 201).json["key"]
    middle = server.master.call("POST", "/api-keys", {"name": "middle", "permissions": ["view_users", "view_clients", "reveal_secrets"]}, 201).json["key"]
    realm = server.realm()
    role = realm.call("POST", "/roles", {"name": "strong", "permissions": ["manage_users"]}, 201).json
    user = realm.call("POST", "/users", {"username": "ada"}, 201).json
    client = realm.call("POST", "/clients", {"client_id": "batch", "type": "confidential"}, 201).json
    paths = [f"/users/{user['id']}/credentials?reveal=hash", f"/clients/{client['id']}?reveal=secret_hash"]
    of = lambda key, path: realm.call("GET", path, None, None, headers={"authorization": f"Bearer {key}"}).status
    assert [of(weak, path) for path in paths] == [403, 403]
    assert [of(middle, path) for path in paths] == [200, 200]
    realm.call("POST", f"/users/{user['id']}/roles/{role['id']}", None, 204)
    realm.call("PATCH", f"/clients/{client['id']}", {"service_account_roles": [role["id"]]}, 200)
    assert [of(middle, path) for path in paths] == [403, 403]
