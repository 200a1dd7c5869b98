"""What a list of deliveries can be narrowed to; every index has its own query."""

import itertools

from receiver import Reply


def test_state_event_webhook_and_time_together(server, receiver, realm):
    receiver.on("/filter-bad", Reply(500))
    good = realm.create_webhook(receiver.url("/filter-good"))["id"]
    bad = realm.create_webhook(receiver.url("/filter-bad"), retry_schedule=[])["id"]
    events = [realm.publish(name).json["id"] for name in ("order.shipped", "order.paid", "order.shipped", "order.paid")]
    for event in events:
        realm.wait_final(event, 2)
    everything = realm.deliveries()
    assert len(everything) == 8
    # The times between which they were made; lists are newest first.
    middle = everything[3]["created_at"]
    choices = {
        "state": (None, "delivered", "failed", "pending"), "event": (None, "order.paid"), "event_id": (None, events[1]),
        "webhook_id": (None, good, bad), "since": (None, middle), "until": (None, middle),
    }
    for values in itertools.product(*choices.values()):
        query = {name: value for name, value in zip(choices, values) if value is not None}
        expected = [item["id"] for item in everything if all(
            item["created_at"][:23] >= value[:23] if name == "since" else item["created_at"][:23] < value[:23] if name == "until"
            else item[name] == value for name, value in query.items())]
        found = [item["id"] for item in realm.deliveries(**query)]
        # An id has milliseconds: what was made in the middle's own may be on either side.
        same = {item["id"] for item in everything if item["created_at"][:23] == middle[:23]}
        if "since" in query or "until" in query:
            expected, found = ([each for each in ids if each not in same] for ids in (expected, found))
        assert found == expected, query
    of_webhook = realm.get(f"/webhooks/{bad}/deliveries?since={middle}").json["items"]
    assert of_webhook and all(item["webhook_id"] == bad and item["created_at"] >= middle[:23] for item in of_webhook)
    assert realm.call("GET", "/deliveries?since=yesterday").status == 422
