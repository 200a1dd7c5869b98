"""No delivery connects to what the operator did not allow: by address, in any spelling, by any name,
through every way out. Canaries listen where nothing may connect."""

import contextlib
import ipaddress
import socket
import threading

import pytest

import addresses
from dns import Dns
from receiver import Receiver
from server import Server
from waiting import wait_for

ALLOWED = "127.0.0.2"


class Canary:
    """Listens on one port of many forbidden addresses, and notes who connects."""

    def __init__(self, port, hosts):
        self.touched, self.sockets = [], []
        for host in hosts:
            family = socket.AF_INET6 if ":" in host else socket.AF_INET
            with contextlib.suppress(OSError):  # no IPv6 here
                listener = socket.socket(family)
                listener.bind((host, port))
                listener.listen(64)
                self.sockets.append(listener)
                threading.Thread(target=self.watch, args=(listener,), daemon=True).start()
        assert len(self.sockets) >= 3

    def watch(self, listener):
        with contextlib.suppress(OSError):
            while True:
                connection, peer = listener.accept()
                self.touched.append((listener.getsockname(), peer))
                connection.close()

    def close(self):
        for listener in self.sockets:
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            listener.close()


@pytest.fixture(scope="module")
def receiver():
    with Receiver(ALLOWED) as started:
        yield started


@pytest.fixture(scope="module")
def dns():
    with Dns() as started:
        yield started


@pytest.fixture(scope="module")
def server(tmp_path_factory, dns):
    with Server(tmp_path_factory.mktemp("data"), "--allow-network", f"{ALLOWED}/32", "--allow-http",
                "--dns-servers", dns.server) as started:
        yield started


@pytest.fixture(scope="module")
def canary(receiver):
    started = Canary(receiver.port, ["127.0.0.1", "127.0.0.3", "127.1.2.3", "127.255.255.254", "::1"])
    yield started
    started.close()


@pytest.fixture(autouse=True)
def untouched(canary):
    yield
    assert canary.touched == []


def refusals(server, realm, url):
    """Whether create, put, patch and check refuse `url`; they must agree."""
    hook = getattr(realm, "hook", None)
    if hook is None:
        hook = realm.hook = realm.create_webhook("https://example.com/", enabled=False)
    at, body = f"/webhooks/{hook['id']}", {"url": url, "events": ["*"], "enabled": False}
    answers = [realm.call("POST", "/webhooks", body), realm.call("PUT", at, body),
               realm.call("PATCH", at, {"url": url})]
    refused = {answer.status == 422 for answer in answers}
    for answer in answers:
        assert answer.status in (200, 201, 422), f"{url}: {answer}"
        if answer.status == 422:
            assert answer.pointers == ["#/url"], f"{url}: {answer}"
    # Check knows more than saving: it resolves. It never says yes where saving says no.
    check = realm.call("POST", "/webhooks/check", {"url": url}, 200).json
    refused.add(not check["ok"])
    assert len(refused) == 1, f"{url}: {answers} {check}"
    assert check["ok"] or check["detail"]
    return refused.pop()


@pytest.mark.parametrize("address", [a for a in addresses.INSIDE_V4 if str(a) != ALLOWED], ids=str)
def test_special_ipv4_in_every_form(server, realm, receiver, address):
    spellings = [str(address), f"{address}.", *addresses.forms_v4(address), *addresses.mapped(address)]
    passed = [spelling for spelling in spellings
              if not refusals(server, realm, f"http://{spelling}:{receiver.port}/x")]
    assert passed == []


@pytest.mark.parametrize("address", addresses.INSIDE_V6 + [
    ipaddress.IPv6Address(text) for text in addresses.OUTSIDE_V6], ids=str)
def test_special_ipv6_in_every_form(server, realm, receiver, address):
    spellings = [*addresses.forms_v6(address), f"[{address}%25lo]", f"[{address}%lo]"]
    passed = [spelling for spelling in spellings
              if not refusals(server, realm, f"http://{spelling}:{receiver.port}/x")]
    assert passed == []


@pytest.mark.parametrize("host", addresses.PUBLIC)
def test_just_outside_passes(server, realm, host):
    assert not refusals(server, realm, f"https://{host}/x")


def test_odd_spellings_of_public_addresses_are_refused_too(server, realm):
    for spelling in addresses.forms_v4(ipaddress.IPv4Address("8.8.8.8")):
        assert refusals(server, realm, f"https://{spelling}/"), spelling


