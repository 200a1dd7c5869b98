"""`postrider import --from-ferriskey`: a realm moves in with its users' passwords and its receivers."""

import json
import os
import random
import subprocess
import time
import uuid

import pytest

import postgres
import signing
from catalogue import Walk
from client import Realm
from ferriskey import FerrisKey, verifies
from server import ROOT, TOKEN, binary, environment
from waiting import wait_for

#: `make proof` takes more of both.
USERS = int(os.environ.get("POSTRIDER_FERRISKEY_USERS", "1500"))
KILLS = int(os.environ.get("POSTRIDER_FERRISKEY_KILLS", "4"))
PASSWORDS = [f"a password of FerrisKey's, number {n}" for n in range(100)]


@pytest.fixture
def source():
    return FerrisKey(postgres.shared().database())


@pytest.fixture(scope="module")
def built_in(server):
    """The names of the 27."""
    names = [event["name"] for event in server.client.call("GET", "/event-types", None, 200).json["items"]]
    assert len(names) == 27
    return names


def take_over(server, url, *arguments):
    return subprocess.run([binary(), "import", "--from-ferriskey", url, *arguments], capture_output=True, text=True, timeout=120,
                          env=environment(POSTRIDER_URL=server.url, POSTRIDER_TOKEN=TOKEN))


def test_ten_thousand_users_and_twenty_webhooks(server, receiver, source, built_in):
    name = f"moved-{uuid.uuid4().hex[:8]}"
    realm = source.realm(name, "Moved")
    buyer = source.role(realm, "buyer", permissions=1 << 17)
    ids = source.users(realm, 10_000, buyer, PASSWORDS)
    secrets = {f"/{name}/{n}": source.webhook(realm, receiver.url(f"/{name}/{n}"), built_in, name=f"hook {n}",
                                              headers=json.dumps({"Authorization": f"Bearer {n}"})) for n in range(20)}
    started = time.monotonic()
    done = take_over(server, source.url, "--no-events")
    took = time.monotonic() - started
    assert done.returncode == 0 and took <= 60, (took, done.stdout, done.stderr)
    here = Realm(server.client, name)
    for n in random.sample(range(10_000), 100):
        login = here.call("POST", "/session", {"username": f"user{n}", "password": PASSWORDS[n % 100]}, 201).json
        assert login["id"] and here.get(f"/users/{ids[n]}").json["username"] == f"user{n}"
    assert here.call("POST", "/session", {"username": "user1", "password": PASSWORDS[2]}).status == 401
    assert sorted(hook["name"] for hook in here.items("/webhooks")) == sorted(f"hook {n}" for n in range(20))
    # All 27 come to each receiver, which knows nothing of the move.
    for event in built_in:
        here.publish(event, data={"n": 1})
    for path, secret in secrets.items():
        # Webhooks that were made later fired webhook.created to those before them.
        wait_for(lambda: {each.json["event"] for each in receiver.at(path) if each.json["data"] == {"n": 1}} == set(built_in),
                 f"all of the 27 at {path}", 60)
        requests = receiver.at(path)
        assert all(verifies(secret, request) for request in requests)
        assert all(request.headers["authorization"] == f"Bearer {path.rsplit('/', 1)[1]}" for request in requests)
    # The same again finds it all there.
    done = take_over(server, source.url, "--no-events")
    assert done.returncode == 0 and len(here.items("/webhooks")) == 20, (done.stdout, done.stderr)


