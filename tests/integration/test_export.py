"""postrider export, then import: the same realm. What a file cannot hold is said."""

import json
import os
import pathlib
import random
import tempfile

import pytest

from certificates import Authority
from client import Realm
from test_import_keycloak import cli

SECRETS = "a passphrase of some words"
FOLDER = tempfile.TemporaryDirectory()
CLIENT = Authority(FOLDER.name).client("client")
AUTHORITY = (pathlib.Path(FOLDER.name) / "ca.pem").read_text()
#: How many random realms; `make proof` takes many.
REALMS = int(os.environ.get("POSTRIDER_REALMS", "4"))


def texts(randomness, count, alphabet="abcdefghij"):
    return sorted({"".join(randomness.choices(alphabet, k=randomness.randint(1, 12))) for _ in range(count)})


def make_realm(server, randomness):
    """A realm of random size, through the API, and passwords by username."""
    realm = server.realm()
    realm.call("PATCH", "", {"display_name": "".join(randomness.choices("aä\u4e16 ", k=8)).strip()}, 200)
    settings = {"retention_days": randomness.randint(1, 90), "password_min_length": randomness.randint(8, 40), "timeout": f"{randomness.randint(1, 30)}s",
                "retry_schedule": ["1s", "2m"][:randomness.randint(0, 2)], "secret_overlap": f"{randomness.randint(1, 48)}h"}
    realm.call("PATCH", "/settings", dict(randomness.sample(sorted(settings.items()), randomness.randint(0, 5))), 200)
    for word in texts(randomness, 3):
        realm.call("POST", "/event-types", {"name": f"order.{word}", "description": word, "schema": {"type": "object"} if randomness.random() < 0.5 else None,
                                            "example": {"n": 1} if randomness.random() < 0.5 else None}, 201)
    known = [event_type["name"] for event_type in realm.get("/event-types").json["items"] if not event_type["built_in"]]
    for number in range(randomness.randint(0, 3)):
        realm.create_webhook(f"https://r.example/{number}", events=randomness.sample(["*", "user.*", "realm.updated", *known], randomness.randint(1, 3)), name=f"hook {number}",
                             description="".join(randomness.choices("xé", k=5)), enabled=randomness.random() < 0.7, signing=randomness.choice([["v1"], ["v1", "v1a"], ["v1a"], ["ferriskey"], ["v1", "ferriskey"]]),
                             headers={f"X-{word}": f"value {word}" for word in texts(randomness, 2)}, timeout=randomness.choice([None, "3s"]), retry_schedule=randomness.choice([None, [], ["7s"]]),
                             rate_limit=randomness.choice([None, {"count": randomness.randint(1, 100000), "per": "1h"}]), max_in_flight=randomness.choice([None, 1, 256]),
                             authentication=randomness.choice([None, {"type": "basic", "username": "ä", "password": "p ö"}, {"type": "bearer", "token": "t.t"},
                                                               {"type": "oauth2", "token_url": "https://id.example/t", "client_id": "c", "client_secret": "s", "scope": "a b"}]),
                             tls=randomness.choice([None, {"ca": AUTHORITY}, CLIENT, {"ca": AUTHORITY, **CLIENT}]),
                             **randomness.choice([{}, {"format": "payload"}, {"format": "slack"}, {"format": "template", "template": {"n": [1.10, "{{data.n}}"]}}]),
                             **randomness.choice([{}, {"ordering": "resource"}, {"ordering": "resource", "on_exhausted": "hold"}, {"ordering": "none", "on_exhausted": "skip"}]),
                             filter=randomness.choice([None, {"data": {"n": {"$gt": 1.5}}}, {"$or": [{"data": {"a": "ä"}}, {"event": "x"}]}]))
    hooks = realm.items("/webhooks")
    for hook in hooks:
        if randomness.random() < 0.5:
            realm.call("POST", f"/webhooks/{hook['id']}/secret/rotate", {"overlap": "20h"}, 200)
    resetting = [hook["id"] for hook in hooks if "*" in hook["events"]]
    if resetting and randomness.random() < 0.7:
        realm.call("PATCH", "/settings", {"password_reset_webhook": randomness.choice(resetting)}, 200)
    roles = []
    for word in texts(randomness, 4):
        body = {"name": word, "description": "ä" * randomness.randint(0, 3), "permissions": randomness.sample(["view_users", "manage_roles", "publish_events"], randomness.randint(0, 3))}
        roles.append(realm.call("POST", "/roles", body, 201).json["id"])
    for number in range(randomness.randint(1, 4)):
        kind = randomness.choice(["public", "confidential"])
        client = realm.call("POST", "/clients", {"client_id": f"client-{number}", "type": kind, "name": "N", "description": "ü", "enabled": randomness.random() < 0.5}, 201).json
        for word in texts(randomness, 3):
            roles.append(realm.call("POST", f"/clients/{client['id']}/roles", {"name": word}, 201).json["id"])
            realm.call("POST", f"/clients/{client['id']}/redirects", {"value": f"https://{word}.example/cb", "enabled": randomness.random() < 0.5}, 201)
        if kind == "confidential":
            realm.call("PATCH", f"/clients/{client['id']}", {"service_account_roles": randomness.sample(roles, randomness.randint(0, len(roles)))}, 200)
    passwords = {}
    for number in range(randomness.randint(1, 12)):
        body = {"username": f"user {number} é", "email": f"u{number}@example.com" if randomness.random() < 0.5 else None, "first_name": "Ä" * randomness.randint(0, 3),
                "last_name": "", "enabled": randomness.random() < 0.7, "attributes": {"n": [number], "deep": {"a": None}} if randomness.random() < 0.5 else {}}
        if body["email"]:
            body["email_verified"] = randomness.random() < 0.5
        user = realm.call("POST", "/users", body, 201).json
        if number < 2:
            passwords[body["username"]] = f"the long password of user {number}, long enough"
            realm.call("PUT", f"/users/{user['id']}/password", {"password": passwords[body["username"]]}, 204)
            if not body["enabled"]:
                del passwords[body["username"]]
        for role in randomness.sample(roles, randomness.randint(0, min(3, len(roles)))):
            realm.call("POST", f"/users/{user['id']}/roles/{role}", None, 204)
    return realm, passwords


