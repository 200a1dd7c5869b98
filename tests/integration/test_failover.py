"""The primary of PostgreSQL dies and a synchronous standby takes over, under load and again and again."""

import os
import time

from publishers import Publishers
from receiver import Receiver
from server import Server
from standby import Pair
from waiting import wait_for

#: 50 in make proof.
FAILOVERS = max(3, int(os.environ.get("POSTRIDER_FAILOVERS", "0")))
ALLOWED = ("--allow-network", "127.0.0.0/8")


def test_what_is_acknowledged_outlives_the_primary(tmp_path, capsys):
    """Nothing acknowledged is lost, publishing goes on within seconds, and what comes twice was under way."""
    with Pair() as pair, Receiver() as receiver:
        pair.primary.ask("postgres", "CREATE DATABASE shop")
        wait_for(lambda: pair.other.ask("postgres", "SELECT 1 FROM pg_database WHERE datname = 'shop'"), "the standby has it")
        url = pair.url("shop")
        with Server(tmp_path / "node0", "--database", url, *ALLOWED) as first:
            realm = first.realm("acme", "order.paid")
            realm.create_webhook(receiver.url("/a"), events=["order.paid"])
            (tmp_path / "node1").mkdir()
            (tmp_path / "node1" / "key").touch(mode=0o600)
            (tmp_path / "node1" / "key").write_bytes((tmp_path / "node0" / "key").read_bytes())
            with Server(tmp_path / "node1", "--database", url, *ALLOWED) as second:
                realms = [type(realm)(server.client, "acme") for server in (first, second)]
                deaths = []
                with Publishers(*realms, pause=0.002) as publishers:
                    for _ in range(FAILOVERS):
                        publishers.wait_more(100)
                        deaths.append(time.monotonic())
                        pair.fail_over()
                        publishers.wait_more(20, 60)
                        pair.follow()
                wait_for(lambda: {request.id for request in receiver.at("/a")} >= set(publishers.acknowledged), "everything acknowledged", 120)
                wait_for(lambda: not realms[0].deliveries(state="pending"), "nothing pending", 120)
                came = [request.id for request in receiver.at("/a")]
                logged = {event["id"] for event in realms[0].items("/events", event="order.*")}
                assert set(publishers.acknowledged) <= logged
                times = sorted(publishers.acknowledged.values())
                gaps = [max(after - before for before, after in zip(times, times[1:]) if died - 1 < after < died + 30) for died in deaths]
                twice = len(came) - len(set(came))
                with capsys.disabled():
                    print(f"\n{FAILOVERS} fail-overs: {len(publishers.acknowledged)} acknowledged, 0 lost, {twice} came twice, publishing went on after "
                          f"{max(gaps):.1f} s at most, {sorted(gaps)[len(gaps) // 2]:.1f} s in the middle")
                assert twice <= FAILOVERS * 2 * 64, "no more than what was in flight at each of the two nodes"
                assert max(gaps) < 15
                assert first.process.poll() is None and second.process.poll() is None
