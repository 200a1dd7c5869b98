"""A server with something in it, for the browser: python3 world.py <data-folder> [empty].

Prints one JSON line; then does what the lines that it reads say, and prints a line after each, until its input ends.
"""

import json
import os
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "support" / "python"))

from client import Realm
from postgres import free_port
from receiver import Receiver, Reply
from server import Server
from waiting import wait_for

XSS = "<img src=x onerror=\"window.pwned=1\"><script>window.pwned=1</script>"
PASSWORD = "correct horse battery staple"


def directory(realm):
    """Some of everything, with names that would be code if anybody took them for it."""
    make = lambda path, **body: realm.call("POST", path, body, 201).json
    auditor = make("/roles", name="auditor", description="Looks, and changes nothing", permissions=[
        "view_users", "view_roles", "view_clients", "view_webhooks", "view_events", "view_audit"])
    make("/roles", name="support " + XSS, description=XSS, permissions=["view_users", "redeliver"])
    ada = make("/users", username="ada", email="ada@example.com", first_name="Ada", last_name="Lovelace",
               attributes={"department": "engines", "note": XSS, "long": 9007199254740993})
    for name, first, last in (("grace", "Grace", "Hopper"), ("alan", "Alan", "Turing"), ("edsger", "Edsger", "Dijkstra")):
        make("/users", username=name, email=f"{name}@example.com", first_name=first, last_name=last, enabled=name != "alan")
    make("/users", username="mallory", first_name=XSS, last_name=XSS)
    realm.call("PUT", f"/users/{ada['id']}/password", {"password": PASSWORD}, 204)
    realm.call("POST", f"/users/{ada['id']}/roles/{auditor['id']}", expect=204)
    client = make("/clients", client_id="storefront", name="Storefront", description=XSS, type="confidential",
                  service_account_roles=[auditor["id"]])
    make("/clients", client_id="mobile-app", name="Mobile app", type="public")
    buyer = make(f"/clients/{client['id']}/roles", name="buyer", description="May order")
    make(f"/clients/{client['id']}/redirects", value="https://shop.example/callback")
    make(f"/clients/{client['id']}/redirects", value="http://127.0.0.1/callback", enabled=False)
    make("/api-keys", name="Warehouse importer", permissions=["publish_events"])
    make("/api-keys", name=XSS, permissions=["view_events"], expires_at="2027-11-23T18:00:00Z")
    return {"user": ada["id"], "role": auditor["id"], "client": client["id"], "client_role": buyer["id"]}


def event_types(realm):
    """The realm's own, one of them with a text that would be code."""
    order = {"number": "A-1042", "total": 129.00, "currency": "EUR", "note": XSS}
    schema = {"type": "object", "required": ["number"], "properties": {
        "number": {"type": "string"}, "total": {"type": "number"}, "currency": {"type": "string"}, "note": {"type": "string"}}}
    realm.call("PUT", "/event-types/order.paid", {
        "description": "An order is paid in full. " + XSS, "example": order, "schema": schema})
    realm.call("PUT", "/event-types/order.shipped", {
        "description": "An order has left the warehouse.", "example": {"number": "A-1042", "carrier": "post"}})


def shop(server, receiver):
    realm = server.realm("shop")
    event_types(realm)
    server.client.call("PATCH", "/realms/shop", {"display_name": "The shop"}, 200)
    good = realm.create_webhook(receiver.url("/good"), name="Billing", description="Invoices and receipts")
    bad = realm.create_webhook(receiver.url("/failing"), name=XSS, retry_schedule=[], headers={"X-Team": "search"})
    realm.create_webhook(receiver.url("/off"), name="Warehouse", enabled=False)
    realm.create_webhook(receiver.url("/later"), name="Ledger", events=["order.shipped"], retry_schedule=["1h"])
    event = None
    for number in range(40):
        # Few for the ledger: ten failures with 503 in a row would open its breaker.
        event = realm.publish("order.paid" if (number + 1) % 8 else "order.shipped", {
            "number": f"A-{1000 + number}", "total": 129.0, "currency": "EUR", "note": XSS}).json["id"]
    ids = directory(realm)
    wait_for(lambda: all(item["attempts"] > 0 for item in realm.deliveries(event_id=event)), "the deliveries")
    return {**ids, "realm": realm.name, "good": good["id"], "bad": bad["id"], "event": event,
            "delivery": realm.get(f"/webhooks/{bad['id']}/deliveries").json["items"][0]["id"]}


