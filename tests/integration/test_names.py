"""Names are compared as RFC 8265 has it: width, case and normal form make no other user."""

import sqlite3
import unicodedata

import psycopg2
import pytest

from server import Server, on_postgresql

PASSWORD = "correct horse battery staple"


def make_user(realm, username, **members):
    user = realm.call("POST", "/users", {"username": username, **members}, 201).json
    realm.call("PUT", f"/users/{user['id']}/password", {"password": PASSWORD}, 204)
    return user


def log_in(realm, name):
    """The username that it is, or None."""
    answer = realm.call("POST", "/session", {"username": name, "password": PASSWORD})
    assert answer.status in (201, 401), answer
    return answer.json["name"] if answer.status == 201 else None


@pytest.mark.parametrize("one, other", [
    ("Ada", "ADA"), ("José", "JOSÉ"), ("José", unicodedata.normalize("NFD", "josé")), ("ＡＤＡ", "ada"),
    ("ДМИТРИЙ", "дмитрий"), ("ｶﾞ", "ガ")])
def test_two_spellings_are_one_user_and_one_address(server, one, other):
    realm = server.realm()
    make_user(realm, one, email=one + "@example.com")
    assert log_in(realm, other) == one
    assert log_in(realm, other + "@EXAMPLE.com") == one
    assert realm.call("POST", "/users", {"username": other}).pointers == ["#/username"]
    assert realm.call("POST", "/users", {"username": "someone", "email": other + "@example.com"}).pointers == ["#/email"]
    assert [user["username"] for user in realm.get("/users", username=other).json["items"]] == [one]
    assert [user["username"] for user in realm.get("/users", email=other + "@example.com").json["items"]] == [one]


@pytest.mark.parametrize("bad", [" carol", "carol ", "carol\u00a0", "\u3000carol", "carol\u200b", "ca\u200drol", "\ufeffcarol",
                                 "ca\u00adrol", "\u202ecarol", "car\ue000ol"])
def test_what_nobody_sees_is_refused_everywhere(server, bad):
    realm = server.realm()
    for path, body, pointer in (("/users", {"username": bad}, "#/username"),
                                ("/users", {"username": "carol", "email": bad + "@example.com"}, "#/email"),
                                ("/roles", {"name": bad}, "#/name")):
        answer = realm.call("POST", path, body)
        assert answer.status == 422 and answer.pointers == [pointer], (path, answer)
    imported = realm.call("POST", "/import", {"users": [{"username": bad}]})
    assert imported.status == 422 or imported.json["created"] == 0, imported


def change(server, *statements):
    """Behind a stopped server's back; parameters are `?`."""
    if on_postgresql():
        connection = psycopg2.connect(server.database)
        cursor = connection.cursor()
        for text, values in statements:
            cursor.execute(text.replace("?", "%s"), values)
    else:
        connection = sqlite3.connect(server.data / "postrider.db")
        for text, values in statements:
            connection.execute(text, values)
    connection.commit()
    connection.close()


def test_keys_of_the_former_rule_are_folded_and_what_collides_is_named(tmp_path):
    """Before, only ASCII letters had no case: such stores have both José and JOSÉ."""
    with Server(tmp_path / "data") as server:
        realm = server.realm()
        for name in ("José", "second", "third", "ascii"):
            make_user(realm, name)
        assert server.stop() == 0
        rename = "UPDATE users SET username = ?, username_key = ? WHERE username = ?"
        change(server, (rename, ("JOSÉ", "josÉ", "second")), (rename, ("MÜLLER", "mÜller", "third")),
               ("DELETE FROM store_state WHERE name = ?", ("name_keys",)))
        server.start()
        named = [line for line in server.log if "names that are now one" in line]
        assert len(named) == 1 and "JOSÉ" in named[0], named
        # Each logs in as before, and whoever has no twin however the name is written.
        for typed, username in (("José", "José"), ("JOSÉ", "JOSÉ"), ("müller", "MÜLLER"), ("ASCII", "ascii")):
            assert log_in(realm, typed) == username
        assert realm.call("POST", "/users", {"username": "josé"}).pointers == ["#/username"]
        twin = realm.get("/users", username="JOSÉ").json["items"][0]
        assert twin["username"] == "JOSÉ"
        realm.call("PATCH", f"/users/{twin['id']}", {"first_name": "J."}, 200)
        assert log_in(realm, "JOSÉ") == "JOSÉ"
        realm.call("PATCH", f"/users/{twin['id']}", {"username": "JOSÉ2"}, 200)
        assert log_in(realm, "josé2") == "JOSÉ2"
        assert log_in(realm, "JOSÉ") == "José"
        assert server.stop() == 0
        server.start()
        assert log_in(realm, "josé") == "José"
