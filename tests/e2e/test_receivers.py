"""Builds and starts each example receiver and sends it signed, wrongly signed and stale requests.

Dependencies come through npm, go, cargo, pip and Maven, most of them into build/receivers/.
"""

import base64
import functools
import http.client
import json
import os
import pathlib
import re
import shutil
import subprocess
import threading
import time
import uuid

import pytest

import signing
import waiting
from server import binary, environment

ROOT = pathlib.Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples" / "receivers"
BUILD = pathlib.Path(os.environ.get("POSTRIDER_RECEIVERS_BUILD", ROOT / "build" / "receivers"))
SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()
OTHER_SECRET = "whsec_" + base64.b64encode(bytes(range(1, 33))).decode()


def run(*command, cwd, **environment):
    done = subprocess.run(command, cwd=cwd, env={**os.environ, **environment},
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=600)
    assert done.returncode == 0, f"{' '.join(map(str, command))}\n{done.stdout[-4000:]}"
    return done.stdout


def version_of(*command):
    return tuple(int(part) for part in re.search(
        r"(\d+)\.(\d+)", run(*command, cwd=EXAMPLES, GOTOOLCHAIN="local")).groups())


def copied(language):
    """A copy of the example, so that what a package manager leaves stays out of the tree."""
    target = BUILD / language
    shutil.copytree(EXAMPLES / language, target, dirs_exist_ok=True)
    return target


def build_rust(example="rust"):
    run("cargo", "build", "--locked", "--quiet", cwd=EXAMPLES / example,
        CARGO_TARGET_DIR=str(BUILD / example))
    return [BUILD / example / "debug" / "receiver"]


def build_axum():
    if version_of("cargo", "--version") < (1, 80):
        pytest.skip("Axum 0.8 and what it needs want Rust 1.80")
    return build_rust("axum")


def build_node(language="node"):
    folder = copied(language)
    run("npm", "ci", "--no-audit", "--no-fund", "--silent", cwd=folder)
    return ["node", folder / "receiver.js"]


#: Gives Next.js's route handler what Next.js gives it.
NEXT = """
import { createServer } from "node:http";
import { POST } from "./app/webhook/route.js";
const server = createServer(async (request, response) => {
  if (request.url !== "/webhook") return response.writeHead(404).end();
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const answer = await POST(new Request("http://127.0.0.1/webhook", { method: "POST", headers: request.headers, body: Buffer.concat(chunks) }));
  response.writeHead(answer.status).end();
});
server.listen(0, "127.0.0.1", () => console.log(`listening on http://127.0.0.1:${server.address().port}/webhook`));
"""


def build_nextjs():
    command = build_node("nextjs")
    command[1].write_text(NEXT)
    return command


def build_python(language="python"):
    environment = BUILD / language / "venv"
    if not (environment / "bin" / "python3").exists():
        run("/usr/bin/python3", "-m", "venv", environment, cwd=EXAMPLES)
    run(environment / "bin" / "python3", "-m", "pip", "install", "--quiet",
        "--disable-pip-version-check", "-r", "requirements.txt", cwd=EXAMPLES / language)
    return [environment / "bin" / "python3", "-B", EXAMPLES / language / "receiver.py"]


def build_spring():
    folder = copied("spring")
    run("mvn", "-B", "-q", "package", cwd=folder)
    return ["java", "-jar", folder / "target" / "receiver-0.jar"]


def build_go():
    if version_of("go", "version") < (1, 21):
        pytest.skip("the Standard Webhooks library needs Go 1.21")
    run("go", "build", "-o", BUILD / "go" / "receiver", ".", cwd=EXAMPLES / "go",
        GOTOOLCHAIN="local", GOFLAGS="-mod=readonly")
    return [BUILD / "go" / "receiver"]


def build_cpp():
    (BUILD / "cpp").mkdir(parents=True, exist_ok=True)
    run("g++", "-std=c++20", "-O1", "-Wall", "-Wextra", "-Werror", "-o", BUILD / "cpp" / "receiver",
        "receiver.cc", "-lcrypto", cwd=EXAMPLES / "cpp")
    return [BUILD / "cpp" / "receiver"]


RECEIVERS = {"rust": ("cargo", build_rust), "axum": ("cargo", build_axum), "node": ("npm", build_node), "python": ("python3", build_python),
             "go": ("go", build_go), "cpp": ("g++", build_cpp), "nextjs": ("npm", build_nextjs), "spring": ("mvn", build_spring),
             **{name: ("npm", functools.partial(build_node, name)) for name in ("express", "fastify")},
             **{name: ("python3", functools.partial(build_python, name)) for name in ("fastapi", "flask", "django")}}


