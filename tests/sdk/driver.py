"""Runs the Python SDK for tests/e2e/test_sdk.py: `driver.py verify|publish|journey …`."""

import concurrent.futures
import json
import sys
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
    client.delete_webhook(hook["id"])
    print(json.dumps({"refusals": refusals, "webhooks": len(list(client.webhooks())), "secret": hook["secret"]}))


def answered(url):
    """The type of what a call ends with that is not answered by the server."""
    try:
        postrider.Postrider(url, "t" * 40, retry_for=0).publish("order.paid", uuid.uuid4(), {})
    except postrider.PostriderError as error:
        print(type(error).__name__.removeprefix("Postrider"))


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


{"verify": verify, "publish": publish, "journey": journey, "answered": answered, "follow": follow}[sys.argv[1]](*sys.argv[2:])
