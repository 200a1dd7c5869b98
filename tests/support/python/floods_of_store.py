"""Floods of the store: its writer and its readers."""

import asyncio
import json
import uuid

from floods import Flood, flood

#: Nobody listens there: every attempt fails at once, and is recorded.
NOWHERE = "http://127.0.0.1:1/"


def batch(count, size=16):
    event = {"event": "order.paid", "resource_id": str(uuid.uuid4()), "data": {"text": "x" * size}}
    return json.dumps({"events": [event] * count}).encode()


@flood
class BatchesToManyWebhooks(Flood):
    """Ten events to each of 2,000 webhooks: 20,000 deliveries a request."""

    name = "batches to many webhooks"
    reaches_store = True
    has_own_server = True  # 2,000 webhooks to which nothing can be delivered

    def prepare(self, realm):
        for number in range(2000):
            realm.create_webhook(f"{NOWHERE}{number}", events=["order.paid"])

    async def run(self, at):
        await at.ask_again_and_again(at.request("POST", "/events/batch", batch(10)), 24)


@flood
class SinglePublishes(Flood):
    name = "single publishes"
    reaches_store = True

    async def run(self, at):
        event = {"event": "order.paid", "resource_id": str(uuid.uuid4()), "data": {"n": 1}}
        await at.ask_again_and_again(at.request("POST", "/events", json.dumps(event).encode()), 128)


@flood
class FullBatches(Flood):
    """A thousand events a request, to nobody."""

    name = "full batches"
    reaches_store = True

    async def run(self, at):
        await at.ask_again_and_again(at.request("POST", "/events/batch", batch(1000)), 16)


@flood
class Changes(Flood):
    """One user, renamed by 32 connections: a change of the directory, an event and an audit row each."""

    name = "changes of the directory"
    permissions = ("manage_users", "view_users")
    reaches_store = True

    def prepare(self, realm):
        return realm.call("POST", "/users", {"username": "eve", "email": "eve@example.com"}, 201).json["id"]

    async def run(self, at):
        body = json.dumps({"first_name": "Eve"}).encode()
        await at.ask_again_and_again(at.request("PATCH", f"/users/{at.prepared}", body), 32)


@flood
class CostlyWebhooks(Flood):
    """Events each of which keeps the webhooks' filters busy for milliseconds, 150 a request."""

    name = "events and costly filters"
    permissions = ("publish_events", "view_events", "manage_webhooks", "view_webhooks")
    reaches_store = True
    has_own_server = True

    def prepare(self, realm):
        looks = [{"list": {"$contains": f"none {number}"}} for number in range(50)]
        for number in range(10):
            realm.create_webhook(f"{NOWHERE}{number}", events=["order.paid"], filter={"data": {"$or": looks}})

    async def run(self, at):
        event = {"event": "order.paid", "resource_id": str(uuid.uuid4()), "data": {"list": ["none"] * 900}}
        body = json.dumps({"events": [event] * 150}).encode()
        await at.ask_again_and_again(at.request("POST", "/events/batch", body), 8)


class CostlyFilter(Flood):
    """A filter that no index answers, over 40,000 deliveries: 24 loops of it."""

    permissions = ("publish_events", "view_events", "view_webhooks")
    reaches_store = True
    path = ""

    def prepare(self, realm):
        hook = realm.create_webhook(NOWHERE, events=["order.paid"])["id"]
        for _ in range(40):
            realm.call("POST", "/events/batch", json.loads(batch(1000)), 202)
        realm.patch_webhook(hook, enabled=False)  # they wait for nothing

    async def run(self, at):
        await at.ask_again_and_again(at.request("GET", self.path), 24)


@flood
class CostlyDeliveries(CostlyFilter):
    name = "a costly filter"
    path = "/deliveries?event=order.never"


@flood
class CostlyStatistics(CostlyFilter):
    name = "costly statistics"
    path = "/statistics"


@flood
class ChangesOfSettings(Flood):
    """The timeout of a realm on which 1,500 webhooks depend, set to one and another value."""

    name = "changes of settings"
    permissions = ("manage_realms", "view_realms")
    reaches_store = True
    has_own_server = True

    def prepare(self, realm):
        for number in range(1500):
            realm.create_webhook(f"{NOWHERE}{number}", events=["order.paid"], headers={f"x-{n}": "v" * 50 for n in range(10)})

    async def run(self, at):
        requests = [at.request("PATCH", "/settings", json.dumps({"timeout": timeout}).encode()) for timeout in ("5s", "6s")]
        await asyncio.gather(*(at.ask_again_and_again(request, 2) for request in requests))
