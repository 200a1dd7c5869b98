"""What is odd but legal: answers, certificates, URLs, times and token requests that others take."""

import ssl

import pytest

from certificates import Authority, openssl
from hostile import Hostile, close, says
from server import Server
from world import send_form

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


def attempt(realm, url, **members):
    hook = realm.create_webhook(url, retry_schedule=[], **members)
    return realm.wait_final(realm.publish().json["id"])[0]["attempts_log"][-1]["outcome"], hook["id"]


@pytest.mark.parametrize("answer", [
    b"HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok",
    b"HTTP/1.1 204\r\n\r\n",
    b"HTTP/1.1 200 OK\nContent-Length: 2\n\nok",
    b"HTTP/1.1 200\nContent-Length: 2\n\nok",
    CHUNKED + b"2  \r\nok\r\n0\r\n\r\n",
    CHUNKED + b"2\nok\n0\n\n",
], ids=["no reason", "no reason, no body", "LF", "LF, no reason", "blanks behind a chunk's size", "LF in chunks"])
def test_an_answer_that_rfc_9112_lets_a_reader_take(realm, answer):
    receiver = Hostile(says(answer, then=close))
    outcome, _ = attempt(realm, receiver.url())
    receiver.close()
    assert outcome["reason"] == "accepted", outcome


def test_a_410_without_a_reason_disables(realm):
    receiver = Hostile(says(b"HTTP/1.1 410\r\nContent-Length: 0\r\n\r\n", then=close))
    outcome, hook = attempt(realm, receiver.url())
    receiver.close()
    assert outcome["reason"] == "gone"
    assert realm.webhook(hook)["enabled"] is False


def test_a_name_in_the_common_name_alone_does_not_pass(tmp_path):
    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", tmp_path / "key", "-out",
            tmp_path / "pem", "-days", "2", "-subj", "/CN=localhost")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "pem", tmp_path / "key")
    receiver = Hostile(says(b"HTTP/1.1 204 No Content\r\n\r\n", then=close), tls=context)
    with Server(tmp_path / "data", "--allow-network", "127.0.0.0/8", "--ca-file", str(tmp_path / "pem")) as server:
        realm = server.realm(None, "order.shipped")
        outcome, _ = attempt(realm, receiver.url("localhost"))
    receiver.close()
    assert outcome["reason"] == "tls_failed" and "ostname" in outcome["detail"], outcome


def test_a_receiver_that_wants_a_client_certificate_is_reported_as_that(tmp_path):
    authority = Authority(tmp_path / "authority")
    context = authority.context("receiver")
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.verify_mode = ssl.CERT_REQUIRED
    receiver = Hostile(says(b"HTTP/1.1 204 No Content\r\n\r\n", then=close), tls=context)
    with Server(tmp_path / "data", "--allow-network", "127.0.0.0/8", "--ca-file", str(authority.ca)) as server:
        outcome, _ = attempt(server.realm(None, "order.shipped"), receiver.url())
    receiver.close()
    assert outcome["reason"] == "tls_failed" and "client certificate" in outcome["detail"], outcome


def test_an_empty_port_is_the_schemes_own(realm):
    assert realm.create_webhook("https://shop.example:/hook")["url"] == "https://shop.example/hook"


def test_a_bracket_in_a_query_is_named_with_its_way_out(realm):
    errors = realm.create_webhook("https://shop.example/hook?tags[]=a", expect=422)["errors"]
    assert "[" in errors[0]["detail"] and "%5B" in errors[0]["detail"], errors


@pytest.mark.parametrize("time", ["1969-07-20T20:17:40.000000Z", "0001-01-01T00:00:00.000000Z"])
def test_times_before_1970_are_taken(realm, receiver, path, time):
    realm.create_webhook(receiver.url(path))
    event = realm.publish(timestamp=time).json
    assert event["timestamp"] == time
    realm.wait_final(event["id"])
    assert receiver.wait(path, 1)[0].json["timestamp"] == time
    assert realm.get("/events", since=time).json["items"][0]["timestamp"] == time
    assert realm.get("/events", until=time).json["items"] == []


def test_a_token_request_with_two_client_ids_is_refused(realm):
    secret = realm.call("POST", "/clients", {"client_id": "shop", "type": "confidential"}, 201).json["secret"]
    path = f"/api/v1/realms/{realm.name}/protocol/openid-connect/token"
    for client_id, status in (("other", 400), ("shop", 200), ("", 200)):
        form = {"grant_type": "client_credentials", "client_id": client_id}
        answer = send_form(realm.client, path, form, "shop", secret)
        assert answer.status == status, answer
        if status == 400:
            assert answer.json["error"] == "invalid_request"


def test_lengths_are_counted_in_characters(realm):
    letters = "é" * 255
    user = realm.call("POST", "/users", {"username": letters, "email": "é" * 242 + "@example.com"}, 201).json
    password = "ö" * 1024
    realm.call("PUT", f"/users/{user['id']}/password", {"password": password}, 204)
    assert realm.call("POST", "/session", {"username": letters, "password": password}).status == 201
    assert realm.call("PUT", f"/users/{user['id']}/password", {"password": password + "ö"}).pointers == ["#/password"]
    too_long = realm.call("POST", "/users", {"username": letters + "é"})
    assert too_long.status == 422 and too_long.pointers == ["#/username"]
