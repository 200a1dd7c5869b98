"""Counters equal a count of all attempts, whatever happens meanwhile. POSTRIDER_KILLS says how often it is killed."""

import os
import uuid

import crash
import log_age
from counters import added_up, attempts_in_store, differences, now
from receiver import Reply
from server import Server, sqlite_only
from waiting import wait_for

KILLS = int(os.environ.get("POSTRIDER_KILLS", "8"))


def started(tmp_path):
    return Server(tmp_path / "data", "--allow-network", "127.0.0.0/8")


def test_counted_exactly_whatever_is_killed(tmp_path, receiver, path, capsys):
    with started(tmp_path) as server:
        report = crash.kill_and_count(server, receiver, KILLS, path)
        assert report.acknowledged > 20 * KILLS, "there was hardly any load"
        realm = next(each for each in server.client.call("GET", "/realms", expect=200).json["items"] if each["name"] != "master")
        realm_id = uuid.UUID(realm["id"]).bytes
        view = type(server.master)(server.client, realm["name"])

        def compare():
            """With what the API says, by webhook and in all."""
            period = {"since": now(hours=-5)}
            ranked = view.items("/statistics", group_by="webhook", **period)
            whole = view.get("/statistics", **period).json
            one = {item["webhook_id"]: view.get("/statistics", webhook_id=item["webhook_id"], **period).json for item in ranked}
            server.stop()
            counted = attempts_in_store(server, realm_id)
            server.start()
            assert {uuid.UUID(item["webhook_id"]).bytes for item in ranked} == set(counted)
            for item in ranked:
                of_webhook = counted[uuid.UUID(item["webhook_id"]).bytes]
                assert not differences(item, of_webhook) and not differences(one[item["webhook_id"]], of_webhook)
            assert whole["attempts"]["total"] == sum(each.total() for each in counted.values())
            return whole
        before = compare()
        added_up(server)
        after = compare()
        for part in ("attempts", "deliveries", "attempt_buckets", "wait_ms"):
            assert before[part] == after[part], "adding up changes nothing"
        states = {state: len(view.deliveries(state=state)) for state in ("delivered", "failed", "cancelled")}
        assert after["deliveries"]["delivered"] >= states["delivered"] and states["failed"] <= after["deliveries"]["failed"]
    with capsys.disabled():
        print(f"\n{KILLS} kills: {before['attempts']}")


def test_retention_deletes_what_was_counted(tmp_path, receiver, path):
    with started(tmp_path) as server:
        realm = server.realm(None, "order.paid")
        realm_id = uuid.UUID(realm.get("").json["id"]).bytes
        webhook = realm.create_webhook(receiver.url(path), events=["order.*"])["id"]
        for _ in range(5):
            realm.publish("order.paid")
        wait_for(lambda: realm.get("/statistics").json["attempts"]["ok"] == 5, "five delivered")
        realm.delete_webhook(webhook)
        added_up(server)

        def rows(table, condition="TRUE"):
            with log_age.opened(server) as (sql, mark):
                sql.execute(f"SELECT count(*) FROM {table} WHERE realm_id = {mark} AND {condition}", (realm_id,))
                return sql.fetchone()[0]

        def age(days):
            server.stop()
            with log_age.opened(server) as (sql, mark):
                log_age.age_counters(sql, days, f"realm_id = {mark}", (realm_id,))
            server.start()

        def gone(table, condition="TRUE"):
            def look():
                server.stop()
                left = rows(table, condition)
                server.start()
                return left == 0
            wait_for(look, f"{table} has none of {condition}", 60)
        age(3)
        gone("counters", "grain = 60")
        server.stop()
        assert rows("counters", "grain = 3600") and rows("counters", "grain = 86400"), "by hour and day they are kept"
        server.start()
        assert realm.get("/statistics", since=now(days=-5)).json["attempts"]["ok"] == 5
        assert realm.get("/statistics", group_by="webhook", since=now(days=-5)).json["items"][0]["name"] == "test"
        age(28)
        gone("counters")
        gone("deleted_webhooks")
        assert realm.get("/statistics", since=now(days=-100)).json["attempts"]["total"] == 0


@sqlite_only
def test_a_store_without_counters_begins_empty(tmp_path, receiver, path):
    """One of a version before: it says since when it counts."""
    with started(tmp_path) as server:
        realm = server.realm(None, "order.paid")
        webhook = realm.create_webhook(receiver.url(path), events=["order.*"])["id"]
        realm.publish("order.paid")
        wait_for(lambda: realm.get("/statistics").json["attempts"]["ok"] == 1, "delivered")
        born = realm.get("/statistics").json["counted_since"]
        server.stop()
        with log_age.opened(server) as (sql, _):
            for table in ("outcome_log", "counters", "webhook_results", "deleted_webhooks", "cancellations",
                          "consumers", "fan_out_sets", "removed_roles", "breakers", "order_queue",
                          "failure_notices", "event_copies"):
                sql.execute(f"DROP TABLE {table}")
            for index in ("users_by_words", "webhook_versions_by_time", "webhooks_ordered"):
                sql.execute(f"DROP INDEX {index}")
            sql.execute("ALTER TABLE webhooks DROP COLUMN controls")
            sql.execute("ALTER TABLE clients DROP COLUMN tokens_after")
            sql.execute("ALTER TABLE events DROP COLUMN trace")
            for column in ("filter", "all_realms"):
                sql.execute(f"ALTER TABLE webhook_versions DROP COLUMN {column}")
            for column in ("credential", "tls"):
                sql.execute(f"ALTER TABLE webhooks DROP COLUMN {column}")
            for table in ("webhooks", "webhook_versions", "deliveries"):
                sql.execute(f"ALTER TABLE {table} DROP COLUMN ordered")
            sql.execute("DELETE FROM store_state WHERE name = 'counted_since'")
            sql.execute("PRAGMA user_version = 7")  # the steps before them
        server.start()
        found = realm.get("/statistics").json
        assert found["attempts"]["total"] == 0 and found["counted_since"] > born
        assert realm.webhook(webhook)["health"]["last_success_at"] is None
        receiver.on(path, Reply(500))
        realm.publish("order.paid")
        wait_for(lambda: realm.get("/statistics").json["attempts"]["failed"] == 1, "counted from now on")
        # Deleting its realm takes what was counted along.
        server.client.call("DELETE", f"/realms/{realm.name}", expect=204)
