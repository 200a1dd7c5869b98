"""The log, forward: order, positions, waiting, consumers, and what is refused."""

import http.client
import io
import json
import socket
import threading
import time
import uuid

import pytest
from client import Client, Realm
from feed import Follower, everything, position
from server import TOKEN, Server, on_postgresql, sanitized
from waiting import wait_for


def publish_many(realm, count, event="order.shipped"):
    return [realm.publish(event, {"n": n}).json["id"] for n in range(count)]


def realm_id(realm):
    return realm.get("").json["id"]


def in_background(call):
    """Runs `call` in a thread; gives a function that waits for what it gave, and when."""
    got = {}

    def run():
        got["answer"] = call()
        got["at"] = time.monotonic()
    thread = threading.Thread(target=run, daemon=True)
    thread.start()

    def wait():
        thread.join(30)
        assert "answer" in got, "there was no answer"
        return got["answer"], got["at"]
    return wait


def test_events_come_in_the_order_of_commits_from_any_position(realm):
    published = publish_many(realm, 25)
    batch = realm.publish_batch([{"event": "order.paid", "resource_id": str(uuid.uuid4()), "data": {"n": n}} for n in range(5)])
    published += [item["id"] for item in batch.json["items"]]
    items, end = everything(realm, limit=7, event="order.*", at_least=len(published))
    ours = [item for item in items if item["origin"] == "api"]
    assert [item["id"] for item in ours] == published
    assert ours[3]["data"] == {"n": 3} and ours[3]["event"] == "order.shipped" and ours[3]["accepted_at"]
    # Each event's own position, and the page's.
    assert [item["id"] for item in everything(realm, ours[10]["position"], at_least=19)[0]] == published[11:]
    assert realm.get("/feed", after=end).json["items"] == []
    more = realm.publish().json["id"]
    assert [item["id"] for item in everything(realm, end, at_least=1)[0]] == [more]
    # A page that is full says so.
    page = realm.get("/feed", limit=2).json
    assert len(page["items"]) == 2 and page["has_more"] is True
    assert realm.get("/feed", after="newest").json["items"] == []


def test_changes_of_the_directory_are_in_it_and_tests_are_not(realm, receiver, path):
    start = realm.get("/feed", after="newest").json["position"]
    hook = realm.create_webhook(receiver.url(path))
    realm.call("POST", f"/webhooks/{hook['id']}/test", {}, 200)
    user = realm.call("POST", "/users", {"username": "ada"}, 201).json
    items = everything(realm, start, at_least=2)[0]
    assert [(item["event"], item["resource_id"]) for item in items] == [
        ("webhook.created", hook["id"]), ("user.created", user["id"])]
    assert {item["origin"] for item in items} == {"directory"}


def test_only_the_events_that_are_asked_for(realm):
    start = realm.get("/feed", after="newest").json["position"]
    shipped, paid = realm.publish("order.shipped").json["id"], realm.publish("order.paid").json["id"]
    user = realm.call("POST", "/users", {"username": "grace"}, 201).json["id"]
    assert len(everything(realm, start, event="*", at_least=3)[0]) == 3
    assert [item["id"] for item in everything(realm, start, event="order.paid")[0]] == [paid]
    assert [item["id"] for item in everything(realm, start, event="order.*")[0]] == [shipped, paid]
    both = everything(realm, start, event="order.paid,user.*")[0]
    assert [item["resource_id"] for item in both][1:] == [user] and both[0]["id"] == paid
    # What was looked through does not come again.
    page = realm.get("/feed", after=start, event="client.*").json
    assert page["items"] == [] and everything(realm, page["position"])[0] == []


def test_what_is_not_asked_for_hides_nothing_behind_it(realm):
    """Large events of another type fill pages: who reads is told that there is more, and is not left waiting."""
    begin = realm.get("/feed", after="newest").json["position"]
    for _ in range(4):
        realm.publish_batch([{"event": "order.shipped", "resource_id": str(uuid.uuid4()), "data": {"text": "x" * 2000}} for _ in range(50)])
    wanted = realm.publish("order.paid").json["id"]
    assert [item["id"] for item in everything(realm, begin, event="order.paid", at_least=1)[0]] == [wanted]


