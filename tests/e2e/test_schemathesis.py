"""schemathesis on a running server: what it makes of the contract finds nothing that is wrong.

It makes valid and invalid requests of each operation, and looks for answers that the contract does not have: 5xx, undocumented
statuses, media types, headers and bodies, invalid data that is accepted, methods that are not there, missing authentication.
What is left out, and why, is in tests/contract/schemathesis.toml.
"""

import os
import pathlib
import re
import subprocess

import pytest

from client import Client
from server import TOKEN, Server

ROOT = pathlib.Path(__file__).resolve().parents[2]
TOOLS = ROOT / "build" / "contract_tools"
#: For what is not the same each time; `make proof` takes longer.
SECONDS = int(os.environ.get("POSTRIDER_SCHEMATHESIS_SECONDS", "20"))
#: To see again what a run found: the seed that it printed.
SEED = ["--seed", os.environ["POSTRIDER_SCHEMATHESIS_SEED"]] if os.environ.get("POSTRIDER_SCHEMATHESIS_SEED") else []
#: How many requests fit depends on the machine: 577 in 40 s beside five builds. Fewer than these, and the tool did not get at the API.
REQUESTS_MIN = 25
#: Python 3.11's ast.parse() counts its depth once for all threads: with two of them the tool fails now and then by "AST constructor
#: recursion depth mismatch". Two are hardly faster: they share one interpreter.
WORKERS = "1"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    subprocess.run([ROOT / "tools" / "install_contract_tools"], check=True, stdin=subprocess.DEVNULL, cwd=ROOT)
    with Server(tmp_path_factory.mktemp("data"), "--allow-network", "127.0.0.0/8") as started:
        yield started


def found(said):
    """What the tool found, without what stands before it: a log whose end is cut off still tells it."""
    seed = re.search(r"[Ss]eed: *(\d+)", said)
    sections = [part for part in re.split(r"^(?==+ [A-Z])", said, flags=re.M) if re.match(r"=+ (FAILURES|ERRORS|SUMMARY) ", part)]
    return f"seed {seed[1] if seed else 'unknown'}\n" + ("".join(sections)[:8000] or said[-8000:])


def test_schemathesis_finds_nothing(server, tmp_path):
    server.client.call("POST", "/realms", {"name": "fuzz"}, 201)
    contract = tmp_path / "openapi.yaml"
    contract.write_bytes(Client(server.address, None).raw("GET", "/openapi.yaml").body)
    done = subprocess.run(
        [TOOLS / "venv/bin/schemathesis", "--config-file", ROOT / "tests/contract/schemathesis.toml", "--no-color", "run", contract,
         "--url", server.url, "--phases", "examples,coverage,fuzzing", "--max-time", str(SECONDS), "--workers", WORKERS,
         "--continue-on-failure", "--request-timeout", "60", "--generation-database", "none", "--warnings", "off",
         # How fast this machine makes data tells nothing of the server; the operation is tested all the same.
         "--suppress-health-check", "too_slow", *SEED],
        capture_output=True, text=True, stdin=subprocess.DEVNULL, cwd=tmp_path, timeout=SECONDS + 600,
        env={**os.environ, "POSTRIDER_TOKEN": TOKEN})
    said = done.stdout + done.stderr
    if done.returncode != 0:
        pytest.fail(found(said), pytrace=False)
    made = int(re.search(r"(\d+) generated", said)[1])
    assert made >= REQUESTS_MIN, said[-3000:]
    assert Client(server.address, TOKEN).raw("GET", "/readyz").status == 200
    print(f"{made} requests")
