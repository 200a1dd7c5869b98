"""The log, forward: every event once, in the order of commits."""

from __future__ import annotations

import time
import urllib.parse
import uuid
from typing import TYPE_CHECKING, Iterator, Sequence

from .errors import PostriderError

if TYPE_CHECKING:
    from .client import Postrider

#: Seconds after which the position of empty answers is committed, too: a realm forgets its oldest events.
IDLE_COMMIT = 600


def feed(client: Postrider, *, consumer: str | None = None, after: str | None = None, events: Sequence[str] | None = None,
         wait: float | None = 20, limit: int = 100) -> Iterator[dict]:
    if isinstance(events, str):
        raise PostriderError('events is a list of event types: ["user.*"].')
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
            page = client.request("GET", "/feed", query={
                "after": after, "event": ",".join(events) if events else None, "limit": limit,
                "wait": f"{int(wait * 1000)}ms" if wait and after != "newest" else None})
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
