"""A fast receiver: asyncio in a thread of its own; records everything, scripted per path."""

import asyncio
import collections
import json
import threading
import time

from waiting import wait_for

Reply = collections.namedtuple("Reply", "status headers body delay close", defaults=(204, (), b"", 0, False))


class Request:
    __slots__ = ("path", "headers", "header_list", "body", "at", "wall", "connection", "peer", "client", "resumed")

    def __init__(self, path, header_list, body, connection, peer=None, tls=None):
        self.path, self.header_list, self.body, self.peer = path, header_list, body, peer
        self.headers = {name.lower(): value for name, value in header_list}
        self.at, self.wall, self.connection = time.monotonic(), time.time(), connection
        # Of TLS: the common name in the certificate that the client showed, and whether its session is an older one.
        shown = (tls and tls.getpeercert() or {}).get("subject", ())
        self.client = next((value for each in shown for name, value in each if name == "commonName"), None)
        self.resumed = bool(tls and tls.session_reused)

    @property
    def id(self):
        return self.headers["webhook-id"]

    @property
    def json(self):
        return json.loads(self.body)


class Connection(asyncio.Protocol):
    def __init__(self, receiver):
        self.receiver, self.buffer, self.transport, self.peer = receiver, bytearray(), None, None

    def connection_made(self, transport):
        self.transport, self.peer = transport, transport.get_extra_info("peername")[0]
        self.receiver.connections += 1
        self.receiver.open.add(transport)

    def connection_lost(self, error):
        self.receiver.open.discard(self.transport)

    def data_received(self, data):
        self.buffer += data
        while True:
            head_end = self.buffer.find(b"\r\n\r\n")
            if head_end < 0:
                return
            lines = self.buffer[:head_end].decode("latin-1").split("\r\n")
            headers = [tuple(line.split(": ", 1)) for line in lines[1:]]
            length = next((int(value) for name, value in headers
                           if name.lower() == "content-length"), 0)
            if len(self.buffer) < head_end + 4 + length:
                return
            body = bytes(self.buffer[head_end + 4:head_end + 4 + length])
            del self.buffer[:head_end + 4 + length]
            path = lines[0].split(" ")[1]
            self.answer(self.receiver.take(Request(path, headers, body, id(self), self.peer, self.transport.get_extra_info("ssl_object"))))

    def answer(self, reply):
        if reply is None:
            return  # never
        if reply.delay:
            loop = self.receiver.loop
            loop.call_later(reply.delay, self.answer, reply._replace(delay=0))
            return
        lines = [f"HTTP/1.1 {reply.status} Status"]
        lines += [f"{name}: {value}" for name, value in reply.headers]
        if reply.status != 204 and not any(n.lower() == "content-length" for n, _ in reply.headers):
            lines.append(f"Content-Length: {len(reply.body)}")
        if reply.close:
            lines.append("Connection: close")
        if not self.transport.is_closing():
            self.transport.write("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + reply.body)
            if reply.close:
                self.transport.close()


class Receiver:
    """`on(path, …)` scripts a path: a status, a Reply, a function of the Request, a list of them (one
    for each request, the last one for ever), or None for silence. What is not scripted is 204."""

    def __init__(self, address="127.0.0.1", port=0, tls=None):
        self.scripts, self.requests, self.lock = {}, [], threading.Lock()
        self.connections, self.open = 0, set()
        self.loop = asyncio.new_event_loop()
        self.host = address

        async def listen():
            return await self.loop.create_server(lambda: Connection(self), address, port, ssl=tls,
                                                 backlog=4096)
        self.listener = self.loop.run_until_complete(listen())
        self.port = self.listener.sockets[0].getsockname()[1]
        self.scheme = "https" if tls else "http"
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        async def close():
            self.listener.close()
            for transport in list(self.open):
                transport.abort()
        asyncio.run_coroutine_threadsafe(close(), self.loop).result(10)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(10)
        self.loop.run_until_complete(asyncio.sleep(0))
        self.loop.close()

    def url(self, path="/", host=None):
        host = host or (f"[{self.host}]" if ":" in self.host else self.host)
        return f"{self.scheme}://{host}:{self.port}{path}"

    def on(self, path, script):
        with self.lock:
            self.scripts[path] = script
        return self.url(path)

    def take(self, request):
        with self.lock:
            self.requests.append(request)
            script = self.scripts.get(request.path, 204)
            if isinstance(script, list):
                step = script.pop(0) if len(script) > 1 else script[0]
            else:
                step = script
        if callable(step):
            step = step(request)
        return Reply(step) if isinstance(step, int) else step

    def at(self, path):
        with self.lock:
            return [request for request in self.requests if request.path == path]

    def wait(self, path, count=1, timeout=15.0):
        """The requests at `path` once there are at least `count`."""
        return wait_for(lambda: (found := self.at(path)) and len(found) >= count and found,
                        lambda: f"{count} requests at {path}, there are {len(self.at(path))}", timeout)

    def close_connections(self):
        """Closes what is open, so that the next request needs a new connection."""
        async def close():
            for transport in list(self.open):
                transport.close()
        asyncio.run_coroutine_threadsafe(close(), self.loop).result(10)
        wait_for(lambda: not self.open, "closed connections")
