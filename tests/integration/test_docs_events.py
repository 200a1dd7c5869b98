"""docs/events.md is what the catalogue says, docs/metrics.md what /metrics says, docs/cli.md what --help says."""

import json
import shutil
import subprocess

import pytest

from server import ROOT, binary


def test_the_page_is_made_from_the_catalogue(server):
    catalogue = server.client.call("GET", "/event-types", None, 200).json
    assert len(catalogue["items"]) == 27
    made = subprocess.run([ROOT / "tools" / "render_events"], input=json.dumps(catalogue), capture_output=True, text=True, check=True)
    assert made.stdout == (ROOT / "docs" / "events.md").read_text(), "run tools/render_events on the answer of GET /event-types"


@pytest.mark.parametrize("tool, files", [
    ("render_webhooks", ["api/openapi.yaml"]),
    ("render_sdk_types", ["sdk/typescript/src/events.ts", "sdk/python/postrider/events.py", "sdk/go/events.go",
                          "sdk/typescript/src/types.ts", "sdk/python/postrider/types.py", "sdk/go/types.go"])])
def test_files_are_made_from_the_catalogue(server, tmp_path, tool, files):
    catalogue = server.client.call("GET", "/event-types", None, 200).json
    (tmp_path / "tools").mkdir()
    shutil.copy(ROOT / "tools" / tool, tmp_path / "tools")
    for file in {*files, "api/openapi.yaml"}:
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / file, tmp_path / file)
    subprocess.run([tmp_path / "tools" / tool], input=json.dumps(catalogue), text=True, check=True)
    for file in files:
        made = (tmp_path / file).read_text()
        assert made == (ROOT / file).read_text(), f"run tools/{tool} on the answer of GET /event-types"


def test_the_page_of_metrics_is_made_from_an_answer(server):
    answer = server.client.raw("GET", "/metrics").body.decode()
    made = subprocess.run([ROOT / "tools" / "render_metrics"], input=answer, capture_output=True, text=True, check=True)
    assert made.stdout == (ROOT / "docs" / "metrics.md").read_text(), "run tools/render_metrics on the answer of GET /metrics"


def test_the_page_of_the_command_line_is_made_from_the_program():
    made = subprocess.run([ROOT / "tools" / "render_cli", binary()], capture_output=True, text=True, check=True, stdin=subprocess.DEVNULL)
    assert made.stdout == (ROOT / "docs" / "cli.md").read_text(), "run tools/render_cli build/release/postrider > docs/cli.md"
