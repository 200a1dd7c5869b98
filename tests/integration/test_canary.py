"""Secrets planted in every secret place are nowhere in clear: store, log, answers, metrics, events."""

import base64
import os
import re
import tempfile
import urllib.parse

from browser import Browser
from certificates import Authority
from client import Client
from contract import Contract
from receiver import Receiver
from server import Server, TOKEN, sqlite_only
from waiting import wait_for
from world import directory_world, fill, required_query, send_form


def word():
    return "canary" + os.urandom(12).hex()


def forms(secret):
    """How it may stand somewhere."""
    raw = secret.encode()
    yield raw
    yield raw.hex().encode()
    yield base64.b64encode(raw).rstrip(b"=")[:-1]
    yield base64.urlsafe_b64encode(raw).rstrip(b"=")[:-1]
    yield urllib.parse.quote(secret).encode()
    if secret.startswith("whsec_"):
        key = base64.b64decode(secret[6:])
        yield key
        yield key.hex().encode()


def plant(server, receiver):
    """Something in every secret place; the secrets by what they are."""
    realm = server.realm(None, "order.paid")
    secrets = {"bootstrap token": TOKEN, "password": word(), "first password": word(), "header": word(),
               "previous secret": "whsec_" + base64.b64encode(os.urandom(32)).decode()}
    names = {"realm": realm.name, "consumer": "reader", "guide": "receiving", **directory_world(realm)}
    realm.call("PUT", "/consumers/reader", {"position": "oldest"}, 201)
    call = lambda method, path, body=None, expect=201: realm.call(method, path, body, expect).json
    realm.call("PUT", f"/users/{names['user_id']}/password", {"password": secrets["first password"]}, 204)
    secrets["reset token"] = call("POST", f"/users/{names['user_id']}/reset-password", None, 200)["token"]
    used = call("POST", "/users", {"username": "u"})["id"]
    secrets["used reset token"] = call("POST", f"/users/{used}/reset-password", None, 200)["token"]
    realm.call("POST", "/reset-password/complete", {"token": secrets["used reset token"], "password": secrets["password"]}, 204)
    browser = Browser(server, realm.name)
    browser.login("u", secrets["password"])
    secrets["session"] = browser.cookie.split("=", 1)[1]
    key = call("POST", "/api-keys", {"name": "k", "permissions": ["view_users"]})
    secrets["API key"], names["api_key_id"] = key["key"], key["id"]
    role = call("POST", "/roles", {"name": "r", "permissions": ["view_users"]})["id"]
    client = call("POST", "/clients", {"client_id": "app", "type": "confidential", "service_account_roles": [role]})
    secrets["client secret"] = client["secret"]
    secrets["access token"] = send_form(server.client, f"/api/v1/realms/{realm.name}/protocol/openid-connect/token",
                                        {"grant_type": "client_credentials"}, "app", client["secret"]).json["access_token"]
    hook = realm.create_webhook(receiver.url("/canary"), events=["*"], headers={"X-Key": secrets["header"]},
                                secret=secrets["previous secret"], signing=["v1", "v1a"])
    secrets["webhook secret"] = call("POST", f"/webhooks/{hook['id']}/secret/rotate", {"overlap": "1h"}, 200)["secret"]
    names.update(webhook_id=hook["id"], event_type="order.paid", session_id=realm.items("/sessions")[0]["id"],
                 path="master/webhooks", slug="bad-cursor", asset=re.search(r'/assets/([^"]+)"', server.client.raw("GET", "/").body.decode())[1])
    secrets["password of a webhook"] = word()
    realm.create_webhook(receiver.url("/canary/basic"), events=["order.*"],
                         authentication={"type": "basic", "username": "shop", "password": secrets["password of a webhook"]})
    secrets["client secret of a webhook"] = word()  # its endpoint is not there: what fails is told too
    realm.create_webhook(receiver.url("/canary/oauth2"), events=["order.*"], retry_schedule=[], authentication={
        "type": "oauth2", "token_url": "https://127.0.0.1:1/token", "client_id": "shop", "client_secret": secrets["client secret of a webhook"]})
    secrets["bearer token of a webhook"] = word()
    named = realm.create_webhook(receiver.url("/canary/bearer"), events=["order.*"])
    realm.patch_webhook(named["id"], authentication={"type": "bearer", "token": secrets["bearer token of a webhook"]})
    tls = Authority(tempfile.mkdtemp()).client("shop")  # of what is not there: what fails is told too
    for part, text in tls.items():
        secrets[f"{part} of a webhook"] = text.splitlines()[1]
    realm.create_webhook("https://127.0.0.1:1/canary", events=["order.*"], retry_schedule=[], tls=tls)
    realm.call("PATCH", f"/webhooks/{hook['id']}", {"description": "changed"}, 200)
    realm.call("PATCH", f"/users/{used}", {"first_name": "changed"}, 200)
    # What fails is told too: in answers, and in the log.
    for path, body in (("/session", {"username": "u", "password": secrets["password"] + "x"}),
                       ("/reset-password/complete", {"token": secrets["reset token"], "password": "short"})):
        assert realm.call("POST", path, body).status in (401, 422)
    Client(server.address, secrets["API key"]).raw("GET", f"/api/v1/realms/{realm.name}/webhooks")
    event = realm.publish("order.paid").json["id"]
    names.update(event_id=event, delivery_id=realm.wait_final(event)[0]["id"])
    operation = realm.call("POST", f"/webhooks/{hook['id']}/recover", {"since": "2020-01-01T00:00:00Z"}, 202).json["id"]
    names["operation_id"] = operation
    wait_for(lambda: realm.get(f"/operations/{operation}").json["state"] == "done", "recovered")
    return realm, names, secrets