@pytest.mark.parametrize("url", [
    "ftp://example.com/", "file:///etc/passwd", "gopher://example.com/", "javascript:alert(1)", "",
    "example.com", "//example.com/", "http:example.com", "http:/example.com", "http:///x", "https://",
    "http://user@example.com/", "http://user:pass@example.com/", "http://@example.com/",
    "http://example.com/#fragment", "http://example.com:0/", "http://example.com:65536/",
    "http://example.com:x/", "http://exa mple.com/", "http://example.com/a b", "http://example.com\\@x/",
    "http:\\\\example.com", "http://example.com/\r\nX: y", "http://\u00e9xample.com/",
    "http://example.com/\u00e9", "http://[::1", "http://::1/", "http://[127.0.0.1]/", "http://[]/",
    "http://127.0.0.1\\@example.com/", "http://127.0.0.1#@example.com/", "http://1.2.3.4.5/",
    "http://256.256.256.256/", "http://1.2.3.09/", "http://exam\tple.com/", " http://example.com/",
    "http://example.com /", "http://ex%61mple.com/", "http://-/", "http://.example.com/",
    "http://example..com/", "http://" + "a" * 64 + ".com/", "http://example.com/" + "x" * 2048,
    "http://localhost%00.example.com/", "http://127.0.0.1.:80/",
], ids=lambda url: repr(url[:50]))
def test_bad_urls(realm, url):
    answer = realm.call("POST", "/webhooks", {"url": url, "events": ["*"]}, 422)
    assert answer.pointers == ["#/url"] and answer.json["errors"][0]["detail"]


def test_the_refusal_names_the_way_out(realm):
    answer = realm.call("POST", "/webhooks", {"url": "https://10.1.2.3/", "events": ["*"]}, 422)
    assert "--allow-network" in answer.json["errors"][0]["detail"]


def test_plain_http_needs_permission(tmp_path, receiver):
    with Server(tmp_path / "data", "--allow-network", f"{ALLOWED}/32") as strict:
        realm = strict.realm()
        refused = realm.call("POST", "/webhooks", {"url": "http://8.8.8.8/", "events": ["*"]}, 422)
        assert "--allow-http" in refused.json["errors"][0]["detail"]
        realm.create_webhook(receiver.url("/x"), events=["user.created"])
        realm.create_webhook("https://8.8.8.8/", ["user.created"], enabled=False)


FORBIDDEN_ANSWERS = [("127.0.0.3",), ("127.0.0.1", "127.1.2.3"), ("0.0.0.0",), ("10.0.0.1",),
                     ("169.254.169.254",), ("::1",), ("::ffff:127.0.0.3",), ("::",), ("fe80::1", "fd00::1"),
                     ("64:ff9b::7f00:3",), ("2002:7f00:3::",), ("::127.0.0.3",), ("127.0.0.1", "::1")]


@pytest.mark.parametrize("answer", FORBIDDEN_ANSWERS, ids=lambda answer: " ".join(answer))
def test_names_that_resolve_to_forbidden_addresses(realm, receiver, dns, answer, path):
    name = f"evil{path[1:]}.test"
    dns.set(name, *answer)
    url = f"http://{name}:{receiver.port}{path}"
    check = realm.call("POST", "/webhooks/check", {"url": url}, 200).json
    unknown = realm.call("POST", "/webhooks/check", {"url": f"http://none{name}:{receiver.port}/x"}, 200).json
    assert check["ok"] is unknown["ok"] is False
    assert check["detail"].replace(name, "") == unknown["detail"].replace(f"none{name}", "")
    hook = realm.create_webhook(url, events=["order.*"], retry_schedule=["50ms"])
    delivery = realm.wait_final(realm.publish().json["id"])[0]
    assert delivery["state"] == "failed"
    assert [attempt["outcome"]["reason"] for attempt in delivery["attempts_log"]] == ["address_blocked"] * 2
    test = realm.call("POST", f"/webhooks/{hook['id']}/test", {}, 200).json
    assert test["last_outcome"]["reason"] == "address_blocked"
    realm.call("POST", f"/deliveries/{delivery['id']}/redeliver", None, 202)
    wait_for(lambda: realm.delivery(delivery["id"])["attempts"] == 4, "two attempts more")
    assert realm.delivery(delivery["id"])["last_outcome"]["reason"] == "address_blocked"
    assert receiver.at(path) == []


def test_only_the_allowed_one_of_several_addresses(realm, receiver, dns, path):
    name = f"mixed{path[1:]}.test"
    dns.set(name, "127.0.0.3", "10.0.0.1", ALLOWED, "::1")
    url = f"http://{name}:{receiver.port}{path}"
    assert realm.call("POST", "/webhooks/check", {"url": url}, 200).json["ok"] is True
    realm.create_webhook(url, events=["order.*"])
    for _ in range(5):
        delivery = realm.wait_final(realm.publish().json["id"])[0]
        assert delivery["state"] == "delivered"
        assert delivery["attempts_log"][0]["peer"] == f"{ALLOWED}:{receiver.port}"
        receiver.close_connections()