def test_everything_of_a_realm_comes_or_is_named(server, receiver, source):
    name = f"small-{uuid.uuid4().hex[:8]}"
    realm = source.realm(name)
    client = source.client(realm, "shop", redirect_uris=[("https://shop.example/cb", True), ("https://old.example/cb", False),
                                                         ("*", True)])
    source.client(realm, "spa", public_client=True, secret=None)
    source.client(realm, "weak", secret="short")
    admin = source.role(realm, "admin", permissions=1 << 6 | 1 << 4)
    buyer = source.role(realm, "buyer", client=client)
    account = source.insert("users", realm_id=realm, client_id=client, username="service-account-shop")
    source.give(account, admin)
    ada = source.insert("users", realm_id=realm, username="ada", firstname="Ada", email="ada@example.com", email_verified=True,
                        created_at="2019-03-01T12:00:00")
    source.give(ada, admin)
    source.give(ada, buyer)
    source.insert("user_attributes", user_id=ada, realm_id=realm, key="team", value="compilers")
    source.insert("credentials", user_id=ada, credential_type="otp", secret_data="x", credential_data="{}")
    source.insert("user_required_actions", user_id=ada, action="update_password")
    bob = source.insert("users", realm_id=realm, username="bob", failed_login_attempts=3)
    source.password(bob, "federated")
    source.cursor.execute("UPDATE clients SET require_pkce = true WHERE id = %s", (client,))
    source.insert("post_logout_redirect_uris", client_id=client, value="https://shop.example/bye")
    source.cursor.execute("CREATE TABLE gadgets (id uuid, realm_id uuid, size integer); INSERT INTO gadgets SELECT gen_random_uuid(), %s, 1", (realm,))
    source.insert("identity_providers", realm_id=realm, alias="corporate")
    source.webhook(realm, receiver.url("/small"), ["user.created", "user.email_verified"], name="half")
    source.webhook(realm, receiver.url("/small"), ["client.maintenance.enabled"], name="none")
    done = take_over(server, source.url)
    said = done.stdout + done.stderr
    for named in ("weak", "manage_identity_providers", "otp", "update_password", "user.email_verified", "client.maintenance.enabled",
                  "none", "identity providers (1)", "redirect URIs after a logout (1)", "the table gadgets (1)", "clients: require_pkce (1)",
                  "users: failed_login_attempts (1)", "federated directory"):
        assert named in said, (named, said)
    here = Realm(server.client, name)
    user = here.get(f"/users/{ada}").json
    assert user["created_at"] == "2019-03-01T12:00:00.000000Z" and user["attributes"] == {"team": "compilers"}
    assert user["email_verified"] and user["first_name"] == "Ada"
    assert sorted(role["name"] for role in here.items(f"/users/{ada}/roles")) == ["admin", "buyer"]
    roles = {role["name"]: role["permissions"] for role in here.items("/roles")}
    assert sorted(roles["admin"]) == ["manage_users", "view_users"]
    clients = {each["client_id"]: each for each in here.items("/clients")}
    assert clients["spa"]["type"] == "public" and len(clients["shop"]["service_account_roles"]) == 1
    uris = {uri["value"]: uri["enabled"] for uri in here.items(f"/clients/{clients['shop']['id']}/redirects")}
    assert uris == {"https://shop.example/cb": True, "https://old.example/cb": False}
    assert [hook["events"] for hook in here.items("/webhooks")] == [["user.created"]]


@pytest.mark.parametrize("version", ["2025-07", "2026-05"])
def test_older_versions_come_too(server, receiver, version):
    source = FerrisKey(postgres.shared().database(), version)
    name = f"old-{uuid.uuid4().hex[:8]}"
    realm = source.realm(name)
    client = source.client(realm, "shop", redirect_uris=[("https://shop.example/cb", True)])
    account = source.insert("users", realm_id=realm, client_id=client, username="service-account-shop", email="account@example.com")
    buyer = source.role(realm, "buyer", permissions=1 << 17)
    source.give(account, buyer)
    source.users(realm, 20, buyer, PASSWORDS[:3])
    source.webhook(realm, receiver.url("/old"), ["user.created"])
    done = take_over(server, source.url)
    assert done.returncode == 0 and "webhooks that have a new secret" in done.stdout, (done.stdout, done.stderr)
    here = Realm(server.client, name)
    assert len(here.items("/users")) == 20
    assert here.call("POST", "/session", {"username": "user2", "password": PASSWORDS[2]}).status == 201
    hook, = here.items("/webhooks")
    assert hook["events"] == ["user.created"] and hook["signing"] == ["v1"]
    assert [len(each["service_account_roles"]) for each in here.items("/clients")] == [1]


