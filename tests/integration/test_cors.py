"""--cors-origin: pages of named origins, with a token, never with cookies."""

import json
import subprocess

import pytest

from client import Client
from server import TOKEN, Server, binary, environment

APP = "https://app.example"


@pytest.fixture(scope="module")
def open_server(tmp_path_factory):
    with Server(tmp_path_factory.mktemp("data"), "--cors-origin", APP, "--cors-origin", "http://localhost:3000/") as started:
        yield started


def cors_of(answer):
    return {name: value for name, value in answer.headers.items() if name.startswith("access-control-")}


@pytest.mark.parametrize("origin", [APP, "http://localhost:3000"])
def test_a_page_may_call_and_read(open_server, origin):
    realm = open_server.realm(None, "order.paid")
    path = f"/api/v1/realms/{realm.name}/events"
    asked = Client(open_server.address, None).raw("OPTIONS", path, headers={
        "origin": origin, "access-control-request-method": "POST", "access-control-request-headers": "authorization,idempotency-key"})
    assert asked.status == 204 and asked.headers["access-control-allow-origin"] == origin
    assert "POST" in asked.headers["access-control-allow-methods"]
    assert {"authorization", "content-type", "idempotency-key", "if-match"} <= set(
        asked.headers["access-control-allow-headers"].lower().split(", "))
    body = json.dumps({"event": "order.paid", "resource_id": "019300a1-7c3e-7b1a-9a54-3f0f6b1d2c11", "data": {}}).encode()
    answer = Client(open_server.address, TOKEN).raw("POST", path, body, {"origin": origin, "sec-fetch-site": "cross-site"})
    assert answer.status == 202 and answer.headers["access-control-allow-origin"] == origin
    assert "Retry-After" in answer.headers["access-control-expose-headers"]
    for bad, status in ((b"{", 400), (b" " * 3_000_000, 413)):
        refused = Client(open_server.address, TOKEN).raw("POST", path, bad, {"origin": origin})
        assert refused.status == status and refused.headers["access-control-allow-origin"] == origin
    nobody = Client(open_server.address, None).raw("GET", path, headers={"origin": origin})
    assert nobody.status == 401 and nobody.headers["access-control-allow-origin"] == origin
    for each in (asked, answer, nobody):
        assert "access-control-allow-credentials" not in each.headers


def test_cookies_are_never_allowed(open_server):
    for headers in ({}, {"access-control-request-method": "GET"}):
        answer = Client(open_server.address, None).raw("OPTIONS", "/api/v1/realms", headers={"origin": APP, **headers})
        assert "access-control-allow-credentials" not in answer.headers
        assert answer.headers.get("access-control-allow-origin") in (None, APP)


@pytest.mark.parametrize("origin", ["https://app.example.evil", "http://app.example", "null", "*"])
def test_other_pages_may_not(open_server, origin):
    for method in ("OPTIONS", "GET"):
        answer = Client(open_server.address, TOKEN).raw(
            method, "/api/v1/realms", headers={"origin": origin, "access-control-request-method": "GET"})
        assert cors_of(answer) == {} and answer.status == (405 if method == "OPTIONS" else 200)
        assert "Origin" in answer.headers["vary"]


def test_nobody_may_unless_told(server):
    answer = server.client.raw("GET", "/api/v1/realms", headers={"origin": APP})
    assert cors_of(answer) == {} and "vary" not in answer.headers
    assert server.client.raw("OPTIONS", "/api/v1/realms", headers={"origin": APP, "access-control-request-method": "GET"}).status == 405


@pytest.mark.parametrize("value", ["*", "https://app.example/page", "app.example", "null"])
def test_only_origins_are_taken(tmp_path, value):
    done = subprocess.run([binary(), "serve", "--data", tmp_path / "data", "--cors-origin", value], capture_output=True, text=True,
                          stdin=subprocess.DEVNULL, env=environment(), timeout=30)
    assert done.returncode != 0 and "--cors-origin" in done.stderr and "https://app.example.com" in done.stderr
