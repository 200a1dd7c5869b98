"""The commands of docs/migrating/keycloak.md, as they stand there."""

import json
import pathlib
import re
import subprocess

from client import Realm
from server import TOKEN, binary, environment

ROOT = pathlib.Path(__file__).parent.parent.parent
PAGE = (ROOT / "docs/migrating/keycloak.md").read_text()


def test_the_commands_of_the_keycloak_page_work(server, tmp_path):
    realm = {"realm": "shop", "roles": {"realm": [{"name": "buyer"}]}}
    users = {"realm": "shop", "users": [{"username": "ada", "realmRoles": ["buyer"]}]}
    (tmp_path / "shop-realm.json").write_text(json.dumps({**realm, **users}))
    folder = tmp_path / "shop-export"
    folder.mkdir()
    (folder / "shop-realm.json").write_text(json.dumps(realm))
    (folder / "shop-users-0.json").write_text(json.dumps(users))
    blocks = re.findall(r"(?<!-->\n)```sh\n(.*?)```", PAGE, re.S)
    assert len(blocks) == 4
    path = f"{pathlib.Path(binary()).resolve().parent}:/usr/bin:/bin"
    for block in blocks:
        for line in block.strip().splitlines():
            done = subprocess.run(["sh", "-c", line], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False,
                                  env=environment(POSTRIDER_URL=server.url, POSTRIDER_TOKEN=TOKEN, PATH=path))
            assert done.returncode == 0, (line, done.stdout, done.stderr)
    for name in ("shop", "acme"):
        assert [user["username"] for user in Realm(server.client, name).items("/users")] == ["ada"]
    assert json.loads((tmp_path / "shop.json").read_text())["users"][0]["realmRoles"] == ["buyer"]


def test_the_page_names_the_exit_codes_and_limits_as_they_are(server, tmp_path):
    """`pieces of the table` that a test can hold: a whole entry that is refused, and a file that cannot be read."""
    for content, code in (({"realm": "codes", "users": [{"username": "x" * 300}]}, 1), ({"realm": "codes", "users": [{"username": "x"}]}, 0), ({}, 2)):
        path = tmp_path / "codes.json"
        path.write_text(json.dumps(content))
        done = subprocess.run([binary(), "import", str(path)], capture_output=True, text=True, timeout=60, check=False,
                              env=environment(POSTRIDER_URL=server.url, POSTRIDER_TOKEN=TOKEN))
        assert done.returncode == code, done