def test_a_waiting_call_is_answered_by_the_next_event(realm):
    start = realm.get("/feed", after="newest").json["position"]
    answer = in_background(lambda: realm.get("/feed", after=start, wait="20s", event="order.paid"))
    realm.publish("order.shipped")
    began = time.monotonic()
    paid = realm.publish("order.paid").json["id"]
    page, at = answer()
    assert [item["id"] for item in page.json["items"]] == [paid]
    assert at - began < 5
    # What is there already is not waited for.
    began = time.monotonic()
    assert len(realm.get("/feed", after=start, wait="20s").json["items"]) == 2
    assert time.monotonic() - began < 5
    # Nothing comes: an empty page at the end of the time, from which it goes on.
    began = time.monotonic()
    empty = realm.get("/feed", after=page.json["position"], wait="300ms").json
    assert 0.25 < time.monotonic() - began < 10
    assert empty["items"] == [] and empty["has_more"] is False
    again = realm.publish().json["id"]
    assert [item["id"] for item in realm.get("/feed", after=empty["position"], wait="20s").json["items"]] == [again]


def test_those_who_wait_in_one_realm_hear_nothing_of_another(server, realm):
    other = server.realm(None, "order.shipped")
    start = realm.get("/feed", after="newest").json["position"]
    began = time.monotonic()
    answer = in_background(lambda: realm.get("/feed", after=start, wait="500ms"))
    other.publish()
    page, at = answer()
    assert page.json["items"] == [] and at - began > 0.4


def test_no_follower_misses_an_event_of_many_publishers(realm):
    start = realm.get("/feed", after="newest").json["position"]
    followers = [Follower(realm, start) for _ in range(4)]
    published, lock = [], threading.Lock()

    def publish():
        for n in range(60):
            if n % 10:
                ids = [realm.publish().json["id"]]
            else:
                answer = realm.publish_batch(
                    [{"event": "order.paid", "resource_id": str(uuid.uuid4()), "data": {}} for _ in range(20)])
                ids = [item["id"] for item in answer.json["items"]]
            with lock:
                published.extend(ids)

    threads = [threading.Thread(target=publish) for _ in range(8)]
    for thread in threads:
        thread.start()
    for number in range(30):  # changes overlap publishes, in other transactions
        realm.call("POST", "/users", {"username": f"user-{number}"}, 201)
    for thread in threads:
        thread.join()
    count = len(published) + 30
    for follower in followers:
        wait_for(lambda: len(follower.items) >= count, lambda: f"{len(follower.items)} of {count}", 30)
        follower.stop()
    afterwards = [item["id"] for item in everything(realm, start, at_least=count)[0]]
    assert set(published) <= set(afterwards) and len(afterwards) == len(set(afterwards)) == count
    for follower in followers:
        assert follower.ids() == afterwards, "another order, a gap or a repetition"


def test_what_is_no_position_or_bound_is_refused_with_its_name(server, realm):
    for query, name in [({"after": "yesterday"}, "after"), ({"after": position(realm_id(realm))[:-2]}, "after"),
                        ({"wait": "61s"}, "wait"), ({"wait": "long"}, "wait"), ({"wait": "-1s"}, "wait"),
                        ({"limit": "0"}, "limit"), ({"limit": "1001"}, "limit"), ({"event": "a*b"}, "event"),
                        ({"event": "order.paid,"}, "event"), ({"since": "2026-01-01T00:00:00Z"}, "since")]:
        refused = realm.call("GET", "/feed", None, 422, **query)
        assert refused.problem == "invalid-request" and refused.pointers == [name], refused


