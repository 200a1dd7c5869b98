"""Receives Postrider's webhooks with Django: verifies, drops duplicates, answers, then works.

What a project takes of it is receive() and its line in urlpatterns.
"""

import collections
import json
import os
import queue
import sys
import threading
from wsgiref.simple_server import WSGIRequestHandler, make_server

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST
from standardwebhooks import Webhook

REMEMBERED_IDS = 10_000

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


@csrf_exempt  # the signature says who sends it
@require_POST
def receive(request):
    try:
        event = webhook.verify(request.body, dict(request.headers))  # the bytes as they came
    except Exception as error:
        print(f"refused: {error}", file=sys.stderr, flush=True)
        return HttpResponse(status=401)
    webhook_id = request.headers["webhook-id"]
    if first_time(webhook_id):
        work.put((webhook_id, event))
    return HttpResponse(status=204)


def work_off():
    while True:
        webhook_id, event = work.get()
        print(event["event"], webhook_id, event["resource_id"], event["timestamp"], json.dumps(event["data"]), flush=True)


class Quiet(WSGIRequestHandler):
    def log_message(self, *arguments):
        pass


urlpatterns = [path("webhook", receive)]
threading.Thread(target=work_off, daemon=True).start()
if __name__ == "__main__":
    settings.configure(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["127.0.0.1"], SECRET_KEY="unused", DEBUG=False,
                       DATA_UPLOAD_MAX_MEMORY_SIZE=2 * 1024 * 1024)
    server = make_server("127.0.0.1", int(os.environ.get("PORT", "3000")), get_wsgi_application(), handler_class=Quiet)
    print(f"listening on http://127.0.0.1:{server.server_port}/webhook", flush=True)
    server.serve_forever()
