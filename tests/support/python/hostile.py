"""Receivers that misbehave, one thread per connection: each a function of the accepted socket."""

import contextlib
import socket
import ssl
import struct
import threading
import time

OK_HEAD = b"HTTP/1.1 200 OK\r\n"


def read_request(connection):
    """Reads one whole request, so that closing afterwards is no reset."""
    data = b""
    while b"\r\n\r\n" not in data:
        piece = connection.recv(65536)
        if not piece:
            return
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    length = next((int(line.split(b":")[1]) for line in head.lower().split(b"\r\n")
                   if line.startswith(b"content-length:")), 0)
    while len(body) < length:
        piece = connection.recv(65536)
        if not piece:
            return
        body += piece


def until_closed(connection):
    with contextlib.suppress(OSError):
        while connection.recv(65536):
            pass


def says(*pieces, then=until_closed, wait=0.0):
    """Reads the request, sends the pieces (`wait` seconds apart), then does `then`."""
    def behave(connection):
        read_request(connection)
        for piece in pieces:
            connection.sendall(piece)
            if wait:
                time.sleep(wait)
        then(connection)
    return behave


def close(connection):
    connection.close()


def reset(connection):
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def drip(text, every):
    """One byte at a time, for ever (the text again and again)."""
    def behave(connection):
        while True:
            for byte in text:
                connection.sendall(bytes([byte]))
                time.sleep(every)
    return behave


def flood(text):
    def behave(connection):
        while True:
            connection.sendall(text)
    return behave


def half_close(connection):
    connection.shutdown(socket.SHUT_WR)
    until_closed(connection)


