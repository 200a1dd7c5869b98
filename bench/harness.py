"""What the benchmarks share: a server, a receiver, the load generator, and the reference in the same run."""

import http.client
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
TOKEN = "bench-token-0123456789abcdef0123456789abcdef"


def say(**figure):
    print(json.dumps(figure), flush=True)


def thread_cpu_us(pid):
    """CPU microseconds by thread name of a process."""
    used = {}
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        name = (task / "comm").read_text().strip()
        nanoseconds = int((task / "schedstat").read_text().split()[0])
        used[name] = used.get(name, 0) + nanoseconds / 1000
    return used


def children_cpu_us():
    times = os.times()
    return (times.children_user + times.children_system) * 1e6


class Receiver:
    def __init__(self, peer):
        self.process = subprocess.Popen([peer, "receive"], stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline())

    def get(self, path):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        connection.request("GET", path)
        return json.loads(connection.getresponse().read())

    def stop(self):
        self.process.kill()
        self.process.wait()


class Server:
    def __init__(self, binary, folder, *flags):
        environment = dict(os.environ, POSTRIDER_BOOTSTRAP_TOKEN=TOKEN)
        log = pathlib.Path(folder + ".log")
        with log.open("w") as stderr:
            self.process = subprocess.Popen(
                [binary, "serve", "--data", folder, "--listen", "127.0.0.1:0",
                 "--allow-network", "127.0.0.0/8", *flags],
                stdout=subprocess.DEVNULL, stderr=stderr, env=environment)
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline and self.process.poll() is None:
            found = re.search(r"listening on http://127\.0\.0\.1:(\d+)", log.read_text())
            if found:
                self.port = int(found.group(1))
                return
            time.sleep(0.02)
        sys.exit("bench: the server did not start: " + log.read_text())

    def call(self, method, path, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.request(method, "/api/v1" + path, json.dumps(body) if body is not None else None,
                           {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"})
        answer = connection.getresponse()
        text = answer.read()
        if answer.status >= 300:
            sys.exit(f"bench: {method} {path} answered {answer.status}: {text.decode()}")
        return json.loads(text) if text else None

    def resident_mib(self):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status).group(1)) / 1024

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=30)


DATA = {"name": "a typical little event", "email": "ada@example.com", "enabled": True}
EVENT = json.dumps({"event": "bench.tick", "resource_id": "01930000-0000-7000-8000-000000000001",
                    "data": DATA}, separators=(",", ":"))


def wrk_script(folder, path, body, headers):
    lines = ['wrk.method = "POST"', f"wrk.body = [==[{body}]==]"]
    lines += [f'wrk.headers["{name}"] = "{value}"' for name, value in headers.items()]
    script = pathlib.Path(folder) / "post.lua"
    script.write_text("\n".join(lines) + "\n")
    return str(script)


def wrk(url, script, connections, seconds):
    """Requests per second, and those that were not 2xx."""
    out = subprocess.run(["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "-s", script, url],
                         capture_output=True, text=True, check=True).stdout
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", out).group(1))
    total = int(re.search(r"(\d+) requests in", out).group(1))
    refused = re.search(r"Non-2xx or 3xx responses: (\d+)", out)
    return rate, total, int(refused.group(1)) if refused else 0


def reference(receiver, folder, args):
    """wrk alone against the receiver, with the bytes of a delivery."""
    body = json.dumps({"event": "bench.tick", "timestamp": "2026-11-23T18:12:03.123456Z",
                       "resource_id": "01930000-0000-7000-8000-000000000001", "data": DATA},
                      separators=(",", ":"))
    script = wrk_script(folder, "/hook", body, {
        "Content-Type": "application/json", "User-Agent": "Postrider/0.1.0",
        "webhook-id": "01930000-0000-7000-8000-000000000002", "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="})
    rate, _, _ = wrk(f"http://127.0.0.1:{receiver.port}/hook", script, args.connections,
                     args.seconds)
    return rate


def wait_for(receiver, count, seconds):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        stats = receiver.get("/stats")
        if stats["received"] >= count:
            return stats
        time.sleep(0.05)
    return receiver.get("/stats")
