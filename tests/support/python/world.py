"""One of everything that the contract's paths name, and a good body for each operation."""

import base64
import re
import urllib.parse

from contract import some_uuid
from waiting import wait_for


def make_world(server, receiver):
    """One of everything, by the names of the path's parameters."""
    realm = server.realm(None, "order.shipped")
    realm.call("PUT", "/event-types/order.paid", {"example": {"n": 1}}, 201)
    hook = realm.create_webhook(receiver.url("/contract"), events=["order.*"], headers={"X-A": "1"})
    event_id = realm.publish().json["id"]
    delivery = realm.wait_final(event_id)[0]
    operation = realm.call("POST", f"/webhooks/{hook['id']}/recover", {"since": "2020-01-01T00:00:00Z"}, 202)
    wait_for(lambda: realm.get(f"/operations/{operation.json['id']}").json["state"] == "done", "recovered")
    page = server.client.raw("GET", "/").body.decode()
    asset = re.search(r'src="/assets/([^"]+)"', page)[1]
    more = directory_world(realm)
    realm.call("PUT", f"/consumers/of-{realm.name}", {"position": "oldest"}, 201)
    return realm, {**more, "consumer": f"of-{realm.name}", "realm": realm.name, "webhook_id": hook["id"], "event_id": event_id,
                   "delivery_id": delivery["id"], "operation_id": operation.json["id"],
                   "api_key_id": realm.call("POST", "/api-keys", {"name": "k", "permissions": []}, 201).json["id"],
                   "event_type": "order.paid", "path": "receiving.html", "asset": asset, "slug": "bad-cursor"}


def directory_world(realm):
    """A user with a password and a role, and a client with a role and a redirect URI."""
    make = lambda path, **body: realm.call("POST", path, body, 201).json["id"]
    user, role = make("/users", username="ada"), make("/roles", name="auditor")
    made = realm.call("POST", "/clients", {"client_id": "shop", "type": "confidential"}, 201).json
    client, secret = made["id"], made["secret"]
    realm.call("PUT", f"/users/{user}/password", {"password": "correct horse battery"}, 204)
    session = realm.call("POST", "/session", {"username": "ada", "password": "correct horse battery"}, 201)
    return {"user_id": user, "role_id": role, "client_id": client, "session_id": session.json["id"],
            "client_secret": secret,
            "client_role_id": make(f"/clients/{client}/roles", name="buyer"),
            "redirect_id": make(f"/clients/{client}/redirects", value="https://shop.example/cb"),
            "credential_id": realm.get(f"/users/{user}/credentials").json["items"][0]["id"]}


def fill(path, names):
    if "/clients/{client_id}/roles/" in path:
        names = {**names, "role_id": names["client_role_id"]}
    return re.sub(r"\{(\w+)\}", lambda found: names[found[1]], path)


def required_query(operation):
    needed = {each["name"]: each["example"] for each in operation.get("parameters", ())
              if each.get("in") == "query" and each.get("required")}
    return "?" + urllib.parse.urlencode(needed) if needed else ""


def is_form(operation):
    """Whether it is an OAuth route: a form in, and the client says who it is."""
    return "application/x-www-form-urlencoded" in operation.get("requestBody", {}).get("content", {})


def send_form(client, path, form, client_id="shop", secret=""):
    """A request of an OAuth client, with HTTP Basic."""
    basic = base64.b64encode(f"{client_id}:{secret}".encode()).decode()
    return client.raw("POST", path, urllib.parse.urlencode(form).encode(),
                      {"content-type": "application/x-www-form-urlencoded", "authorization": f"Basic {basic}"})


def held_resource(realm):
    """Has the world's webhook hold a resource, and releases it."""
    hook = realm.items("/webhooks")[-1]
    realm.patch_webhook(hook["id"], url="http://127.0.0.1:9/", retry_schedule=[], ordering="resource", on_exhausted="hold")
    resource = realm.publish().json["resource_id"]
    wait_for(lambda: realm.items(f"/webhooks/{hook['id']}/held"), "it is held")
    realm.patch_webhook(hook["id"], url=hook["url"], retry_schedule=None, ordering=None, on_exhausted=None)
    return {"resource_id": resource, "how": "skip"}


