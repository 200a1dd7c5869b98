"""Floods of what is costly beside events: passwords, imports, tokens, webhooks that change, histories."""

import asyncio
import base64
import itertools
import json
import uuid

from floods import PASSWORD, Flood, flood
from floods_of_store import NOWHERE


@flood
class WrongPasswords(Flood):
    """Logins of one account after the other, which are not there: each costs a hash all the same."""

    name = "wrong passwords"
    reaches_store = True

    async def run(self, at):
        names = itertools.count()

        async def one():
            while True:
                body = json.dumps({"username": f"nobody-{next(names)}", "password": PASSWORD}).encode()
                try:
                    reader, writer = await at.connect()
                    writer.write(at.request("POST", "/session", body, Authorization=""))
                    await at.answer(reader)
                    at.under_way()
                    writer.close()
                except (OSError, asyncio.IncompleteReadError):
                    at.answers["broken"] += 1

        await asyncio.gather(*(one() for _ in range(32)))


@flood
class NewPasswords(Flood):
    """One user's password, set by 64 connections."""

    name = "new passwords"
    permissions = ("manage_users", "view_users")
    reaches_store = True

    def prepare(self, realm):
        return realm.call("POST", "/users", {"username": "eve"}, 201).json["id"]

    async def run(self, at):
        body = json.dumps({"password": PASSWORD}).encode()
        await at.ask_again_and_again(at.request("PUT", f"/users/{at.prepared}/password", body), 64)


@flood
class Imports(Flood):
    """Users by 100, each with an event; those that are there already are refused."""

    name = "imports"
    permissions = ("manage_users", "view_users", "manage_roles", "manage_clients")
    reaches_store = True

    async def run(self, at):
        async def one():
            reader, writer = await at.connect()
            while True:
                users = [{"username": f"u-{uuid.uuid4()}"} for _ in range(100)]
                writer.write(at.request("POST", "/import", json.dumps({"users": users}).encode()))
                await at.answer(reader)
                at.under_way()

        await asyncio.gather(*(one() for _ in range(4)))


@flood
class Tokens(Flood):
    """Access tokens of a client with its right secret: a row each."""

    name = "access tokens"
    reaches_store = True

    def prepare(self, realm):
        secret = realm.call("POST", "/clients", {"client_id": "shop", "type": "confidential"}, 201).json["secret"]
        return base64.b64encode(f"shop:{secret}".encode()).decode()

    async def run(self, at):
        await at.ask_again_and_again(at.request("POST", "/protocol/openid-connect/token", b"grant_type=client_credentials",
                                                Authorization=f"Basic {at.prepared}",
                                                Content_Type="application/x-www-form-urlencoded"), 32)


@flood
class ChangingWebhooks(Flood):
    """Two thousand webhooks, some of which change what they subscribe to, between publishes that must see it."""

    name = "webhooks that change"
    permissions = ("publish_events", "manage_webhooks", "view_webhooks")
    reaches_store = True
    has_own_server = True  # 2,000 webhooks to which nothing can be delivered

    def prepare(self, realm):
        return [realm.create_webhook(f"{NOWHERE}{number}", events=["client.created"])["id"] for number in range(2000)][:8]

    async def run(self, at):
        event = json.dumps({"event": "order.paid", "resource_id": str(uuid.uuid4()), "data": {}}).encode()
        changes = [at.request("PATCH", f"/webhooks/{id}", json.dumps({"events": [("client.updated", "client.deleted")[number]]}).encode())
                   for id in at.prepared for number in range(2)]

        async def change(request):
            reader, writer = await at.connect()
            while True:
                for each in request:
                    writer.write(each)
                    await at.answer(reader)

        await asyncio.gather(at.ask_again_and_again(at.request("POST", "/events", event), 16),
                             *(change(changes[2 * number:2 * number + 2]) for number in range(8)))


@flood
class Switches(Flood):
    """A webhook with thousands of deliveries that wait, disabled and brought back again and again."""

    name = "a backlog that is switched"
    permissions = ("manage_webhooks", "view_webhooks", "redeliver")
    reaches_store = True
    has_own_server = True  # a backlog

    def prepare(self, realm):
        hook = realm.create_webhook(NOWHERE, events=["order.paid"], retry_schedule=["1h"])["id"]
        event = {"event": "order.paid", "resource_id": str(uuid.uuid4()), "data": {}}
        for _ in range(5):
            realm.call("POST", "/events/batch", {"events": [event] * 1000}, 202)
        return hook

    async def run(self, at):
        reader, writer = await at.connect()
        path = f"/webhooks/{at.prepared}"
        while True:
            for request in (at.request("PATCH", path, b'{"enabled":false}'), at.request("PATCH", path, b'{"enabled":true}'),
                            at.request("POST", f"{path}/recover", b'{"since":"2020-01-01T00:00:00Z"}')):
                writer.write(request)
                await at.answer(reader)
                at.under_way()
            await asyncio.sleep(0.05)  # recover is at work


@flood
class Histories(Flood):
    """Full pages of the audit log and of users."""

    name = "full pages"
    permissions = ("view_audit", "view_users", "manage_users")
    reaches_store = True

    def prepare(self, realm):
        for part in range(20):
            realm.call("POST", "/import", {"users": [{"username": f"u-{part}-{number}", "first_name": "Ada"} for number in range(100)]}, 200)

    async def run(self, at):
        await asyncio.gather(at.ask_again_and_again(at.request("GET", "/audit?limit=200"), 12),
                             at.ask_again_and_again(at.request("GET", "/users?limit=200"), 12))
