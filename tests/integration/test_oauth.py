"""Clients get tokens, with an ordinary OAuth library and without."""

import os
import sqlite3

import pytest
import requests
from oauthlib.oauth2 import BackendApplicationClient
from requests_oauthlib import OAuth2Session

from client import Client, Realm
from server import Server, sqlite_only
from world import send_form

os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"  # the library's own guard: here is only the loopback

FORM = "/api/v1/realms/{}/protocol/openid-connect/"


class App:
    """A confidential client with a service account."""

    def __init__(self, realm, client_id, *permissions):
        self.realm, self.client_id = realm, client_id
        self.role = realm.call("POST", "/roles", {"name": f"of-{client_id}", "permissions": list(permissions)}, 201).json["id"]
        made = realm.call("POST", "/clients", {"client_id": client_id, "type": "confidential",
                                               "service_account_roles": [self.role]}, 201).json
        self.id, self.secret = made["id"], made["secret"]

    def ask(self, path, expect=200, secret=None, **form):
        answer = send_form(self.realm.client, FORM.format(self.realm.name) + path, form, self.client_id, secret or self.secret)
        assert answer.status == expect, answer
        assert answer.headers["cache-control"] == "no-store"
        return answer.json

    def token(self, **form):
        return self.ask("token", grant_type="client_credentials", **form)["access_token"]

    def using(self, token):
        return Realm(Client(self.realm.client.address, token), self.realm.name)


@pytest.fixture
def app(realm):
    return App(realm, "shop", "publish_events", "view_events")


def test_an_ordinary_library_gets_a_token_and_uses_the_api(server, realm, app):
    metadata = requests.get(f"{server.url}/.well-known/oauth-authorization-server/api/v1/realms/{realm.name}", timeout=10).json()
    assert metadata["issuer"] == f"{server.url}/api/v1/realms/{realm.name}"
    session = OAuth2Session(client=BackendApplicationClient(client_id="shop", scope=["publish_events", "view_events"]))
    token = session.fetch_token(metadata["token_endpoint"], client_secret=app.secret)
    assert token["token_type"] == "Bearer" and token["expires_in"] == 3600
    published = session.post(f"{metadata['issuer']}/events", json={
        "event": "order.paid", "resource_id": "019300a1-7c3e-7b1a-9a54-3f0f6b1d2c11", "data": {}}, timeout=10)
    assert published.status_code == 202
    assert session.get(f"{metadata['issuer']}/events", timeout=10).json()["items"][0]["id"] == published.json()["id"]
    assert session.get(f"{metadata['issuer']}/users", timeout=10).status_code == 403
    who = session.get(f"{metadata['issuer']}/session", timeout=10).json()
    assert (who["kind"], who["name"], who["id"]) == ("client", "shop", app.id)
    # In the form instead of the header, as the library does it when told so.
    session = OAuth2Session(client=BackendApplicationClient(client_id="shop"))
    assert session.fetch_token(metadata["token_endpoint"], client_secret=app.secret, include_client_id=True)["access_token"]
    looked = requests.post(metadata["introspection_endpoint"], auth=("shop", app.secret),
                           data={"token": token["access_token"]}, timeout=10).json()
    assert looked["active"] and looked["client_id"] == "shop" and looked["iss"] == metadata["issuer"]
    assert looked["exp"] - looked["iat"] == 3600 and looked["sub"] == app.id
    assert requests.post(metadata["revocation_endpoint"], auth=("shop", app.secret),
                         data={"token": token["access_token"]}, timeout=10).status_code == 200
    assert requests.get(f"{metadata['issuer']}/events", timeout=10,
                        headers={"Authorization": f"Bearer {token['access_token']}"}).status_code == 401


def test_scope_leaves_out(app):
    answer = app.ask("token", grant_type="client_credentials", scope="view_events manage_users")
    assert answer["scope"] == "view_events", "what the account does not have is not granted"
    assert app.using(answer["access_token"]).call("GET", "/events").status == 200
    assert app.using(answer["access_token"]).call("POST", "/events", {}).status == 403
    assert app.ask("token", 400, grant_type="client_credentials", scope="everything")["error"] == "invalid_scope"


