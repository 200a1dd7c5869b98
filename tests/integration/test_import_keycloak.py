"""Moving in from Keycloak: nothing is lost without a name, one refusal costs only itself, what fits is taken."""

import copy
import json
import os
import pathlib
import random
import re
import subprocess

import pytest

from client import Realm
from server import TOKEN, binary, environment

FIXTURES = pathlib.Path(__file__).parent.parent / "fixtures" / "keycloak"


def cli(server, *words, expect=None, stdin=None, **variables):
    done = subprocess.run([binary(), *map(str, words)], input=stdin, capture_output=True, text=True, timeout=120, check=False,
                          env=environment(POSTRIDER_URL=server.url, POSTRIDER_TOKEN=TOKEN, **variables))
    assert expect is None or done.returncode == expect, (done.returncode, done.stdout, done.stderr)
    return done


class Import:
    """What an import of `content` (an object, or bytes) says."""

    def __init__(self, server, tmp_path, content, *flags, expect=0):
        path = tmp_path / f"{os.urandom(4).hex()}.json"
        path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
        self.done = cli(server, "import", path, "--json", *flags, expect=expect)
        self.answer = json.loads(self.done.stdout)
        self.notes = {note["note"]: note["of"] for note in self.answer["notes"]}
        self.values = self.answer["values"]

    def of(self, word):
        """The names below every line that has the word."""
        return [name for note, names in self.notes.items() if word in note for name in names]

    def created(self):
        return {kind: count["created"] for kind, count in self.answer["counts"].items()}


@pytest.fixture
def name(server):
    """Of a realm that is not there."""
    return "kc-" + os.urandom(5).hex()


def roles(server, realm, username):
    found, = Realm(server.client, realm).items("/users", username=username)
    return sorted(role["name"] for role in Realm(server.client, realm).items(f"/users/{found['id']}/roles"))


def uris(server, realm):
    realm = Realm(server.client, realm)
    return {client["client_id"]: [(uri["value"], uri["enabled"]) for uri in realm.items(f"/clients/{client['id']}/redirects")]
            for client in realm.items("/clients")}


# Files that cover every member of Keycloak's format, and the report of each.


def report_of(answer):
    """What a person would check: what was said of what, and the three numbers."""
    return {"values": answer["values"],
            **{kind: {note["note"]: note["of"] for note in answer["notes"] if note["kind"] == kind} for kind in ("adapted", "left_out")},
            "refused": {f"{each['kind']} {each['name']}": each["reason"] for each in answer["refused"]}}


@pytest.mark.parametrize("fixture", ["settings.json", "clients.json", "users.json", "groups.json", "legacy.json", "folder"])
def test_the_report_of_a_file_says_all_that_it_has(server, name, fixture, monkeypatch):
    monkeypatch.chdir(FIXTURES)
    expected = FIXTURES / "reports" / f"{pathlib.Path(fixture).stem}.json"
    dry = json.loads(cli(server, "import", fixture, "--realm", name, "--dry-run", "--json").stdout)
    assert Realm(server.client, name).call("GET", "").status == 404, "a dry run makes nothing"
    answer = json.loads(cli(server, "import", fixture, "--realm", name, "--json").stdout)
    text = json.dumps(report_of(answer), indent=1, ensure_ascii=False).replace(name, "REALM") + "\n"
    if os.environ.get("POSTRIDER_WRITE_REPORTS"):
        expected.parent.mkdir(exist_ok=True)
        expected.write_text(text)
    assert text == expected.read_text()
    said = json.dumps(answer)
    assert not re.search("canary", said), "no secret of the file is in the report"
    # The dry run said the same, but for what depends on what is there.
    assert report_of(dry)["adapted"] == report_of(answer)["adapted"]
    again = json.loads(cli(server, "import", fixture, "--realm", name, "--json").stdout)
    assert set(count["created"] for count in again["counts"].values()) == {0}


def members(value, path=""):
    """The path of every object below a value, for putting something into it."""
    if isinstance(value, dict):
        yield path, value
        for key, inner in value.items():
            yield from members(inner, f"{path}/{key}")
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from members(inner, f"{path}/{index}")


