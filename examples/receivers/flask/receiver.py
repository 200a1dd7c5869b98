"""Receives Postrider's webhooks with Flask: verifies, drops duplicates, answers, then works."""

import collections
import json
import os
import queue
import sys
import threading

from flask import Flask, request
from standardwebhooks import Webhook
from werkzeug.serving import make_server

REMEMBERED_IDS = 10_000

app = Flask(__name__)
app.config["MAX_CONTENT_LENGTH"] = 2 * 1024 * 1024
webhook = Webhook(os.environ["WEBHOOK_SECRET"])
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


@app.post("/webhook")
def receive():
    body = request.get_data()  # not request.json: the bytes as they came
    try:
        event = webhook.verify(body, dict(request.headers))
    except Exception as error:
        print(f"refused: {error}", file=sys.stderr, flush=True)
        return "", 401
    webhook_id = request.headers["webhook-id"]
    if first_time(webhook_id):
        work.put((webhook_id, event))
    return "", 204


def work_off():
    while True:
        webhook_id, event = work.get()
        print(event["event"], webhook_id, event["resource_id"], event["timestamp"], json.dumps(event["data"]), flush=True)


threading.Thread(target=work_off, daemon=True).start()
if __name__ == "__main__":  # elsewhere: gunicorn receiver:app
    server = make_server("127.0.0.1", int(os.environ.get("PORT", "3000")), app, threaded=True)
    print(f"listening on http://127.0.0.1:{server.server_port}/webhook", flush=True)
    server.serve_forever()
