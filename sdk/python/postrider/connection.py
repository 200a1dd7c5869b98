"""One request and its answer, in a time that is for all of it."""

from __future__ import annotations

import http.client
import io
import socket
import time
import urllib.parse


class _Incoming(io.RawIOBase):
    """What is read of a socket. http.client's own timeout is for each piece: a body that trickles would never end."""

    def __init__(self, connected: socket.socket, kept: io.BufferedIOBase, until: float):
        self._socket, self._kept, self._until = connected, kept, until

    def close(self) -> None:
        # Until then it keeps the socket open, which http.client may have closed for its part.
        self._kept.close()
        super().close()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:
        left = self._until - time.monotonic()
        if left <= 0:
            raise TimeoutError("the answer took too long")
        self._socket.settimeout(left)
        return self._socket.recv_into(buffer)


def exchange(parts: urllib.parse.SplitResult, timeout: float, method: str, target: str, data: bytes | None,
             headers: dict) -> tuple[http.client.HTTPResponse, bytes]:
    """The answer and its body. Raises OSError or HTTPException when none came in time."""
    until = time.monotonic() + timeout
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=timeout)

    class Response(http.client.HTTPResponse):
        def __init__(self, connected, *args, **named):
            super().__init__(connected, *args, **named)
            self.fp = io.BufferedReader(_Incoming(connected, self.fp, until))

    connection.response_class = Response
    try:
        connection.request(method, target, data, headers)
        response = connection.getresponse()
        return response, response.read()
    finally:
        connection.close()
