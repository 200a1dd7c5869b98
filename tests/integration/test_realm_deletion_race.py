"""Every operation of api/openapi.yaml, asked while its realm is being deleted: the server lives, every request
is answered, and nothing is done in a realm whose deletion was committed before.

Generated from the contract, so a new route is in it without a line here.
"""

import contextlib
import json
import os
import signal
import sqlite3
import threading
import uuid

import pytest

import postgres
from client import Client
from contract import Contract
from world import body_for, fill, is_form, make_world, send_form

#: Everything below a realm. The rest asks nothing of it.
OPERATIONS = {operation["operationId"]: (method, path, operation) for method, path, operation in Contract().operations()
              if "{realm}" in path and operation["operationId"] != "delete_realm"}
PERMISSIONS = sorted({operation["x-permission"] for _, _, operation in Contract().operations()
                      if "x-permission" in operation} - {"open", "any token", "client"})
ROUNDS = int(os.environ.get("POSTRIDER_DELETION_ROUNDS", 3))
#: Of each form of OAuth, which have several steps for the deletion to come between.
TOKEN_REQUESTS = 20


class Request:
    """One operation of a realm, asked by a thread of its own."""

    def __init__(self, operation_id, realm, names, token):
        self.method, path, operation = OPERATIONS[operation_id]
        self.operation_id, self.path, self.token = operation_id, fill(path, names), token
        body = body_for(operation_id, "https://receiver.example/")
        self.body = body(realm) if callable(body) else body
        self.secret = names["client_secret"] if is_form(operation) else None
        self.answer = None
        self.address = realm.client.address
        self.thread = threading.Thread(target=self.run, daemon=True)

    def run(self):
        self.answer = self.ask(self.token)

    def ask(self, token):
        if self.secret:
            return send_form(Client(self.address, None), self.path, self.body, secret=self.secret)
        body = None if self.body is None else json.dumps(self.body).encode()
        return Client(self.address, token).raw(self.method, self.path, body)


def make_requests(server, realm, names):
    key = realm.call("POST", "/api-keys", {"name": "of the realm", "permissions": PERMISSIONS}, 201).json["key"]
    requests = [Request(operation_id, realm, names, token)
                for token in (key, server.client.token) for operation_id in OPERATIONS]
    return requests + [Request(operation_id, realm, names, None) for _ in range(TOKEN_REQUESTS)
                       for operation_id, (_, _, operation) in OPERATIONS.items() if is_form(operation)]


@contextlib.contextmanager
def stopped(server):
    """What arrives meanwhile is read at once when it ends, in the order of arrival."""
    os.kill(server.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(server.pid, signal.SIGCONT)


def connect(server):
    if server.database:
        connection = postgres.shared().connect(server.database.rsplit("/", 1)[1])
        return connection, connection.cursor()
    connection = sqlite3.connect(f"file:{next(server.data.glob('*.db'))}?mode=ro", uri=True)
    return connection, connection.cursor()


def tables_of_realms(server, cursor):
    """Those that have the columns realm_id and id."""
    if server.database:
        cursor.execute("SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public'")
        columns = cursor.fetchall()
    else:
        cursor.execute("SELECT m.name, c.name FROM sqlite_master m JOIN pragma_table_info(m.name) c WHERE m.type = 'table'")
        columns = cursor.fetchall()
    names = {table for table, _ in columns}
    return sorted(table for table in names if (table, "realm_id") in columns and (table, "id") in columns)


def made_after_deletion(server, realm_id):
    """Rows of the realm with an id above that of its deletion: ids ascend in the order of commits."""
    connection, cursor = connect(server)
    mark = "%s" if server.database else "?"
    with contextlib.closing(connection):
        cursor.execute(f"SELECT id FROM audit WHERE action = 'realm.delete' AND resource_id = {mark}", (realm_id,))
        (deletion,), = cursor.fetchall()
        tables = tables_of_realms(server, cursor)
        assert {"sessions", "users", "events", "deliveries", "audit", "oauth_tokens"} <= set(tables)
        found = []
        for table in tables:
            cursor.execute(f"SELECT COUNT(*) FROM {table} WHERE realm_id = {mark} AND id > {mark}",
                           (uuid.UUID(realm_id).bytes, bytes(deletion)))
            if (count := cursor.fetchone()[0]) > 0:
                found.append((table, count))
        return found


def test_every_operation_races_the_deletion_of_its_realm(server, receiver):
    codes = set()
    for _ in range(ROUNDS):
        realm, names = make_world(server, receiver)
        realm_id = realm.get("").json["id"]
        requests = make_requests(server, realm, names)
        deletion = threading.Thread(target=realm.call, args=("DELETE", "", None, 204))
        with stopped(server):
            for request in requests[0::4]:
                request.thread.start()
            deletion.start()
            for request in requests[1::4] + requests[2::4] + requests[3::4]:
                request.thread.start()
        deletion.join(60)
        assert not deletion.is_alive()
        # What is asked once the deletion was answered finds no realm.
        for request in {request.operation_id: request for request in requests}.values():
            late = request.ask(server.client.token)
            assert late.status == 404, f"{request.operation_id} after the deletion: {late}"
        for request in requests:
            request.thread.join(60)
            assert request.answer is not None, f"{request.operation_id} got no answer: {server.log[-3:]}"
            assert request.answer.status < 500, f"{request.operation_id}: {request.answer}"
            codes.add(request.answer.status)
        assert server.process.poll() is None
        assert made_after_deletion(server, realm_id) == []
    # It was a race: some came before the deletion, some after.
    assert {200, 404} <= codes, codes
