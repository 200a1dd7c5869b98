"""Passwords go on working after a move: hashes that other libraries made are verified as they are, and replaced at the next login."""

import base64
import hashlib
import json
import os
import subprocess

import bcrypt
import pytest
from argon2.low_level import Type, hash_secret, hash_secret_raw

from server import TOKEN, binary, environment

PASSWORD = "Grüße, correct horse"


def b64(raw):
    return base64.b64encode(raw).decode()


def pbkdf2(name, rounds, length=64):
    salt = os.urandom(16)
    derived = hashlib.pbkdf2_hmac(name, PASSWORD.encode(), salt, rounds, length)
    return {"algorithm": f"pbkdf2-{name}", "parameters": {"iterations": rounds}, "salt": b64(salt), "hash": b64(derived)}


def argon2(kind=Type.ID, name="argon2id", lanes=1):
    salt = os.urandom(16)
    raw = hash_secret_raw(PASSWORD.encode(), salt, 5, 7168, lanes, 32, kind)
    return {"algorithm": name, "parameters": {"iterations": 5, "memory_kib": 7168, "parallelism": lanes, "version": 19},
            "salt": b64(salt), "hash": b64(raw)}


KINDS = {
    "Keycloak's argon2": argon2(),
    "argon2i in four lanes": argon2(Type.I, "argon2i", 4),
    "PBKDF2-SHA512": pbkdf2("sha512", 210_000),
    "PBKDF2-SHA256": pbkdf2("sha256", 27_500),
    "PBKDF2-SHA256, 32 bytes": pbkdf2("sha256", 27_500, 32),
    "PBKDF2-SHA1": pbkdf2("sha1", 20_000),
    "bcrypt": {"algorithm": "bcrypt", "hash": bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(6)).decode()},
    "FerrisKey's PHC string": hash_secret(PASSWORD.encode(), os.urandom(16), 5, 7168, 1, 32, Type.ID).decode(),
}


def take_over(realm, users, **members):
    return realm.call("POST", "/import", {"users": users, "partial": True, **members}, 200).json


def log_in(realm, username, password=PASSWORD):
    return realm.call("POST", "/session", {"username": username, "password": password}).status



@pytest.mark.parametrize("kind", KINDS)
def test_a_hash_of_another_library_logs_in_and_becomes_ours(server, kind):
    realm = server.realm()
    answer = take_over(realm, [{"username": "ada", "password_hash": KINDS[kind]}])
    assert answer["created"] == 1 and answer["left_out"] == [], answer
    assert log_in(realm, "ada", PASSWORD + "x") == 401
    assert log_in(realm, "ada", PASSWORD.encode().decode("latin-1")) == 401
    assert log_in(realm, "ada") == 201
    # Now as ours, so that it is verified on the ordinary queue.
    assert log_in(realm, "ada") == 201 and log_in(realm, "ada", "another password") == 401


@pytest.mark.parametrize("bad, says", [
    ({"algorithm": "argon2id", "parameters": {"iterations": 5, "memory_kib": 1 << 30}, "salt": b64(b"s" * 16), "hash": b64(b"h" * 32)}, "memory"),
    ({"algorithm": "argon2id", "parameters": {"iterations": 1 << 31, "memory_kib": 7168}, "salt": b64(b"s" * 16), "hash": b64(b"h" * 32)}, "passes"),
    ({"algorithm": "pbkdf2-sha512", "parameters": {"iterations": 2_000_000_000}, "salt": b64(b"s" * 16), "hash": b64(b"h" * 64)}, "rounds"),
    ({"algorithm": "bcrypt", "hash": "$2b$31$" + "a" * 53}, "cost"),
    ({"algorithm": "argon2d", "parameters": {"iterations": 5, "memory_kib": 7168}, "salt": b64(b"s" * 16), "hash": b64(b"h" * 32)}, "not known"),
    ({"algorithm": "scrypt", "salt": "AAAA", "hash": "AAAA"}, "not known"),
    ("{SSHA}nonsense", "not known"),
    ({}, "line of text"),
    (7, "line of text"),
])
def test_what_cannot_be_verified_is_named_and_its_user_can_reset(server, bad, says):
    realm = server.realm()
    answer = take_over(realm, [{"username": "ada", "password_hash": bad}])
    assert answer["created"] == 1, answer
    [left_out] = answer["left_out"]
    assert left_out["pointer"] == "#/users/0/password_hash" and says in left_out["detail"], left_out
    assert log_in(realm, "ada") == 401
    user = realm.get("/users", username="ada").json["items"][0]["id"]
    token = realm.call("POST", f"/users/{user}/reset-password", {}, 200).json["token"]
    realm.call("POST", "/reset-password/complete", {"token": token, "password": PASSWORD}, 204)
    assert log_in(realm, "ada") == 201


def test_nobody_who_is_there_gets_another_password(server):
    realm = server.realm()
    user = realm.call("POST", "/users", {"username": "ada"}, 201).json["id"]
    realm.call("PUT", f"/users/{user}/password", {"password": "hers and nobody else's"}, 204)
    for username in ("ada", "ADA"):
        answer = take_over(realm, [{"username": username, "password_hash": KINDS["PBKDF2-SHA256"]}])
        assert (answer["created"], answer["existing"]) == (0, 1), answer
    assert log_in(realm, "ada") == 401 and log_in(realm, "ada", "hers and nobody else's") == 201


def test_a_realm_file_of_keycloak_brings_its_passwords(server, tmp_path):
    """As `kc.sh export` writes credentials: secretData and credentialData are JSON in strings."""
    def credential(data, secret):
        return {"type": "password", "credentialData": json.dumps(data), "secretData": json.dumps(secret)}
    def of(kind):
        hashed = KINDS[kind]
        return {"value": hashed["hash"], "salt": hashed["salt"], "additionalParameters": {}}
    name = server.realm().name + "-kc"
    users = [
        {"username": "ada", "credentials": [credential(
            {"hashIterations": 5, "algorithm": "argon2", "additionalParameters": {
                "hashLength": ["32"], "memory": ["7168"], "type": ["id"], "version": ["1.3"], "parallelism": ["1"]}},
            of("Keycloak's argon2"))]},
        {"username": "bob", "credentials": [credential({"hashIterations": 210_000, "algorithm": "pbkdf2-sha512"}, of("PBKDF2-SHA512"))]},
        {"username": "eve", "credentials": [credential({"hashIterations": 27_500, "algorithm": "pbkdf2-sha256"}, of("PBKDF2-SHA256"))]},
        {"username": "old", "credentials": [credential({"hashIterations": 20_000, "algorithm": "pbkdf2"}, of("PBKDF2-SHA1"))]},
    ]
    path = tmp_path / "realm.json"
    path.write_text(json.dumps({"realm": name, "users": users}))
    done = subprocess.run([binary(), "import", str(path)], capture_output=True, text=True, timeout=60, check=False,
                          env=environment(POSTRIDER_URL=server.url, POSTRIDER_TOKEN=TOKEN))
    assert done.returncode == 0, (done.stdout, done.stderr)
    realm = type(server.master)(server.client, name)
    for user in users:
        assert log_in(realm, user["username"]) == 201, user["username"]
