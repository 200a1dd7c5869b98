"""Deliveries through the operator's egress proxy, which may be down, hostile, or asked for what the policy forbids."""

import json
import subprocess

import pytest

from certificates import Authority
from proxy import Proxy
from receiver import Receiver
from server import Server
from waiting import wait_for


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"))


def serve(folder, proxy, *flags, **variables):
    return Server(folder / "data", "--egress-proxy", proxy.url, "--allow-network", "127.0.0.0/8", *flags, variables=variables)


@pytest.fixture(scope="module")
def proxied(tmp_path_factory):
    with Proxy() as proxy, serve(tmp_path_factory.mktemp("proxied"), proxy) as server:
        yield proxy, server


def test_http_and_https_and_tokens_go_by_tunnels_to_checked_addresses(tmp_path, authority, receiver, path):
    credentials = tmp_path / "credentials"
    credentials.write_text("postrider:canary pass\n")
    with Proxy() as proxy, Receiver(tls=authority.context("secure", alternative="DNS:localhost,IP:127.0.0.1")) as secure, \
            serve(tmp_path, proxy, "--ca-file", str(authority.ca), "--egress-proxy-credentials-file", str(credentials)) as server:
        realm = server.realm(None, "order.shipped")
        secure.on("/token", lambda request: _token())
        realm.create_webhook(receiver.url(path))
        realm.create_webhook(secure.url(path, "localhost"))
        realm.create_webhook(receiver.url(path + "/oauth"), authentication={"type": "oauth2", "token_url": secure.url("/token"), "client_id": "a", "client_secret": "b"})
        for turn in range(3):
            realm.publish()
            for each, place in ((receiver, path), (secure, path), (receiver, path + "/oauth")):
                each.wait(place, turn + 1)
        assert set(proxy.targets) == {f"127.0.0.1:{receiver.port}", f"127.0.0.1:{secure.port}"}, "a name is never given to it"
        assert all("Proxy-Authorization: Basic cG9zdHJpZGVyOmNhbmFyeSBwYXNz\r\n" in head for head in proxy.heads)
        assert proxy.connections <= 4, "tunnels are used again"
        assert "authorization" not in receiver.at(path)[0].headers
        done = wait_for(lambda: realm.deliveries(state="delivered"), "an outcome that is recorded")
        delivery = realm.delivery(done[0]["id"])
        assert "canary" not in json.dumps(delivery) and delivery["attempts_log"][0]["peer"].startswith("127.0.0.1:")
    assert "canary" not in "".join(server.log)


def _token():
    from receiver import Reply
    return Reply(200, body=b'{"access_token":"t","token_type":"Bearer"}')


def test_a_proxy_that_is_down_opens_no_breaker_and_disables_nothing(tmp_path, receiver, path):
    with Proxy() as proxy:
        server = serve(tmp_path, proxy)
        port = proxy.port
    with server:
        realm = server.realm(None, "order.shipped")
        hook = realm.create_webhook(receiver.url(path), retry_schedule=[])
        events = [realm.publish().json["id"] for _ in range(30)]
        tried = lambda: [item for item in realm.deliveries(webhook_id=hook["id"]) if item["attempts"] >= 2]
        items = wait_for(lambda: len(tried()) == 30 and tried(), "30 deliveries that were tried", 60)
        for item in items:
            outcome = item["last_outcome"]
            assert (item["state"], outcome["kind"], outcome["reason"]) == ("pending", "internal", "proxy_failed"), item
        shown = realm.webhook(hook["id"])
        assert shown["enabled"] and shown["health"]["breaker"] == "closed" and shown["health"]["last_failure"]["kind"] == "internal", shown["health"]
        assert "cannot be reached" in realm.delivery(items[0]["id"])["attempts_log"][0]["outcome"]["detail"]
        assert str(port) not in json.dumps(realm.delivery(items[0]["id"])), "where the proxy is, is the operator's"
        assert not receiver.at(path)
        with Proxy(port=port):
            receiver.wait(path, 30, 60)
        assert {request.id for request in receiver.at(path)} == set(events)