@pytest.mark.parametrize("fixture", ["clients.json", "users.json", "groups.json"])
def test_a_member_that_nobody_knows_is_named_wherever_it_is(server, tmp_path, fixture):
    """In each object that is taken over member by member: the realm, clients, roles, groups, users."""
    source = json.loads((FIXTURES / fixture).read_text())
    places = [path for path, _ in members(source) if re.fullmatch(
        r"|/clients/\d+|/roles|/roles/realm/\d+|/roles/client/web/\d+|/groups/\d+(/subGroups/\d+)*|/users/\d+", path)]
    lost = []
    for number, path in enumerate(places):
        changed = copy.deepcopy(source)
        dict(members(changed))[path][f"newIn27x{number}"] = "something"
        found = Import(server, tmp_path, changed, "--dry-run", expect=None)
        whole = [word for word in ("account", "offline_access", "uma_authorization", "default-roles", "realm-management") if word in json.dumps(
            dict(members(source))[path])[:60]]
        if f"newIn27x{number}" not in json.dumps(found.answer) and not whole:
            lost.append(path)
    # What is left out as a whole is named as a whole: nothing of it is read.
    named = {"clients.json": ["/clients/8"], "users.json": ["/users/3"], "groups.json": ["/roles/realm/9"]}[fixture]
    assert lost == named


def test_the_numbers_add_up(server, tmp_path, name):
    found = Import(server, tmp_path, {"realm": name, "roles": {"realm": [{"name": "r", "description": "d"}]},
                                      "users": [{"username": "ada", "realmRoles": ["r", "ghost"], "requiredActions": ["X"]}], "newThing": 1})
    # realm; r: name, description; ada: username, r.
    assert found.values == {"taken_over": 5, "adapted": 0, "left_out": 3}
    text = cli(server, "import", "-", stdin=json.dumps({"realm": name, "users": [{"username": "ada"}]}), expect=0).stdout
    assert re.search(r"Taken over \d+, adapted \d+, left out \d+\.\s*$", text)


# The cases of the issue.


def test_several_files_of_one_realm(server, tmp_path, name):
    (tmp_path / "a.json").write_text(json.dumps({"realm": "shop", "roles": {"realm": [{"name": "buyer"}]}}))
    (tmp_path / "b.json").write_text(json.dumps({"realm": "shop", "users": [{"username": "ada", "realmRoles": ["buyer"]}]}))
    cli(server, "import", tmp_path / "b.json", tmp_path / "a.json", "--realm", name, "--no-events", expect=0)
    assert roles(server, name, "ada") == ["buyer"]


def test_an_array_of_realms_and_a_folder_of_several_need_a_choice(server, tmp_path):
    first, second = ("kc-" + os.urandom(5).hex() for _ in range(2))
    several = [{"realm": first, "users": [{"username": "ada"}]}, {"realm": second, "users": [{"username": "bob"}]}]
    (tmp_path / "all.json").write_text(json.dumps(several))
    folder = tmp_path / "folder"
    folder.mkdir()
    for realm in several:
        (folder / f"{realm['realm']}-realm.json").write_text(json.dumps(realm))
    for what in (tmp_path / "all.json", folder):
        said = cli(server, "import", what, expect=2).stderr
        assert "--realm" in said and first in said and second in said
        answer = json.loads(cli(server, "import", what, "--realm", second, "--json", expect=0).stdout)
        assert answer["realm"] == second and first in json.dumps(answer["notes"])
    assert [user["username"] for user in Realm(server.client, second).items("/users")] == ["bob"]
    assert Realm(server.client, first).call("GET", "").status == 404


def test_a_redirect_uri_that_is_not_accepted_costs_itself(server, tmp_path, name):
    found = Import(server, tmp_path, {"realm": name, "roles": {"client": {"intra": [{"name": "reader"}]}},
                   "clients": [{"clientId": "intra", "publicClient": True, "redirectUris": ["http://intranet.example/cb", "https://intranet.example/cb"]}],
                   "users": [{"username": "ada", "clientRoles": {"intra": ["reader"]}}]})
    assert roles(server, name, "ada") == ["reader"]
    assert uris(server, name) == {"intra": [("https://intranet.example/cb", True)]}
    line, = found.of("the rest is there")
    assert "http://intranet.example/cb" in line


