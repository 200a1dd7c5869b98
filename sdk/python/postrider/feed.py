"""The log, forward: every event once, in the order of commits."""

from __future__ import annotations

import time
import urllib.parse
import uuid
from typing import TYPE_CHECKING, Iterator, Sequence

from .checks import is_list_of_names
from .errors import PostriderError, PostriderProtocolError
from .types import FeedEvent

if TYPE_CHECKING:
    from .client import Postrider

#: Seconds after which the position of empty answers is committed, too: a realm forgets its oldest events.
IDLE_COMMIT = 600


def feed(client: Postrider, *, consumer: str | None = None, after: str | None = None, events: Sequence[str] | None = None,
         wait: float | None = 20, limit: int = 100) -> Iterator[FeedEvent]:
    if events is not None and not is_list_of_names(events):
        raise PostriderError('events is a list of event types: ["user.*"].')
    if consumer is not None and (not isinstance(consumer, str) or not consumer):
        raise PostriderError("consumer is a name.")
    if wait is not None and wait < 0:
        raise PostriderError("wait is seconds, or None.")
    named = f"/consumers/{urllib.parse.quote(consumer, safe='')}" if consumer is not None else ""
    committed = None
    if consumer is not None:
        # One that exists keeps its position, unless it is set here.
        body = {name: value for name, value in (("events", events and list(events)), ("position", after)) if value}
        kept = client.request("PUT", named, body=body)
        after = committed = kept["position"]
        events = kept["events"]
    after = after or "newest"
    done, committed_at = after, time.monotonic()

    def commit() -> None:
        # Harmless when it is repeated, which the key says.
        client.request("POST", named + "/commit", body={"position": done}, headers={"Idempotency-Key": str(uuid.uuid4())})

    try:
        while True:
            # A moment's call first: whatever is wrong shows at once.
            waits = 0 if wait is None or after == "newest" else wait
            page = client.request("GET", "/feed", timeout=client.timeout + waits, query={
                "after": after, "event": ",".join(events) if events else None, "limit": limit,
                "wait": f"{int(waits * 1000)}ms" if waits else None})
            if not isinstance(page, dict) or not isinstance(page.get("items"), list) or not page.get("position"):
                raise PostriderProtocolError(f"{client.url} answered without events and a position: is it Postrider that answers?", 200, "")
            for event in page["items"]:
                yield event
                done = event["position"]  # whoever asks for the next has done this one
            after = done = page["position"]
            if consumer is not None and (page["items"] or time.monotonic() - committed_at > IDLE_COMMIT):
                commit()
                committed, committed_at = done, time.monotonic()
            if wait is None and not page["has_more"]:
                return
    finally:
        # The loop was left: what was done before does not come again.
        if consumer is not None and done not in (committed, "newest"):
            commit()
