"""A keep-alive HTTP client of the API, by http.client; one connection per thread."""

import http.client
import json
import threading
import urllib.parse
import uuid

from waiting import wait_for

API = "/api/v1"
JSON = "application/json"


class NoAnswer(Exception):
    """The server went away, or could not be reached: what became of the request is unknown."""


class Answer:
    def __init__(self, status, headers, body, cookies=()):
        self.status, self.headers, self.body = status, headers, body
        self.cookies = {cookie.split("=", 1)[0]: cookie for cookie in cookies}  # whole Set-Cookie values

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def problem(self):
        """The slug of the problem document; fails when it is none."""
        assert self.headers.get("content-type") == "application/problem+json", self
        document = self.json
        assert document["status"] == self.status and document["title"], self
        assert document["request_id"], self
        return document["type"].rsplit("/", 1)[1]

    @property
    def pointers(self):
        """Which fields the problem document names, sorted; a pointer without its percent-encoding."""
        assert self.problem
        named = []
        for error in self.json.get("errors", []):
            assert error["detail"], self
            name = error.get("pointer") or error.get("parameter") or error.get("header")
            named.append(urllib.parse.unquote(name))
        return sorted(named)

    def __repr__(self):
        return f"{self.status} {self.headers} {self.body[:2000]!r}"


class Client:
    """Thread-safe. `address` is asked for (host, port) at every new connection: servers restart."""

    def __init__(self, address, token, timeout=30):
        self.address, self.token, self.timeout = address, token, timeout
        self.local = threading.local()

    def renew(self):
        """This thread's next call connects anew: what was idle for long may have been closed."""
        self.local.connection = None

    def raw(self, method, path, body=None, headers=None):
        """One request; raises NoAnswer when there is no whole answer. `path` from the root."""
        all_headers = {"authorization": f"Bearer {self.token}"} if self.token else {}
        if body is not None:
            all_headers["content-type"] = JSON
        all_headers.update(headers or {})
        all_headers = {name: value for name, value in all_headers.items() if value is not None}
        for attempt in range(2):
            connection = getattr(self.local, "connection", None)
            # After a restart the server has another port: the old connection is known to be dead.
            fresh = connection is None or connection.sock is None or (
                (connection.host, connection.port) != self.address())
            try:
                if fresh:
                    host, port = self.address()
                    connection = http.client.HTTPConnection(host, port, timeout=self.timeout)
                    self.local.connection = connection
                connection.request(method, path, body, all_headers)
                response = connection.getresponse()
                if response.getheader("content-type") == "text/event-stream":
                    return self.first_event(connection, response)
                return Answer(response.status,
                              {name.lower(): value for name, value in response.getheaders()},
                              response.read(), response.headers.get_all("set-cookie") or ())
            except (OSError, http.client.HTTPException) as error:
                if connection is not None:
                    connection.close()
                self.local.connection = None
                # An idle connection that the server closed: nothing was asked over it.
                stale = isinstance(error, (http.client.RemoteDisconnected, BrokenPipeError))
                if fresh or attempt == 1 or not stale or method != "GET":
                    raise NoAnswer(repr(error)) from error

    def first_event(self, connection, response):
        """A stream has no end: its first event, and the connection is closed."""
        body = b""
        while not body.endswith(b"\n\n") and (byte := response.read(1)):
            body += byte
        connection.close()
        self.local.connection = None
        return Answer(response.status, {name.lower(): value for name, value in response.getheaders()}, body)

    def call(self, method, path, body=None, expect=None, headers=None):
        """`body` is bytes, or anything that json.dumps takes. `path` is below /api/v1."""
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
        answer = self.raw(method, API + path, body, headers)
        if expect is not None:
            assert answer.status == expect, f"{method} {path}: {answer}"
        return answer


class Realm:
    """One realm through one client; the shapes of API.md, once."""

    def __init__(self, client, name="master"):
        self.client, self.name = client, name

    def call(self, method, path, body=None, expect=None, headers=None, **query):
        query = {name: value for name, value in query.items() if value is not None}
        if query:
            path += "?" + urllib.parse.urlencode(query)
        return self.client.call(method, f"/realms/{self.name}{path}", body, expect, headers)

    def get(self, path, expect=200, **query):
        return self.call("GET", path, None, expect, **query)

    # Webhooks.

    def create_webhook(self, url, events=("order.*",), expect=201, **members):
        members.setdefault("name", "test")
        return self.call("POST", "/webhooks", {"url": url, "events": list(events), **members},
                         expect).json

    def webhook(self, webhook_id):
        return self.get(f"/webhooks/{webhook_id}").json

    def patch_webhook(self, webhook_id, expect=200, **members):
        return self.call("PATCH", f"/webhooks/{webhook_id}", members, expect).json

    def delete_webhook(self, webhook_id):
        self.call("DELETE", f"/webhooks/{webhook_id}", None, 204)

    # Events.

    def publish(self, event="order.shipped", data=None, resource_id=None, key=None, expect=202,
                **members):
        body = {"event": event, "resource_id": resource_id or str(uuid.uuid4()),
                "data": {} if data is None else data, **members}
        return self.publish_bytes(json.dumps(body).encode(), key, expect)

    def publish_bytes(self, body, key=None, expect=202):
        headers = {"idempotency-key": key} if key else None
        return self.call("POST", "/events", body, expect, headers)

    def publish_batch(self, events, key=None, expect=202):
        headers = {"idempotency-key": key} if key else None
        return self.call("POST", "/events/batch", {"events": events}, expect, headers)

    def orders(self):
        """The log without what changes of webhooks and realms fire."""
        return self.items("/events", event="order.*")

    def changes(self):
        """The types of what changes of webhooks fired, oldest first."""
        return [event["event"] for event in self.items("/events", event="webhook.*")][::-1]

    def event_types(self, *names):
        """Registers the realm's own types."""
        for name in names:
            self.call("PUT", f"/event-types/{name}", {"description": f"test type {name}"})
        return self

    def explain(self, event_id):
        """For each webhook of the realm what explain says, by the webhook's id."""
        items = self.get(f"/events/{event_id}/explain").json["items"]
        return {item["webhook_id"]: item for item in items}

    # Deliveries.

    def items(self, path, **query):
        """Every item of a list, page by page."""
        found, cursor = [], None
        while True:
            page = self.get(path, limit=200, cursor=cursor, **query).json
            found += page["items"]
            cursor = page["next_cursor"]
            if cursor is None:
                return found

    def deliveries(self, **query):
        return self.items("/deliveries", **query)

    def delivery(self, delivery_id):
        return self.get(f"/deliveries/{delivery_id}").json

    def wait_final(self, event_id, count=1, timeout=15.0):
        """The deliveries of an event, with their attempts, once none of `count` is pending."""
        def look():
            found = self.deliveries(event_id=event_id)
            final = [item for item in found if item["state"] != "pending"]
            return len(final) >= count and len(final) == len(found) and (found or count == 0)
        wait_for(look, lambda: f"{count} final: {self.deliveries(event_id=event_id)}", timeout)
        return [self.delivery(item["id"]) for item in self.deliveries(event_id=event_id)]