def test_default_roles_are_resolved(server, tmp_path, name):
    found = Import(server, tmp_path, {"realm": name, "defaultRole": {"name": f"default-roles-{name}"}, "roles": {"realm": [
        {"name": "customer"}, {"name": f"default-roles-{name}", "composite": True, "composites": {"realm": ["offline_access", "customer"]}}]},
        "users": [{"username": "ada", "realmRoles": [f"default-roles-{name}"]}]})
    assert roles(server, name, "ada") == ["customer"]
    assert f"default-roles-{name}" in found.of("new users are not")


def test_plain_passwords_are_taken(server, tmp_path, name):
    word = "correct horse battery staple"
    found = Import(server, tmp_path, {"realm": name, "users": [
        {"username": "ada", "credentials": [{"type": "password", "value": word}]}, {"username": "bob", "credentials": [{"type": "password", "value": "short"}]}]})
    realm = Realm(server.client, name)
    for username, password in (("ada", word), ("bob", "short")):
        assert realm.call("POST", "/session", {"username": username, "password": password}).status == 201
    assert realm.call("POST", "/session", {"username": "bob", "password": word}).status == 401
    assert not found.of("password")
    assert word not in json.dumps(found.answer)


def test_roles_that_keycloak_makes_cost_only_themselves(server, tmp_path, name):
    found = Import(server, tmp_path, {"realm": name, "roles": {"client": {"api": [{"name": "reader"}]}},
                   "clients": [{"clientId": "api", "serviceAccountsEnabled": True}],
                   "users": [{"username": "service-account-api", "serviceAccountClientId": "api", "clientRoles": {"api": ["uma_protection", "reader"]}},
                             {"username": "ada", "realmRoles": ["ghost", "offline_access"], "clientRoles": {"realm-management": ["manage-users"]}}]})
    assert found.created()["service_accounts"] == 1 and found.created()["users"] == 1
    client, = Realm(server.client, name).items("/clients")
    assert len(client["service_account_roles"]) == 1
    assert found.of("not in the file") == ["api: api/uma_protection", "ada: ghost"]
    assert found.of("Keycloak makes itself") == ["offline_access"]
    assert found.of("Keycloak's own clients") == ["ada: realm-management/manage-users"]


def test_roles_through_groups_and_roles(server, tmp_path, name):
    found = Import(server, tmp_path, {"realm": name, "roles": {"realm": [{"name": "r1"}, {"name": "r2"}, {"name": "r3"}, {"name": "top", "composites": {"realm": ["r1"]}}]},
                   "groups": [{"name": "staff", "path": "/staff", "realmRoles": ["top"], "subGroups": [{"name": "eu", "path": "/staff/eu", "realmRoles": ["r2"]}]}],
                   "users": [{"username": "ada", "groups": ["/staff/eu"]}, {"username": "bob", "realmRoles": ["top", "r3"]}, {"username": "carol", "groups": ["/none"]}]})
    assert [roles(server, name, who) for who in ("ada", "bob", "carol")] == [["r1", "r2", "top"], ["r1", "r3", "top"], []]
    assert found.of("roles that contain roles") == ["top: r1"]
    assert found.of("groups do not exist here") == ["/staff: top", "/staff/eu: r2"]
    assert found.of("groups that are not in the file") == ["carol: /none"]


def test_ids_times_and_names_are_kept(server, tmp_path, name):
    ada, long = "5b0f9c1a-3333-4a55-8c0c-4a3f8a3d1c01", "ü" * 255
    Import(server, tmp_path, {"realm": name, "users": [
        {"id": ada, "username": "ada", "createdTimestamp": 1551441600123, "lastName": long}, {"username": long}, {"email": "carol@example.com"}]})
    users = {user["username"]: user for user in Realm(server.client, name).items("/users")}
    assert set(users) == {"ada", long, "carol@example.com"}
    assert (users["ada"]["id"], users["ada"]["created_at"], users["ada"]["last_name"]) == (ada, "2019-03-01T12:00:00.123000Z", long)


