"""What /metrics tells of the whole store, of queues and of the phases of attempts."""

import re

from contract import some_uuid
from receiver import Reply
from waiting import wait_for


def read(server):
    """series → value."""
    text = server.client.raw("GET", "/metrics").body.decode()
    return {name: float(value) for name, value in re.findall(r"^(\w+(?:\{.*\})?) (\S+)$", text, re.M)}


def test_what_waits_in_the_store_is_told(server, realm, receiver, path):
    receiver.on(path, lambda _: Reply(503))
    realm.create_webhook(receiver.url(path), retry_schedule=["1h"])
    off = realm.create_webhook(receiver.url(path), events=["order.paid"])
    realm.patch_webhook(off["id"], enabled=False)
    for _ in range(12):  # ten failures open a breaker, so some stay due
        realm.publish(resource_id=some_uuid())
    receiver.wait(path, 10)

    def seen():
        now = read(server)
        return (now['postrider_backlog_deliveries{state="scheduled"}'] >= 1
                and now['postrider_backlog_deliveries{state="due"}'] + now['postrider_backlog_deliveries{state="scheduled"}'] == 12
                and now['postrider_webhooks{state="disabled"}'] == 1 and now["postrider_webhooks_failing"] == 1
                and now["postrider_breakers_open"] == 1)  # fmt: skip

    wait_for(seen, lambda: {name: value for name, value in read(server).items() if "backlog" in name or "webhooks" in name or "breakers" in name}, timeout=40)
    now = read(server)
    assert now['postrider_webhooks{state="enabled"}'] >= 1
    # Statistics are added up every five seconds.
    assert 0 <= now["postrider_counters_lag_seconds"] < 60


def test_phases_count_the_attempts_that_had_them(server, realm, receiver, path):
    before = read(server)
    realm.create_webhook(receiver.url(path))
    realm.publish()
    receiver.wait(path, 1)
    name = 'postrider_attempt_phase_duration_seconds_count{phase="%s"}'
    wait_for(lambda: read(server)[name % "first_byte"] > before[name % "first_byte"], "an attempt had no first byte")
    now = read(server)
    assert now[name % "tls"] == before[name % "tls"], "nothing was encrypted"
    assert now['postrider_attempt_phase_duration_seconds_bucket{phase="first_byte",le="+Inf"}'] == now[name % "first_byte"]


def test_budgets_are_told_with_their_bound(server):
    now = read(server)
    assert 0 <= now["postrider_inbound_bytes"] <= now["postrider_inbound_bytes_max"]
    assert now["postrider_inbound_bytes_max"] > 1024 * 1024
    assert {f'postrider_queue_works{{queue="{queue}"}}' for queue in ("reads", "password_hashes", "filters")} <= set(now)