@pytest.mark.parametrize("how", ["rotated", "disabled", "public", "deleted", "role", "revoked"])
def test_a_token_ends_at_once(realm, app, how):
    token = app.token()
    using = app.using(token)
    assert using.call("GET", "/events").status == 200
    if how == "rotated":
        realm.call("POST", f"/clients/{app.id}/secret/rotate", {}, 200)
    elif how == "disabled":
        realm.call("PATCH", f"/clients/{app.id}", {"enabled": False}, 200)
    elif how == "public":
        realm.call("PATCH", f"/clients/{app.id}", {"type": "public", "service_account_roles": []}, 200)
    elif how == "deleted":
        realm.call("DELETE", f"/clients/{app.id}", None, 204)
    elif how == "role":
        realm.call("PUT", f"/roles/{app.role}/permissions", {"permissions": ["publish_events"]}, 200)
        assert using.call("GET", "/events").status == 403
        return
    else:
        app.ask("revoke", token=token)
    answer = using.call("GET", "/events")
    assert answer.status == 401 and answer.headers["www-authenticate"].startswith("Bearer")
    if how not in ("rotated", "revoked"):
        assert app.ask("token", 401, grant_type="client_credentials")["error"] == "invalid_client"


def test_who_is_not_the_client_gets_nothing(server, realm, app):
    bad = [("shop", "wrong"), ("shop", ""), ("nobody", app.secret), ("", ""), ("SHOP", app.secret)]
    realm.call("POST", "/clients", {"client_id": "open", "type": "public"}, 201)
    bad += [("open", ""), ("open", app.secret)]
    for client_id, secret in bad:
        for path in ("token", "introspect", "revoke"):
            answer = send_form(server.client, FORM.format(realm.name) + path, {"grant_type": "client_credentials"}, client_id, secret)
            assert answer.status == 401 and answer.json["error"] == "invalid_client", answer
            assert answer.headers["www-authenticate"].startswith("Basic")
    other = server.realm()
    assert send_form(server.client, FORM.format(other.name) + "token", {"grant_type": "client_credentials"}, "shop",
                     app.secret).status == 401
    assert send_form(server.client, FORM.format("nowhere") + "token", {}, "shop", app.secret).status == 404


def test_bad_requests_say_why(server, realm, app):
    assert app.ask("token", 400)["error"] == "invalid_request"
    assert app.ask("token", 400, grant_type="password")["error"] == "unsupported_grant_type"
    assert app.ask("introspect", 400)["error"] == "invalid_request"
    assert app.ask("revoke", 400)["error"] == "invalid_request"
    path = FORM.format(realm.name) + "token"
    headers = {"content-type": "application/x-www-form-urlencoded", "authorization": None}
    twice = server.client.raw("POST", path, b"grant_type=client_credentials&grant_type=client_credentials", headers)
    assert twice.status == 400 and twice.json["error"] == "invalid_request"
    for body in (b"a=%zz", b"%ff=1"):
        assert server.client.raw("POST", path, body, headers).json["error"] == "invalid_request"
    both = send_form(server.client, path, {"grant_type": "client_credentials", "client_secret": app.secret}, "shop", app.secret)
    assert both.status == 400 and both.json["error"] == "invalid_request"
    for header in ("Basic !", "Basic", "Basic " + "A" * 4000, "Bearer x"):
        assert server.client.raw("POST", path, b"grant_type=client_credentials",
                                 {**headers, "authorization": header}).status == 401, header
    assert server.client.raw("POST", path, b"{}").status == 415


def test_tokens_stay_with_their_realm_and_client(server, realm, app):
    token = app.token()
    mate = App(realm, "mate", "view_events")
    stranger = App(server.realm(), "shop", "view_events")
    assert mate.ask("introspect", token=token)["active"] is True
    assert stranger.ask("introspect", token=token) == {"active": False}
    assert mate.ask("introspect", token="pra_unknown") == {"active": False}
    assert mate.ask("revoke", 400, token=token)["error"] == "invalid_grant"
    assert stranger.ask("revoke", token=token) == {}
    assert app.ask("introspect", token=token)["active"] is True
    assert stranger.using(token).call("GET", "/events").status == 404, "another realm's"
    assert app.ask("revoke", token=token) == {} and app.ask("revoke", token=token) == {}
    assert app.ask("introspect", token=token) == {"active": False}


@sqlite_only
def test_it_ends_after_its_hour(tmp_path):
    with Server(tmp_path / "data") as server:
        app = App(server.master, "shop", "view_events")
        token = app.token()
        server.stop()
        with sqlite3.connect(tmp_path / "data" / "postrider.db") as database:
            database.execute("UPDATE oauth_tokens SET expires_at = expires_at - 3600000000")
        server.start()
        assert app.using(token).call("GET", "/events").status == 401
        assert app.ask("introspect", token=token) == {"active": False}


def test_the_audit_log_has_what_clients_do(realm, app):
    using = app.using(app.token())
    assert {entry["action"] for entry in realm.items("/audit", actor_id=app.id)} == {"oauth_token.create"}
    assert using.call("GET", "/audit").status == 403
