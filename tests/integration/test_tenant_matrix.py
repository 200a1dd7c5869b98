"""Every route of api/openapi.yaml, asked by everybody who may not: 401, 403, 404; nothing done, nothing told.

Generated from the contract, so a new route is in it without a line here. That the server has no route
outside the contract is test_contract.py's (test_the_router_has_what_the_file_has).
"""

import contextlib
import datetime
import json
import sqlite3

import pytest

import postgres
from client import Client
from contract import Contract
from waiting import wait_for
from world import body_for, fill, make_world, required_query, send_form

OPERATIONS = {operation["operationId"]: (method, path, operation) for method, path, operation in Contract().operations()}
#: What needs no token, by decision: each has a reason in the contract.
OPEN = {"get_health", "get_readiness", "get_docs", "get_docs_file", "get_openapi_json", "get_openapi_yaml", "get_problem_type", "get_jwks",
        "get_console", "get_console_page", "get_console_asset",
        "get_set_password_page", "create_session", "request_password_reset", "complete_password_reset", "get_oauth_metadata"}
#: What a client's secret opens: test_oauth.py has who may not.
CLIENT = {operation_id for operation_id, (_, _, operation) in OPERATIONS.items() if operation["x-permission"] == "client"}
GUARDED = sorted(set(OPERATIONS) - OPEN - CLIENT)
PERMISSIONS = sorted({operation["x-permission"] for _, _, operation in OPERATIONS.values()} - {"open", "any token", "client"})


@pytest.fixture(scope="module")
def mine(server, receiver):
    return make_world(server, receiver)


@pytest.fixture(scope="module")
def other(server, receiver):
    """Another realm with one of everything, whose names nobody else may learn."""
    return make_world(server, receiver)


def key(realm, *permissions, **more):
    made = realm.call("POST", "/api-keys", {"name": f"k{len(realm.items('/api-keys'))}",
                                            "permissions": list(permissions), **more}, 201)
    return made.json


@pytest.fixture(scope="module")
def lacking(mine):
    """For each permission a key that has all others."""
    realm, _ = mine
    return {permission: key(realm, *(set(PERMISSIONS) - {permission}))["key"] for permission in PERMISSIONS}


@pytest.fixture(scope="module")
def refused_tokens(mine):
    realm, _ = mine
    soon = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=1)
    expired = key(realm, *PERMISSIONS, expires_at=soon.isoformat().replace("+00:00", "Z"))
    revoked = key(realm, *PERMISSIONS)
    realm.call("DELETE", f"/api-keys/{revoked['id']}", expect=204)
    wait_for(lambda: Client(realm.client.address, expired["key"]).raw("GET", f"/api/v1/realms/{realm.name}").status == 401,
             "the key has expired")
    # What opens another door opens none here.
    role = realm.call("POST", "/roles", {"name": "all", "permissions": PERMISSIONS}, 201).json["id"]
    app = realm.call("POST", "/clients", {"client_id": "app", "type": "confidential", "service_account_roles": [role]}, 201).json
    protocol = f"/api/v1/realms/{realm.name}/protocol/openid-connect/"
    ask = lambda path, form: send_form(realm.client, protocol + path, form, "app", app["secret"]).json
    token = ask("token", {"grant_type": "client_credentials"})["access_token"]
    assert Client(realm.client.address, token).raw("GET", f"/api/v1/realms/{realm.name}").status == 200
    ask("revoke", {"token": token})
    user = realm.call("POST", "/users", {"username": "for-the-matrix"}, 201).json["id"]
    return {"none": None, "bad": "prk_" + "A" * 43, "expired": expired["key"], "revoked": revoked["key"],
            "bad access": "pra_" + "A" * 43, "revoked access": token, "client secret as": app["secret"],
            "reset": realm.call("POST", f"/users/{user}/reset-password", None, 200).json["token"]}


def plain(value):
    return bytes(value) if isinstance(value, memoryview) else value


class Unchanged:
    """That the store holds after it what it held before, but for what goes on by itself."""

    # What goes on by itself: deliveries of what was done before, what is counted of them, and the number of the last commit.
    IGNORED = {"nodes", "lanes", "attempts", "deliveries", "counters", "outcome_log", "webhook_results", "idempotency_keys", "store_state",
               "postrider_writers"}  # fmt: skip

    def __init__(self, server):
        self.server = server

    def connect(self):
        if self.server.database:
            name = self.server.database.rsplit("/", 1)[1]
            connection = postgres.shared().connect(name)
            tables = "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'"
            return connection, connection.cursor(), tables
        path = next(self.server.data.glob("*.db"))
        connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
        return connection, connection.cursor(), "SELECT name FROM sqlite_master WHERE type = 'table'"

    def dump(self):
        connection, cursor, tables = self.connect()
        with contextlib.closing(connection):
            cursor.execute(tables)
            held = {}
            for table in {name for name, in cursor.fetchall()} - self.IGNORED:
                cursor.execute(f"SELECT * FROM {table}")
                names = [column[0] for column in cursor.description]
                kept = [n for n, name in enumerate(names) if name != "last_used_at"]
                held[table] = sorted((tuple(plain(row[n]) for n in kept) for row in cursor.fetchall()), key=repr)
            return held

    def __enter__(self):
        self.before = self.dump()

    def __exit__(self, kind, *_):
        if kind is None:
            after = self.dump()
            assert set(after) == set(self.before)
            for table, rows in self.before.items():
                assert after[table] == rows, table


#: What is the same in every realm, or never told to anybody.
PUBLIC = {"event_type", "path", "asset", "client_secret"}


