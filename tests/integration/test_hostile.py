"""Hostile receivers: every attempt ends by its deadline with the right outcome recorded, and what the
process holds afterwards is what it held before."""

import os
import ssl
import time

import pytest

import hostile
from certificates import Authority
from dns import Dns
from server import Server, sanitized
from waiting import wait_for

TIMEOUT_MS = 700
#: What a loaded machine may add. The deadline itself is the product's.
MARGIN_MS = 400
LARGE = "x" * (250 * 1024)


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def dns():
    with Dns() as started:
        started.hang(".hang.test")
        started.garbage = ("garbage.test",)
        started.set("empty.test")
        started.set("wrong-name.test", "127.0.0.1")
        yield started


@pytest.fixture(scope="module")
def server(tmp_path_factory, dns, authority):
    with Server(tmp_path_factory.mktemp("data"), "--allow-network", "127.0.0.0/8", "--allow-http",
                "--dns-servers", dns.server, "--ca-file", str(authority.ca)) as started:
        yield started


def attempt(realm, url, data=None):
    """One attempt at `url`; gives (its record, the delivery, wall seconds)."""
    hook = realm.create_webhook(url, events=["order.*"], timeout=f"{TIMEOUT_MS}ms", retry_schedule=[])
    started = time.monotonic()
    delivery = realm.wait_final(realm.publish(data=data).json["id"])[0]
    took = time.monotonic() - started
    realm.delete_webhook(hook["id"])
    assert delivery["attempts"] == 1 and len(delivery["attempts_log"]) == 1
    return delivery["attempts_log"][0], delivery, took


def check(realm, url, outcomes, data=None):
    record, delivery, took = attempt(realm, url, data)
    assert record["outcome"]["reason"] in outcomes, record
    assert record["timings"]["total_ms"] <= TIMEOUT_MS + MARGIN_MS, record
    assert took <= (TIMEOUT_MS + 3 * MARGIN_MS) / 1000, record
    if record["outcome"]["reason"].endswith("_timeout"):
        assert record["timings"]["total_ms"] >= TIMEOUT_MS - 20, record
    accepted = record["outcome"]["reason"] == "accepted"
    assert delivery["state"] == ("delivered" if accepted else "failed")
    assert record["outcome"]["kind"] == (
        "response" if accepted or record["outcome"]["reason"] == "refused_by_status" else "transport")
    assert record["outcome"]["detail"]
    if record["response"] is not None:
        assert len(record["response"]["body"].encode()) <= 3 * 4096
    return record


@pytest.mark.parametrize("name", hostile.PLAIN)
def test_plain(realm, name):
    behave, outcomes = hostile.PLAIN[name]
    receiver = hostile.Hostile(behave)
    try:
        check(realm, receiver.url(), outcomes)
        assert receiver.connections <= 2
    finally:
        receiver.close()


def test_a_cut_body_is_marked(realm):
    receiver = hostile.Hostile(hostile.PLAIN["endless body in chunks"][0])
    try:
        record = check(realm, receiver.url(), {"accepted"})
        assert record["response"]["body"] == "x" * 4096 and record["response"]["truncated"] is True
    finally:
        receiver.close()


def test_a_request_that_nobody_reads(realm):
    receiver = hostile.Hostile(lambda connection: time.sleep(5), receive_buffer=4096)
    try:
        check(realm, receiver.url(), {"response_timeout"}, {"large": LARGE})
    finally:
        receiver.close()