IDS = {"id", "version", "updated_at", "health"}


def without(item, *names):
    return {key: value for key, value in item.items() if key not in IDS and key not in names}


def picture(realm, secrets=False):
    """All that a realm is, without the ids that are new in a copy: read by the API, not by the export."""
    names = {}
    clients = realm.items("/clients")
    for role in realm.items("/roles"):
        names[role["id"]] = role["name"]
    out = {"display_name": realm.get("").json["display_name"], "settings": realm.get("/settings").json}
    out["roles"] = [{**without(role, "created_at"), "id": role["id"]} for role in realm.items("/roles")]
    out["event_types"] = sorted((without(each, "created_at") for each in realm.get("/event-types").json["items"]), key=lambda each: each["name"])
    out["webhooks"] = []
    for webhook in realm.items("/webhooks"):
        shown = without(realm.get(f"/webhooks/{webhook['id']}?reveal=headers").json if secrets else webhook, "created_at", *(() if secrets else ("headers", "authentication", "tls")))
        if secrets:
            shown["secret"] = realm.get(f"/webhooks/{webhook['id']}/secret").json
            shown["keys"] = realm.get(f"/webhooks/{webhook['id']}/secret?reveal=keys").json["keys"]
        out["webhooks"].append(shown)
    # The one thing that names a webhook: which one it is.
    ids = [webhook["id"] for webhook in realm.items("/webhooks")]
    chosen = out["settings"]["password_reset_webhook"]
    out["settings"]["password_reset_webhook"] = None if chosen is None else ids.index(chosen)
    out["clients"] = {}
    for client in clients:
        path = f"/clients/{client['id']}"
        own = realm.items(path + "/roles")
        names.update({role["id"]: f"{client['client_id']}/{role['name']}" for role in own})
        out["clients"][client["client_id"]] = {"id": client["id"],
                                               "roles": [{**without(role, "created_at"), "id": role["id"]} for role in own],
                                               "uris": sorted((without(uri, "created_at", "client_id") for uri in realm.items(path + "/redirects")), key=lambda uri: uri["value"]),
                                               "hash": realm.get(path + "?reveal=secret_hash").json["secret_hash"] if secrets else None}
    for client in clients:
        kept = out["clients"][client["client_id"]]
        kept["client"] = without(client, "created_at", "service_account_roles")
        kept["service_account"] = sorted(names[role] for role in client["service_account_roles"])
    out["users"] = [{**without(user), "id": user["id"], "roles": sorted(names[role["id"]] for role in realm.items(f"/users/{user['id']}/roles"))}
                    for user in realm.items("/users")]
    return out


@pytest.mark.parametrize("number", range(REALMS))
@pytest.mark.parametrize("secrets", [False, True])
def test_export_and_import_give_the_same_realm(server, tmp_path, number, secrets):
    randomness = random.Random(f"export {number} {secrets}")
    realm, passwords = make_realm(server, randomness)
    out, key = tmp_path / "realm.json", tmp_path / "passphrase"
    key.write_text(SECRETS + "\n")
    flags = ["--with-secrets", "--passphrase-file", key] if secrets else []
    said = cli(server, "export", "--realm", realm.name, "--out", out, *flags, expect=0).stdout
    assert "API keys" in said and ("--with-secrets" in said) != secrets
    copied = realm.name + "-copy"
    answer = json.loads(cli(server, "import", out, "--realm", copied, "--json", *flags[1:], expect=0).stdout)
    assert answer["values"]["left_out"] == sum(len(note["of"]) for note in answer["notes"] if any(f"{kind} of webhooks" in note["note"] for kind in ("headers", "authentication", "tls")))
    copy = Realm(server.client, copied)
    assert picture(copy, secrets) == picture(realm, secrets)
    for username, password in passwords.items() if secrets else ():
        assert copy.call("POST", "/session", {"username": username, "password": password}).status == 201
    # And of the copy the same file, but for the name and what is sealed (a new salt each time).
    second = json.loads(cli(server, "export", "--realm", copied, expect=0).stdout)
    first = json.loads(out.read_text())
    first["postrider"].pop("sealed", None)
    if not secrets:  # the values of headers were not in the file, so the copy has none
        for webhook in first["postrider"]["webhooks"]:
            webhook["headers"], webhook["authentication"], webhook["tls"] = {}, None, None
    assert {**second, "realm": realm.name} == first


