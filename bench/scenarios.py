"""The workloads. Each scenario is one row of docs/performance.md; those of throughput share one function."""

import contextlib
import dataclasses
import pathlib
import signal
import statistics
import subprocess
import time

from harness import (World, children_cpu_us, fail, load, machine_ticks, thread_cpu_us, tree_cpu_us, wrk_rate, written_bytes)

DAY_MS = 24 * 3600 * 1000


@dataclasses.dataclass(frozen=True)
class Workload:
    """Real traffic, but for what a scenario changes of it."""

    what: str
    stored: int = 0  # events before it begins, each with its delivery and attempt
    webhooks: int = 8
    types: int = 8
    data: int = 512
    connections: int = 64
    batch: int = 0
    keys: int = 0
    expiring_per_s: int = 0  # stored events that pass their retention in each second of it
    filters: int = 0  # webhooks more, of all types, each with a filter that refuses all events
    filter_of: str = ""  # of those, with the webhook's number


WORKLOADS = {
    "empty": Workload("an empty store"),
    "1m": Workload("1,000,000 events stored", stored=1_000_000),
    "10m": Workload("10,000,000 events stored", stored=10_000_000),
    "4k": Workload("4 KiB of data", data=4096),
    "1000-webhooks": Workload("1,000 webhooks, one takes each event", webhooks=1000, types=1000),
    "fan-out-10": Workload("each event to ten webhooks", webhooks=10, types=1),
    "batch-100": Workload("batches of 100", batch=100, connections=8),
    "keys": Workload("an idempotency key on every publish", keys=1),
    "retention": Workload("retention deletes at the pace of publishing", stored=400_000, expiring_per_s=8000),
    "256-connections": Workload("256 publishing connections", connections=256),
    "one-webhook": Workload("one webhook", webhooks=1, types=1),
    "100-filters": Workload("100 filters that cannot be looked up", filters=100, filter_of='{"data": {"sent": {"$lt": -%d}}}'),
    "10000-filters": Workload("10,000 filters with an equality", filters=10_000, filter_of='{"data": {"sent": -%d}}'),
}


def fill(world, count, begin_ms, end_ms, *flags):
    """History for the SQLite store of `world`, whose server is stopped."""
    subprocess.run([world.programs / "bench_fill", f"{world.data}/postrider.db", str(count), str(begin_ms), str(end_ms), *flags],
                   check=True)  # fmt: skip


