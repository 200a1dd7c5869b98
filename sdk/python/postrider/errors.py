"""What goes wrong, as types."""

from __future__ import annotations


class PostriderError(Exception):
    """What every error of this library is."""


class PostriderProblem(PostriderError):
    """The server's refusal: a problem document (RFC 9457). With 429, 503 and 507 nothing was accepted."""

    def __init__(self, status: int, document: dict, retry_after: float | None = None):
        self.status = status
        #: All of it, with the members that only some problems have.
        self.document = document
        self.type: str = document["type"]
        #: The last part of `type`: "unknown-event-type".
        self.slug = self.type.rsplit("/", 1)[-1]
        self.title: str = document.get("title", "")
        self.detail: str = document.get("detail", "")
        self.request_id: str = document.get("request_id", "")
        #: Every bad field: {"pointer" | "parameter" | "header", "detail"}.
        self.errors: list[dict] = document.get("errors", [])
        self.retry_after = retry_after
        super().__init__(f"{status} {self.title}: {self.detail}")


class PostriderTransportError(PostriderError):
    """No answer came: what became of the request is not known."""


class PostriderProtocolError(PostriderError):
    """The answer is not the server's: a redirect, a proxy's page, something that is not JSON."""

    def __init__(self, message: str, status: int, body: str):
        super().__init__(message)
        self.status, self.body = status, body