def many(server, receiver):
    """100,000 deliveries to a receiver that never answers, 20 for each event."""
    realm = server.realm("many", "order.shipped")
    receiver.on("/never", lambda _request: None)
    for number in range(20):
        realm.create_webhook(receiver.url("/never"), name=f"Webhook {number}", timeout="30s")
    for _ in range(5):
        realm.call("POST", "/events/batch", {"events": [
            {"event": "order.shipped", "resource_id": "019ab200-7c3e-7b1a-9a54-3f0f6b1d2c11", "data": {"number": number}}
            for number in range(1000)]}, 202)


def size(server, receiver):
    """More of everything than ten pages have, or than one ever sees (POSTRIDER_CONSOLE_FULL); "oldest" are the first made."""
    full = "POSTRIDER_CONSOLE_FULL" in os.environ
    webhooks, roles, users = (10_000, 1_000, 100_000) if full else (2_052, 252, 2_500)
    realm = server.realm("size", "order.paid", "order.shipped")
    make = lambda path, **body: realm.call("POST", path, body, 201).json
    oldest = realm.create_webhook(receiver.url("/good"), name="The oldest webhook", events=["order.paid"])
    role = make("/roles", name="the oldest role", permissions=["view_events"])
    client = make("/clients", client_id="the-oldest-client", name="The oldest client", type="public")
    user = make("/users", username="ada", email="ada@example.com")
    quiet = realm.create_webhook(receiver.url("/good"), name="A quiet webhook", events=["order.shipped"])
    for number in range(webhooks - 2):
        realm.create_webhook(receiver.url("/good"), name=f"Webhook {number}", events=["order.paid"])
    import_all(realm, "roles", [{"name": f"role {number}"} for number in range(roles - 1)])
    import_all(realm, "users", [{"username": f"user-{number}", "email": f"user-{number}@example.com"} for number in range(users - 1)])
    event = realm.publish("order.paid", {"number": 1}).json["id"]
    wait_for(lambda: not realm.deliveries(event="order.paid", state="pending"), "the deliveries", 120)
    return {"realm": realm.name, "webhook": oldest["id"], "role": role["id"], "client": client["id"], "user": user["id"],
            "quiet": quiet["id"], "event": event, "webhooks": webhooks}


def import_all(realm, kind, entries, at_once=100):
    for begin in range(0, len(entries), at_once):
        realm.call("POST", "/import", {kind: entries[begin:begin + at_once], "events": False}, 200)


def incident(server, receiver):
    """Twelve webhooks at three in the morning, each in a state of its own."""
    realm = server.realm("incident", "order.paid")
    calls = [0]

    def sometimes(_request):
        calls[0] += 1
        return Reply(503, body=b"busy") if calls[0] % 4 == 0 else Reply(204)

    receiver.on("/sometimes", sometimes)
    receiver.on("/broken", Reply(500, body=b'{"error":"the index is read-only"}'))
    receiver.on("/slow", Reply(204, delay=0.7))
    receiver.on("/never", lambda _request: None)
    receiver.on("/gone", Reply(410))
    receiver.on("/limited", Reply(429, headers=(("Retry-After", "3600"),)))
    receiver.on("/moved", Reply(301, headers=(("Location", "https://example.com/new"),)))
    tls = receiver.url("/tls").replace("http:", "https:")
    for name, url, more in (
        ("Healthy", receiver.url("/healthy"), {}),
        ("A quarter fails", receiver.url("/sometimes"), {}),
        ("Slow", receiver.url("/slow"), {}),
        ("Hangs", receiver.url("/never"), {"timeout": "1s"}),
        ("Gone, 410", receiver.url("/gone"), {}),
        ("No such name", "https://hooks.example.invalid/", {}),
        ("Not TLS", tls, {}),
        ("Rate limited", receiver.url("/limited"), {}),
        ("Switched off", receiver.url("/off"), {"enabled": False}),
        ("Moved, 301", receiver.url("/moved"), {}),
        ("Nobody listens", "http://127.0.0.1:1/", {}),
    ):
        realm.create_webhook(url, name=name, **{"retry_schedule": ["1h"], "events": ["order.paid"], **more})
    for number in range(24):
        if number == 15:  # nine failures: with the tenth its breaker would open
            realm.create_webhook(receiver.url("/broken"), name="Search index, 500", retry_schedule=[], events=["order.paid"])
        realm.publish("order.paid", {"number": f"A-{1000 + number}", "total": 129.0})

    def is_told(webhook):
        """Whether enough of it has been tried: those that hang are tried one at a time."""
        tried = [item for item in realm.items(f"/webhooks/{webhook['id']}/deliveries") if item["attempts"] > 0]
        wanted = {"Healthy": 24, "A quarter fails": 24, "Search index, 500": 9, "Slow": 8}.get(webhook["name"], 2)
        return not webhook["enabled"] or len(tried) >= wanted

    wait_for(lambda: all(map(is_told, realm.items("/webhooks"))), "the first attempts", 90, every=0.2)
    return {"realm": realm.name, **{webhook["name"]: webhook["id"] for webhook in realm.items("/webhooks")}}


