"""Statistics: what became of the deliveries of a period."""

import datetime

from receiver import Reply
from waiting import wait_for


def test_counts_by_state_and_span(server, receiver, path):
    realm = server.realm(None, "order.paid", "order.shipped")
    receiver.on(f"{path}-bad", Reply(503))
    good = realm.create_webhook(receiver.url(path), events=["order.*"])["id"]
    realm.create_webhook(receiver.url(f"{path}-bad"), events=["order.shipped"], retry_schedule=["1h"])
    for _ in range(5):
        realm.publish("order.paid")
    for _ in range(2):
        realm.publish("order.shipped")
    wait_for(lambda: realm.get("/statistics").json["retrying"] == 2, "two wait for their second attempt")
    wait_for(lambda: realm.get("/statistics").json["delivered"] == 7, "seven delivered")
    found = realm.get("/statistics").json
    assert (found["counted"], found["pending"], found["failed"], found["cancelled"]) == (9, 2, 0, 0)
    assert found["complete"] is True and len(found["spans"]) == 48
    assert 0 < found["wait_us_p50"] <= found["wait_us_p99"] < 15_000_000
    for name in ("pending", "delivered", "retrying"):
        assert sum(span[name] for span in found["spans"]) == found[name]
    assert found["spans"][-1]["delivered"] == 7, "made just now"
    assert realm.get("/statistics", webhook_id=good).json["counted"] == 7
    later = (datetime.datetime.now(datetime.UTC if hasattr(datetime, "UTC") else datetime.timezone.utc)
             + datetime.timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert "before until" in str(realm.get("/statistics", since=later, expect=422).json)
    assert realm.get("/statistics", until="2020-01-01T00:00:00Z").json["counted"] == 0
