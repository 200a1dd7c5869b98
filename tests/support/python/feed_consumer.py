"""A consumer of the log that may be killed at any moment: `feed_consumer.py ADDRESSES TOKEN REALM NAME JOURNAL`.

ADDRESSES is a file with host:port of each server, read anew when one does not answer. Every id that it was given goes to
JOURNAL, in its order, before the position is committed; where it asks anew without knowing whether its commit was kept it
writes "again", where it starts "start". A commit of the process before it may arrive after its own: 409, and it goes on from there.
"""

import http.client
import json
import random
import sys

addresses, token, realm, name, journal = sys.argv[1:6]
HEADERS = {"authorization": f"Bearer {token}", "content-type": "application/json"}


def ask(connection, method, path, body=None):
    connection.request(method, f"/api/v1/realms/{realm}/consumers/{name}{path}", body, HEADERS)
    answer = connection.getresponse()
    text = answer.read()
    if answer.status in (429, 503):
        raise OSError("busy")
    if answer.status == 409 and json.loads(text)["type"].endswith("/position-behind"):
        raise OSError("the one before was later")
    assert answer.status == 200, (answer.status, text)
    return json.loads(text)


def follow(connection, out):
    while True:
        page = ask(connection, "GET", f"/events?limit={random.choice((1, 7, 50, 1000))}&wait=2s")
        for event in page["items"]:
            out.write(event["id"] + "\n")
        out.flush()
        if page["items"]:
            ask(connection, "POST", "/commit", json.dumps({"position": page["position"]}))


with open(journal, "a+", buffering=1 << 20) as out:
    # What was being written when the one before was killed is no line.
    out.seek(0)
    out.truncate(out.read().rfind("\n") + 1)
    out.write("start\n")
    out.flush()
    while True:
        try:
            with open(addresses) as file:
                host, port = random.choice(file.read().split()).split(":")
            follow(http.client.HTTPConnection(host, int(port), timeout=10), out)
        except (OSError, http.client.HTTPException, ValueError, IndexError):
            out.write("again\n")
            out.flush()
