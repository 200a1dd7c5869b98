"""docs/events.md is what the catalogue says."""

import json
import subprocess

from server import ROOT


def test_the_page_is_made_from_the_catalogue(server):
    catalogue = server.client.call("GET", "/event-types", None, 200).json
    assert len(catalogue["items"]) == 27
    made = subprocess.run([ROOT / "tools" / "render_events"], input=json.dumps(catalogue), capture_output=True, text=True, check=True)
    assert made.stdout == (ROOT / "docs" / "events.md").read_text(), "run tools/render_events on the answer of GET /event-types"
