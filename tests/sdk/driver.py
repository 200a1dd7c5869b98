"""Runs the Python SDK for tests/e2e/test_sdk.py: `driver.py verify|publish|journey …`."""

import concurrent.futures
import datetime
import json
import sys
import time
import uuid

import postrider


def verify():
    """Cases on stdin; what each came to, in a line."""
    for case in json.load(sys.stdin):
        try:
            got = postrider.verify(case["body"].encode(), case["headers"], case["secrets"], now=case["now"])
            print("ok", got.id, got.event["event"])
        except postrider.WebhookVerificationError as error:
            print(error.reason)


def publish(realm, count):
    client = postrider.Postrider(realm=realm)

    def one(number):
        return client.publish("order.paid", uuid.uuid4(), {"n": number})["id"]

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        print(len(set(pool.map(one, range(int(count))))))


def journey(realm, url):
    client = postrider.Postrider(realm=realm)
    hook = client.create_webhook(url, ["order.*"])
    assert hook["secret"].startswith("whsec_") and client.webhook_secret(hook["id"])["secret"] == hook["secret"]
    resource = str(uuid.uuid4())
    first = client.publish("order.paid", resource, {"n": 1}, idempotency_key="k")
    assert client.publish("order.paid", resource, {"n": 1}, idempotency_key="k")["id"] == first["id"]
    assert len(client.publish_batch([{"event": "order.paid", "resource_id": resource, "data": {"n": n}} for n in range(2, 6)])) == 4
    assert [each["data"]["n"] for each in client.events(event="order.paid", limit=2)] == [5, 4, 3, 2, 1]
    refusals = []
    for call in (lambda: client.publish("order.payd", resource, {}), lambda: client.publish("order.paid", "x", {}),
                 lambda: client.publish("order.paid", resource, []), lambda: client.get_webhook(str(uuid.uuid4()))):
        try:
            call()
        except postrider.PostriderError as error:
            refusals.append(getattr(error, "slug", "not sent"))
    made = client.create_webhook(url, ["order.*"], filter={"data": {"n": {"$gte": 100}}}, format="template", template={"n": "{{data.n}}"},
                                 rate_limit={"count": 100, "per": "1s"}, authentication={"type": "bearer", "token": "sesame"})
    controls = [made["filter"], made["format"], made["template"], made["rate_limit"], made["authentication"]]
    assert client.update_webhook(made["id"], filter=None)["filter"] is None and client.get_webhook(made["id"])["authentication"] == controls[-1]
    waits = {each["waiting_for"] for each in client.deliveries(state="delivered")}
    for each in (hook, made):
        client.delete_webhook(each["id"])
    print(json.dumps({"refusals": refusals, "webhooks": len(list(client.webhooks())), "secret": hook["secret"], "controls": controls,
                      "waits": list(waits)}))


def answered(url):
    """The type of what a publish and a list end with that are not answered by the server."""
    client = postrider.Postrider(url, "t" * 40, timeout=1, retry_for=0)
    for call in (lambda: client.publish("order.paid", uuid.uuid4(), {}), lambda: list(client.webhooks()), lambda: next(client.feed())):
        try:
            call()
            print("nothing")
        except postrider.PostriderError as error:
            print(type(error).__name__.removeprefix("Postrider"))


def wrong(url):
    """What each call comes to that has the wrong types."""
    client, some = postrider.Postrider(url, "t" * 40, retry_for=0), uuid.uuid4()
    calls = [
        lambda: client.publish(None, some, {}), lambda: client.publish("", some, {}), lambda: client.publish("order.paid", 5, {}),
        lambda: client.publish("order.paid", some, []), lambda: client.publish("order.paid", some, None),
        lambda: client.publish("order.paid", some, {"n": object()}), lambda: client.publish("order.paid", some, {"n": float("nan")}),
        lambda: client.publish("order.paid", some, {"n": "\ud800"}), lambda: postrider.Outbox("sqlite").add(None, "order.paid", some, {"n": "\ud800"}),
        lambda: client.publish("order.paid", some, {}, timestamp=5), lambda: client.publish("order.paid", some, {}, timestamp=datetime.datetime(2026, 1, 1)),
        lambda: client.publish("order.paid", some, {}, idempotency_key=""), lambda: client.publish("order.paid", some, {}, idempotency_key="é"),
        lambda: client.publish("order.paid", some, {}, idempotency_key=5), lambda: client.publish_batch([]),
        lambda: client.publish_batch([{"event": "order.paid"}]), lambda: client.publish_batch(["order.paid"]),
        lambda: client.publish_batch([{"event": "order.paid", "resource_id": some, "data": {}, "odd": 1}]),
        lambda: client.create_webhook(None, ["*"]), lambda: client.create_webhook("https://a.example", "user.*"),
        lambda: client.create_webhook("https://a.example", []), lambda: client.get_webhook(""), lambda: client.get_webhook(None),
        lambda: client.delete_webhook("../../users"), lambda: client.webhook_secret("x"), lambda: client.update_webhook("x", name=""),
        lambda: next(client.feed(events="user.*")), lambda: next(client.feed(consumer="")), lambda: next(client.feed(wait=-1)),
        lambda: postrider.Postrider(url, "t" * 40 + "\n"), lambda: postrider.Postrider("ftp://a", "t"), lambda: postrider.Postrider("http://", "t"),
        lambda: postrider.Postrider(url, "t", timeout=0), lambda: postrider.Outbox("oracle"),
        lambda: postrider.verify({"event": "a"}, {}, "whsec_"), lambda: postrider.verify(b"", HEADERS, None),
        lambda: postrider.verify(b"", HEADERS, [None]), lambda: postrider.verify(b"", HEADERS, "password")]
    for call in calls:
        try:
            call()
            print("nothing")
        except postrider.PostriderError as error:
            print("not sent" if type(error) is postrider.PostriderError else type(error).__name__)


HEADERS = {"webhook-id": "a", "webhook-timestamp": str(int(time.time())), "webhook-signature": "v1,AAAA"}


def pages(realm):
    """The n of each event, newest first and then forward, in small pages."""
    client = postrider.Postrider(realm=realm)
    print(*(each["data"]["n"] for each in client.events(event="order.paid", limit=5)))
    print(*(each["data"]["n"] for each in client.feed(consumer="pages", after="oldest", events=["order.*"], wait=None, limit=5)))


def follow(realm, consumer, count):
    """Prints the n of each event; leaves the loop after `count`, or where the log ends (0)."""
    seen = 0
    for event in postrider.Postrider(realm=realm).feed(consumer=consumer, after="oldest" if consumer == "new" else None,
                                                       events=["order.*"] if consumer == "new" else None,
                                                       wait=None if count == "0" else 20):
        print(event["data"]["n"], flush=True)
        seen += 1
        if seen == int(count):
            break


{"verify": verify, "publish": publish, "journey": journey, "answered": answered, "follow": follow, "wrong": wrong,
 "pages": pages}[sys.argv[1]](*sys.argv[2:])
