"""Receives Postrider's webhooks with FastAPI: verifies, drops duplicates, answers, then works."""

import collections
import json
import os
import socket
import sys

import uvicorn
from fastapi import BackgroundTasks, FastAPI, Request, Response
from standardwebhooks import Webhook

REMEMBERED_IDS = 10_000

app = FastAPI()
webhook = Webhook(os.environ["WEBHOOK_SECRET"])
seen = collections.OrderedDict()  # a real receiver keeps the ids in its database, beside its work


def first_time(webhook_id):
    if webhook_id in seen:
        return False
    seen[webhook_id] = True
    if len(seen) > REMEMBERED_IDS:
        seen.popitem(last=False)
    return True


async def work(webhook_id, event):  # one after the other; what blocks belongs into a `def`, which gets a thread
    print(event["event"], webhook_id, event["resource_id"], event["timestamp"], json.dumps(event["data"]), flush=True)


@app.post("/webhook", status_code=204)
async def receive(request: Request, tasks: BackgroundTasks) -> Response:
    body = await request.body()  # no model as parameter: the bytes as they came
    try:
        event = webhook.verify(body, dict(request.headers))
    except Exception as error:
        print(f"refused: {error}", file=sys.stderr, flush=True)
        return Response(status_code=401)
    webhook_id = request.headers["webhook-id"]
    if first_time(webhook_id):
        tasks.add_task(work, webhook_id, event)
    return Response(status_code=204, background=tasks)


if __name__ == "__main__":  # elsewhere: uvicorn receiver:app
    listener = socket.create_server(("127.0.0.1", int(os.environ.get("PORT", "3000"))))
    print(f"listening on http://127.0.0.1:{listener.getsockname()[1]}/webhook", flush=True)
    uvicorn.Server(uvicorn.Config(app, log_level="warning")).run(sockets=[listener])