#: Where a secret is shown because it was asked for.
SHOWN = {"get_webhook_secret": {"webhook secret", "previous secret"}}


def answers(server, names):
    """Every GET of the contract, with the token that may do everything."""
    for method, path, operation in Contract().operations():
        if method == "GET":
            of_docs = {"path": "receiving.html"} if operation["operationId"] == "get_docs_file" else {}
            answer = server.client.raw(method, fill(path, names | of_docs) + required_query(operation))
            wanted = 308 if operation["operationId"] == "get_docs" else 200  # the site is a folder
            assert answer.status == wanted, f"{operation['operationId']}: {answer}"
            yield operation["operationId"], answer.body + repr(answer.headers).encode()


@sqlite_only
def test_no_secret_is_anywhere_in_clear(tmp_path):
    with Receiver() as receiver, Server(tmp_path / "data", "--allow-network", "127.0.0.0/8", "--log-level", "debug",
                                        variables={"POSTRIDER_ADMIN_PASSWORD": "admin-" + "c4n4ry" * 4}) as server:
        realm, names, secrets = plant(server, receiver)
        secrets["admin password"] = "admin-" + "c4n4ry" * 4
        places = dict(answers(server, names))
        for page in realm.items("/events"):
            places[f"event {page['event']}"] = realm.get(f"/events/{page['id']}").body
        for number, request in enumerate(receiver.at("/canary")):
            places[f"body {number} at the receiver"] = request.body
        for file in (tmp_path / "data").iterdir():
            if file.name not in ("key", "admin-token"):
                places[f"file {file.name}"] = file.read_bytes()
        server.stop()
        places["log"] = "".join(server.log).encode()
        places["store after the end"] = (tmp_path / "data" / "postrider.db").read_bytes()
    assert len(places["store after the end"]) > 100_000 and any(name.endswith("-wal") for name in places)
    assert len([name for name in places if name.startswith("body")]) >= 3
    found = [(what, where) for what, secret in secrets.items() for where, text in places.items()
             if what not in SHOWN.get(where, ()) and any(form in text for form in forms(secret))]
    assert not found
    # The search finds what is there: each shown secret where it is shown, the header where it is sent.
    for where, shown in SHOWN.items():
        assert all(any(form in places[where] for form in forms(secrets[what])) for what in shown)
    assert receiver.at("/canary")[0].headers["x-key"] == secrets["header"]
    assert b"order.paid" in places["store after the end"]
