"""What has the wrong type is refused before anything is sent."""

from __future__ import annotations

import datetime
import json
import re
import uuid
from typing import Any, Sequence

from .errors import PostriderError
from .types import EventWrite


def key_header(given: str | None) -> dict:
    key = str(uuid.uuid4()) if given is None else given
    if not isinstance(key, str) or not re.fullmatch(r"[\x21-\x7e]{1,255}", key):
        raise PostriderError("An idempotency_key is 1 to 255 visible ASCII characters.")
    return {"Idempotency-Key": key}


def is_list_of_names(names: Any) -> bool:
    return isinstance(names, Sequence) and not isinstance(names, str) and len(names) > 0 and all(isinstance(name, str) for name in names)


def as_json(value: Any) -> str:
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False)
        text.encode()  # half of a surrogate pair is no text
        return text
    except (TypeError, ValueError, RecursionError) as error:
        raise PostriderError(f"The body does not become JSON: {error}") from error


def uuid_of(value: Any, what: str) -> str:
    try:
        return str(uuid.UUID(str(value)))
    except ValueError:
        raise PostriderError(f"{what} is a UUID.") from None


def time_of(value: datetime.datetime) -> str:
    if value.tzinfo is None:
        raise PostriderError("A datetime must have a time zone.")
    return value.astimezone(datetime.timezone.utc).isoformat().replace("+00:00", "Z")


def checked(event: str, resource_id: str | uuid.UUID, data: dict, timestamp: str | datetime.datetime | None = None) -> EventWrite:
    """The event as it is sent. Raises before anything is sent when it has the wrong types."""
    if not isinstance(event, str) or not event:
        raise PostriderError("event must be the name of an event type.")
    resource = uuid_of(resource_id, "resource_id")
    if not isinstance(data, dict):
        raise PostriderError("data must be a dict.")
    made: EventWrite = {"event": event, "resource_id": resource, "data": data}
    if timestamp is not None:
        if not isinstance(timestamp, (str, datetime.datetime)):
            raise PostriderError("timestamp must be a datetime or an RFC 3339 time.")
        made["timestamp"] = timestamp if isinstance(timestamp, str) else time_of(timestamp)
    return made
