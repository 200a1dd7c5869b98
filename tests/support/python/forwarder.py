"""One address for a server that is killed at chosen requests, and gets another port at every start."""

import contextlib
import random
import re
import socket
import socketserver
import threading
import time

from waiting import wait_for

#: While a request is worked on: none is answered sooner than the least, few take longer than the most.
MIDWAY_SECONDS = (0.0, 0.004)


class Forwarder(socketserver.ThreadingTCPServer):
    """Passes requests on to `server`, and counts them. At the numbers in `kill_at` every other request waits until the server
    has been killed and is back, so that a run has exactly its kills, however fast it is."""

    daemon_threads = allow_reuse_address = True

    def __init__(self, server, kill_at=()):
        super().__init__(("127.0.0.1", 0), Handler)
        self.server, self.kill_at = server, set(kill_at)
        self.requests = self.kills = 0
        self.lock = threading.Lock()
        threading.Thread(target=self.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server_address[1]}"

    def __exit__(self, *exception):
        self.shutdown()
        super().__exit__(*exception)

    def address(self):
        with self.lock:
            return self.server.address()

    def kill_after(self, more, keep_busy):
        """Kills the server at a request to come; calls `keep_busy` until it has."""
        with self.lock:
            before = self.kills
            self.kill_at.add(self.requests + more)
        wait_for(lambda: keep_busy() or self.kills > before, f"a kill after {more} requests", 120)

    def pass_on(self, request, client, onward):
        with self.lock:
            self.requests += 1
            if self.requests in self.kill_at:
                # The client is not answered; whether the server did what it asked for, nobody knows.
                hang_up(client)
                if random.random() < 0.8:
                    with contextlib.suppress(OSError):  # of the server that was killed just before
                        onward.sendall(request)
                    time.sleep(random.uniform(*MIDWAY_SECONDS))
                self.server.restart()
                self.kills += 1
                return
        onward.sendall(request)


class Handler(socketserver.BaseRequestHandler):
    def handle(self):
        with contextlib.suppress(OSError), socket.create_connection(self.server.address(), 10) as onward:
            back = threading.Thread(target=pump, args=(onward, self.request), daemon=True)
            back.start()
            with contextlib.suppress(OSError):
                for request in requests(self.request):
                    self.server.pass_on(request, self.request, onward)
            hang_up(self.request, onward)
            back.join()


def requests(connection):
    """The whole requests of a connection, until its end."""
    data = b""
    while True:
        while b"\r\n\r\n" not in data:
            more = connection.recv(65536)
            if not more:
                return
            data += more
        head, _, rest = data.partition(b"\r\n\r\n")
        length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
        size = len(head) + 4 + (int(length[1]) if length else 0)
        while len(data) < size:
            more = connection.recv(65536)
            if not more:
                return
            data += more
        yield data[:size]
        data = data[size:]


def pump(source, sink):
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
    hang_up(source, sink)


def hang_up(*connections):
    for each in connections:
        with contextlib.suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)