def test_names_pointed_elsewhere_after_they_were_saved(realm, receiver, dns, path):
    name = f"rebind{path[1:]}.test"
    dns.set(name, ALLOWED)
    hook = realm.create_webhook(f"http://{name}:{receiver.port}{path}", events=["order.*"], retry_schedule=[])
    good = realm.wait_final(realm.publish().json["id"])[0]
    assert good["state"] == "delivered"
    dns.set(name, "127.0.0.3")
    receiver.close_connections()

    def blocked():
        delivery = realm.wait_final(realm.publish().json["id"])[0]
        receiver.close_connections()
        return delivery["last_outcome"]["reason"] == "address_blocked" and delivery
    delivery = wait_for(blocked, "the new address, when the old answer's time is over", every=0.1)
    assert realm.call("POST", f"/webhooks/{hook['id']}/test", {}, 200).json[
        "last_outcome"]["reason"] == "address_blocked"
    for again in (delivery, good):
        before = again["attempts"]
        realm.call("POST", f"/deliveries/{again['id']}/redeliver", None, 202)
        wait_for(lambda: realm.delivery(again["id"])["attempts"] > before, "one attempt more")
        assert realm.delivery(again["id"])["last_outcome"]["reason"] == "address_blocked"


def test_redirects_are_not_followed(realm, receiver, path):
    from receiver import Reply
    for status in (301, 302, 303, 307, 308):
        receiver.on(path, Reply(status, (("Location", f"http://127.0.0.3:{receiver.port}/"),)))
        hook = realm.create_webhook(receiver.url(path), events=["order.*"], retry_schedule=[])
        delivery = realm.wait_final(realm.publish().json["id"])[0]
        assert delivery["last_outcome"]["status"] == status and delivery["state"] == "failed"
        realm.delete_webhook(hook["id"])


def test_the_proxy_variables_are_not_obeyed(tmp_path, receiver, dns, path):
    trap = f"http://127.0.0.3:{receiver.port}"
    names = ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY")
    with Server(tmp_path / "data", "--allow-network", f"{ALLOWED}/32",
                variables={name: trap for name in names}) as server:
        realm = server.realm(None, "order.shipped")
        realm.create_webhook(receiver.url(path), events=["order.*"])
        assert realm.wait_final(realm.publish().json["id"])[0]["state"] == "delivered"


def test_the_canary_sings(receiver):
    """The negative control: a server that is allowed to does connect to it."""
    own = Canary(0, ["127.0.0.3", "127.0.0.4", "127.0.0.5"])
    try:
        port = own.sockets[0].getsockname()[1]
        socket.create_connection(("127.0.0.3", port)).close()
        wait_for(lambda: own.touched, "the canary's note")
    finally:
        own.close()


def test_without_the_guard_the_canary_is_reached(tmp_path, receiver, path):
    """The same, through the product: with 127.0.0.0/8 allowed the canary of this test is touched."""
    own = Canary(0, ["127.0.0.3", "127.0.0.4", "127.0.0.5"])
    try:
        with Server(tmp_path / "data", "--allow-network", "127.0.0.0/8") as server:
            realm = server.realm(None, "order.shipped")
            port = own.sockets[0].getsockname()[1]
            realm.create_webhook(f"http://127.0.0.3:{port}/", events=["order.*"], retry_schedule=[])
            realm.publish()
            wait_for(lambda: own.touched, "a connection")
    finally:
        own.close()


def test_no_setting_goes_further_than_the_operator(tmp_path):
    """allowed_networks of master narrows what the flags give, and never widens it; what is stored from before too."""
    with Receiver(ALLOWED) as mine, Server(tmp_path / "data", "--allow-network", "127.0.0.0/8", "--allow-network", "10.0.0.0/8") as server:
        master = server.master
        settings = lambda value, expect: master.call("PATCH", "/settings", {"allowed_networks": value}, expect)
        assert master.get("/settings").json["allowed_networks"] is None
        for wider in ("169.254.0.0/16", "0.0.0.0/0", "126.0.0.0/7", "10.0.0.0/7", "fd00::/8"):
            refused = settings([wider], 422)
            assert refused.pointers == ["#/allowed_networks/0"] and "--allow-network " + wider in refused.body.decode(), wider
        url = mine.url("/narrowed")
        hook = master.create_webhook(url, events=["user.created"])["id"]
        settings(["10.1.0.0/16"], 200)
        assert master.call("POST", "/webhooks", {"url": url, "events": ["*"]}, 422).pointers == ["#/url"]
        assert "address_blocked" in master.call("POST", f"/webhooks/{hook}/test", {}, 200).body.decode()
        settings(["127.0.0.0/16"], 200)
        assert "accepted" in master.call("POST", f"/webhooks/{hook}/test", {}, 200).body.decode()
        master.create_webhook(url, events=["user.created"])
        settings(None, 200)
        assert master.get("/settings").json["allowed_networks"] is None
