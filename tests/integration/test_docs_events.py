"""docs/events.md is what the catalogue says."""

import json
import shutil
import subprocess

from server import ROOT


def test_the_page_is_made_from_the_catalogue(server):
    catalogue = server.client.call("GET", "/event-types", None, 200).json
    assert len(catalogue["items"]) == 27
    made = subprocess.run([ROOT / "tools" / "render_events"], input=json.dumps(catalogue), capture_output=True, text=True, check=True)
    assert made.stdout == (ROOT / "docs" / "events.md").read_text(), "run tools/render_events on the answer of GET /event-types"


def test_the_contract_has_them_as_webhooks(server, tmp_path):
    catalogue = server.client.call("GET", "/event-types", None, 200).json
    for folder in ("api", "tools"):
        (tmp_path / folder).mkdir()
    contract = ROOT / "api" / "openapi.yaml"
    shutil.copy(ROOT / "tools" / "render_webhooks", tmp_path / "tools")
    shutil.copy(contract, tmp_path / "api")
    subprocess.run([tmp_path / "tools" / "render_webhooks"], input=json.dumps(catalogue), text=True, check=True)
    assert (tmp_path / "api" / "openapi.yaml").read_text() == contract.read_text(), (
        "run tools/render_webhooks on the answer of GET /event-types")
