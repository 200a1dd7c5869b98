"""What a store has counted, and what it should have: every attempt, by its row."""

import collections
import datetime

import log_age
from waiting import wait_for

TIMEOUTS = {"dns_timeout", "connect_timeout", "tls_timeout", "response_timeout"}
INTERNAL = {"resolver_busy", "out_of_descriptors", "unsealable", "shutting_down", "unrenderable", "proxy_failed"}
#: The members of `attempts` that add up to its total.
KINDS = [*(f"status_{n}xx" for n in range(1, 6)), "timeout", "transport", "internal"]


def now(**ahead):
    """A time as the API takes it."""
    moment = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(**ahead)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def kind_of(outcome, status):
    if outcome in ("accepted", "refused_by_status", "gone"):
        return f"status_{status // 100}xx"
    if outcome in TIMEOUTS:
        return "timeout"
    return "internal" if outcome in INTERNAL else "transport"


def attempts_in_store(server, realm_id):
    """Of a stopped server: webhook id (bytes) → kind → how many attempts that are no tests."""
    found = collections.defaultdict(collections.Counter)
    with log_age.opened(server) as (sql, mark):
        sql.execute("SELECT d.webhook_id, a.outcome, a.status FROM attempts a JOIN deliveries d ON d.realm_id = a.realm_id "
                    f"AND d.id = a.delivery_id WHERE d.test = 0 AND a.realm_id = {mark}", (realm_id,))
        for webhook, outcome, status in sql.fetchall():
            found[bytes(webhook)][kind_of(outcome, status)] += 1
    return found


def log_rows(server):
    """Of a stopped server: what is counted and not added up yet."""
    with log_age.opened(server) as (sql, _):
        sql.execute("SELECT count(*) FROM outcome_log")
        return sql.fetchone()[0]


def differences(statistics, counted):
    """Between an answer's `attempts` and a count of rows."""
    return {kind: (statistics["attempts"][kind], counted[kind]) for kind in KINDS
            if statistics["attempts"][kind] != counted[kind]}


def added_up(server):
    """Stops it when nothing is left in the log of what was counted, and starts it again."""
    def look():
        server.stop()
        rows = log_rows(server)
        server.start()
        return rows == 0
    wait_for(look, "everything is added up", 60)