def names_of_others(other):
    realm, names = other
    return [value.encode() for name, value in names.items() if name not in PUBLIC] + [realm.name.encode()]


def check(answer, status, operation_id, secrets, asked):
    assert answer.status == status, f"{operation_id}: {answer}"
    assert answer.headers["content-type"].startswith("application/problem+json"), operation_id
    for secret in secrets:
        if secret not in asked:
            assert secret not in answer.body, f"{operation_id} tells {secret}: {answer}"


def safe_bodies(operation_id, realm):
    """Bodies that are made by a call are made before the store is looked at."""
    body = body_for(operation_id, "https://receiver.example/")
    return body(realm) if callable(body) else body


def send(server, operation_id, names, token, body):
    method, path, operation = OPERATIONS[operation_id]
    path = fill(path, names) + required_query(operation)
    return path.encode(), Client(server.address, token).raw(method, path, None if body is None else json.dumps(body).encode())


def test_who_has_no_good_token_gets_401(server, mine, other, refused_tokens):
    realm, names = mine
    bodies = {operation_id: safe_bodies(operation_id, realm) for operation_id in GUARDED}
    with Unchanged(server):
        for operation_id in GUARDED:
            for kind, token in refused_tokens.items():
                asked, answer = send(server, operation_id, names, token, bodies[operation_id])
                check(answer, 401, f"{operation_id} with {kind} token", names_of_others(other), asked)
                assert answer.headers["www-authenticate"].startswith("Bearer")
        # A realm that is there and one that is not look the same to them.
        answers = {Client(server.address, refused_tokens["bad"]).raw("GET", f"/api/v1/realms/{name}").problem
                   for name in (realm.name, "no-such-realm")}
        assert len(answers) == 1


def test_who_lacks_the_permission_gets_403_that_names_it(server, mine, other, lacking):
    realm, names = mine
    bodies = {operation_id: safe_bodies(operation_id, realm) for operation_id in GUARDED}
    count = 0
    with Unchanged(server):
        for operation_id in GUARDED:
            permission = OPERATIONS[operation_id][2]["x-permission"]
            if permission == "any token":
                continue
            asked, answer = send(server, operation_id, names, lacking[permission], bodies[operation_id])
            check(answer, 403, operation_id, names_of_others(other), asked)
            assert permission in answer.json["detail"], f"{operation_id}: {answer}"
            count += 1
    assert count > 60


def test_another_realm_is_404_whatever_one_may(server, mine, other):
    realm, _ = mine
    _, theirs = other
    token = key(realm, *PERMISSIONS)["key"]
    bodies = {operation_id: safe_bodies(operation_id, other[0]) for operation_id in GUARDED}
    with Unchanged(server):
        for operation_id in GUARDED:
            if "{realm}" not in OPERATIONS[operation_id][1]:
                continue
            asked, answer = send(server, operation_id, theirs, token, bodies[operation_id])
            check(answer, 404, operation_id, names_of_others(other), asked)
            # The same as a realm that is not there.
            nowhere = send(server, operation_id, {**theirs, "realm": "no-such-realm"}, token, bodies[operation_id])[1]
            assert answer.problem == nowhere.problem and nowhere.status == 404, operation_id


def test_another_realms_objects_are_404_in_ones_own(server, mine, other):
    realm, names = mine
    _, theirs = other
    token = key(realm, *PERMISSIONS)["key"]
    mixed = {**theirs, "realm": realm.name}
    bodies = {operation_id: safe_bodies(operation_id, realm) for operation_id in GUARDED}
    count = 0
    with Unchanged(server):
        for operation_id in GUARDED:
            path = OPERATIONS[operation_id][1]
            inner = path.replace("{realm}", "")
            if "{realm}" not in path or "{" not in inner or "{event_type}" in inner or "{name}" in inner:
                continue
            if operation_id == "put_consumer":  # makes one of that name in this realm
                continue
            asked, answer = send(server, operation_id, mixed, token, bodies[operation_id])
            check(answer, 404, operation_id, names_of_others(other), asked)
            count += 1
    assert count > 40


def test_lists_and_filters_have_nothing_of_others(server, mine, other):
    realm, names = mine
    token = key(realm, *PERMISSIONS)["key"]
    theirs = names_of_others(other)
    for operation_id in GUARDED:
        method, path, operation = OPERATIONS[operation_id]
        if method != "GET":
            continue
        asked, answer = send(server, operation_id, names, token, None)
        assert answer.status == 200, f"{operation_id}: {answer}"
        for secret in theirs:
            assert secret not in answer.body, f"{operation_id} tells {secret}"
        for parameter in operation.get("parameters", []):
            name = parameter.get("name", "")
            if name.endswith("_id") and name in other[1]:
                filtered = Client(server.address, token).raw("GET", f"{asked.decode()}?{name}={other[1][name]}")
                assert filtered.status in (200, 404), f"{operation_id}?{name}: {filtered}"
                if filtered.status == 200:  # a list, or a count
                    assert not filtered.json.get("items", filtered.json.get("counted")), f"{operation_id}?{name}"


def test_a_key_of_master_acts_everywhere(server, other):
    realm, names = other
    token = key(server.master, *PERMISSIONS)["key"]
    for operation_id in GUARDED:
        method, path, _ = OPERATIONS[operation_id]
        if method == "GET" and "{realm}" in path:
            assert send(server, operation_id, names, token, None)[1].status == 200, operation_id


def test_the_open_routes_are_those(server):
    assert {operation_id for operation_id, (_, _, operation) in OPERATIONS.items()
            if operation["x-permission"] == "open" or operation.get("security") == []} == OPEN