def prepare(world, workload):
    """A started server with the webhooks and the history of a workload."""
    sqlite_only = World(world.programs) if world.store != "sqlite" and workload.stored else world
    with contextlib.nullcontext() if sqlite_only is world else sqlite_only:
        sqlite_only.start()
        sqlite_only.add_webhooks(workload.webhooks, workload.types)
        sqlite_only.add_filters(workload.filters, workload.filter_of)
        if not workload.stored:
            return
        # One delivery to each webhook, for bench_fill to copy.
        load(world.programs, sqlite_only.server, connections=1, seconds=1, rate=200, types=workload.types, data=workload.data)
        sqlite_only.receiver.wait_for(200, 30)
        sqlite_only.stop()
        now_ms = int(time.time() * 1000)
        if workload.expiring_per_s:
            # The oldest of them is 30 days old as soon as the load begins.
            begin = now_ms - 30 * DAY_MS + 10_000
            fill(sqlite_only, workload.stored, begin, begin + workload.stored * 1000 // workload.expiring_per_s)
        else:
            fill(sqlite_only, workload.stored, now_ms - 29 * DAY_MS, now_ms - 3600_000)
        if sqlite_only is not world:
            move(sqlite_only, world)
    world.start()


def move(source, target):
    """The filled SQLite store becomes the PostgreSQL one; the webhooks' receiver stays the source's address."""
    subprocess.run([source.programs / "postrider", "migrate", "--data", source.data, "--to", target.postgres.database()],
                   check=True, stdout=subprocess.DEVNULL)  # fmt: skip
    pathlib.Path(target.data).mkdir()
    (pathlib.Path(target.data) / "key").write_bytes((pathlib.Path(source.data) / "key").read_bytes())
    # It keeps its port, so that the webhooks that were moved find it.
    source.receiver, target.receiver = target.receiver, source.receiver


class Meter:
    """What was used between its start and its end, per delivery."""

    def __init__(self, world):
        self.world = world
        self.before = self.read()

    def read(self):
        server, receiver = self.world.server.process.pid, self.world.receiver.process.pid
        busy, ticks = machine_ticks()
        database = self.world.postgres.process.pid if self.world.postgres else None
        return {
            "threads": thread_cpu_us(server), "receiver": sum(thread_cpu_us(receiver).values()), "generator": children_cpu_us(),
            "postgresql": tree_cpu_us(database) if database else 0,
            "written": written_bytes(server) + (written_bytes(database) if database else 0),
            "commits": self.world.server.metric("postrider_commits_total"), "busy": busy, "ticks": ticks,
        }  # fmt: skip

    def per(self, count):
        now, then = self.read(), self.before
        stages = {name: round((used - then["threads"].get(name, 0)) / count, 1) for name, used in now["threads"].items()}
        cpu = {name: each for name, each in stages.items() if each >= 0.05}
        if self.world.postgres:
            cpu["postgresql"] = round((now["postgresql"] - then["postgresql"]) / count, 1)
        return {
            "cpu_us": round(sum(cpu.values()), 1),
            "cpu_us_by_thread": dict(sorted(cpu.items(), key=lambda each: -each[1])),
            "generator_us": round((now["generator"] - then["generator"]) / count, 1),
            "receiver_us": round((now["receiver"] - then["receiver"]) / count, 1),
            "written_kib": round((now["written"] - then["written"]) / count / 1024, 1),
            "deliveries_per_commit": round(count / max(1, now["commits"] - then["commits"]), 1),
            "cores_used": round((now["busy"] - then["busy"]) / max(1, now["ticks"] - then["ticks"]), 2),
        }


def one_round(world, workload, seconds):
    reference = wrk_rate(world.receiver, workload.data, workload.connections, max(2, seconds // 2))
    world.receiver.get("/reset")
    meter = Meter(world)
    sent = load(world.programs, world.server, connections=workload.connections, seconds=seconds, types=workload.types,
                data=workload.data, batch=workload.batch, keys=workload.keys)  # fmt: skip
    events = sent["accepted"] * max(1, workload.batch)
    expected = events * workload.webhooks // workload.types
    stats = world.receiver.wait_for(expected, 180)
    if stats["received"] < expected:
        fail(f"{expected} deliveries were accepted, only {stats['received']} were received")
    rate = stats["received"] / stats["seconds"]
    return {"deliveries_per_s": round(rate), "wrk_per_s": round(reference), "ratio": round(rate / reference, 4),
            "refused": sent["refused"], "answer_p50_ms": sent["p50_ms"], "answer_p99_ms": sent["p99_ms"],
            **meter.per(stats["received"])}  # fmt: skip


def medians(rounds, by):
    """Of each figure over the rounds; of what is no number, that of the middle round by the figure `by`."""
    middle = sorted(rounds, key=lambda each: each[by])[len(rounds) // 2]
    out = {name: statistics.median(each[name] for each in rounds) if isinstance(value, (int, float)) else value
           for name, value in middle.items()}  # fmt: skip
    return {**out, "rounds": len(rounds)}


def throughput(name, args):
    workload = WORKLOADS[name]
    with World(args.build, args.store) as world:
        prepare(world, workload)
        load(world.programs, world.server, seconds=1, types=workload.types, data=workload.data)  # warm
        rounds = [one_round(world, workload, args.seconds) for _ in range(args.rounds)]
        result = {**medians(rounds, "ratio"), "ratios": sorted(each["ratio"] for each in rounds)}
        if workload.expiring_per_s:
            result["expired_events_left"] = expired_left(world)
        result["resident_mib"] = round(world.server.resident_mib("VmHWM"))
    yield {"figure": "throughput", "name": name, "what": workload.what, **result}


def expired_left(world):
    """Stored events past the retention that are not deleted yet, from the file itself."""
    import sqlite3

    boundary = int(time.time() * 1000) - 30 * DAY_MS
    with contextlib.closing(sqlite3.connect(f"file:{world.data}/postrider.db?mode=ro", uri=True)) as database:
        return database.execute("SELECT count(*) FROM events WHERE id < ?", (boundary.to_bytes(6, "big"),)).fetchone()[0]


def lone(_, args):
    """One event at a time, 100 a second: what each costs, and how long it takes."""
    yield from paced("lone", 100, args)


def latency(_, args):
    yield from paced("latency", 1000, args)


def paced(name, rate, args):
    with World(args.build, args.store) as world:
        prepare(world, WORKLOADS["empty"])
        load(world.programs, world.server, seconds=1, rate=rate)  # warm
        rounds = []
        for _ in range(args.rounds):
            world.receiver.get("/reset")
            meter = Meter(world)
            accepted = load(world.programs, world.server, seconds=args.seconds, rate=rate)["accepted"]
            stats = world.receiver.wait_for(accepted, 30)
            used = meter.per(stats["received"])
            rounds.append({"p50_ms": stats["p50_ms"], "p99_ms": stats["p99_ms"],
                           **{each: used[each] for each in ("cpu_us", "cpu_us_by_thread")}})  # fmt: skip
    yield {"figure": "paced", "name": name, "what": f"{rate} events a second", **medians(rounds, "p99_ms")}


def curve(_, args):
    """Latency against offered load, from a tenth of what it can do to more than that."""
    with World(args.build, args.store) as world:
        prepare(world, WORKLOADS["empty"])
        most = one_round(world, WORKLOADS["empty"], args.seconds)["deliveries_per_s"]
        points = []
        for share in (0.1, 0.25, 0.4, 0.55, 0.7, 0.8, 0.9, 1.0, 1.2):
            rate = round(most * share)
            world.receiver.get("/reset")
            sent = load(world.programs, world.server, seconds=args.seconds, rate=rate, connections=256)
            stats = world.receiver.wait_for(sent["accepted"], 60)
            points.append({"offered_per_s": rate, "delivered_per_s": round(stats["received"] / stats["seconds"]),
                           "p50_ms": stats["p50_ms"], "p99_ms": stats["p99_ms"], "unsent": sent["unsent"]})  # fmt: skip
    yield {"figure": "curve", "name": "curve", "what": "latency against offered load", "points": points}


def pending(_, args):
    """1,000,000 deliveries that wait: memory, and how soon after kill -9 the first one goes out."""
    if args.store != "sqlite":
        return
    count = args.pending
    with World(args.build) as world:
        prepare(world, WORKLOADS["empty"])
        load(world.programs, world.server, connections=1, seconds=1, rate=200)
        world.receiver.wait_for(200, 30)
        world.stop()
        now_ms = int(time.time() * 1000)
        fill(world, count, now_ms - 3600_000, now_ms - 1000, "--pending")
        firsts, peak = [], 0.0
        for _ in range(args.rounds):
            world.receiver.get("/reset")
            started = time.monotonic()
            world.start()
            while world.receiver.get("/stats")["received"] == 0:
                time.sleep(0.002)
            firsts.append(time.monotonic() - started)
            world.receiver.wait_for(count // (args.rounds * 4), 10)
            peak = max(peak, world.server.resident_mib("VmHWM"))
            world.stop(signal.SIGKILL)
    yield {"figure": "pending", "name": "pending", "what": f"{count:,} pending", "pending": count, "resident_mib": round(peak),
           "first_delivery_s": round(statistics.median(firsts), 2), "rounds": args.rounds}  # fmt: skip


def reads(_, args):
    """What people ask for, beside a long history."""
    if args.store != "sqlite":
        return
    with World(args.build) as world:
        prepare(world, Workload("", stored=args.history))
        realm = "/realms/master"
        newest = world.server.call("GET", f"{realm}/events?limit=1")["items"][0]
        hook = world.server.call("GET", f"{realm}/webhooks?limit=1")["items"][0]["id"]
        asked = {
            "events, newest": f"{realm}/events", "events of a type": f"{realm}/events?event=bench.tick3",
            "events of a resource": f"{realm}/events?resource_id={newest['resource_id']}", "one event": f"{realm}/events/{newest['id']}",
            "explain": f"{realm}/events/{newest['id']}/explain", "deliveries, newest": f"{realm}/deliveries",
            "deliveries of a webhook": f"{realm}/webhooks/{hook}/deliveries", "failed deliveries": f"{realm}/deliveries?state=failed",
            "statistics": f"{realm}/statistics",
        }  # fmt: skip
        for what, path in asked.items():
            times = []
            for _ in range(20):
                started = time.monotonic()
                world.server.ask("GET", path)
                times.append((time.monotonic() - started) * 1000)
            yield {"figure": "read", "name": "reads", "what": what, "stored": args.history,
                   "p50_ms": round(statistics.median(times), 1), "max_ms": round(max(times), 1)}  # fmt: skip


def idle(_, args):
    """The program itself: size, start, and what it takes when nothing happens."""
    with World(args.build, args.store) as world:
        world.start()
        world.stop()
        ready = [0.0] * args.rounds
        for number in range(args.rounds):
            ready[number] = world.start().ready_seconds
            if number + 1 < args.rounds:
                world.stop()
        time.sleep(1)
        before = sum(thread_cpu_us(world.server.process.pid).values())
        time.sleep(args.seconds)
        cpu = (sum(thread_cpu_us(world.server.process.pid).values()) - before) / args.seconds
        stripped = f"{world.folder}/postrider"
        subprocess.run(["strip", "-o", stripped, world.programs / "postrider"], check=True)
        yield {"figure": "idle", "name": "idle", "what": "the program", "ready_ms": round(statistics.median(ready) * 1000),
               "resident_mib": round(world.server.resident_mib(), 1), "cpu_us_per_s": round(cpu),
               "stripped_mb": round(pathlib.Path(stripped).stat().st_size / 1e6, 1)}  # fmt: skip


SCENARIOS = {**dict.fromkeys(WORKLOADS, throughput), "lone": lone, "latency": latency, "curve": curve, "pending": pending,
             "reads": reads, "idle": idle}  # fmt: skip