def body_for(operation_id, receiver_url):
    """A good body for each operation that takes one."""
    return {
        "publish_event": {"event": "order.paid", "resource_id": some_uuid(), "data": {"n": 1.0}},
        "publish_events": {"events": [{"event": "order.paid", "resource_id": some_uuid(), "data": {}}]},
        "create_webhook": {"url": receiver_url, "events": ["order.*"], "signing": ["v1", "v1a"]},
        "check_webhook_url": {"url": receiver_url},
        "replace_webhook": {"url": receiver_url, "events": ["order.*"], "timeout": "3s"},
        "update_webhook": {"name": "patched", "retry_schedule": ["1s"]},
        "test_webhook": {"event": "user.created"},
        "rotate_webhook_secret": {"overlap": "1h"},
        "recover_webhook": {"since": "2020-01-01T00:00:00Z"},
        "release_resource": held_resource,
        "retry_deliveries": {"state": "cancelled"},
        "create_event_type": {"name": f"made.x{some_uuid().replace('-', '')}", "schema": {"type": "object"}},
        "replace_event_type": {"description": "replaced", "example": {"n": 2}},
        "put_consumer": {"events": ["order.*"], "position": "oldest"},
        "commit_consumer": lambda realm: {"position": realm.get("/feed", after="newest").json["position"]},
        "create_realm": {"name": "made-" + some_uuid()},
        "update_realm": {"display_name": "patched"},
        "replace_realm": {"display_name": "replaced"},
        "replace_realm_settings": {"timeout": "5s"},
        "update_realm_settings": {"retention_days": 7},
        "create_user": {"username": "u-" + some_uuid()},
        "replace_user": {"username": "ada", "email": "ada@example.com"},
        "update_user": {"attributes": {"a": 1}},
        "create_api_key": {"name": "key-" + some_uuid(), "permissions": ["view_users"], "expires_at": "2099-01-01T00:00:00Z"},
        "import_realm_part": {"users": [{"username": "imported"}]},
        "bulk_delete_users": lambda realm: {"ids": [
            realm.call("POST", "/users", {"username": "gone-" + some_uuid()}, 201).json["id"]]},
        "set_user_password": {"password": "correct horse battery staple"},
        "reset_user_password": {},
        "complete_password_reset": lambda realm: {"password": "another horse battery", "token": realm.call(
            "POST", f"/users/{realm.call('POST', '/users', {'username': 'r-' + some_uuid()}, 201).json['id']}/reset-password",
            None, 200).json["token"]},
        "create_session": {"username": "ada", "password": "correct horse battery"},
        "request_password_reset": {"email": "nobody@example.com"},
        "issue_oauth_token": {"grant_type": "client_credentials"},
        "introspect_oauth_token": {"token": "pra_unknown"},
        "revoke_oauth_token": {"token": "pra_unknown"},
        "create_role": {"name": "r-" + some_uuid(), "permissions": ["view_users"]},
        "replace_role": {"name": "replaced"},
        "update_role": {"description": "patched"},
        "set_role_permissions": {"permissions": ["view_roles"]},
        "create_client": {"client_id": "c-" + some_uuid()},
        "replace_client": {"client_id": "shop", "name": "replaced"},
        "update_client": {"description": "patched"},
        "rotate_client_secret": {},
        "create_client_role": {"name": "r-" + some_uuid()},
        "replace_client_role": {"name": "replaced"},
        "update_client_role": {"description": "patched"},
        "create_redirect_uri": {"value": "https://shop.example/" + some_uuid()},
        "replace_redirect_uri": {"value": "http://127.0.0.1/cb"},
        "update_redirect_uri": {"enabled": False},
    }.get(operation_id)


#: What cannot succeed a second time, or takes away what others need, comes last.