def test_a_client_keeps_a_secret_that_is_long_enough(server, tmp_path, name):
    secret = "0123456789abcdef0123456789abcdef"
    found = Import(server, tmp_path, {"realm": name, "clients": [{"clientId": "batch", "secret": secret, "serviceAccountsEnabled": True},
                                                                 {"clientId": "short", "secret": "short"}, {"clientId": "masked", "secret": "*" * 32}]})
    assert found.of("new secret") == ["short", "masked"]
    form = f"grant_type=client_credentials&client_id=batch&client_secret={secret}".encode()
    headers = {"content-type": "application/x-www-form-urlencoded", "authorization": None}
    assert Realm(server.client, name).call("POST", "/protocol/openid-connect/token", form, headers=headers).status == 200
    assert Realm(server.client, name).call("POST", "/protocol/openid-connect/token", form.replace(b"cdef&", b"cdee&")[:-1] + b"0", headers=headers).status == 401


def test_settings_are_not_lost_silently(server, tmp_path, name):
    found = Import(server, tmp_path, {"realm": name, "enabled": False, "passwordPolicy": "length(20) and digits(1)", "smtpServer": {"host": "mail"}})
    assert found.of("disabled") == [name] and found.of("password policy") == ["digits(1)"] and found.of("smtpServer") == ["host"]
    assert Realm(server.client, name).get("/settings").json["password_min_length"] == 20
    # A realm that has settings of its own keeps them.
    Realm(server.client, name).call("PATCH", "/settings", {"password_min_length": 30}, 200)
    found = Import(server, tmp_path, {"realm": name, "passwordPolicy": "length(20)"})
    assert found.of("keeps its own") == ["password_min_length"]
    assert Realm(server.client, name).get("/settings").json["password_min_length"] == 30


def test_a_byte_order_mark_is_read_over_and_a_member_may_be_there_twice(server, tmp_path, name):
    twice = b'\xef\xbb\xbf{"realm":"%s","users":[{"username":"ada"}],"users":[{"username":"bob","enabled":true,"enabled":false}]}' % name.encode()
    found = Import(server, tmp_path, twice)
    user, = Realm(server.client, name).items("/users")
    assert (user["username"], user["enabled"]) == ("bob", False)
    assert found.of("twice") == ["users", "bob: enabled"]


# What cannot be read.


@pytest.mark.parametrize("content, words", [
    (b'{"realm": "a",\n "users": [{', ["line 2", "expected", "cut off, export it again"]), (b'{"realm": "a", "users": [{"username": "a\xff"}]}', ["not UTF-8", "line 1", "save it as UTF-8"]),
    ('{"realm":"a"}'.encode("utf-16"), ["UTF-16", "save it as UTF-8"]), (b"[]", ["no \"realm\"", "kc.sh export"]), (b"5", ["no \"realm\""]), (b"", ["line 1", "export it again"]), (b"{'realm': 'a'}", ["line 1", "kc.sh export"]),
    (b"{}", ["no \"realm\""]), (b'{"realm": 7}', ["no \"realm\""]), (b'{"realm":"MyRealm"}', ["--realm myrealm"]),
    (b'{"realm":"a","x":' + b"[" * 100 + b"]" * 100 + b"}", ["nested too deeply"]),
])
def test_a_file_that_is_no_realm_is_one_sentence(server, tmp_path, content, words):
    before = len(server.master.items("/events"))
    path = tmp_path / "file.json"
    path.write_bytes(content)
    done = cli(server, "import", path, expect=2)
    assert done.stderr.count("\n") <= 2 and "nothing was imported" in done.stderr
    assert all(word in done.stderr for word in words), done.stderr
    assert "MyRealm" in done.stderr or "file.json" in done.stderr
    assert len(server.master.items("/events")) == before


def test_a_folder_without_realms_and_a_file_that_is_not_there_are_sentences(server, tmp_path):
    (tmp_path / "package.json").write_text("{}")
    said = cli(server, "import", tmp_path, expect=2).stderr
    assert "no file of a realm in this folder" in said and "kc.sh export" in said
    assert "cannot be read" in cli(server, "import", tmp_path / "none.json", expect=2).stderr


def test_what_is_no_file_in_a_folder_is_passed_over(server, tmp_path, name):
    """A pipe would be read for ever, and a folder cost the import."""
    folder = tmp_path / "export"
    (folder / "old.json").mkdir(parents=True)
    os.mkfifo(folder / "pipe.json")
    (folder / "loop.json").symlink_to("loop.json")
    (folder / "shop-realm.json").write_text(json.dumps({"realm": "shop", "users": [{"username": "ada"}]}))
    answer = json.loads(cli(server, "import", folder, "--realm", name, "--json", expect=0).stdout)
    skipped, = [note["of"] for note in answer["notes"] if "no realm's" in note["note"]]
    assert {pathlib.Path(each).name for each in skipped} == {"old.json", "pipe.json", "loop.json"}
    assert answer["counts"]["users"]["created"] == 1