class Receiver:
    def __init__(self, command):
        self.process = subprocess.Popen(
            [str(part) for part in command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, text=True,
            env={**os.environ, "WEBHOOK_SECRET": SECRET, "PORT": "0"})
        line = self.process.stdout.readline()
        self.port = int(re.fullmatch(r"listening on http://127\.0\.0\.1:(\d+)/webhook\n", line)[1])
        self.lines = []
        self.reader = threading.Thread(target=self.read)
        self.reader.start()

    def read(self):
        for line in self.process.stdout:
            self.lines.append(line)

    def post(self, body, headers, path="/webhook"):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request("POST", path, body, headers)
            return connection.getresponse().status
        finally:
            connection.close()

    def stop(self):
        """Ends it and gives every line that it printed."""
        self.process.kill()
        self.process.wait()
        self.reader.join()
        self.process.stdout.close()
        return self.lines


@pytest.fixture(scope="module", params=sorted(RECEIVERS))
def command(request):
    """Of one example, built once for its tests."""
    tool, build = RECEIVERS[request.param]
    if shutil.which(tool) is None:
        pytest.skip(f"{tool} is not here (scripts/setup installs it)")
    return build()


@pytest.fixture
def receiver(command):
    started = Receiver(command)
    yield started
    started.stop()


def event(name="user.created"):
    return json.dumps({"event": name, "timestamp": "2026-11-23T18:12:03.123456Z",
                       "resource_id": str(uuid.uuid4()), "data": {"username": "zoë", "n": 1.10}},
                      separators=(",", ":"), ensure_ascii=False).encode()


def test_receiver(receiver):
    body, webhook_id = event(), str(uuid.uuid4())
    good = signing.headers_for(SECRET, webhook_id, body)
    bad = []
    bad.append(receiver.post(body, signing.headers_for(OTHER_SECRET, webhook_id, body)))
    bad.append(receiver.post(body.replace(b"zo", b"Zo"), good))
    bad.append(receiver.post(body, {**good, "webhook-id": str(uuid.uuid4())}))
    now = int(time.time())
    bad.append(receiver.post(body, signing.headers_for(SECRET, webhook_id, body, now - 3600)))
    bad.append(receiver.post(body, signing.headers_for(SECRET, webhook_id, body, now + 3600)))
    bad.append(receiver.post(body, {"content-type": "application/json"}))
    bad.append(receiver.post(body, {**good, "webhook-signature": "v1,AAAA v2 ,,"}))
    assert bad == [401] * 7
    assert receiver.post(body, good, path="/elsewhere") == 404

    # Rightly signed, twice: the second is a duplicate, answered as the first and dropped.
    assert receiver.post(body, good) == 204
    assert receiver.post(body, good) == 204
    # During a rotation two secrets sign; either may match.
    second_id = str(uuid.uuid4())
    rotated = signing.headers_for(SECRET, second_id, body)
    other = signing.headers_for(OTHER_SECRET, second_id, body)["webhook-signature"]
    rotated["webhook-signature"] = f"v1a,AAAA {other} {rotated['webhook-signature']}"
    assert receiver.post(body, rotated) == 204

    # The work goes on after the answer: one more event, and its line is the last one.
    last_id = str(uuid.uuid4())
    assert receiver.post(body, signing.headers_for(SECRET, last_id, body)) == 204
    deadline = time.monotonic() + 10
    while not (receiver.lines and last_id in receiver.lines[-1]):
        assert time.monotonic() < deadline, receiver.lines
        time.sleep(0.01)
    assert len(receiver.lines) == 3, receiver.lines
    assert webhook_id in receiver.lines[0] and "user.created" in receiver.lines[0]
    assert second_id in receiver.lines[1]


def test_probe_finds_no_fault(receiver):
    """Every check passes; what the report says was accepted is worked on once, and nothing else."""
    done = subprocess.run([binary(), "probe", f"http://127.0.0.1:{receiver.port}/webhook", "--secret", SECRET, "--json"],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, env=environment())
    report = json.loads(done.stdout)
    assert [check for check in report["checks"] if check["verdict"] == "fault"] == [], done.stderr
    assert [check["name"] for check in report["checks"] if check["verdict"] == "not_run"] == ["outdated_tls"]
    assert done.returncode == 0
    waiting.wait_for(lambda: len(receiver.lines) >= len(report["accepted_ids"]), "every event is worked on")
    for ids, times in ((report["accepted_ids"], 1), (report["refused_ids"], 0)):
        assert [sum(each in line for line in receiver.lines) for each in ids] == [times] * len(ids), receiver.lines
