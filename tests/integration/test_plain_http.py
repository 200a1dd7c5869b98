"""A plain-http URL is looked up when it is saved: one that no attempt could use is refused then, and not after hours of retries."""

import itertools
import time

import pytest

from dns import Dns
from server import Server
from waiting import wait_for

ALLOWED = "10.20.0.0/16"
DETAIL = "is plain http, and its name does not resolve to an address that plain http may reach"


@pytest.fixture(scope="module")
def dns():
    with Dns() as started:
        started.set("inside.test", "10.20.30.40")
        started.set("both.test", "93.184.216.34", "10.20.0.1")
        started.set("outside.test", "93.184.216.34")
        started.set("private.test", "10.99.0.1")
        started.hang("hang.test")
        yield started


@pytest.fixture(scope="module")
def server(tmp_path_factory, dns):
    with Server(tmp_path_factory.mktemp("data"), "--allow-network", ALLOWED, "--dns-servers", dns.server) as started:
        yield started


def save(realm, url, status):
    return realm.call("POST", "/webhooks", {"name": "hook", "url": url, "events": ["order.paid"], "enabled": False}, status)


@pytest.mark.parametrize("name", ["inside.test", "both.test"])
def test_a_name_in_an_allowed_network_is_saved(realm, dns, name):
    before = dns.queries.count(name)
    assert save(realm, f"http://{name}/", 201).json["url"] == f"http://{name}/"
    assert dns.queries.count(name) > before


@pytest.mark.parametrize("name", ["outside.test", "private.test", "nowhere.test"])
def test_a_name_elsewhere_is_refused_and_nothing_is_saved(realm, name):
    answer = save(realm, f"http://{name}/", 422)
    assert answer.pointers == ["#/url"] and DETAIL in answer.json["errors"][0]["detail"], answer
    assert realm.get("/webhooks").json["items"] == []


def test_what_it_may_not_reach_and_what_does_not_exist_read_the_same(realm):
    """Nobody learns of a private network's names by it."""
    answers = [save(realm, f"http://{name}/", 422).json for name in ("private.test", "nowhere.test")]
    for answer in answers:
        answer.pop("request_id", None)
        answer.pop("instance", None)
    assert answers[0] == answers[1]


def test_https_and_addresses_are_not_looked_up(realm, dns):
    before = len(dns.queries)
    save(realm, "https://outside.test/", 201)
    save(realm, "http://10.20.1.1/", 201)
    assert save(realm, "http://10.99.0.1/", 422).pointers == ["#/url"]
    assert len(dns.queries) == before


def test_a_change_is_looked_at_like_a_new_one(realm, dns):
    hook = save(realm, "https://outside.test/", 201).json["id"]
    for method, body in (("PATCH", {"url": "http://outside.test/"}),
                         ("PUT", {"name": "hook", "url": "http://private.test/", "events": ["order.paid"]})):
        assert realm.call(method, f"/webhooks/{hook}", body, 422).pointers == ["#/url"]
    assert realm.get(f"/webhooks/{hook}").json["url"] == "https://outside.test/"
    assert realm.patch_webhook(hook, url="http://inside.test/")["url"] == "http://inside.test/"


def test_an_url_that_it_has_already_does_not_hinder_another_change(realm, dns):
    dns.set("moves.test", "10.20.7.7")
    hook = save(realm, "http://moves.test/", 201).json["id"]
    dns.set("moves.test", "10.99.7.7")
    paths = itertools.count()

    def is_refused():
        """Not before the look-up of a moment ago is forgotten."""
        answer = realm.call("PATCH", f"/webhooks/{hook}", {"url": f"http://moves.test/{next(paths)}"})
        return answer.status == 422 and answer.pointers == ["#/url"]
    wait_for(is_refused, "the name is looked up again")
    url = realm.get(f"/webhooks/{hook}").json["url"]
    whole = {"name": "renamed", "url": url, "events": ["order.paid"], "enabled": False}
    assert realm.call("PUT", f"/webhooks/{hook}", whole, 200).json["name"] == "renamed"


def test_a_look_up_without_an_answer_hinders_nobody(realm):
    started = time.monotonic()
    save(realm, "http://n.hang.test/", 201)
    assert time.monotonic() - started < 10, "it waits for 2 s"


def test_with_http_to_anywhere_nothing_is_looked_up(tmp_path, dns):
    with Server(tmp_path / "data", "--allow-http", "--dns-servers", dns.server) as server:
        realm = server.realm(None, "order.paid")
        before = len(dns.queries)
        save(realm, "http://nowhere.test/", 201)
        assert len(dns.queries) == before
