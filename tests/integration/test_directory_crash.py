"""kill -9 during a stream of directory changes: the events delivered are the changes committed.
POSTRIDER_KILLS says how often (make proof: 50)."""

import os
import pathlib

import pytest

import directory_crash
from server import Server, binary

KILLS = int(os.environ.get("POSTRIDER_KILLS", "10"))


def test_delivered_is_what_was_committed(tmp_path, receiver, path, capsys):
    with Server(tmp_path / "data", "--allow-network", "127.0.0.0/8") as server:
        report = directory_crash.kill_and_count(server, receiver, KILLS, path)
        assert server.stop() == 0
    with capsys.disabled():
        print(f"\n{KILLS} kills: {report}")
    assert report.acknowledged > 10 * KILLS, "there was hardly any load"
    assert report.lost == 0
    assert report.invented == 0
    assert report.undelivered == 0
    assert report.inconsistent == 0


def test_acknowledging_before_the_commit_is_noticed(tmp_path, receiver, path):
    """The negative control: a binary that answers before it commits must be found out."""
    sabotaged = os.environ.get("POSTRIDER_SABOTAGED_BINARY",
                               str(pathlib.Path(binary()).parent / "postrider_sabotaged"))
    if not os.access(sabotaged, os.X_OK):
        pytest.skip(f"there is no {sabotaged} (target postrider_sabotaged)")
    for attempt in range(5):
        with Server(tmp_path / f"data{attempt}", "--allow-network", "127.0.0.0/8") as server:
            if directory_crash.kill_and_count(server, receiver, KILLS, f"{path}-{attempt}", sabotaged).lost:
                return
    raise AssertionError("a binary that acknowledges before it commits was not found out")
