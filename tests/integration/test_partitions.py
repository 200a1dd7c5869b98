"""The log on PostgreSQL: in partitions by time, which are made ahead and dropped as a whole."""

import contextlib
import time
import uuid

import log_age
from nodes import Nodes
from postgres import shared
from publishers import Publishers
from receiver import Receiver
from server import Server
from waiting import wait_for

DAY = 24 * 3600


@contextlib.contextmanager
def transaction(url):
    connection = shared().connect(url.rsplit("/", 1)[1])
    connection.autocommit = False
    try:
        with connection.cursor() as cursor:
            yield cursor
        connection.commit()
    finally:
        connection.close()


def ask(url, query, *arguments):
    return shared().ask(url.rsplit("/", 1)[1], query, *arguments)


def partitions(url):
    return [row[0] for row in ask(url, "SELECT suffix FROM postrider_partitions ORDER BY start_id")]


def count(url, table):
    return ask(url, f"SELECT count(*) FROM {table}")[0][0]


def raw(text):
    return uuid.UUID(text).bytes


def test_a_partition_past_the_retention_is_dropped_and_what_is_pending_stays(tmp_path):
    url = shared().database()
    with Receiver() as receiver, Server(tmp_path / "data", "--database", url, "--allow-network", "127.0.0.0/8") as server:
        realm = server.realm("acme", "order.paid", "order.held", "order.late")
        realm.create_webhook(receiver.url("/a"), events=["order.paid"])
        receiver.on("/held", [500] * 1 + [200] * 100)
        held = realm.create_webhook(receiver.url("/held"), events=["order.held"], retry_schedule=["24h"])
        late = realm.create_webhook("https://nowhere.invalid/", events=["user.created"], retry_schedule=["24h"])
        for _ in range(50):
            realm.publish("order.paid")
        pending = realm.publish("order.held").json["id"]
        recovered = realm.publish("order.late").json["id"]
        receiver.wait("/a", 50)
        receiver.wait("/held", 1)
        wait_for(lambda: realm.deliveries(state="pending", webhook_id=held["id"])[0]["attempts"] == 1, "the attempt is recorded")
        # A recover made later brings an old event into the newest partition.
        realm.call("PATCH", f"/webhooks/{late['id']}", {"events": ["order.late"]}, 200)
        operation = realm.call("POST", f"/webhooks/{late['id']}/recover", {"since": "2020-01-01T00:00:00Z"}, 202).json
        wait_for(lambda: realm.call("GET", f"/operations/{operation['id']}", expect=200).json["state"] == "done", "it is recovered")
        fresh = [realm.publish("order.paid").json["id"] for _ in range(5)]
        receiver.wait("/a", 55)
        wait_for(lambda: len(realm.deliveries(state="delivered")) >= 50, "they are recorded")
        server.stop()

        with transaction(url) as sql:
            log_age.age_postgresql(sql, 33, "type IN ('order.paid', 'order.held') AND id <= '\\x%s'" % raw(recovered).hex())
            # Of this one the event alone: its delivery was made now.
            old = log_age.older(raw(recovered), 33)
            sql.execute("UPDATE deliveries SET event_id = %s WHERE event_id = %s", (old, raw(recovered)))
            sql.execute("UPDATE events SET id = %s WHERE id = %s", (old, raw(recovered)))
            log_age.split_first(sql, time.time() - 31 * DAY)
        before = count(url, "events")
        server.start()
        wait_for(lambda: "first" not in partitions(url), "the partition is dropped")
        assert count(url, "events") == before - 50
        aged = str(uuid.UUID(bytes=log_age.older(raw(pending), 33)))
        assert count(url, "events_old") == 2 and count(url, "deliveries_old") == 1 and count(url, "attempts_old") == 1
        detail = realm.call("GET", f"/events/{aged}", expect=200).json
        assert detail["deliveries"]["pending"] == 1
        assert {each["id"] for each in realm.items("/events", event="order.paid")} >= set(fresh)
        assert len(realm.deliveries(state="pending", webhook_id=late["id"])) == 1, "the event of a recover is kept with it"
        # What was moved is delivered like anything else.
        delivery = realm.deliveries(state="pending", webhook_id=held["id"])[0]
        with transaction(url) as sql:
            sql.execute("UPDATE deliveries SET due_at = 0 WHERE id = %s", (raw(delivery["id"]),))
        server.restart()
        receiver.wait("/held", 2)
        assert receiver.at("/held")[1].id == aged