def test_killed_again_and_again_it_is_whole(server, receiver, source):
    """At random moments, of the reading too; the last run goes on to the end."""
    name = f"killed-{uuid.uuid4().hex[:8]}"
    realm = source.realm(name, "Killed")
    roles = [source.role(realm, f"role {n}", permissions=1 << 17) for n in range(20)]
    clients = [source.client(realm, f"client-{n}", redirect_uris=[(f"https://c{n}.example/cb", n % 2 == 0)]) for n in range(30)]
    account = source.insert("users", realm_id=realm, client_id=clients[0], username="service-account-client-0")
    source.give(account, roles[1])
    ids = source.users(realm, USERS, roles[0], PASSWORDS[:5])
    for n in range(0, USERS, 3):
        source.give(ids[n], roles[2])
    for n in range(10):
        source.webhook(realm, receiver.url(f"/{name}/{n}"), ["webhook.deleted"], name=f"hook {n}")
    seed = uuid.uuid4().hex[:8]
    print("seed", seed)
    randomness = random.Random(seed)
    command = [binary(), "import", "--from-ferriskey", source.url]
    run = lambda: subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment(POSTRIDER_URL=server.url, POSTRIDER_TOKEN=TOKEN))
    here = Realm(server.client, name)
    is_there = lambda n: here.call("GET", f"/users?username=user{n}").status == 200 and here.get(f"/users?username=user{n}").json["items"]
    moments = sorted(randomness.sample(range(USERS), KILLS))
    for n in moments:
        process = run()
        wait_for(lambda: is_there(n) or process.poll() is not None, f"user {n}", 120)
        process.kill()
        process.communicate()
    # And some by the clock: before the first user, and among the webhooks after the last.
    for _ in range(KILLS):
        process = run()
        try:
            process.communicate(timeout=randomness.uniform(0.01, 0.5))
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
    out, errors = run().communicate(timeout=120)
    assert len(here.items("/users")) == USERS, (out, errors)
    assert {user["id"]: user["username"] for user in here.items("/users")} == {ids[n]: f"user{n}" for n in range(USERS)}
    assert sorted(hook["name"] for hook in here.items("/webhooks")) == sorted(f"hook {n}" for n in range(10))
    there = {client["client_id"]: client for client in here.items("/clients")}
    assert sorted(there) == sorted(f"client-{n}" for n in range(30)) and len(there["client-0"]["service_account_roles"]) == 1
    for n in range(0, 30, 7):
        uris = here.items(f"/clients/{there[f'client-{n}']['id']}/redirects")
        assert [(uri["value"], uri["enabled"]) for uri in uris] == [(f"https://c{n}.example/cb", n % 2 == 0)]
    for n in randomness.sample(range(USERS), 20):
        names = sorted(role["name"] for role in here.items(f"/users/{ids[n]}/roles"))
        assert names == (["role 0", "role 2"] if n % 3 == 0 else ["role 0"])
    count = {kind: len(here.items("/events", event=kind)) for kind in ("user.created", "user.role.assigned", "client.created", "role.created", "webhook.created")}
    assert count == {"user.created": USERS, "user.role.assigned": USERS + len(range(0, USERS, 3)), "client.created": 30, "role.created": 20, "webhook.created": 10}


def test_a_ferriskey_receiver_takes_all_27_from_real_changes(server, receiver, source, built_in):
    """Nothing is published by hand: each change fires its own event, and the receiver checks the three headers by itself."""
    name = f"real-{uuid.uuid4().hex[:8]}"
    at, master_at = f"/{name}", f"/{name}/master"
    secrets = {at: source.webhook(source.realm(name), receiver.url(at), built_in, name="all"),
               # Nobody in a realm that does not exist yet can be told that it is created.
               master_at: source.webhook(source.realm("master"), receiver.url(master_at), ["realm.created", "realm.deleted"], name=name)}
    assert take_over(server, source.url, name, "--no-events").returncode == 0
    done = take_over(server, source.url, "master", "--realm", "master", "--no-events")
    assert done.returncode == 0, (done.stdout, done.stderr)
    here = Realm(server.client, name)
    here.event_types("order.paid")
    try:
        for type_, prepare in Walk(server, here).changes():
            change, _ = prepare()
            change()
        server.realm()
        server.client.call("DELETE", f"/realms/{name}", None, 204)
        missing = lambda: set(built_in) - {request.json["event"] for path in secrets for request in receiver.at(path)}
        wait_for(lambda: not missing(), lambda: f"{missing()}", 60)
        for path, secret in secrets.items():
            assert all(verifies(secret, request) for request in receiver.at(path))
            assert not any(verifies("another secret", request) for request in receiver.at(path))
    finally:
        for hook in server.master.items("/webhooks"):
            if hook["name"] == name:
                server.master.delete_webhook(hook["id"])


def test_odd_rows_cost_only_themselves(server, receiver, source):
    """Each of these stopped the whole import, took its webhook along or was lost without a word."""
    name = f"odd-{uuid.uuid4().hex[:8]}"
    realm = source.realm(name, "two\nlines")
    source.insert("users", realm_id=realm, username="ada", created_at="infinity")
    source.cursor.execute('CREATE TABLE "my table, of ""things""" (id uuid, realm_id uuid); INSERT INTO "my table, of ""things""" VALUES (%s, %s)', (realm, realm))
    for number, headers in enumerate(([1, 2], {"X-Number": 5, "X-Kept": "yes"}, {"Host": "x"})):
        source.webhook(realm, receiver.url(f"/{name}/{number}"), ["user.created"], name=f"hook {number}", headers=json.dumps(headers))
    done = take_over(server, source.url)
    assert done.returncode == 0, (done.stdout, done.stderr)
    for said in ("times at which users were created that are no times", 'the table my table, of "things" (1)', "the display name", "headers of webhooks that are no object",
                 "hook 1: X-Number: must be a string", "hook 2: Host: host cannot be set"):
        assert said in done.stdout, (said, done.stdout)
    here = Realm(server.client, name)
    assert [user["username"] for user in here.items("/users")] == ["ada"]
    assert {hook["name"]: list(hook["headers"]) for hook in here.items("/webhooks")} == {"hook 0": [], "hook 1": ["X-Kept"], "hook 2": []}