def test_a_position_of_another_realm_or_past_the_retention_is_gone(server, realm):
    published = publish_many(realm, 3)
    other = server.realm(None, "order.shipped")
    foreign = other.get("/feed", after="newest").json["position"]
    own = realm_id(realm)
    old = position(own, 0, published[0], time.time() - 40 * 24 * 3600)
    for after in (foreign, old):
        gone = realm.call("GET", "/feed", None, 410, after=after)
        assert gone.problem == "position-gone" and "oldest" in gone.json["detail"]
        items = everything(realm, gone.json["oldest_position"], event="order.*", at_least=len(published))[0]
        assert [item["id"] for item in items if item["origin"] == "api"] == published
    assert realm.call("PUT", "/consumers/gone", {"position": foreign}).problem == "position-gone"
    assert realm.call("GET", "/consumers/gone").status == 404
    realm.call("PUT", "/consumers/late", {"position": old}, 201)
    gone = realm.call("GET", "/consumers/late/events", None, 410)
    realm.call("PUT", "/consumers/late", {"position": gone.json["oldest_position"]}, 200)
    assert realm.get("/consumers/late/events").json["items"]
    assert realm.call("POST", "/consumers/late/commit", {"position": foreign}).problem == "position-gone"


@pytest.mark.skipif(not on_postgresql(), reason="positions of one writer are ids")
def test_a_position_ahead_of_a_database_that_was_set_back_is_gone(realm):
    ahead = position(realm_id(realm), 1 << 60, str(uuid.uuid4()), time.time())
    assert realm.call("GET", "/feed", None, 410, after=ahead).problem == "position-gone"


def test_a_consumer_goes_on_from_what_it_committed(realm):
    before = realm.publish().json["id"]
    made = realm.call("PUT", "/consumers/billing", {"events": ["order.*"]}, 201)
    assert made.headers["location"].endswith("/consumers/billing")
    assert made.json["behind"] == 0 and made.json["behind_since"] is None and made.json["events"] == ["order.*"]
    realm.call("POST", "/users", {"username": "lin"}, 201)
    published = publish_many(realm, 4)
    page = realm.get("/consumers/billing/events").json
    assert [item["id"] for item in page["items"]] == published and before not in published
    # Nothing moves without a commit.
    assert realm.get("/consumers/billing/events").json["items"] == page["items"]
    assert realm.get("/consumers/billing").json["behind"] == 5
    first, third = page["items"][0]["position"], page["items"][2]["position"]
    assert realm.call("POST", "/consumers/billing/commit", {"position": third}, 200).json == {"position": third}
    assert [item["id"] for item in realm.get("/consumers/billing/events").json["items"]] == published[3:]
    shown = realm.get("/consumers/billing").json
    assert shown["behind"] == 1 and shown["behind_since"] is not None and shown["position"] == third
    # The same again, and one behind.
    realm.call("POST", "/consumers/billing/commit", {"position": third}, 200)
    behind = realm.call("POST", "/consumers/billing/commit", {"position": first}, 409)
    assert behind.problem == "position-behind" and behind.json["committed_position"] == third
    # Setting its events leaves its position; a position sets it back.
    assert realm.call("PUT", "/consumers/billing", {"events": ["order.shipped"]}, 200).json["position"] == third
    assert realm.call("PUT", "/consumers/billing", {"position": first}, 200).json["events"] == ["order.shipped"]
    assert [item["id"] for item in realm.get("/consumers/billing/events").json["items"]] == published[1:]
    # It waits, too.
    realm.call("POST", "/consumers/billing/commit", {"position": page["position"]}, 200)
    answer = in_background(lambda: realm.get("/consumers/billing/events", wait="20s"))
    more = realm.publish().json["id"]
    assert [item["id"] for item in answer()[0].json["items"]] == [more]
    assert [item["name"] for item in realm.get("/consumers").json["items"]] == ["billing"]
    realm.call("DELETE", "/consumers/billing", None, 204)
    for method, path, body in [("GET", "", None), ("GET", "/events", None), ("DELETE", "", None),
                               ("POST", "/commit", {"position": third})]:
        assert realm.call(method, "/consumers/billing" + path, body).status == 404
    assert [item["action"] for item in realm.items("/audit") if item["action"].startswith("consumer.")] == [
        "consumer.delete", "consumer.update", "consumer.update", "consumer.create"]


