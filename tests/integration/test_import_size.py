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


#: Each has the e-mail address of the one before, which is taken then.
TAKEN = range(999, USERS, 1000)


def user(number):
    return {"id": f"{number * 2654435761 % 2**32:08x}-{number % 65536:04x}-4000-8000-{number:012x}", "createdTimestamp": 1600000000000 + number, "username": f"user-{number}",
            "email": f"user-{number - (number in TAKEN)}@example.com", "emailVerified": number % 2 == 0, "firstName": "First", "lastName": f"Last {number}", "enabled": number % 10 != 0,
            "totp": False, "attributes": {"number": [str(number)]}, "requiredActions": [], "notBefore": 0, "groups": ["/all"] if number % 3 == 0 else [],
            "realmRoles": ["default-roles-big", ROLES[number % 20]], "disableableCredentialTypes": []}


def write_files(folder):
    """As `kc.sh export --dir --users different_files` does."""
    (folder / "big-realm.json").write_text(json.dumps({"realm": "big", "roles": {"realm": [{"name": name} for name in [*ROLES, "member", "all"]] + [
        {"name": "default-roles-big", "composite": True, "composites": {"realm": ["member"]}}]}, "defaultRole": {"name": "default-roles-big"},
        "groups": [{"name": "all", "path": "/all", "realmRoles": ["all"]}]}))
    for number, first in enumerate(range(0, USERS, 5000)):
        users = [user(each) for each in range(first, min(first + 5000, USERS))]
        (folder / f"big-users-{number:03}.json").write_text(json.dumps({"realm": "big", "users": users}))


def peak_bytes(pid):
    try:
        text = pathlib.Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return 0
    return max([int(line.split()[1]) * 1024 for line in text.splitlines() if line.startswith("VmHWM")], default=0)


def whole_run(run):
    """Seconds, the report and the client's peak memory."""
    started, process, peak = time.monotonic(), run(), 0
    while True:
        peak = max(peak, peak_bytes(process.pid))
        try:
            out, _ = process.communicate(timeout=0.2)
            return time.monotonic() - started, json.loads(out), peak
        except subprocess.TimeoutExpired:
            continue


def test_an_import_that_is_killed_again_and_again_is_whole(server, tmp_path):
    write_files(tmp_path)
    name = "big-" + os.urandom(4).hex()
    seed = os.environ.get("POSTRIDER_SEED", os.urandom(4).hex())
    print("seed", seed)
    randomness = random.Random(seed)
    realm = Realm(server.client, name)
    command = [binary(), "import", str(tmp_path), "--realm", name, "--json"]
    run = lambda: subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment(POSTRIDER_URL=server.url, POSTRIDER_TOKEN=TOKEN))
    def is_there(number):
        answer = realm.call("GET", f"/users?username=user-{number}")
        return answer.status == 200 and answer.json["items"]
    began, peak = time.monotonic(), 0
    # Each kill waits for a user who is further on than those of before.
    for number in sorted(randomness.sample(range(USERS * 9 // 10), KILLS)):
        process = run()
        wait_for(lambda: is_there(number) or process.poll() is not None, f"user {number}", timeout=600, every=0.02)
        peak = max(peak, peak_bytes(process.pid))
        process.kill()
        process.communicate()
    seconds, answer, more = whole_run(run)
    peak = max(peak, more)
    again = whole_run(run)[0]
    print(f"{USERS} users, {KILLS} kills: {time.monotonic() - began:.0f} s in all; the last run {seconds:.1f} s, the whole again {again:.1f} s; "
          f"peak of the client {peak / 2**20:.0f} MiB, of the server {peak_bytes(server.pid) / 2**20:.0f} MiB")
    assert peak < CLIENT_BYTES_MAX
    count = answer["counts"]["users"]
    assert count["created"] + count["existing"] == USERS and count["refused"] == 0, answer["counts"]
    # What the runs that were killed left out is named by the last one.
    left_out = [name for note in answer["notes"] if note["note"].startswith("parts of users") for name in note["of"]]
    assert left_out == [f'user-{number}: email is taken; the user "user-{number - 1}" has it' for number in TAKEN]
    users = realm.items("/users")
    assert [each["username"] for each in users] == [f"user-{number}" for number in reversed(range(USERS))]
    assert [each["id"] for each in users] == [user(number)["id"] for number in reversed(range(USERS))]
    events = {kind: len(realm.items("/events", event=kind)) for kind in ("user.created", "user.role.assigned", "role.created")}
    assert events == {"user.created": USERS, "user.role.assigned": 2 * USERS + len(range(0, USERS, 3)), "role.created": 22}
    for number in randomness.sample(range(USERS), 20):
        names = {role["name"] for role in realm.items(f"/users/{users[USERS - 1 - number]['id']}/roles")}
        assert names == {ROLES[number % 20], "member"} | ({"all"} if number % 3 == 0 else set())
