"""The benchmarks run, at small counts: what docs/performance.md says can be measured again on any day."""

import json
import pathlib
import subprocess

from server import ROOT, binary, on_postgresql


def run(folder, *arguments):
    done = subprocess.run(
        [ROOT / "bench" / "run", *arguments, "--build", pathlib.Path(binary()).resolve().parent, "--out", folder, "--rounds", "1",
         "--seconds", "1", "--store", "postgresql" if on_postgresql() else "sqlite"],
        capture_output=True, text=True, timeout=300, check=False)  # fmt: skip
    assert done.returncode == 0, done.stderr
    results = [json.loads(line) for path in folder.glob("*.jsonl") for line in path.read_text().splitlines()]
    return {each["what"]: each for each in results}, done.stdout


def test_throughput_is_of_every_delivery_that_was_accepted(tmp_path):
    results, tables = run(tmp_path, "empty", "fan-out-10", "batch-100")
    assert len(results) == 3
    for each in results.values():
        assert 0 < each["ratio"] < 1 and each["refused"] == 0 and each["cpu_us"] > 0 and each["written_kib"] > 0
    assert "| an empty store |" in tables and "ratio to `wrk`" in tables


def test_the_curve_is_drawn(tmp_path):
    if on_postgresql():
        return  # the same code
    results, _ = run(tmp_path, "curve", "lone")
    points = results["latency against offered load"]["points"]
    assert len(points) == 9 and points[0]["p50_ms"] > 0
    assert results["100 events a second"]["cpu_us"] > 0
    (plot,) = tmp_path.glob("*.svg")
    assert plot.read_text().count("<polyline") == 3


def test_history_is_what_the_server_itself_would_have_written(tmp_path):
    if on_postgresql():
        return  # history is made in a file, and moved
    results, _ = run(tmp_path, "reads", "pending", "idle", "--history", "5000", "--pending", "5000")
    assert results["5,000 pending"]["first_delivery_s"] < 30
    assert results["the program"]["ready_ms"] > 0
    assert results["explain"]["p50_ms"] > 0 and results["events of a resource"]["stored"] == 5000


def test_readers_of_the_log_have_every_event():
    done = subprocess.run(
        [ROOT / "bench" / "feed", "--build", pathlib.Path(binary()).resolve().parent, "--store", "postgresql" if on_postgresql() else "sqlite",
         "--rounds", "1", "--seconds", "1", "--followers", "5", "--rate", "200"],
        capture_output=True, text=True, timeout=300, check=False)  # fmt: skip
    assert done.returncode == 0, done.stderr
    follow, cost = map(json.loads, done.stdout.splitlines())
    assert follow["events"] == 100 and 0 < follow["p50_ms"] <= follow["p99_ms"]
    assert cost["read_per_s"] == 5 * 200 and cost["alone_per_s"] > 0 and cost["beside_cores"] > 0


def test_an_unknown_scenario_is_named(tmp_path):
    done = subprocess.run([ROOT / "bench" / "run", "fast"], capture_output=True, text=True, check=False)
    assert done.returncode == 2 and "there is no scenario fast" in done.stderr