def test_what_a_consumer_cannot_be(realm):
    wrong = [({"events": []}, ["#/events"]), ({"events": "user.*"}, ["#/events"]), ({"events": ["order.pad"]}, ["#/events/0"]),
             ({"events": ["*", "nothing.*"]}, ["#/events/1"]), ({"position": "soon"}, ["#/position"]),
             ({"position": 7}, ["#/position"]), ({"wait": "1s"}, ["#/wait"])]
    for body, pointers in wrong:
        refused = realm.call("PUT", "/consumers/wrong", body, 422)
        assert refused.pointers == pointers, refused
    assert "order.paid" in realm.call("PUT", "/consumers/wrong", {"events": ["order.pad"]}).json["errors"][0]["detail"]
    for name in ("a%20b", "a%2Fb", "x" * 65, "%C3%A4"):
        assert realm.call("PUT", f"/consumers/{name}", {}).status == 422
    assert realm.get("/consumers").json["items"] == []
    realm.call("PUT", "/consumers/right.One_1-a", None, 201)
    for body in ({}, {"position": "newest"}, {"position": None}, {"position": 1}):
        assert realm.call("POST", "/consumers/right.One_1-a/commit", body, 422).pointers == ["#/position"]


def test_who_may_read_and_who_may_commit(server, realm):
    def key(*permissions):
        made = realm.call("POST", "/api-keys", {"name": "-".join(permissions), "permissions": list(permissions)}, 201).json
        return Realm(Client(server.address, made["key"]), realm.name)
    reader, manager, publisher = key("view_events"), key("view_events", "manage_webhooks"), key("publish_events")
    realm.publish()
    assert everything(reader, at_least=1)[0]
    assert reader.call("PUT", "/consumers/a", {}).status == 403
    manager.call("PUT", "/consumers/a", {"position": "oldest"}, 201)
    page = reader.get("/consumers/a/events").json
    assert reader.call("POST", "/consumers/a/commit", {"position": page["position"]}).status == 403
    assert reader.call("DELETE", "/consumers/a").status == 403
    manager.call("POST", "/consumers/a/commit", {"position": page["position"]}, 200)
    for path in ("/feed", "/consumers", "/consumers/a", "/consumers/a/events"):
        assert publisher.call("GET", path).status == 403
    other = server.realm()
    assert other.call("GET", "/consumers/a").status == 404
    assert Realm(reader.client, other.name).call("GET", "/feed").status == 404


def test_a_key_that_was_revoked_meanwhile_hears_nothing(server, realm):
    made = realm.call("POST", "/api-keys", {"name": "k", "permissions": ["view_events"]}, 201).json
    reader = Realm(Client(server.address, made["key"]), realm.name)
    start = realm.get("/feed", after="newest").json["position"]
    refused = in_background(lambda: reader.call("GET", "/feed", after=start, wait="20s"))
    answered = in_background(lambda: realm.call("GET", "/feed", after=start, wait="20s", event="order.*"))
    realm.call("DELETE", f"/api-keys/{made['id']}", None, 204)
    realm.publish()
    assert refused()[0].status == 401
    assert answered()[0].status == 200


def test_positions_survive_a_kill_and_waiting_calls_an_orderly_end(tmp_path):
    with Server(tmp_path / "data") as server:
        realm = server.realm(None, "order.shipped")
        realm.call("PUT", "/consumers/mirror", {"events": ["order.*"]}, 201)
        published = publish_many(realm, 6)
        # On PostgreSQL transactions of others hold back what is committed, for a moment.
        def events(count):
            page = realm.get("/consumers/mirror/events", limit=count).json
            return page if len(page["items"]) == count else None
        items = wait_for(lambda: events(3), "three events")["items"]
        realm.call("POST", "/consumers/mirror/commit", {"position": items[-1]["position"]}, 200)
        server.restart()
        page = wait_for(lambda: events(3), "three events")
        assert [item["id"] for item in page["items"]] == published[3:]
        published.append(realm.publish().json["id"])
        wait_for(lambda: [item["id"] for item in everything(realm, page["position"])[0]] == published[6:], "the last event")
        # Whoever waits is answered before the server ends.
        end = everything(realm, page["position"])[1]
        waiting = in_background(lambda: realm.get("/feed", after=end, wait="50s"))
        wait_for(lambda: b"postrider_feed_waits 1\n" in server.client.raw("GET", "/metrics").body, "a call that waits", 15)
        began = time.monotonic()
        assert server.stop() == 0
        page, _ = waiting()
        assert page.json["items"] == [] and time.monotonic() - began < 10