def busy(server, receiver, name, count):
    """So many deliveries to a webhook of their own, newer than all others."""
    realm = Realm(server.client, name).event_types("noise.made")
    realm.create_webhook(receiver.url("/noise"), name="Noise", events=["noise.made"])
    for begin in range(0, count, 1000):
        realm.publish_batch([
            {"event": "noise.made", "resource_id": "019ab200-7c3e-7b1a-9a54-3f0f6b1d2c11", "data": {}}
            for _ in range(min(1000, count - begin))])
    wait_for(lambda: not realm.deliveries(event="noise.made", state="pending"), "the noise")


def main(data, kind):
    empty = kind == "empty"
    variables = {} if empty else {"POSTRIDER_ADMIN_PASSWORD": PASSWORD}
    said = pathlib.Path(data) / "stdout"
    with Receiver() as receiver, said.open("w") as stdout:
        server = Server(pathlib.Path(data) / "data", "--allow-network", "127.0.0.0/8", variables=variables)
        server.stdout = stdout
        with server:
            run(server, receiver, empty, said)


def run(server, receiver, empty, said):
    broken = [False]

    def journey(_request):
        return Reply(503, headers=(("Content-Type", "application/json"), ("Retry-After", "1")),
                     body=b'{"error":"down for maintenance"}') if broken[0] else Reply(200, body=b'{"received":true}')

    receiver.on("/journey", journey)
    receiver.on("/failing", Reply(422, headers=(("X-Note", XSS),), body=XSS.encode()))
    receiver.on("/later", Reply(503, body=b"come back later"))
    world = {"url": server.url, "token": server.client.token, "receiver": receiver.url(""), "password": PASSWORD}
    if empty:
        world["link"] = wait_for(lambda: next((word for word in said.read_text().split() if "/set-password#" in word), None), "the link")
    else:
        world.update(shop(server, receiver))
    print(json.dumps(world), flush=True)
    for command in sys.stdin:
        done, word = None, command.split()
        # A test may look at pages for minutes: the server has closed an idle connection by then.
        server.client.local.connection = None
        if word[0] in ("break", "fix"):
            broken[0] = word[0] == "break"
        elif word[0] == "many":
            many(server, receiver)
        elif word[0] in ("size", "incident"):
            done = {"size": size, "incident": incident}[word[0]](server, receiver)
        elif word[0] == "publish":
            done = Realm(server.client, word[1]).publish(word[2], {"by": "the test"}).json["id"]
        elif word[0] == "busy":
            busy(server, receiver, word[1], int(word[2]))
        elif word[0] == "port":
            done = free_port()
        elif word[0] == "paths":
            done = [request.path for request in receiver.requests]
        elif word[0] == "requests":
            done = [{"id": request.headers.get("webhook-id"), "signature": request.headers.get("webhook-signature"),
                     "body": request.body.decode()} for request in receiver.requests if request.path == word[1]]
        elif word[0] == "publish-text":
            data = command.split(" ", 2)[2].strip()
            done = Realm(server.client, word[1]).call("POST", "/events", (
                '{"event":"order.paid","resource_id":"019ab200-7c3e-7b1a-9a54-3f0f6b1d2c11","data":%s}' % data).encode(), 202).json["id"]
        elif word[0] == "end-sessions":
            master = Realm(server.client, "master")
            for session in master.items("/sessions"):
                master.call("DELETE", f"/sessions/{session['id']}", expect=204)
        elif word[0] == "reset":
            done = Realm(server.client, word[1]).call("POST", f"/users/{word[2]}/reset-password", None, 200).json["token"]
        elif word[0] == "log":
            done = "".join(server.log)
        print(json.dumps({"done": done}), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else "")
