"""What clients share: connections, streams, memory; and how far a body is read."""

import json
import socket
import uuid

from client import Client, Realm
from server import Server, TOKEN
from waiting import wait_for

LARGE = 200_000


def large_event(number):
    return {"event": "order.shipped", "resource_id": str(uuid.uuid4()), "data": {"n": number, "text": "x" * LARGE}}


def connect(server, address):
    connection = socket.create_connection(server.address(), timeout=20, source_address=(address, 0))
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def answer_of(connection, request):
    """The status of the answer to a request without a body."""
    connection.sendall(request)
    head = b""
    while b"\r\n\r\n" not in head:
        piece = connection.recv(65536)
        if not piece:
            return None
        head += piece
    return int(head[9:12])


def request(path, token=TOKEN):
    return f"GET {path} HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {token}\r\n\r\n".encode()


def test_a_long_list_comes_in_pieces_and_is_the_same_list(realm):
    for first in range(0, 150, 50):
        realm.publish_batch([large_event(number) for number in range(first, first + 50)])
    for query in ({}, {"event": "order.shipped"}, {"event": "order.*"}):
        whole = realm.get("/events", limit=200, **query)
        assert whole.headers["transfer-encoding"] == "chunked" and "content-length" not in whole.headers
        assert [item["data"]["n"] for item in whole.json["items"] if "n" in item["data"]] == list(range(149, -1, -1))
        assert whole.json["next_cursor"] is None
        part = realm.get("/events", limit=100, **query)
        assert part.json["items"] == whole.json["items"][:100] and part.json["next_cursor"]
        rest = realm.get("/events", limit=100, cursor=part.json["next_cursor"], **query)
        assert part.json["items"] + rest.json["items"] == whole.json["items"] and rest.json["next_cursor"] is None
    one = realm.get("/events", limit=1, event="order.shipped").json
    assert one["items"] == whole.json["items"][:1] and one["next_cursor"]
    few = realm.get("/events", limit=20, event="realm.created")
    assert "content-length" in few.headers


def test_a_long_list_does_not_end_the_connection(server, realm):
    realm.publish_batch([large_event(number) for number in range(20)])
    connection = connect(server, "127.0.0.1")
    path = f"/api/v1/realms/{realm.name}/events?limit=20"
    connection.sendall(request(path) + request("/healthz"))
    received = b""
    while b"HTTP/1.1 200" not in received[12:]:
        received += connection.recv(1 << 20)
    assert received.index(b"\r\n0\r\n\r\nHTTP/1.1 200") > 20 * LARGE
    connection.sendall(request(path).replace(b"HTTP/1.1", b"HTTP/1.0"))
    while piece := connection.recv(1 << 20):
        received += piece
    assert received.endswith(b"}\n") and b"Connection: close" in received, "HTTP/1.0 knows no chunks"


def test_a_body_is_read_as_far_as_its_lists_may_be_long(realm):
    """What stands behind is not even JSON."""
    rows = [("/events/batch", {"events": [1] * 1001}, "#/events"),
            ("/users/bulk-delete", {"ids": ["00000000-0000-4000-8000-000000000000"] * 1001}, "#/ids"),
            ("/webhooks", {"events": ["order.*"] * 201}, "#/events"),
            ("/webhooks", {"retry_schedule": ["1s"] * 21}, "#/retry_schedule"),
            ("/roles", {"permissions": ["view_users"] * 101}, "#/permissions"),
            ("/import", {"users": [{}] * 201}, "#/users")]
    for path, body, pointer in rows:
        text = json.dumps(body).encode()
        answer = realm.call("POST", path, text[:text.rindex(b"]")] + b", here it ends", 422)
        assert answer.pointers == [pointer], (path, answer)
    answer = realm.call("POST", "/users", {"username": "x", "attributes": {"list": [1] * 70_000}}, 400)
    assert answer.problem == "malformed-json"


def test_a_list_of_tags_in_if_match(realm):
    role = realm.call("POST", "/roles", {"name": "r"}, 201).json["id"]
    path = f"/roles/{role}"
    realm.call("PATCH", path, {"description": "a"}, 200, {"if-match": '"1"'})
    realm.call("PATCH", path, {"description": "b"}, 412, {"if-match": '"abc", "1"'})
    realm.call("PATCH", path, {"description": "b"}, 200, {"if-match": 'W/"2", "abc" , "2"'})
    realm.call("PATCH", path, {"description": "c"}, 200, {"if-match": '"abc", *'})
    realm.call("PATCH", path, {"description": "d"}, 200, {"if-match": '"1", "4", "9"'})
    realm.call("PATCH", path, {"description": "e"}, 412, {"if-match": '"1", "4", "9"'})


def test_if_match_with_a_star_asks_for_what_exists(realm):
    realm.call("PUT", "/event-types/order.new", {}, 412, {"if-match": "*"})
    realm.call("PUT", "/event-types/order.new", {}, 201)
    realm.call("PUT", "/event-types/order.new", {"description": "a"}, 200, {"if-match": "*"})


def test_lines_of_if_match_are_one_list(server, realm):
    role = realm.call("POST", "/roles", {"name": "r"}, 201).json["id"]
    def delete(*tags):
        lines = "".join(f"If-Match: {tag}\r\n" for tag in tags)
        return answer_of(connect(server, "127.0.0.1"), (
            f"DELETE /api/v1/realms/{realm.name}/roles/{role} HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {TOKEN}\r\n"
            f"{lines}\r\n").encode())
    assert delete('"7"', '"abc"') == 412
    assert delete('"7"', '"8"') == 412
    assert delete('"7", "abc"', '"1"') == 204, "the second line counts"


def test_one_key_and_one_realm_leave_streams_to_others(tmp_path):
    with Server(tmp_path / "data") as server:
        realms = [server.realm(name) for name in ("loud", "quiet")]
        tokens = [realm.call("POST", "/api-keys", {"name": "k", "permissions": ["view_events"]}, 201).json["key"] for realm in realms]
        held, statuses = [], []
        for _ in range(300):
            held.append(connect(server, "127.0.3.1"))
            statuses.append(answer_of(held[-1], request("/api/v1/realms/loud/stream", tokens[0])))
        assert statuses == [200] * 256 + [429] * 44, "half of 512 while nobody else listens"
        other = realms[0].call("POST", "/api-keys", {"name": "k2", "permissions": ["view_events"]}, 201).json["key"]
        assert answer_of(connect(server, "127.0.3.1"), request("/api/v1/realms/loud/stream", other)) == 429, "the realm's share, too"
        kept = connect(server, "127.0.3.1")
        assert answer_of(kept, request("/api/v1/realms/quiet/stream", tokens[1])) == 200
        for connection in held:
            connection.close()
        wait_for(lambda: answer_of(connect(server, "127.0.3.1"), request("/api/v1/realms/loud/stream", other)) == 200, "they are given back")


def test_no_descriptor_is_left_and_others_are_served(tmp_path):
    """Far fewer descriptors than connections are allowed: idle ones go, too."""
    with Server(tmp_path / "data", prefix=("prlimit", "--nofile=300:300")) as server:
        idle = [connect(server, "127.0.3.1") for _ in range(400)]
        master = Realm(Client(server.address, TOKEN, timeout=10))
        for _ in range(20):
            assert master.get("/events").status == 200
            assert answer_of(connect(server, "127.0.3.2"), request("/healthz")) == 200
        assert len(idle) == 400