def test_a_hostile_file_takes_no_time_from_anybody(server, tmp_path, name):
    """A million members, duplicates, roles that contain each other, names without an end."""
    names = [f"r{number}" for number in range(300)]
    hostile = {"realm": name, "roles": {"realm": [{"name": each, "composites": {"realm": names}} for each in names]},
               "users": [{"username": f"u{number}", "realmRoles": names[:50], "attributes": {"x": "y" * 20000}} for number in range(20)],
               "z" * 100000: 1, "many": {f"m{number}": number for number in range(100000)}}
    found = Import(server, tmp_path, hostile)
    assert found.created()["users"] == 20 and len(roles(server, name, "u0")) == 300
    assert len(found.of("parts of users")) == 20, "attributes that are too large cost only themselves"
    assert len(found.of('"many"')) == 1000 and found.values["left_out"] > 100000
    assert len(found.done.stdout) < 200_000


# Members in any order, and in any shape.


def test_members_of_the_wrong_kind_break_nothing(server, tmp_path):
    """Every value of a file that covers the format, replaced by one of another type."""
    randomness = random.Random(os.environ.get("POSTRIDER_SEED", "members"))
    sources = [json.loads((FIXTURES / fixture).read_text()) for fixture in ("clients.json", "users.json", "groups.json")]
    for _ in range(30):
        changed = copy.deepcopy(randomness.choice(sources))
        for _ in range(5):
            _, place = randomness.choice([each for each in members(changed) if each[1]])
            place[randomness.choice(list(place))] = randomness.choice([None, 1, -1.5, "", "x", [], [None], [[1]], {}, {"a": {}}, True])
        changed["realm"] = "kc-kinds"
        Import(server, tmp_path, changed, "--dry-run", expect=None)


def test_values_are_converted_as_keycloak_does(server, tmp_path, name):
    """A user whose `enabled` is "false" could log in here: the member was left out."""
    found = Import(server, tmp_path, {"realm": name, "users": [
        {"username": 7, "enabled": "false", "email": "seven@example.com", "emailVerified": "true", "createdTimestamp": "1600000000000"},
        {"username": "eight", "enabled": 0, "createdTimestamp": 1.6e12}]})
    assert found.values["left_out"] == 0
    for user in Realm(server.client, name).items("/users"):
        assert not user["enabled"] and user["created_at"] == "2020-09-13T12:26:40.000000Z", user
        assert user["username"] in ("7", "eight") and user["email_verified"] == (user["username"] == "7")


def test_members_that_cannot_be_read_are_named(server, tmp_path, name):
    found = Import(server, tmp_path, {"realm": name, "roles": [1], "clients": {"a": 1}, "groups": "x", "defaultRole": ["r"], "users": {}})
    assert found.of("not what Keycloak writes") == ["roles", "clients", "groups"] and found.of('"defaultRole"') == ["r"]
    assert found.values == {"taken_over": 1, "adapted": 0, "left_out": 4}


def test_a_second_run_names_what_the_first_one_left_out(server, tmp_path, name):
    """A run that was stopped has told nobody, and the second finds the users there."""
    realm = {"realm": name, "clients": [{"clientId": "app", "publicClient": True, "redirectUris": ["https://a.example/", "http://a.example/"]}],
             "roles": {"realm": [{"name": "a", "id": "019ab200-7c3e-7b1a-9a54-3f0f6b1d2c00"}, {"name": "b", "id": "019ab200-7c3e-7b1a-9a54-3f0f6b1d2c00"}]},
             "users": [{"username": "ada", "id": "0f4b9ba0-9a4b-4a58-8c2a-7a5d6f3d1c01", "email": "ada@example.com"},
                       {"username": "bob", "id": "0f4b9ba0-9a4b-4a58-8c2a-7a5d6f3d1c01", "email": "Ada@example.com", "realmRoles": ["ghost"]},
                       {"username": "eve", "createdTimestamp": 99999999999999, "attributes": {"x": ["y" * 20000]}}]}
    first, second = (Import(server, tmp_path, realm) for _ in range(2))
    assert len(first.of("parts of users")) == 4 and first.created()["users"] == 3 and second.created()["users"] == 0
    names = lambda found: {what: sorted(each.split(" ")[0:2] for each in found.of(what)) for what in ("parts of users", "parts of roles", "parts of clients")}
    assert names(first) == names(second)
    assert first.values == second.values


