"""Many users from Keycloak, the import killed and run again at random moments: nobody twice, nobody missing."""

import json
import os
import pathlib
import random
import subprocess
import time

from client import Realm
from server import TOKEN, binary, environment
from waiting import wait_for

#: `make proof` takes 100,000 users and 50 kills.
USERS = int(os.environ.get("POSTRIDER_IMPORT_USERS", "3000"))
KILLS = int(os.environ.get("POSTRIDER_IMPORT_KILLS", "4"))
CLIENT_BYTES_MAX = 256 * 1024 * 1024 + USERS * 3000
ROLES = [f"role {number}" for number in range(20)]


def user(number):
    return {"id": f"{number * 2654435761 % 2**32:08x}-{number % 65536:04x}-4000-8000-{number:012x}", "createdTimestamp": 1600000000000 + number, "username": f"user-{number}",
            "email": f"user-{number}@example.com", "emailVerified": number % 2 == 0, "firstName": "First", "lastName": f"Last {number}", "enabled": number % 10 != 0,
            "totp": False, "attributes": {"number": [str(number)]}, "requiredActions": [], "notBefore": 0, "groups": ["/all"] if number % 3 == 0 else [],
            "realmRoles": ["default-roles-big", ROLES[number % 20]], "disableableCredentialTypes": []}


def write_files(folder):
    """As `kc.sh export --dir --users different_files` does."""
    (folder / "big-realm.json").write_text(json.dumps({"realm": "big", "roles": {"realm": [{"name": name} for name in [*ROLES, "member", "all"]] + [
        {"name": "default-roles-big", "composite": True, "composites": {"realm": ["member"]}}]}, "defaultRole": {"name": "default-roles-big"},
        "groups": [{"name": "all", "path": "/all", "realmRoles": ["all"]}]}))
    for number, first in enumerate(range(0, USERS, 5000)):
        users = [user(each) for each in range(first, min(first + 5000, USERS))]
        (folder / f"big-users-{number}.json").write_text(json.dumps({"realm": "big", "users": users}))


def peak_bytes(process):
    try:
        text = pathlib.Path(f"/proc/{process.pid}/status").read_text()
    except FileNotFoundError:
        return 0
    return max([int(line.split()[1]) * 1024 for line in text.splitlines() if line.startswith("VmHWM")], default=0)


def test_an_import_that_is_killed_again_and_again_is_whole(server, tmp_path):
    write_files(tmp_path)
    name = "big-" + os.urandom(4).hex()
    seed = os.environ.get("POSTRIDER_SEED", os.urandom(4).hex())
    print("seed", seed)
    randomness = random.Random(seed)
    realm = Realm(server.client, name)
    command = [binary(), "import", str(tmp_path), "--realm", name, "--json"]
    run = lambda: subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment(POSTRIDER_URL=server.url, POSTRIDER_TOKEN=TOKEN))
    is_there = lambda number: realm.call("GET", f"/users?username=user-{number}").status == 200 and realm.get(f"/users?username=user-{number}").json["items"]
    # Each kill waits for a user who is further on than those of before.
    for number in sorted(randomness.sample(range(USERS * 9 // 10), KILLS)):
        process = run()
        wait_for(lambda: is_there(number) or process.poll() is not None, f"user {number}", timeout=300)
        process.kill()
        process.communicate()
    started, process, peak = time.monotonic(), run(), 0
    while True:
        peak = max(peak, peak_bytes(process))
        try:
            out, _ = process.communicate(timeout=0.2)
            break
        except subprocess.TimeoutExpired:
            continue
    seconds = time.monotonic() - started
    answer = json.loads(out)
    print(f"{USERS} users, {KILLS} kills; the last run: {seconds:.1f} s, client {peak / 2**20:.0f} MiB, server {server.resident_bytes() / 2**20:.0f} MiB")
    assert peak < CLIENT_BYTES_MAX
    count = answer["counts"]["users"]
    assert count["created"] + count["existing"] == USERS and count["refused"] == 0, answer["counts"]
    users = realm.items("/users")
    assert [each["username"] for each in users] == [f"user-{number}" for number in reversed(range(USERS))]
    assert [each["id"] for each in users] == [user(number)["id"] for number in reversed(range(USERS))]
    events = {kind: len(realm.items("/events", event=kind)) for kind in ("user.created", "user.role.assigned", "role.created")}
    assert events == {"user.created": USERS, "user.role.assigned": 2 * USERS + len(range(0, USERS, 3)), "role.created": 22}
    for number in randomness.sample(range(USERS), 20):
        names = {role["name"] for role in realm.items(f"/users/{users[USERS - 1 - number]['id']}/roles")}
        assert names == {ROLES[number % 20], "member"} | ({"all"} if number % 3 == 0 else set())
