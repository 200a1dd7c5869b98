"""The contract as it is served, in other people's tools: linters find nothing, generated clients compile and run.

The tools are those of tools/install_contract_tools, in build/contract_tools.
"""

import json
import os
import pathlib
import shutil
import subprocess

import pytest

from client import Client
from receiver import Receiver
from server import TOKEN, Server

ROOT = pathlib.Path(__file__).resolve().parents[2]
TOOLS = ROOT / "build" / "contract_tools"
SOURCES = ROOT / "tests" / "contract"
BIN = TOOLS / "node_modules" / ".bin"
RESOURCE = "019300a1-7c3e-7b1a-9a54-3f0f6b1d2c11"
JAVA = shutil.which("mvn") is not None and shutil.which("javac") is not None


def run(*command, cwd, **environment):
    done = subprocess.run([str(part) for part in command], cwd=cwd, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=600, env={**os.environ, "REDOCLY_TELEMETRY": "off", "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true",
                                            "GOTOOLCHAIN": "local", "GOFLAGS": "-mod=mod", **environment})
    assert done.returncode == 0, f"{' '.join(map(str, command))}\n{(done.stdout + done.stderr)[-4000:]}"
    return done.stdout


@pytest.fixture(scope="module", autouse=True)
def tools():
    run(ROOT / "tools" / "install_contract_tools", *(["--java"] if JAVA else []), cwd=ROOT)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with Server(tmp_path_factory.mktemp("data"), "--allow-network", "127.0.0.0/8") as started:
        yield started


@pytest.fixture(scope="module")
def contract(server, tmp_path_factory):
    """What the server serves, as files."""
    folder = tmp_path_factory.mktemp("contract")
    for name in ("openapi.json", "openapi.yaml"):
        answer = Client(server.address, None).raw("GET", f"/{name}")
        assert answer.status == 200, answer
        (folder / name).write_bytes(answer.body)
    return folder


@pytest.mark.parametrize("name", ["openapi.json", "openapi.yaml"])
def test_redocly_finds_nothing(contract, name):
    found = json.loads(run(BIN / "redocly", "lint", name, "--extends=recommended", "--format=json", cwd=contract))
    assert found["totals"] == {"errors": 0, "warnings": 0, "ignored": 0}, found["problems"][:5]


def test_spectral_finds_nothing(contract):
    run(BIN / "spectral", "lint", "openapi.yaml", "--ruleset", SOURCES / "spectral.yaml", "--fail-severity=hint", cwd=contract)


def test_the_asyncapi_document_is_valid(server, tmp_path):
    realm = server.realm(None, "order.paid")
    realm.call("POST", "/event-types", {"name": "order.noted", "schema": {"$ref": "#/$defs/a", "$defs": {"a": {"type": "object"}}},
                                        "example": {"n": 1}}, 201)
    document = realm.get("/asyncapi.json").json
    (tmp_path / "asyncapi.json").write_text(json.dumps(document))
    program = TOOLS / "check_asyncapi.mjs"
    shutil.copy(SOURCES / "check_asyncapi.mjs", program)
    run("node", program, tmp_path / "asyncapi.json", cwd=tmp_path)
    messages = document["components"]["messages"]
    assert len(messages) == 33 and "order.noted" in messages
    assert messages["user.created"]["payload"]["properties"]["data"]["required"]


# Each gives the command that runs the program of tests/contract/journey.

def typescript(contract, folder):
    for name in ("journey.ts", "tsconfig.json", "openapi-ts.config.mjs"):
        shutil.copy(SOURCES / "journey" / name, folder)
    (folder / "package.json").write_text('{"type": "module"}')
    (folder / "node_modules").symlink_to(TOOLS / "node_modules")
    run(BIN / "openapi-ts", "-f", "openapi-ts.config.mjs", cwd=folder, CONTRACT=str(contract / "openapi.json"))
    run(BIN / "tsc", "-p", folder, cwd=folder)
    return ["node", folder / "out" / "journey.js"]


def python(contract, folder):
    run(TOOLS / "venv/bin/openapi-python-client", "generate", "--path", contract / "openapi.json", "--output-path",
        folder / "generated", cwd=folder, PATH=f"{TOOLS / 'venv/bin'}:{os.environ['PATH']}")
    shutil.copy(SOURCES / "journey" / "journey.py", folder / "generated")
    run(TOOLS / "venv/bin/python3", "-m", "compileall", "-q", folder / "generated", cwd=folder)
    return [TOOLS / "venv/bin/python3", folder / "generated" / "journey.py"]


def go(contract, folder):
    if not (TOOLS / "bin" / "oapi-codegen").exists():
        pytest.skip("the generator needs Go 1.25")
    for name in ("journey.go", "go.mod", "go.sum"):
        shutil.copy(SOURCES / "journey" / name, folder)
    (folder / "generated").mkdir()
    run(TOOLS / "bin/oapi-codegen", "-generate", "types,client", "-package", "generated", "-o", "generated/client.go",
        contract / "openapi.json", cwd=folder)
    run("go", "build", "-o", "journey", ".", cwd=folder, GOFLAGS="-mod=readonly")
    return [folder / "journey"]


def java(contract, folder):
    if not JAVA:
        pytest.skip("there is no javac or mvn here (POSTRIDER_JAVA=1 scripts/setup installs them)")
    run("java", "-jar", TOOLS / "java/openapi-generator-cli.jar", "generate", "-g", "java", "--library", "native", "-i",
        contract / "openapi.json", "-o", folder / "generated", cwd=folder)
    shutil.copy(SOURCES / "journey" / "Journey.java", folder)
    class_path = (TOOLS / "java" / "class_path").read_text().strip()
    sources = sorted((folder / "generated" / "src" / "main").rglob("*.java"))
    (folder / "sources").write_text("\n".join(map(str, [folder / "Journey.java", *sources])))
    run("javac", "-proc:none", "-nowarn", "-d", folder / "classes", "-cp", class_path, f"@{folder / 'sources'}", cwd=folder)
    return ["java", "-cp", f"{folder / 'classes'}:{class_path}", "Journey"]


@pytest.mark.parametrize("generate", [typescript, python, go, java], ids=lambda each: each.__name__)
def test_a_generated_client_creates_publishes_lists_and_deletes(server, contract, tmp_path, generate):
    command = generate(contract, tmp_path)
    # Generating took longer than the server keeps an idle connection.
    server.client = Client(server.address, TOKEN)
    realm = server.realm(None, "order.paid")
    with Receiver() as receiver:
        said = json.loads(run(*command, server.url, TOKEN, realm.name, receiver.url("/journey"), RESOURCE, cwd=tmp_path))
        assert said["listed"] == [said["event"]] and said["delivered_to"] == [said["webhook"]]
        assert said["disabled_reason"] in (None, "null")
        event = realm.get(f"/events/{said['event']}").json
        assert event["data"] == {"number": "A-1042"} and event["resource_id"] == RESOURCE
        realm.get(f"/webhooks/{said['webhook']}", 404)
