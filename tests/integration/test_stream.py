"""Server-sent events: a realm's pulse."""

import http.client
import json
import socket
import threading

from client import Client
from waiting import wait_for


class Listener:
    """Reads a stream in a thread of its own; `pulses` are what came."""

    def __init__(self, server, realm, token=None):
        host, port = server.address()
        self.connection = http.client.HTTPConnection(host, port, timeout=30)
        self.connection.request("GET", f"/api/v1/realms/{realm}/stream", headers={
            "authorization": f"Bearer {token or server.client.token}", "accept": "text/event-stream"})
        self.socket = self.connection.sock
        self.response = self.connection.getresponse()
        self.pulses, self.ended = [], threading.Event()
        self.thread = threading.Thread(target=self.read, daemon=True)
        self.thread.start()

    def read(self):
        try:
            while line := self.response.readline():
                if line.startswith(b"data: "):
                    self.pulses.append(json.loads(line[6:]))
        except (OSError, http.client.HTTPException):
            pass
        self.ended.set()

    def wait(self, condition, what):
        wait_for(lambda: any(condition(pulse) for pulse in self.pulses), what, 20)

    def close(self):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.ended.wait(10)
        self.response.close()


def test_a_pulse_says_what_is_new(server, receiver, realm):
    listener = Listener(server, realm.name)
    assert listener.response.status == 200
    assert listener.response.getheader("content-type") == "text/event-stream"
    assert listener.response.getheader("cache-control") == "no-store"
    listener.wait(lambda pulse: pulse["pending"] == 0, "the first pulse")
    hook = realm.create_webhook(receiver.url("/stream"))
    change = realm.get("/audit").json["items"][0]["id"]
    listener.wait(lambda pulse: pulse["newest_change"] == change, "the change")
    event = realm.publish().json["id"]
    delivery = realm.wait_final(event)[0]
    assert delivery["webhook_id"] == hook["id"]
    listener.wait(lambda pulse: pulse["newest_event"] == event and pulse["newest_delivery"] == delivery["id"]
                  and pulse["pending"] == 0, "the event and its delivery")
    seen = len(listener.pulses)
    # Nothing of another realm.
    other = server.realm(None, "order.shipped")
    other.publish()
    theirs = Listener(server, other.name)
    theirs.wait(lambda pulse: pulse["newest_event"] is not None, "the other realm's pulse")
    assert len(listener.pulses) == seen
    failing = realm.create_webhook(receiver.url("/stream-fails"), retry_schedule=[])
    receiver.on("/stream-fails", 500)
    realm.wait_final(realm.publish().json["id"], 2)
    listener.wait(lambda pulse: pulse["failed"] == 1, f"the failure of {failing['id']}")
    listener.close(), theirs.close()


def test_a_stop_ends_streams_at_once(tmp_path):
    from server import Server
    with Server(tmp_path, "--allow-network", "127.0.0.0/8") as server:
        listeners = [Listener(server, "master") for _ in range(8)]
        for listener in listeners:
            listener.wait(lambda pulse: True, "a pulse")
        assert server.stop() == 0
        for listener in listeners:
            assert listener.ended.wait(10)


def test_streams_are_counted_and_given_back(server, realm):
    """Many come and go; the server holds no descriptor of those that went."""
    before = server.descriptors()
    for _ in range(5):
        listeners = [Listener(server, realm.name) for _ in range(20)]
        for listener in listeners:
            listener.wait(lambda pulse: True, "a pulse")
            listener.close()
    wait_for(lambda: server.descriptors() <= before + 2, "the descriptors are given back", 20)
    assert Client(server.address, server.client.token).raw("GET", f"/api/v1/realms/{realm.name}/stream").status == 200
