"""A server with something in it, for the browser: python3 world.py <data-folder>. Prints one JSON line, runs until its input ends."""

import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "support" / "python"))

from receiver import Receiver, Reply
from server import Server

XSS = "<img src=x onerror=\"window.pwned=1\"><script>window.pwned=1</script>"


def main(data):
    broken = [False]

    def journey(_request):
        return Reply(503, body=b'{"error":"down for maintenance"}') if broken[0] else 200

    with Server(pathlib.Path(data), "--allow-network", "127.0.0.0/8") as server, Receiver() as receiver:
        receiver.on("/journey", journey)
        receiver.on("/failing", Reply(500, body=XSS.encode()))
        realm = server.realm("shop", "order.shipped", "order.paid")
        good = realm.create_webhook(receiver.url("/good"), name="Billing", description="Invoices and receipts")
        bad = realm.create_webhook(receiver.url("/failing"), name=XSS, retry_schedule=[], headers={"X-Team": "search"})
        realm.create_webhook(receiver.url("/off"), name="Warehouse", enabled=False)
        event = None
        for number in range(40):
            event = realm.publish("order.paid" if number % 3 else "order.shipped", {"number": number, "note": XSS}).json["id"]
        realm.wait_final(event)
        print(json.dumps({"url": server.url, "token": server.client.token, "receiver": receiver.url(""), "realm": realm.name,
                          "good": good["id"], "bad": bad["id"], "event": event,
                          "delivery": realm.get(f"/webhooks/{bad['id']}/deliveries").json["items"][0]["id"]}), flush=True)
        for command in sys.stdin:
            broken[0] = command.strip() == "break"
            print(json.dumps({"done": command.strip()}), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
