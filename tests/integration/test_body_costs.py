"""A body costs the processor in proportion to its length, whatever is in it (promise 8): no parser is worse than linear."""

import json
import pathlib
import uuid

import pytest

from server import Server, sanitized

#: Of one body, in all threads; the least of several tries counts, since the server does other things too.
TRIES = 2
#: What costs too much is looked at anew: with other tests beside it, caches are shared, and a first look may be of them.
LOOKS = 3
#: What the smallest of three sizes may take more than its share, and the largest of a body in all: below 1 MiB nobody waits for one longer.
SLACK = 0.012
SECONDS_PER_MIB = 0.12


def pairs(count, name="m{}", value="1"):
    return "{" + ",".join(f'"{name.format(number)}":{value}' for number in range(count)) + "}"


def items(count, item):
    return "[" + ",".join(item(number) if callable(item) else item for number in range(count)) + "]"


#: JSON values of about so many bytes, each bad for another way to read it.
VALUES = {
    "many members": lambda size: pairs(size // 12),
    "shortest members": lambda size: pairs(size // 9, "{:x}"),
    "long names that begin alike": lambda size: pairs(size // 112, "n" * 100 + "{}"),
    "names like ours": lambda size: pairs(size // 16, "usernam{}"),
    "escaped names": lambda size: pairs(size // 24, "\\u0041\\u00e9{}"),
    "objects": lambda size: items(size // 9, '{"a":1}'),
    "numbers": lambda size: items(size // 2, "1"),
    "long numbers": lambda size: items(size // 301, "1" * 300),
    "texts": lambda size: items(size // 14, lambda number: f'"text-{number:07}"'),
    "names of types": lambda size: items(size // 14, lambda number: f'"order.{number:05}"'),
    "one text": lambda size: '"' + "x" * size + '"',
    "one escaped text": lambda size: '"' + "\\ud83d\\ude00" * (size // 12) + '"',
    "deep": lambda size: items(size // 121, "[" * 60 + "]" * 60),
    "one name twice": lambda size: pairs(size // 12)[:-1] + ',"m0":1}',
}
UUID = "019300a1-7c3e-7b1a-9a54-3f0f6b1d2c11"
EVENT = f'"event":"order.paid","resource_id":"{UUID}"'
WEBHOOK = '"url":"https://example.com/","events":["order.paid"]'
KIB, SMALL, LARGE = 1024, 240, 900


def wrap(before, behind="}"):
    return lambda value: before + value + behind


#: Where a value is put: method, path, the largest body in KiB, and the body around the value.
PLACES = {
    "publish": ("POST", "/events", SMALL, wrap("")),
    "a publish's data": ("POST", "/events", SMALL, wrap("{" + EVENT + ',"data":')),
    "a batch": ("POST", "/events/batch", LARGE, wrap("", "")),
    "a batch's events": ("POST", "/events/batch", LARGE, wrap('{"events":')),
    "a batch's event": ("POST", "/events/batch", LARGE, wrap('{"events":[', "]}")),
    "an import": ("POST", "/import", LARGE, wrap("", "")),
    "an import's users": ("POST", "/import", LARGE, wrap('{"partial":true,"dry_run":true,"users":')),
    "an import's user": ("POST", "/import", LARGE, wrap('{"partial":true,"dry_run":true,"users":[', "]}")),
    "a whole import's user": ("POST", "/import", LARGE, wrap('{"dry_run":true,"users":[', "]}")),
    "an imported user's attributes": ("POST", "/import", LARGE, wrap('{"partial":true,"dry_run":true,"users":[{"username":"u","attributes":', "}]}")),
    "an imported user's roles": ("POST", "/import", LARGE, wrap('{"partial":true,"dry_run":true,"users":[{"username":"u","roles":', "}]}")),
    "an imported user's roles of clients": ("POST", "/import", LARGE, wrap('{"partial":true,"dry_run":true,"users":[{"username":"u","client_roles":', "}]}")),
    "an import's role": ("POST", "/import", LARGE, wrap('{"partial":true,"dry_run":true,"roles":[', "]}")),
    "an imported role's permissions": ("POST", "/import", LARGE, wrap('{"partial":true,"dry_run":true,"roles":[{"name":"r","permissions":', "}]}")),
    "an import's client": ("POST", "/import", LARGE, wrap('{"partial":true,"dry_run":true,"clients":[', "]}")),
    "an imported client's URIs": ("POST", "/import", LARGE, wrap('{"partial":true,"dry_run":true,"clients":[{"client_id":"c","redirect_uris":', "}]}")),
    "an import's service account": ("POST", "/import", LARGE, wrap('{"partial":true,"dry_run":true,"service_accounts":[', "]}")),
    "a webhook": ("POST", "/webhooks", SMALL, wrap("", "")),
    "a webhook's events": ("POST", "/webhooks", SMALL, wrap('{"url":"https://example.com/","events":')),
    "a webhook's headers": ("POST", "/webhooks", SMALL, wrap("{" + WEBHOOK + ',"headers":')),
    "a webhook's filter": ("POST", "/webhooks", SMALL, wrap("{" + WEBHOOK + ',"filter":')),
    "a webhook's rate": ("POST", "/webhooks", SMALL, wrap("{" + WEBHOOK + ',"rate_limit":')),
    "a webhook's signing": ("POST", "/webhooks", SMALL, wrap("{" + WEBHOOK + ',"signing":')),
    "a webhook's keys": ("POST", "/webhooks", SMALL, wrap("{" + WEBHOOK + ',"keys":')),
    "a check's sample": ("POST", "/webhooks/check", SMALL, wrap('{"events":["*"],"sample":')),
    "a check's filter": ("POST", "/webhooks/check", SMALL, wrap('{"events":["*"],"last":1,"filter":')),
    "a check's data": ("POST", "/webhooks/check", SMALL, wrap('{"events":["*"],"sample":{' + EVENT + ',"data":', "}}")),
    "a user": ("POST", "/users", SMALL, wrap("", "")),
    "a user's attributes": ("PATCH", "/users/{user}", SMALL, wrap('{"attributes":')),
    "users to delete": ("POST", "/users/bulk-delete", SMALL, wrap('{"ids":')),
    "a role": ("POST", "/roles", SMALL, wrap("", "")),
    "a role's permissions": ("POST", "/roles", SMALL, wrap('{"name":"r","permissions":')),
    "a client": ("POST", "/clients", SMALL, wrap("", "")),
    "a client's roles": ("POST", "/clients", SMALL, wrap('{"client_id":"c","service_account_roles":')),
    "an API key": ("POST", "/api-keys", SMALL, wrap('{"name":"k","permissions":')),
    "settings": ("PATCH", "/settings", SMALL, wrap("", "")),
    "settings' networks": ("PATCH", "/settings", SMALL, wrap('{"allowed_networks":')),
    "an event type": ("POST", "/event-types", SMALL, wrap("", "")),
    "an event type's schema": ("POST", "/event-types", SMALL, wrap('{"name":"order.new","schema":')),
    "an event type's example": ("POST", "/event-types", SMALL, wrap('{"name":"order.new","example":')),
    "a login": ("POST", "/session", SMALL, wrap("", "")),
    "a retry": ("POST", "/deliveries/retry", SMALL, wrap("", "")),
    "a consumer": ("PUT", "/consumers/c", SMALL, wrap("", "")),
}


@pytest.fixture(scope="module")
def ground(tmp_path_factory):
    with Server(tmp_path_factory.mktemp("data")) as server:
        realm = server.realm(None, "order.paid")
        attributes = {f"kept-{number}": number for number in range(900)}
        user = realm.call("POST", "/users", {"username": "ada", "attributes": attributes}, expect=201).json["id"]
        yield server, realm, user


def processor_seconds(server):
    """What all of the server's threads have run."""
    return sum(int(task.read_text().split()[0]) for task in pathlib.Path(f"/proc/{server.pid}/task").glob("*/schedstat")) / 1e9


def seconds_of(ground, place, value):
    server, realm, user = ground
    method, path, _, around = place
    body = around(value).encode()
    least = float("inf")
    for _ in range(TRIES):
        before = processor_seconds(server)
        answer = realm.call(method, path.format(user=user), body)
        least = min(least, processor_seconds(server) - before)
        assert answer.status in (200, 201, 202, 204, 400, 401, 409, 413, 422), answer
    return least


def problem_of(ground, where, make, largest):
    """What is wrong with how its cost grows; nothing, when nothing is."""
    whole = seconds_of(ground, where, make(largest))
    if whole > SLACK:
        quarter = seconds_of(ground, where, make(largest // 4))
        half = seconds_of(ground, where, make(largest // 2))
        # Four times the length in six times the time: n log n, and the caches.
        if whole > 6 * quarter + SLACK or half > 3 * quarter + SLACK:
            return f"{quarter:.3f} s, {half:.3f} s, {whole:.3f} s for a quarter, a half and all of {largest} bytes"
    if whole > SECONDS_PER_MIB * largest / 2**20 + SLACK:
        return f"{whole:.3f} s for {largest} bytes"
    return ""


@pytest.mark.skipif(sanitized(), reason="what a sanitizer costs is its own")
@pytest.mark.parametrize("place", PLACES)
def test_a_body_costs_in_proportion_to_its_length(ground, place):
    where = PLACES[place]
    largest = where[2] * KIB
    found = []
    for name, make in VALUES.items():
        for _ in range(LOOKS):
            problem = problem_of(ground, where, make, largest)
            if not problem:
                break
        else:
            found.append(f"{name}: {problem}")
    assert not found, found
