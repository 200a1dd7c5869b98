"""The official Standard Webhooks library (npm `standardwebhooks`) as the judge of signatures."""

import base64
import json
import os
import pathlib
import shutil
import subprocess

from server import ROOT

SCRIPT = """
import { createInterface } from "node:readline";
import { Webhook } from "standardwebhooks";
for await (const line of createInterface({ input: process.stdin })) {
  const { secret, headers, body } = JSON.parse(line);
  let verdict = "ok";
  try {
    new Webhook(secret).verify(Buffer.from(body, "base64").toString("utf8"), headers);
  } catch (error) {
    verdict = error.message;
  }
  console.log(verdict);
}
"""


class Verifier:
    """One node process for many questions."""

    def __init__(self):
        folder = pathlib.Path(os.environ.get("POSTRIDER_RECEIVERS_BUILD",
                                             ROOT / "build" / "receivers")) / "verifier"
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("package.json", "package-lock.json", ".npmrc"):
            shutil.copy(ROOT / "examples" / "receivers" / "node" / name, folder / name)
        if not (folder / "node_modules" / "standardwebhooks").exists():
            subprocess.run(["npm", "ci", "--no-audit", "--no-fund", "--silent"], cwd=folder, check=True,
                           stdin=subprocess.DEVNULL, timeout=300)
        (folder / "verify.mjs").write_text(SCRIPT)
        self.process = subprocess.Popen(["node", "verify.mjs"], cwd=folder, text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.process.stdin.close()
        self.process.wait(20)
        self.process.stdout.close()

    def verdict(self, secret, request):
        """"ok", or why not."""
        question = {"secret": secret, "headers": request.headers,
                    "body": base64.b64encode(request.body).decode()}
        self.process.stdin.write(json.dumps(question) + "\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().strip()


def ed25519_verifies(public_key, request, folder):
    """A `v1a` signature by the openssl command; `public_key` is `whpk_…`."""
    raw = base64.b64decode(public_key.removeprefix("whpk_"), validate=True)
    assert public_key.startswith("whpk_") and len(raw) == 32
    key, content, signature = (pathlib.Path(folder) / name for name in ("key.der", "content", "sig"))
    key.write_bytes(bytes.fromhex("302a300506032b6570032100") + raw)
    timestamp = request.headers["webhook-timestamp"]
    content.write_bytes(f"{request.id}.{timestamp}.".encode() + request.body)
    for entry in request.headers["webhook-signature"].split(" "):
        if not entry.startswith("v1a,"):
            continue
        signature.write_bytes(base64.b64decode(entry[4:], validate=True))
        done = subprocess.run(["openssl", "pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-inkey",
                               key, "-rawin", "-in", content, "-sigfile", signature],
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        if done.returncode == 0:
            return True
    return False
