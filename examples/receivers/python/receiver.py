"""Receives Postrider's webhooks: verifies, drops duplicates, answers, then works."""

import collections
import json
import os
import queue
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from standardwebhooks import Webhook

BODY_BYTES_MAX = 2 * 1024 * 1024
REMEMBERED_IDS = 10_000

work = queue.SimpleQueue()
seen = collections.OrderedDict()  # a real receiver keeps the ids in its database, beside its work
seen_lock = threading.Lock()


def first_time(webhook_id):
    with seen_lock:
        if webhook_id in seen:
            return False
        seen[webhook_id] = True
        if len(seen) > REMEMBERED_IDS:
            seen.popitem(last=False)
        return True


class Receiver(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"  # so that connections are reused
    webhook = None

    def do_POST(self):
        length = int(self.headers.get("content-length") or 0)
        if self.path != "/webhook" or not 0 < length <= BODY_BYTES_MAX:
            self.close_connection = True  # the body stays unread
            return self.answer(404 if self.path != "/webhook" else 413)
        body = self.rfile.read(length)
        try:
            # Over the bytes as they came, before any parsing.
            event = self.webhook.verify(body, dict(self.headers.items()))
        except Exception as error:
            print(f"refused: {error}", file=sys.stderr, flush=True)
            return self.answer(401)
        if first_time(self.headers["webhook-id"]):
            work.put((self.headers["webhook-id"], event))
        self.answer(204)

    def answer(self, status):
        self.send_response(status)
        if status != 204:
            self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *arguments):
        pass


def do_work():
    while True:
        webhook_id, event = work.get()
        # The work goes here, after the answer.
        print(event["event"], webhook_id, event["resource_id"], event["timestamp"],
              json.dumps(event["data"]), flush=True)


if __name__ == "__main__":
    if not os.environ.get("WEBHOOK_SECRET"):
        sys.exit("set WEBHOOK_SECRET to the webhook's secret")
    Receiver.webhook = Webhook(os.environ["WEBHOOK_SECRET"])
    server = ThreadingHTTPServer(("127.0.0.1", int(os.environ.get("PORT", "3000"))), Receiver)
    threading.Thread(target=do_work, daemon=True).start()
    print(f"listening on http://127.0.0.1:{server.server_port}/webhook", flush=True)
    server.serve_forever()