class Hostile:
    """Listens, and lets `behave` loose on every connection."""

    def __init__(self, behave, receive_buffer=None, tls=None):
        self.behave, self.tls, self.connections = behave, tls, 0
        self.listener = socket.socket()
        if receive_buffer:
            self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.listener.bind(("127.0.0.1", 0))
        self.listener.listen(128)
        self.port = self.listener.getsockname()[1]
        self.scheme = "https" if tls else "http"
        self.open = set()
        self.threads = [threading.Thread(target=self.accept, daemon=True)]
        self.threads[0].start()

    def url(self, host="127.0.0.1"):
        return f"{self.scheme}://{host}:{self.port}/hook"

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.listener.accept()
                self.connections += 1
                self.open.add(connection)
                threading.Thread(target=self.run, args=(connection,), daemon=True).start()

    def run(self, raw):
        connection = raw
        try:
            if self.tls:
                connection = self.tls.wrap_socket(raw, server_side=True)
            self.behave(connection)
        except (OSError, ValueError, ssl.SSLError):
            pass
        finally:
            with contextlib.suppress(OSError):
                connection.close()
            with contextlib.suppress(OSError):
                raw.close()
            self.open.discard(raw)

    def close(self):
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for connection in list(self.open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


class Full:
    """Listens and never accepts, its queue full: connecting hangs."""

    def __init__(self):
        self.listener = socket.socket()
        self.listener.bind(("127.0.0.1", 0))
        self.listener.listen(0)
        self.port = self.listener.getsockname()[1]
        self.fillers = []
        for _ in range(4):
            filler = socket.socket()
            filler.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                filler.connect(("127.0.0.1", self.port))
            self.fillers.append(filler)

    def url(self):
        return f"http://127.0.0.1:{self.port}/hook"

    def close(self):
        for filler in self.fillers:
            filler.close()
        self.listener.close()


class Refusing:
    """A port where nobody listens, held so that nobody else takes it."""

    def __init__(self):
        self.holder = socket.socket()
        self.holder.bind(("127.0.0.1", 0))
        self.port = self.holder.getsockname()[1]

    def url(self):
        return f"http://127.0.0.1:{self.port}/hook"

    def close(self):
        self.holder.close()


#: name → (behaviour, the outcomes that are right). The statuses of answers are checked where given.
PLAIN = {
    "silence after accepting": (until_closed, {"response_timeout"}),
    "silence after the request": (says(), {"response_timeout"}),
    "half closed, then silence": (says(then=half_close), {"response_broken"}),
    "closed without a byte": (says(then=close), {"response_broken"}),
    "closed at once": (close, {"response_broken", "send_failed"}),
    "reset at once": (reset, {"response_broken", "send_failed", "connect_failed"}),
    "reset after the request": (says(then=reset), {"response_broken"}),
    "reset within the headers": (says(OK_HEAD + b"X: ", wait=0.05, then=reset), {"response_broken"}),
    "reset within the body": (says(OK_HEAD + b"Content-Length: 9\r\n\r\nab", wait=0.05, then=reset),
                              {"response_broken"}),
    "status line, a byte at a time": (says(then=drip(b"HTTP/1.1 200 " + b"O" * 500, 0.05)),
                                      {"response_timeout"}),
    "headers, a byte at a time": (says(OK_HEAD, then=drip(b"X-Slow: abcdefghij\r\n", 0.05)),
                                  {"response_timeout"}),
    "body, a byte at a time": (says(OK_HEAD + b"Content-Length: 100000\r\n\r\n", then=drip(b"x", 0.05)),
                               {"response_timeout"}),
    "chunks, a byte at a time": (says(OK_HEAD + b"Transfer-Encoding: chunked\r\n\r\n",
                                      then=drip(b"1\r\nx\r\n", 0.02)), {"response_timeout"}),
    "body to the end of the connection, a byte at a time": (
        says(OK_HEAD + b"\r\n", then=drip(b"x", 0.05)), {"response_timeout"}),
    "endless headers": (says(OK_HEAD, then=flood(b"X-Endless: " + b"x" * 1000 + b"\r\n")),
                        {"response_broken"}),
    "one endless header": (says(OK_HEAD + b"X-Endless: ", then=flood(b"x" * 4096)), {"response_broken"}),
    "an endless status line": (says(b"HTTP/1.1 200 ", then=flood(b"O" * 4096)), {"response_broken"}),
    "endless body in chunks": (says(OK_HEAD + b"Transfer-Encoding: chunked\r\n\r\n",
                                    then=flood(b"1000\r\n" + b"x" * 4096 + b"\r\n")), {"accepted"}),
    "endless body without a length": (says(OK_HEAD + b"\r\n", then=flood(b"x" * 65536)), {"accepted"}),
    "an enormous length": (says(OK_HEAD + b"Content-Length: 18446744073709551615\r\n\r\n",
                                then=flood(b"x" * 65536)), {"accepted", "response_broken"}),
    "a failure with an endless body": (says(b"HTTP/1.1 500 No\r\n\r\n", then=flood(b"x" * 65536)),
                                       {"refused_by_status"}),
    "fewer bytes than Content-Length": (says(OK_HEAD + b"Content-Length: 100\r\n\r\nabc", then=close),
                                        {"response_broken"}),
    "more bytes than Content-Length": (says(OK_HEAD + b"Content-Length: 2\r\n\r\nabHTTP/1.1 500 No\r\n"
                                            b"Content-Length: 0\r\n\r\n", then=close), {"accepted"}),
    "two lengths": (says(OK_HEAD + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\nabc", then=close),
                    {"response_broken"}),
    "a negative length": (says(OK_HEAD + b"Content-Length: -1\r\n\r\nabc", then=close),
                          {"response_broken"}),
    "a length that is none": (says(OK_HEAD + b"Content-Length: many\r\n\r\nabc", then=close),
                              {"response_broken"}),
    "broken chunks": (says(OK_HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n", then=close),
                      {"response_broken"}),
    "an enormous chunk": (says(OK_HEAD + b"Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n",
                               then=flood(b"x" * 65536)), {"response_broken", "accepted"}),
    "chunks without an end": (says(OK_HEAD + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", then=close),
                              {"response_broken"}),
    "garbage": (says(b"\x00\xff\x17 this is not HTTP\r\n\r\n" * 9, then=close), {"response_broken"}),
    "another protocol": (says(b"SSH-2.0-OpenSSH_9.2\r\n", then=close), {"response_broken"}),
    "HTTP/2 unasked": (says(b"\0\0\x12\x04\0\0\0\0\0\0\3\0\0\0\x64", then=close), {"response_broken"}),
    "NUL in a header": (says(OK_HEAD + b"X: a\0b\r\nContent-Length: 0\r\n\r\n"), {"response_broken"}),
    "a header without a name": (says(OK_HEAD + b": x\r\nContent-Length: 0\r\n\r\n"), {"response_broken"}),
    "status 99": (says(b"HTTP/1.1 99 Low\r\nContent-Length: 0\r\n\r\n"),
                  {"refused_by_status", "response_broken"}),
    "status 999": (says(b"HTTP/1.1 999 High\r\nContent-Length: 0\r\n\r\n"),
                   {"refused_by_status", "response_broken"}),
    "status abc": (says(b"HTTP/1.1 abc No\r\nContent-Length: 0\r\n\r\n"), {"response_broken"}),
    "100 Continue for ever": (says(then=drip(b"HTTP/1.1 100 Continue\r\n\r\n", 0.002)),
                              {"response_timeout", "response_broken"}),
    "102 then nothing": (says(b"HTTP/1.1 102 Processing\r\n\r\n"), {"response_timeout", "response_broken"}),
    "101 Switching Protocols": (says(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n"
                                     b"Connection: Upgrade\r\n\r\n"),
                                {"refused_by_status", "response_broken"}),
    "a compressed bomb": (says(OK_HEAD + b"Content-Encoding: gzip\r\nContent-Length: 30\r\n\r\n"
                               + b"\x1f\x8b" + b"\0" * 28), {"accepted"}),
    "an answer before the request": (
        lambda connection: (connection.sendall(OK_HEAD + b"Content-Length: 0\r\n\r\n"),
                            read_request(connection), until_closed(connection)), {"accepted"}),
}