@pytest.mark.parametrize("answer", [
    b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", b"HTTP/1.1 502 Bad Gateway\r\n\r\n<html>canary</html>", b"SSH-2.0-canary\r\n\r\n",
    b"HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n", b"HTTP/1.1 200 OK\r\nX: " + b"c" * 100_000, b"",
], ids=["407", "502", "no http", "answers itself", "endless", "closes"])
def test_a_proxy_that_fails_or_lies_is_not_the_receivers_fault(proxied, receiver, path, answer):
    proxy, server = proxied
    receiver.close_connections()  # a tunnel that is open is not asked for again
    proxy.answer = answer
    realm = server.realm(None, "order.shipped")
    hook = realm.create_webhook(receiver.url(path), retry_schedule=[])
    realm.publish()
    (item,) = wait_for(lambda: [each for each in realm.deliveries(webhook_id=hook["id"]) if each["attempts"] >= 2], "two attempts", 30)
    assert (item["state"], item["last_outcome"]["reason"], item["last_outcome"]["status"]) == ("pending", "proxy_failed", None), item
    assert "canary" not in json.dumps(realm.delivery(item["id"])) and not receiver.at(path)
    proxy.answer = None
    receiver.wait(path, 1, 60)
    assert realm.webhook(hook["id"])["health"]["breaker"] == "closed"


def test_a_proxy_that_reads_along_is_shown_nothing(tmp_path, authority, path):
    """It leads every tunnel to a receiver of its own, whose certificate is good for another name."""
    with Receiver(tls=authority.context("liar", alternative="DNS:liar.example")) as liar, Receiver(tls=authority.context("right", alternative="DNS:localhost")) as right, \
            Proxy(to=f"127.0.0.1:{liar.port}") as proxy, serve(tmp_path, proxy, "--ca-file", str(authority.ca)) as server:
        realm = server.realm(None, "order.shipped")
        realm.create_webhook(right.url(path, "localhost"), retry_schedule=[])
        (delivery,) = realm.wait_final(realm.publish().json["id"])
        assert delivery["last_outcome"]["reason"] == "tls_failed", delivery
        assert proxy.targets and not liar.requests and not right.requests


def test_the_policy_holds_whatever_the_proxy_could_reach(tmp_path, path):
    with Receiver(address="127.0.0.2") as inside, Proxy() as proxy, \
            Server(tmp_path / "data", "--egress-proxy", proxy.url, "--allow-http") as server:
        realm = server.realm(None, "order.shipped")
        assert realm.create_webhook(inside.url(path), expect=422)["errors"][0]["pointer"] == "#/url"
        hook = realm.create_webhook(f"http://localhost:{inside.port}{path}", retry_schedule=[], expect=None)
        if "id" in hook:  # a name that resolves there
            (delivery,) = realm.wait_final(realm.publish().json["id"])
            assert delivery["last_outcome"]["reason"] == "address_blocked", delivery
        assert proxy.connections == 0 and inside.connections == 0


@pytest.mark.parametrize("flags, variables, said", [
    (["--egress-proxy", "https://proxy:3128"], {}, "http://HOST:PORT"),
    (["--egress-proxy", "http://user:word@proxy:3128"], {}, "EGRESS_PROXY_CREDENTIALS"),
    (["--egress-proxy", "http://proxy:3128/path"], {}, "http://HOST:PORT"),
    (["--egress-proxy", "http://proxy:3128", "--egress-proxy-credentials-file", "/nowhere"], {}, "/nowhere"),
    (["--egress-proxy", "http://proxy:3128"], {"POSTRIDER_EGRESS_PROXY_CREDENTIALS": "canary"}, "user name, a colon and a password"),
    ([], {"POSTRIDER_EGRESS_PROXY_CREDENTIALS": "a:canary"}, "without --egress-proxy"),
], ids=["https", "user", "path", "no file", "no colon", "no proxy"])
def test_a_mistake_ends_the_start_with_a_sentence(tmp_path, flags, variables, said):
    done = subprocess.run([Server(tmp_path).program, "check-config", "--data", str(tmp_path / "data"), *flags], capture_output=True, text=True,
                          env={"PATH": "/usr/bin:/bin", **variables})
    assert done.returncode == 2 and said in done.stderr and "canary" not in done.stderr, done


def test_credentials_of_the_environment_are_not_shown(tmp_path):
    done = subprocess.run([Server(tmp_path).program, "config", "--data", str(tmp_path / "data"), "--egress-proxy", "http://proxy:3128"], capture_output=True, text=True,
                          env={"PATH": "/usr/bin:/bin", "POSTRIDER_EGRESS_PROXY_CREDENTIALS": "a:canary"})
    assert done.returncode == 0 and 'egress_proxy = "http://proxy:3128"' in done.stdout and "canary" not in done.stdout, done