def test_nothing_secret_is_in_the_file_unless_it_is_sealed(server, tmp_path):
    realm = server.realm()
    user = realm.call("POST", "/users", {"username": "ada"}, 201).json
    realm.call("PUT", f"/users/{user['id']}/password", {"password": "correct horse battery staple"}, 204)
    realm.call("POST", "/clients", {"client_id": "batch", "type": "confidential"}, 201)
    hook = realm.create_webhook("https://r.example/x", events=["user.*"], headers={"X-Key": "canary-header"}, authentication={"type": "bearer", "token": "canary-token"}, tls=CLIENT)
    secret = realm.get(f"/webhooks/{hook['id']}/secret").json["secret"]
    hashed = realm.get(f"/users/{user['id']}/credentials?reveal=hash").json["items"][0]["hash"]
    plain = cli(server, "export", "--realm", realm.name, expect=0)
    sealed = cli(server, "export", "--realm", realm.name, "--with-secrets", expect=0, POSTRIDER_PASSPHRASE=SECRETS)
    for text in (plain.stdout, sealed.stdout):
        assert not any(each in text for each in ("canary-header", "canary-token", secret, hashed, SECRETS, "argon2id$", "BEGIN"))
    (tmp_path / "sealed.json").write_text(sealed.stdout)
    copied = realm.name + "-copy"
    said = cli(server, "import", tmp_path / "sealed.json", "--realm", copied, expect=2).stderr
    assert "--passphrase-file" in said and "--without-secrets" in said
    said = cli(server, "import", tmp_path / "sealed.json", "--realm", copied, expect=2, POSTRIDER_PASSPHRASE="another passphrase").stderr
    assert "does not open" in said
    assert "at least 12" in cli(server, "import", tmp_path / "sealed.json", "--realm", copied, expect=2, POSTRIDER_PASSPHRASE="short").stderr
    assert Realm(server.client, copied).call("GET", "").status == 404, "nothing was done"
    answer = json.loads(cli(server, "import", tmp_path / "sealed.json", "--realm", copied, "--without-secrets", "--json", expect=0).stdout)
    assert any("sealed" in note["note"] for note in answer["notes"])
    assert "--passphrase-file" in cli(server, "export", "--realm", realm.name, "--with-secrets", expect=2).stderr


def test_a_disabled_redirect_uri_stays_disabled(server, tmp_path):
    realm = server.realm()
    client = realm.call("POST", "/clients", {"client_id": "app", "type": "public"}, 201).json["id"]
    realm.call("POST", f"/clients/{client}/redirects", {"value": "https://old.example/cb", "enabled": False}, 201)
    out = tmp_path / "realm.json"
    cli(server, "export", "--realm", realm.name, "--out", out, expect=0)
    cli(server, "import", out, "--realm", realm.name + "-copy", expect=0)
    copy = Realm(server.client, realm.name + "-copy")
    copied, = copy.items("/clients")
    assert [(uri["value"], uri["enabled"]) for uri in copy.items(f"/clients/{copied['id']}/redirects")] == [("https://old.example/cb", False)]


def test_who_lacks_the_right_gets_no_secrets(server, tmp_path):
    realm = server.realm()
    role = realm.call("POST", "/roles", {"name": "boss", "permissions": ["manage_realms"]}, 201).json
    for username in ("ada", "bob"):
        user = realm.call("POST", "/users", {"username": username}, 201).json
        realm.call("PUT", f"/users/{user['id']}/password", {"password": "correct horse battery staple"}, 204)
    realm.call("POST", f"/users/{user['id']}/roles/{role['id']}", None, 204)
    views = [f"view_{what}" for what in ("realms", "users", "roles", "clients", "webhooks", "events")]
    keys = [server.master.call("POST", "/api-keys", {"name": f"k {len(more)}", "permissions": views + more}, 201).json["key"] for more in ([], ["reveal_secrets"])]
    out = tmp_path / "realm.json"
    ask = lambda key, expect: cli(server, "export", "--realm", realm.name, "--with-secrets", "--out", out, "--token", key, expect=expect, POSTRIDER_PASSPHRASE=SECRETS)
    assert "reveal_secrets" in ask(keys[0], 1).stderr and not out.exists()
    assert "bob" in ask(keys[1], 0).stdout
