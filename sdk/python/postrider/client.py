"""A client of one realm, on nothing but the standard library."""

from __future__ import annotations

import datetime
import http.client
import json
import os
import random
import re
import time
import urllib.parse
import uuid
from typing import Any, Iterator, List, Mapping, Sequence

from . import feed
from .checks import as_json, checked, is_list_of_names, key_header, time_of, uuid_of
from .connection import exchange
from .errors import PostriderError, PostriderProblem, PostriderProtocolError, PostriderTransportError
from .types import Delivery, FeedEvent, LoggedEvent, PublishedEvent, Secret, Webhook

REFUSED_UNACCEPTED = (429, 503, 507)


class Postrider:
    """`url` and `token` are POSTRIDER_URL and POSTRIDER_TOKEN unless given; `realm` is POSTRIDER_REALM, else "master".

    `timeout` is of one request, `retry_for` for how long a call is repeated in all, both in seconds. It holds no
    connection, and any number of threads may use it.
    """

    def __init__(self, url: str | None = None, token: str | None = None, realm: str | None = None, *,
                 timeout: float = 30, retry_for: float = 60):
        url = url or os.environ.get("POSTRIDER_URL")
        token = token or os.environ.get("POSTRIDER_TOKEN")
        if not url:
            raise PostriderError("There is no url: give it, or set POSTRIDER_URL.")
        if not token:
            raise PostriderError("There is no token: give it, or set POSTRIDER_TOKEN.")
        parts = urllib.parse.urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise PostriderError(f'The url must begin with http:// or https:// and a host, not be "{url}".')
        if not re.fullmatch(r"[\x21-\x7e]+", token):
            raise PostriderError("The token has a character that no token has: is there a line break at its end?")
        if not timeout > 0 or retry_for < 0:
            raise PostriderError("timeout and retry_for are seconds.")
        self._parts, self._token = parts, token
        self.url, self.realm = url.rstrip("/"), realm or os.environ.get("POSTRIDER_REALM") or "master"
        self.timeout, self._retry_for = timeout, retry_for

    def publish(self, event: str, resource_id: str | uuid.UUID, data: dict, *,
                timestamp: str | datetime.datetime | None = None, idempotency_key: str | None = None) -> PublishedEvent:
        """Publishes one event. When it returns, the event is on stable storage: once, however often it was sent."""
        return self.publish_as_written(as_json(checked(event, resource_id, data, timestamp)), idempotency_key=idempotency_key)

    def publish_as_written(self, event: str, *, idempotency_key: str | None = None) -> PublishedEvent:
        """publish() of an event that is JSON already, byte for byte."""
        return self._ask("id", "POST", "/events", body=event, headers=key_header(idempotency_key))

    def publish_batch(self, events: Sequence[Mapping[str, Any]], *, idempotency_key: str | None = None) -> List[PublishedEvent]:
        """Publishes up to 1,000 events, each the arguments of publish() by name: all, or none."""
        if not 1 <= len(events) <= 1000:
            raise PostriderError("A batch has 1 to 1,000 events.")
        for each in events:
            if not isinstance(each, Mapping) or not {"event", "resource_id", "data"} <= set(each) <= {"event", "resource_id", "data", "timestamp"}:
                raise PostriderError("Each event of a batch has event, resource_id and data, and may have a timestamp.")
        body = {"events": [checked(**each) for each in events]}
        return self._ask("items", "POST", "/events/batch", body=body, headers=key_header(idempotency_key))["items"]

    def events(self, **query: Any) -> Iterator[LoggedEvent]:
        """The log, newest first (event, resource_id, since, until, limit); pages are fetched as they are needed."""
        return self.list("/events", **query)

    def feed(self, *, consumer: str | None = None, after: str | None = None, events: Sequence[str] | None = None,
             wait: float | None = 20, limit: int = 100) -> Iterator[FeedEvent]:
        """The log, forward, in the order of commits and with no gap: waits for the next event, without an end.

        With a `consumer` (made if it is new) it goes on where that one was: what was handled, when the next event is asked
        for or the loop is left, is committed page by page; after a crash the rest of a page comes again. Without one it
        begins behind `after`: a position, "oldest" or "newest" (the default); `after` sets an existing consumer, too. `events`
        are types and prefixes ("user.*"). With `wait=None` it ends where the log does. A PostriderProblem with slug
        "position-gone" has `document["oldest_position"]`.
        """
        return feed.feed(self, consumer=consumer, after=after, events=events, wait=wait, limit=limit)

    def deliveries(self, **query: Any) -> Iterator[Delivery]:
        return self.list("/deliveries", **query)

    def webhooks(self) -> Iterator[Webhook]:
        return self.list("/webhooks")

    def create_webhook(self, url: str, events: Sequence[str], **members: Any) -> Any:
        """Gives a Webhook with the members of its Secret, this once. `members` are those of WebhookWrite."""
        if not isinstance(url, str) or not is_list_of_names(events):
            raise PostriderError('A webhook has a url, a string, and events: ["user.*"].')
        return self._ask("id", "POST", "/webhooks", body={"url": url, "events": list(events), **members})

    def get_webhook(self, webhook_id: str | uuid.UUID) -> Webhook:
        return self._ask("id", "GET", f"/webhooks/{_id(webhook_id)}")

    def update_webhook(self, webhook_id: str | uuid.UUID, **change: Any) -> Any:
        """None resets a member to its default. After a change of the url's origin the answer has the new secret, once."""
        return self._ask("id", "PATCH", f"/webhooks/{_id(webhook_id)}", body=change)

    def delete_webhook(self, webhook_id: str | uuid.UUID) -> None:
        self.request("DELETE", f"/webhooks/{_id(webhook_id)}")

    def webhook_secret(self, webhook_id: str | uuid.UUID) -> Secret:
        """What a receiver verifies with; needs `reveal_secrets`."""
        return self.request("GET", f"/webhooks/{_id(webhook_id)}/secret")

    def list(self, path: str, **query: Any) -> Iterator[Any]:
        """All items of a list below the realm, page by page."""
        cursor: str | None = None
        while True:
            page = self._ask("items", "GET", path, query={**query, "cursor": cursor})
            yield from page["items"]
            cursor = page.get("next_cursor")
            if cursor is None:
                return

    def _ask(self, member: str, method: str, path: str, **options: Any) -> Any:
        """request(), whose answer must have a member: a gateway's JSON is not taken for the server's."""
        answer = self.request(method, path, **options)
        if not isinstance(answer, dict) or member not in answer:
            raise PostriderProtocolError(f'{self.url} answered without "{member}": is it Postrider that answers?', 200, str(answer)[:200])
        return answer

    def request(self, method: str, path: str, *, query: dict | None = None, body: Any = None,
                headers: dict | None = None, timeout: float | None = None) -> Any:
        """One call of the API, `path` from below the realm. A `body` that is text is JSON already.

        It is repeated after 429, 503 and 507, by which nothing was accepted, as long as Retry-After says; and when no
        answer came or a proxy's error, if it may be: with a method that may be repeated, or an Idempotency-Key.
        """
        headers = {"Authorization": f"Bearer {self._token}", "Accept": "application/json", **(headers or {})}
        data = None if body is None else (body if isinstance(body, str) else as_json(body)).encode()
        if data is not None:
            headers["Content-Type"] = "application/json"
        given = {name: _text(value) for name, value in (query or {}).items() if value is not None}
        target = f"{self._parts.path.rstrip('/')}/api/v1/realms/{_segment(self.realm)}{path}"
        target += "?" + urllib.parse.urlencode(given) if given else ""
        repeatable = method in ("GET", "PUT", "DELETE") or "Idempotency-Key" in headers
        until, attempt = time.monotonic() + self._retry_for, 0
        while True:
            try:
                return self._once(method, target, data, headers, timeout or self.timeout)
            except PostriderError as error:
                # Gone already, by the attempt that was not answered.
                if method == "DELETE" and attempt and isinstance(error, PostriderProblem) and error.status == 404:
                    return None
                wait = _wait_before(error, attempt, repeatable)
                if wait is None or time.monotonic() + wait > until:
                    raise
            time.sleep(wait)
            attempt += 1

    def _once(self, method: str, target: str, data: bytes | None, headers: dict, timeout: float) -> Any:
        try:
            response, raw = exchange(self._parts, timeout, method, target, data, headers)
        except (OSError, http.client.HTTPException) as error:
            raise PostriderTransportError(f"No answer from {self.url}: {error!r}") from error
        status = response.status
        if status == 204:
            return None

        def refuse(what: str) -> PostriderProtocolError:
            return PostriderProtocolError(f"{self.url} answered {status} with {what}", status, raw[:200].decode(errors="replace"))

        if 300 <= status < 400:
            raise refuse(f"a redirect to {response.getheader('location')}")
        kind = response.getheader("content-type") or "no content type"
        if "json" not in kind:
            raise refuse(f"{kind}, which is not JSON: is it a proxy that answers?")
        try:
            value = json.loads(raw)
        except ValueError:
            raise refuse("something that is not JSON") from None
        if 200 <= status < 300:
            return value
        if not isinstance(value, dict) or not isinstance(value.get("type"), str):
            raise refuse("no problem document")
        retry_after = response.getheader("retry-after") or ""
        raise PostriderProblem(status, value, float(retry_after) if retry_after.isdigit() else None)


def _wait_before(error: PostriderError, attempt: int, repeatable: bool) -> float | None:
    """Seconds; None: the call has failed."""
    backoff = min(5.0, 0.1 * 2**attempt) * random.uniform(0.5, 1)
    if isinstance(error, PostriderProblem):
        if error.status in REFUSED_UNACCEPTED:
            return max(backoff, error.retry_after or 0)
        return backoff if error.status >= 500 and repeatable else None
    unknown = isinstance(error, PostriderTransportError) or (isinstance(error, PostriderProtocolError) and error.status >= 500)
    return backoff if unknown and repeatable else None


def _id(webhook_id: str | uuid.UUID) -> str:
    return uuid_of(webhook_id, "The id of a webhook")


def _segment(text: str) -> str:
    return urllib.parse.quote(str(text), safe="")


def _text(value: Any) -> str:
    return time_of(value) if isinstance(value, datetime.datetime) else str(value)