def test_one_key_has_no_more_calls_waiting_than_are_left_for_others(server, realm):
    """Half of 1,024: the next call is refused, and what does not wait still answers."""
    made = realm.call("POST", "/api-keys", {"name": "many", "permissions": ["view_events"]}, 201).json["key"]
    start = realm.get("/feed", after="newest").json["position"]
    head = (f"GET /api/v1/realms/{realm.name}/feed?after={start}&wait=%s HTTP/1.1\r\nHost: x\r\n"
            f"Authorization: Bearer {made}\r\n\r\n")
    waiting = []
    try:
        for _ in range(512):
            connection = socket.create_connection(server.address(), timeout=30)
            connection.sendall((head % "60s").encode())
            waiting.append(connection)
        # All of them wait before one more asks: else that one may take the last place for its 10 ms, and the last of them is refused.
        waits = b"postrider_feed_waits %d\n" % len(waiting)
        wait_for(lambda: waits in server.client.raw("GET", "/metrics").body, "all that wait", 50)
        greedy = Realm(Client(server.address, made), realm.name)

        def is_refused():
            answer = greedy.call("GET", "/feed", None, None, after=start, wait="10ms")
            return answer.status == 429 and answer.headers.get("retry-after")
        wait_for(is_refused, "a refusal", 50)
        assert greedy.get("/feed", after=start).json["items"] == []
        # Another realm's callers wait as before.
        other = server.realm(None, "order.shipped")
        begin = other.get("/feed", after="newest").json["position"]
        answer = in_background(lambda: other.get("/feed", after=begin, wait="20s"))
        event = other.publish().json["id"]
        assert [item["id"] for item in answer()[0].json["items"]] == [event]
        # One event answers all of them.
        event = realm.publish().json["id"]
        for connection in waiting:
            got = b""
            while b"\"has_more\"" not in got:
                piece = connection.recv(65536)
                assert piece, got
                got += piece
            assert got.startswith(b"HTTP/1.1 200") and event.encode() in got
    finally:
        for connection in waiting:
            connection.close()


@pytest.mark.skipif(sanitized(), reason="what a sanitizer holds is its own")
def test_a_page_stands_in_memory_once_for_all_who_wait_for_it(tmp_path):
    """400 calls that do not read, and one event of 250 KB: 100 MB if each had a page of its own."""
    count, text = 400, "z" * 250_000
    with Server(tmp_path / "data") as server:
        realm, other = server.realm(None, "order.shipped"), server.realm(None, "order.shipped")
        before, calls = server.resident_bytes(), []
        for number in range(count):
            call = socket.socket()
            call.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            call.bind((f"127.0.1.{number % 200 + 1}", 0))
            call.connect(("127.0.0.1", server.port))
            call.sendall(f"GET /api/v1/realms/{realm.name}/feed?after=newest&wait=60s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\n\r\n".encode())
            calls.append(call)
        waits = f"postrider_feed_waits {count}\n".encode()
        wait_for(lambda: waits in server.client.raw("GET", "/metrics").body, "calls that wait", 15)
        realm.publish("order.shipped", {"text": text})
        peak = 0
        for call in calls:
            call.settimeout(30)
            assert call.recv(12) == b"HTTP/1.1 200"
            peak = max(peak, server.resident_bytes())
        assert peak - before < 60_000_000, peak
        assert other.publish("order.shipped").status == 202
        # Each gets all of it.
        response = http.client.HTTPResponse(Prepended(b"HTTP/1.1 200", calls[-1]))
        response.begin()
        assert [item["data"]["text"] for item in json.loads(response.read())["items"]] == [text]
        for call in calls:
            call.close()


class Prepended:
    """A socket of which a part has been read."""

    def __init__(self, read, rest):
        self.read, self.rest = read, rest

    def makefile(self, mode):
        return io.BufferedReader(PrependedFile(self.read, self.rest.makefile(mode, buffering=0)))


class PrependedFile(io.RawIOBase):
    def __init__(self, before, behind):
        self.before, self.behind = before, behind

    def readable(self):
        return True

    def readinto(self, buffer):
        if not self.before:
            return self.behind.readinto(buffer)
        count = min(len(buffer), len(self.before))
        buffer[:count], self.before = self.before[:count], self.before[count:]
        return count