def test_a_dry_run_sees_what_is_taken(server, tmp_path, name):
    """By the file itself, and by those who are in the realm."""
    here = server.realm(name)
    here.call("POST", "/users", {"username": "ada", "email": "ada@example.com"}, 201)
    users = [{"username": "ADA", "id": "0f4b9ba0-9a4b-4a58-8c2a-7a5d6f3d1c01"}, {"username": "bob", "email": "Ada@Example.com", "emailVerified": True},
             {"username": "José", "email": "jose@example.com"}, {"username": "JOSE\u0301"}, {"username": "eve", "email": "JOSE@example.com"}]
    found = Import(server, tmp_path, {"realm": "shop", "users": users}, "--realm", name, "--dry-run", expect=1)
    assert here.get("/users").json["items"][0]["username"] == "ada" and len(here.items("/users")) == 1, "nothing was written"
    said = json.dumps(found.answer, ensure_ascii=False)
    assert any("ADA" in each and "another id" in each for each in found.of("users that the server does not accept")), said
    assert any("bob: email is taken; the user \"ada\" has it" == each for each in found.of("parts of users")), said
    assert any("José" in each and "comes before" in each for each in found.of("users that the server does not accept")), said
    assert any("eve: email is taken; the user \"José\" has it" == each for each in found.of("parts of users")), said
    # The import says the same of each.
    really = Import(server, tmp_path, {"realm": "shop", "users": users}, "--realm", name, expect=1)
    for what in ("parts of users", "users that the server does not accept"):
        assert sorted(really.of(what)) == sorted(found.of(what))
    assert sorted(user["username"] for user in here.items("/users")) == ["José", "ada", "bob", "eve"]


def test_what_is_there_twice_by_its_name_is_named(server, tmp_path, name):
    """Not by its name in the realm: the same file again finds all of it there."""
    realm = {"realm": name, "clients": [{"clientId": "shop"}, {"clientId": "shop", "name": "other"}],
             "roles": {"realm": [{"name": "a"}, {"name": "a"}], "client": {"shop": [{"name": "a"}]}},
             "users": [{"username": "ada"}, {"username": "ADA", "firstName": "Other"}]}
    for expected in ({"clients": 1, "roles": 2, "service_accounts": 0, "users": 1}, {"clients": 0, "roles": 0, "service_accounts": 0, "users": 0}):
        found = Import(server, tmp_path, realm, expect=1)
        assert found.created() == expected
        assert len(found.of("clients that the server")) == len(found.of("roles that the server")) == len(found.of("users that the server")) == 1


def test_clients_and_roles_keep_ids_that_are_in_order(server, tmp_path, name):
    ids = [f"019ab200-7c3e-7b1a-9a54-3f0f6b1d2c{n:02x}" for n in range(4)]
    realm = {"realm": name, "roles": {"realm": [{"name": "a", "id": ids[0]}, {"name": "b", "id": "0f4b9ba0-9a4b-4a58-8c2a-7a5d6f3d1c01"}],
                                      "client": {"shop": [{"name": "c", "id": ids[1]}, {"name": "d", "id": ids[0]}]}},
             "clients": [{"clientId": "shop", "id": ids[2]}, {"clientId": "twice", "id": ids[2]}]}
    found = Import(server, tmp_path, realm)
    here = Realm(server.client, name)
    clients = {client["client_id"]: client["id"] for client in here.items("/clients")}
    assert clients["shop"] == ids[2] != clients["twice"]
    roles = {role["name"]: role["id"] for role in [*here.items("/roles"), *here.items(f"/clients/{ids[2]}/roles")]}
    assert roles["a"] == ids[0] and roles["c"] == ids[1] and roles["b"][14] == "7" and roles["d"] != ids[0]
    assert any("twice: id" in each for each in found.of("parts of clients")) and any("d: id" in each for each in found.of("parts of roles"))
