"""Floods of the HTTP server: connections, half requests, heavy bodies, answers that nobody reads."""

import asyncio
import base64
import json
import uuid

from floods import Flood, flood

MIB = 2**20


@flood
class IdleConnections(Flood):
    """More connections than the server has room for, which say nothing."""

    name = "idle connections"

    async def run(self, at):
        await at.hold(b"", 4500)


@flood
class HalfHeads(Flood):
    name = "half heads"

    async def run(self, at):
        await at.hold(at.request("GET", "/events")[:-2], 4500)


@flood
class HalfBodies(Flood):
    """64 batches of which 15 of 16 MiB come, and no more."""

    name = "half bodies"

    async def run(self, at):
        body = b'{"events":[' + b" " * (15 * MIB)
        await at.hold(at.request("POST", "/events/batch", body, Content_Length=16 * MIB), 64)


@flood
class UnreadLists(Flood):
    """Forty who ask for lists of large events, and do not read."""

    name = "unread lists"

    def prepare(self, realm):
        event = {"event": "order.paid", "resource_id": str(uuid.uuid4()), "data": {"text": "x" * 250_000}}
        body = json.dumps({"events": [event] * 60}).encode()
        for _ in range(4):
            realm.call("POST", "/events/batch", body, 202)

    async def run(self, at):
        await at.hold(at.request("GET", "/events?limit=200"), 40, is_reading=False)


@flood
class LongArrays(Flood):
    """Batches of ten million bytes: [1,1,1,…]."""

    name = "long arrays"

    async def run(self, at):
        body = b'{"events":[' + b"1," * 5_000_000 + b"1]}"
        await at.ask_again_and_again(at.request("POST", "/events/batch", body), 4)


@flood
class LargeBatches(Flood):
    """Batches as large as they may be, whose last event is wrong."""

    name = "large batches"

    async def run(self, at):
        event = {"event": "order.paid", "resource_id": str(uuid.uuid4()), "data": {f"m{n}": n for n in range(1000)}}
        events = [event] * 999 + [{**event, "resource_id": "none"}]
        await at.ask_again_and_again(at.request("POST", "/events/batch", json.dumps({"events": events}).encode()), 4)


@flood
class HeavyAttributes(Flood):
    """Bodies of configuration, as large as they may be, which become trees."""

    name = "heavy attributes"
    permissions = ("manage_users",)

    async def run(self, at):
        body = json.dumps({"username": "x", "attributes": {"list": [1] * 60_000}}).encode().replace(b" ", b"")
        await at.ask_again_and_again(at.request("POST", "/users", body), 16)


@flood
class DeepTexts(Flood):
    """JSON that is nested far too deep."""

    name = "deep texts"

    async def run(self, at):
        await at.ask_again_and_again(at.request("POST", "/events", b'{"data":' + b"[" * 200_000), 16)


@flood
class ManyErrors(Flood):
    """A query of thousands of parameters that no operation has."""

    name = "huge queries"

    async def run(self, at):
        await at.ask_again_and_again(at.request("GET", "/events?" + "&".join(f"a{n}" for n in range(2400))), 16)


@flood
class Streams(Flood):
    """One key that listens to its realm as often as it can."""

    name = "streams"

    async def run(self, at):
        await at.hold(at.request("GET", "/stream"), 600)


@flood
class Pipelining(Flood):
    """Thousands of requests at once on each of eight connections."""

    name = "pipelining"

    async def run(self, at):
        requests = at.request("GET", "/events?limit=1") * 2000

        async def one():
            while True:
                reader, writer = await at.connect()
                writer.write(requests)
                try:
                    while len(piece := await reader.read(65536)) > 0:
                        at.answers["200"] += piece.count(b"HTTP/1.1 200")
                        at.under_way()
                except OSError:
                    pass

        await asyncio.gather(*(one() for _ in range(8)))


@flood
class WrongTokens(Flood):
    name = "wrong tokens"

    async def run(self, at):
        await at.ask_again_and_again(at.request("GET", "/events", token="prk_" + "x" * 43), 16)


@flood
class NoSuchPath(Flood):
    name = "paths that are not there"

    async def run(self, at):
        await at.ask_again_and_again(at.request("GET", "//" + "/nothing" * 20), 16)


@flood
class WrongSecrets(Flood):
    """Token requests of a client with a wrong secret."""

    name = "wrong client secrets"
    reaches_store = True

    def prepare(self, realm):
        realm.call("POST", "/clients", {"client_id": "shop", "type": "confidential"}, 201)

    async def run(self, at):
        form = b"grant_type=client_credentials"
        await at.ask_again_and_again(at.request("POST", "/protocol/openid-connect/token", form,
                                                Authorization="Basic " + base64.b64encode(b"shop:wrong").decode(),
                                                Content_Type="application/x-www-form-urlencoded"), 16)


@flood
class NewConnections(Flood):
    """A connection for every request, as fast as they can be made."""

    name = "new connections"

    async def run(self, at):
        request = at.request("GET", "//healthz", Connection="close")

        async def one():
            while True:
                try:
                    reader, writer = await at.connect()
                    writer.write(request)
                    await at.answer(reader)
                    at.under_way()
                    writer.close()
                except (OSError, asyncio.IncompleteReadError):
                    at.answers["broken"] += 1

        await asyncio.gather(*(one() for _ in range(16)))


@flood
class Everything(UnreadLists):
    """Half bodies, lists that nobody reads, long arrays and idle connections, from eight addresses."""

    name = "everything at once"

    async def run(self, at):
        half = at.request("POST", "/events/batch", b'{"events":[' + b" " * (15 * MIB), Content_Length=16 * MIB)
        array = at.request("POST", "/events/batch", b'{"events":[' + b"1," * 500_000 + b"1]}")
        unread = at.request("GET", "/events?limit=200")
        jobs = []
        for address in (f"127.0.9.{n}" for n in range(1, 9)):
            jobs += [at.hold(half, 8, address), at.hold(unread, 12, address, is_reading=False),
                     at.ask_again_and_again(array, 1, address), at.hold(b"", 200, address)]
        await asyncio.gather(*jobs)