@pytest.mark.parametrize("prepare, says", [
    ("ALTER TABLE users ENABLE ROW LEVEL SECURITY", "BYPASSRLS"),
    ("REVOKE SELECT ON user_attributes FROM {role}", "may not read user_attributes"),
    ("ALTER TABLE users ALTER enabled DROP DEFAULT, ALTER enabled TYPE text USING 'yes'; INSERT INTO users (id, realm_id, username, enabled) "
     "SELECT gen_random_uuid(), id, 'ada', 'yes' FROM realms", "cannot be read"),
])
def test_a_database_that_shows_less_than_all_is_refused(server, source, prepare, says):
    source.realm(f"hidden-{uuid.uuid4().hex[:8]}")
    role = f"reader_{uuid.uuid4().hex[:8]}"
    source.cursor.execute(f"CREATE ROLE {role} LOGIN; GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role}; {prepare.format(role=role)}")
    said = take_over(server, source.url.replace("postgres@", f"{role}@"))
    assert said.returncode == 1 and says in said.stderr and "nothing was imported" in said.stderr, said.stderr
    assert said.stderr.count("\n") == 1


def test_a_table_that_is_locked_does_not_hold_it_for_ever(server, source):
    source.realm(f"locked-{uuid.uuid4().hex[:8]}")
    source.connection.autocommit = False
    source.cursor.execute("LOCK TABLE users IN ACCESS EXCLUSIVE MODE")
    said = take_over(server, source.url)
    assert said.returncode == 1 and "holds a lock" in said.stderr and "nothing was imported" in said.stderr, said.stderr
    source.connection.rollback()


def test_what_is_no_ferriskey_says_so(server):
    shared = postgres.shared()
    empty = take_over(server, shared.database())
    assert empty.returncode != 0 and "not FerrisKey's" in empty.stderr and empty.stderr.count("\n") == 1, empty.stderr
    old = FerrisKey(shared.database())
    old.cursor.execute("ALTER TABLE webhooks RENAME endpoint TO target")
    said = take_over(server, old.url)
    assert said.returncode != 0 and "webhooks.endpoint" in said.stderr and said.stderr.count("\n") == 1, said.stderr
    closed = FerrisKey(shared.database())
    closed.cursor.execute("CREATE ROLE stranger LOGIN")
    said = take_over(server, closed.url.replace("postgres@", "stranger@"))
    assert said.returncode != 0 and "GRANT SELECT" in said.stderr and said.stderr.count("\n") == 1, said.stderr
    gone = take_over(server, "postgresql://nobody@127.0.0.1:1/none")
    assert gone.returncode != 0 and gone.stderr.count("\n") == 1, gone.stderr
    # In the words of this command, not of `serve`.
    for url in ("mysql://x/y", closed.url.rsplit("/", 1)[0] + "/none_of_that_name"):
        said = take_over(server, url).stderr
        assert "--database" not in said and "createdb" not in said and "nothing was imported" in said, said


def test_the_commands_of_the_guide(server, receiver, source):
    """Each as it stands in docs/migrating/ferriskey.md, but for the database's address and the realms' names."""
    realm = source.realm("shop")
    source.users(realm, 3, source.role(realm, "buyer"), PASSWORDS[:3])
    secret = source.webhook(realm, receiver.url("/guide"), ["user.created"], name="billing")
    guide = (ROOT / "docs" / "migrating" / "ferriskey.md").read_text()
    commands = [line.strip() for line in guide.splitlines() if line.startswith("    ")]
    assert len(commands) == 7
    reader = source.url.replace("postgres@", "reader:change-me@")
    source.cursor.execute("DROP ROLE IF EXISTS reader")
    for command in commands:
        command = command.replace("postgresql://reader:change-me@127.0.0.1/ferriskey", reader)
        command = command.replace("postgresql://postgres@127.0.0.1/ferriskey", source.url)
        command = command.replace("postrider ", f"{binary()} ", 1)
        done = subprocess.run(command, shell=True, capture_output=True, text=True, timeout=60, check=False,
                              env=environment(POSTRIDER_URL=server.url, POSTRIDER_TOKEN=TOKEN))
        assert done.returncode == 0, (command, done.stdout, done.stderr)
    # Both signatures, each with its own secret.
    ours = done.stdout.strip()
    Realm(server.client, "shop").call("POST", "/users", {"username": "eve"}, 201)
    request = wait_for(lambda: receiver.at("/guide"), "the webhook")[0]
    assert verifies(secret, request) and signing.verifies(ours, request.headers, request.body)
    for name in ("shop", "acme"):
        here = Realm(server.client, name)
        assert here.call("POST", "/session", {"username": "user2", "password": PASSWORDS[2]}).status == 201
    source.cursor.execute("DROP OWNED BY reader; DROP ROLE reader")
