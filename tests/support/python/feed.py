"""The log, read forward: positions as the server writes them, and a reader that follows."""

import base64
import hashlib
import struct
import time
import uuid

from background import Background


def position(realm_id, tx=0, event_id=None, seen_at=0):
    """A position of our own making; `seen_at` in seconds since 1970."""
    realm_id, event_id = uuid.UUID(realm_id).bytes, uuid.UUID(event_id or str(uuid.UUID(int=0))).bytes
    raw = b"\x01" + struct.pack(">q", tx) + event_id + struct.pack(">q", int(seen_at * 1e6)) + realm_id[-4:]
    raw += hashlib.sha256(raw).digest()[:4]
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def everything(realm, after="oldest", limit=1000, at_least=0, **query):
    """All there is from there on, page by page, and `at_least` so many: on PostgreSQL what is committed is held back
    while others' transactions that began before it are open, those of tests beside this one too. Gives the events and
    the last position."""
    items, deadline = [], time.monotonic() + 15
    while True:
        page = realm.get("/feed", after=after, limit=limit, **query).json
        items += page["items"]
        after = page["position"]
        if not page["has_more"] and len(items) >= at_least:
            return items, after
        assert time.monotonic() < deadline, f"{len(items)} events of {at_least}"


class Follower(Background):
    """Follows a realm's log in a thread of its own; `items` are what came, in order."""

    def __init__(self, realm, after, wait="5s", limit=1000):
        self.realm, self.after, self.wait, self.limit = realm, after, wait, limit
        self.items = []
        super().__init__(self.run)
        self.start()

    def run(self):
        while not self.stopping.is_set():
            page = self.realm.get("/feed", after=self.after, wait=self.wait, limit=self.limit).json
            self.items += page["items"]
            self.after = page["position"]

    def ids(self):
        return [item["id"] for item in self.items]