def test_the_next_partition_is_made_under_load(tmp_path):
    with Receiver() as receiver, Nodes(tmp_path, shared(), 2) as nodes:
        url = nodes.url
        realm = nodes[0].realm("acme", "order.paid")
        realm.create_webhook(receiver.url("/a"), events=["order.paid"])
        with Publishers(*nodes.realms(realm)) as publishers:
            publishers.wait_more(200)
            with transaction(url) as sql:
                log_age.end_first(sql, time.time() - 60)
            publishers.wait_more(200)
            assert count(url, "events_ahead") > 0
            wait_for(lambda: len(partitions(url)) == 2, "the next partition", 45, 0.5)
            publishers.wait_more(200)
        wait_for(lambda: {request.id for request in receiver.at("/a")} >= set(publishers.acknowledged), "all of them arrive", 60)
        assert not publishers.refusals and not publishers.unknown
        assert count(url, "events_ahead") == 0 and count(url, "deliveries_ahead") == 0 and count(url, "attempts_ahead") == 0
        wait_for(lambda: not realm.deliveries(state="pending"), "nothing is pending")
        repeated = len(receiver.at("/a")) - len(publishers.acknowledged)
        print(f"{len(publishers.acknowledged)} events while a partition was made: {repeated} duplicates")
        assert repeated == 0


def test_a_list_reads_the_newest_partition_alone(tmp_path):
    url = shared().database()
    with Receiver() as receiver, Server(tmp_path / "data", "--database", url, "--allow-network", "127.0.0.0/8") as server:
        realm = server.realm("acme", "order.paid")
        webhook = realm.create_webhook(receiver.url("/a"), events=["order.paid"])
        for _ in range(30):
            realm.publish("order.paid")
        wait_for(lambda: len(realm.deliveries(state="delivered")) == 30, "they are delivered")
        with transaction(url) as sql:
            log_age.age_postgresql(sql, 10, "type = 'order.paid'")
            log_age.split_first(sql, time.time() - 2 * DAY)
        for _ in range(30):
            realm.publish("order.paid")
        wait_for(lambda: len(realm.deliveries(state="delivered")) == 60, "they are delivered")

        def reads():
            """Of the older partition. Connections that end tell what they have counted."""
            ask(url, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()")
            wait_for(lambda: realm.call("GET", "/events?limit=1", expect=None).status == 200, "the server has connected again")
            return ask(url, "SELECT sum(idx_scan) FROM pg_stat_user_tables WHERE relname IN ('events_first', 'attempts_first')")[0][0]

        before = reads()
        for _ in range(100):
            realm.call("GET", "/events?limit=10", expect=200)
            realm.call("GET", "/deliveries?limit=10", expect=200)
            realm.call("GET", f"/webhooks/{webhook['id']}/deliveries?limit=10", expect=200)
        assert reads() - before < 20, "all that is left is housekeeping"


def test_a_database_of_before_is_partitioned_at_the_next_start(tmp_path):
    url = shared().database()
    with Receiver() as receiver:
        with Server(tmp_path / "data", "--database", url, "--allow-network", "127.0.0.0/8") as server:
            realm = server.realm("acme", "order.paid")
            realm.create_webhook(receiver.url("/a"), events=["order.paid"])
            ids = [realm.publish("order.paid").json["id"] for _ in range(20)]
            wait_for(lambda: len(realm.deliveries(state="delivered")) == 20, "they are delivered")
            server.stop()
            with transaction(url) as sql:  # as it was
                for table in log_age.TABLES:
                    sql.execute(f"CREATE TABLE plain (LIKE {table} INCLUDING ALL)")
                    sql.execute(f"INSERT INTO plain SELECT * FROM {table}")
                    sql.execute(f"DROP TABLE {table}")
                    sql.execute(f"ALTER TABLE plain RENAME TO {table}")
                sql.execute("DROP TABLE postrider_partitions")
            server.start()
            assert partitions(url) == ["first"] and count(url, "events_first") > 20
            assert [event["id"] for event in realm.items("/events", event="order.paid")] == ids[::-1]
            realm.publish("order.paid")
            receiver.wait("/a", 21)