def test_an_early_answer_to_a_large_request(realm):
    """413 before the body was read, then a reset, as servers do: either is right, hanging is not."""
    def behave(connection):
        connection.recv(100)
        connection.sendall(b"HTTP/1.1 413 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        time.sleep(0.1)
        hostile.reset(connection)
    receiver = hostile.Hostile(behave, receive_buffer=4096)
    try:
        check(realm, receiver.url(), {"refused_by_status", "send_failed", "response_broken"},
              {"large": LARGE})
    finally:
        receiver.close()


def test_connecting_hangs(realm):
    full = hostile.Full()
    try:
        check(realm, full.url(), {"connect_timeout"})
    finally:
        full.close()


def test_connecting_is_refused(realm):
    refusing = hostile.Refusing()
    try:
        record = check(realm, refusing.url(), {"connect_failed"})
        assert str(refusing.port) in record["outcome"]["detail"]
    finally:
        refusing.close()


@pytest.mark.parametrize("name, outcomes", [
    ("none.test", {"dns_failed"}), ("empty.test", {"dns_failed"}), ("a.hang.test", {"dns_timeout"}),
    ("garbage.test", {"dns_failed", "dns_timeout"})])
def test_names(realm, name, outcomes):
    check(realm, f"http://{name}:9/", outcomes)


def tls_contexts(authority):
    old = authority.context("old")
    old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
    old.set_ciphers("ALL:@SECLEVEL=0")
    return {
        "another name": authority.context("name", alternative="DNS:other.test"),
        "another address": authority.context("address", alternative="IP:127.0.0.9"),
        "expired": authority.context("expired", expired=True),
        "unknown authority": authority.context("self", signed=False),
        "TLS 1.1": old,
    }


TLS_CASES = ["another name", "another address", "expired", "unknown authority", "TLS 1.1"]


@pytest.mark.parametrize("case", TLS_CASES)
def test_wrong_certificates(realm, authority, case):
    def behave(connection):
        raise AssertionError("a request came over a connection that must not be trusted")
    receiver = hostile.Hostile(behave, tls=tls_contexts(authority)[case])
    try:
        check(realm, receiver.url(), {"tls_failed"})
    finally:
        receiver.close()


def test_the_right_certificate(realm, authority):
    """The negative control of the certificates, with TLS 1.2 and 1.3, by address and by name."""
    answer = hostile.says(hostile.OK_HEAD + b"Content-Length: 0\r\n\r\n")
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        context = authority.context("right", alternative="IP:127.0.0.1,DNS:wrong-name.test")
        context.minimum_version = context.maximum_version = version
        receiver = hostile.Hostile(answer, tls=context)
        try:
            record = check(realm, receiver.url(), {"accepted"})
            assert record["timings"]["tls_ms"] > 0
            check(realm, receiver.url("wrong-name.test"), {"accepted"})
        finally:
            receiver.close()


def test_tls_that_hangs_or_is_none(realm):
    for behave, outcomes in ((hostile.until_closed, {"tls_timeout"}),
                             (hostile.drip(b"\x16\x03\x03\x40\x00", 0.1), {"tls_timeout", "tls_failed"}),
                             (hostile.close, {"tls_failed"}),
                             # The reset may come before the connection is noticed.
                             (hostile.reset, {"tls_failed", "connect_failed"}),
                             (lambda c: c.sendall(b"HTTP/1.1 200 OK\r\n\r\n"), {"tls_failed"})):
        receiver = hostile.Hostile(behave)
        receiver.scheme = "https"
        try:
            check(realm, receiver.url(), outcomes)
        finally:
            receiver.close()


def test_tls_closed_without_a_goodbye(realm, authority):
    """A body without a length that ends by a cut TLS connection was not whole."""
    def behave(connection):
        hostile.read_request(connection)
        connection.sendall(hostile.OK_HEAD + b"\r\npart of the bo")
        connection.shutdown(2)
    receiver = hostile.Hostile(behave, tls=authority.context("cut"))
    try:
        check(realm, receiver.url(), {"response_broken", "accepted"})
    finally:
        receiver.close()


def all_at_once(realm, hostiles):
    """One event to all of them, through a webhook each."""
    hooks = [realm.create_webhook(one.url(), events=["order.*"], timeout=f"{TIMEOUT_MS}ms", retry_schedule=[])
             for one in hostiles]
    event_id = realm.publish().json["id"]
    started = time.monotonic()
    realm.wait_final(event_id, len(hooks))
    assert time.monotonic() - started < 10
    for hook in hooks:
        realm.delete_webhook(hook["id"])


def test_what_is_held_returns_to_where_it_was(server, realm):
    hostiles = [hostile.Hostile(behave) for behave, _ in hostile.PLAIN.values()]
    hostiles += [hostile.Full(), hostile.Refusing()]
    try:
        for _ in range(2):  # what is made once: caches, pools, allocator
            all_at_once(realm, hostiles)
        wait_for(lambda: not realm.deliveries(state="pending"), "nothing pending")
        settled = wait_for_settled(server)
        memory = server.resident_bytes()
        for _ in range(int(os.environ.get("POSTRIDER_HOSTILE_ROUNDS", "6"))):
            all_at_once(realm, hostiles)
        wait_for(lambda: server.descriptors() <= settled + 2,
                 lambda: f"{settled} descriptors, there are {server.descriptors()}", 40, every=0.2)
        grown = server.resident_bytes() - memory
        assert grown < 12 << 20 or sanitized(), f"grew by {grown >> 10} KiB"
    finally:
        for one in hostiles:
            one.close()


def wait_for_settled(server):
    """The number of descriptors once it is the same for a second."""
    state = {"count": -1, "since": time.monotonic()}

    def settled():
        count = server.descriptors()
        if count != state["count"]:
            state.update(count=count, since=time.monotonic())
        return time.monotonic() - state["since"] > 1
    wait_for(settled, "a steady number of descriptors", 40, every=0.1)
    return state["count"]
