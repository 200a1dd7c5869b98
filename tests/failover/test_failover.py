"""PostgreSQL under Patroni, with a synchronous standby: the primary goes, under load and again and again. `tools/run_failover` brings what it needs."""

import os
import pathlib
import time

from patroni_cluster import Patroni
from publishers import Publishers
from receiver import Receiver
from server import ROOT, Server
from waiting import wait_for

TOOLS = pathlib.Path(os.environ.get("POSTRIDER_TOOLS", ROOT / "build" / "tools")) / "patroni"
#: 50 in make proof.
FAILOVERS = int(os.environ.get("POSTRIDER_FAILOVERS", "6"))
ALLOWED = ("--allow-network", "127.0.0.0/8")
WEBHOOKS = 4
#: Of one webhook, at most (limits::lane_in_flight_max).
IN_FLIGHT = 64


def crash(patroni, primary):
    """PostgreSQL alone dies, and Patroni sees it."""
    primary.kill_postgres()


def power_cut(patroni, primary):
    """The machine goes; it comes back when the other one leads."""
    primary.kill()
    wait_for(lambda: patroni.primary() is patroni.other(primary), patroni.log, 120, every=0.1)
    primary.start()


def switch_over(patroni, primary):
    """Somebody asks for it, for maintenance."""
    assert patroni.ask("/switchover", {"leader": primary.name, "candidate": patroni.other(primary).name}) is not None


WAYS = {crash: "PostgreSQL is killed", power_cut: "the machine is gone", switch_over: "a switch-over by hand"}


class Seen:
    """What one way of failing over came to."""

    def __init__(self):
        self.gaps, self.twice = [], []

    def add(self, gap, twice):
        self.gaps.append(gap)
        self.twice.append(twice)

    def row(self, name):
        gaps = sorted(self.gaps)
        return f"| {name} | {len(gaps)} | {gaps[len(gaps) // 2]:.1f} s | {gaps[-1]:.1f} s | {sum(self.twice)} | {max(self.twice)} |"


def longest_gap(publishers, since):
    times = sorted(when for when in list(publishers.acknowledged.values()) if when > since - 1)
    return max(after - before for before, after in zip(times, times[1:]))


def test_what_is_acknowledged_outlives_the_primary(tmp_path, capsys):
    with Patroni(TOOLS) as patroni, Receiver() as receiver:
        patroni.create("shop")
        url, paths = patroni.url("shop"), [f"/{number}" for number in range(WEBHOOKS)]
        with Server(tmp_path / "node0", "--database", url, *ALLOWED) as first:
            realm = first.realm("acme", "order.paid")
            for path in paths:
                realm.create_webhook(receiver.url(path), events=["order.paid"])
            (tmp_path / "node1").mkdir()
            (tmp_path / "node1" / "key").touch(mode=0o600)
            (tmp_path / "node1" / "key").write_bytes((tmp_path / "node0" / "key").read_bytes())
            with Server(tmp_path / "node1", "--database", url, *ALLOWED) as second:
                realms = [type(realm)(server.client, "acme") for server in (first, second)]
                seen = {way: Seen() for way in WAYS}

                def repeated():
                    return sum(len(came) - len(set(came)) for came in ([each.id for each in receiver.at(path)] for path in paths))

                with Publishers(*realms, pause=0.05) as publishers:
                    for number in range(FAILOVERS):
                        way = list(WAYS)[number % len(WAYS)]
                        primary = patroni.wait_whole()
                        before, before_twice = time.monotonic(), repeated()
                        publishers.wait_more(50)
                        way(patroni, primary)
                        wait_for(lambda: patroni.primary() is patroni.other(primary), patroni.log, 120, every=0.1)
                        publishers.wait_more(50, 60)
                        patroni.wait_whole()
                        publishers.wait_more(50, 60)
                        seen[way].add(longest_gap(publishers, before), repeated() - before_twice)
                        with capsys.disabled():  # half an hour is long, and what was seen is not to go with what comes
                            print(f"{number + 1}: {WAYS[way]}: {seen[way].gaps[-1]:.1f} s, {seen[way].twice[-1]} twice", flush=True)
                acknowledged = set(publishers.acknowledged)
                for path in paths:
                    wait_for(lambda: {request.id for request in receiver.at(path)} >= acknowledged, f"everything acknowledged, at {path}", 120)
                wait_for(lambda: not realms[0].deliveries(state="pending"), "nothing pending", 120)
                logged = {event["id"] for event in realms[0].items("/events", event="order.*")}
                lost = acknowledged - logged
                with capsys.disabled():
                    print(f"\n{FAILOVERS} fail-overs: {len(acknowledged)} events acknowledged, {len(lost)} lost, {publishers.unknown} publishes "
                          f"without an answer, {len(publishers.refusals)} refused")
                    print("| the primary | times | publishing goes on after, median | worst | deliveries twice | most at one |\n|---|---|---|---|---|---|")
                    for way, name in WAYS.items():
                        if seen[way].gaps:
                            print(seen[way].row(name))
                assert not lost
                assert all(twice <= WEBHOOKS * IN_FLIGHT for each in seen.values() for twice in each.twice), "no more than was in flight"
                assert first.process.poll() is None and second.process.poll() is None
