"""Who has forgotten their password gets a new one, and nobody learns who is there."""

import contextlib
import json
import os
import sqlite3
import time

from client import Client, Realm
from receiver import Reply
from server import Server, sqlite_only
from test_tenant_matrix import Unchanged
from waiting import wait_for

NEW = "another horse battery"


def make_user(realm, username, **members):
    return realm.call("POST", "/users", {"username": username, **members}, 201).json["id"]


def resets(realm):
    return realm.items("/events", event="auth.reset_password")


def test_everybody_gets_the_same_answer(server, realm):
    make_user(realm, "ada", email="ada@example.com")
    make_user(realm, "off", enabled=False)
    anybody = Realm(Client(server.address, None), realm.name)
    answers = {(answer.status, answer.body) for answer in (
        anybody.call("POST", "/reset-password", body) for body in (
            {"username": "ada"}, {"username": "nobody"}, {"email": "ada@example.com"}, {"username": "off"},
            {"email": "nobody@example.com"}, {"username": "ada"}))}
    assert answers == {(202, b"{}\n")}
    wait_for(lambda: len(resets(realm)) == 1, "one event: there is one such user, and one reset a minute")
    # The queue is worked off in order: what came later would be there.
    anybody.call("POST", "/reset-password", {"username": "nobody"}, 202)
    time.sleep(0.2)
    assert len(resets(realm)) == 1


MAILER = {"name": "mailer", "events": ["auth.reset_password"]}


def once(change):
    """An answer of a receiver that fails, after something was changed: the next attempt comes after the change."""
    def reply(_):
        change()
        return 500
    return reply


def choose_mailer(realm, url, expect=200):
    """A webhook that mails reset links, chosen by an administrator."""
    hook = realm.create_webhook(url, **MAILER)["id"]
    realm.call("PATCH", "/settings", {"password_reset_webhook": hook}, expect)
    return hook


def ask_for(server, realm, **who):
    Realm(Client(server.address, None), realm.name).call("POST", "/reset-password", who, 202)


def key(server, realm, *permissions):
    name = "k" + os.urandom(4).hex()
    made = realm.call("POST", "/api-keys", {"name": name, "permissions": list(permissions)}, 201).json["key"]
    return Realm(Client(server.address, made), realm.name)


def secret_tables(server):
    """What stands in the tables where a token must not be in clear."""
    connection, cursor, _ = Unchanged(server).connect()
    with contextlib.closing(connection):
        text = b""
        for table in ("events", "attempts", "audit", "sealed_resets", "realms", "password_resets"):
            cursor.execute(f"SELECT * FROM {table}")
            for row in cursor.fetchall():
                text += b"|".join(bytes(v) if isinstance(v, (bytes, memoryview)) else str(v).encode() for v in row)
        return text


def test_the_webhook_that_mails_links_has_the_token_and_nobody_else(server, receiver, realm, path):
    user = make_user(realm, "ada", email="ada@example.com")
    receiver.on(path, lambda request: Reply(200, body=request.body))
    hook = choose_mailer(realm, receiver.url(path))
    realm.create_webhook(receiver.url(f"{path}/other"), events=["auth.*"])
    ask_for(server, realm, email="ADA@example.com")
    receiver.wait(path, 1)
    receiver.wait(f"{path}/other", 1)
    event = receiver.at(path)[0].json
    token = event["data"]["token"]
    assert event["resource_id"] == user and event["data"]["username"] == "ada"
    assert list(event["data"])[-1] == "token" and "token" not in receiver.at(f"{path}/other")[0].json["data"]
    # Not in the log, not in what is recorded of the attempt although the receiver sent it back, not in any table.
    listed = resets(realm)[0]
    delivery = next(each for each in realm.wait_final(listed["id"], 2) if each["webhook_id"] == hook)
    recorded = json.dumps(delivery, ensure_ascii=False)
    assert "token" not in listed["data"] and token not in recorded and "••••••" in recorded
    assert token.encode() not in secret_tables(server)
    realm.call("POST", "/reset-password/complete", {"token": token, "password": NEW}, 204)
    realm.call("POST", "/session", {"username": "ada", "password": NEW}, 201)


def test_it_goes_with_the_original_delivery_alone(server, receiver, realm, path):
    make_user(realm, "ada")
    hook = choose_mailer(realm, receiver.url(path))
    ask_for(server, realm, username="ada")
    receiver.wait(path, 1)
    first = resets(realm)[0]["id"]
    delivery = realm.wait_final(first)[0]["id"]
    realm.call("POST", f"/deliveries/{delivery}/redeliver", None, 202)
    receiver.wait(path, 2)
    realm.call("POST", f"/webhooks/{hook}/test", {"event": "auth.reset_password"}, 200)
    tokens = ["token" in request.json["data"] for request in receiver.at(path)]
    assert tokens == [True, False, False]
    feed = realm.get(f"/events/{first}").json
    assert "token" not in feed["data"]


def test_retries_and_restarts_carry_it_until_it_is_used(tmp_path, receiver, path):
    with Server(tmp_path / "data", "--allow-network", "127.0.0.0/8") as server:
        realm = server.realm()
        user = make_user(realm, "ada")
        receiver.on(path, [500, 500, 204])
        hook = choose_mailer(realm, receiver.url(path))
        realm.patch_webhook(hook, retry_schedule=["1s", "1s", "1s", "1s"])
        ask_for(server, realm, username="ada")
        receiver.wait(path, 1)
        server.restart()
        receiver.wait(path, 3)
        tokens = {request.json["data"].get("token") for request in receiver.at(path)}
        assert len(tokens) == 1 and None not in tokens
        # One that is void is not sent any more.
        void = lambda: realm.call("PATCH", f"/users/{user}", {"email": "ada@example.com"}, 200)
        receiver.on(path, [once(void), 204])
        begun = realm.call("POST", f"/users/{user}/reset-password", None, 200).json["token"]
        receiver.wait(path, 5)
        assert receiver.at(path)[3].json["data"]["token"] == begun
        assert "token" not in receiver.at(path)[4].json["data"]


def test_nobody_gets_tokens_of_users_who_may_do_more(server, receiver, realm, path):
    """The escalation: manage_realms and view_events, or manage_webhooks, took over an administrator."""
    strong = make_user(realm, "strong")
    role = realm.call("POST", "/roles", {"name": "all", "permissions": ["view_audit", "manage_users"]}, 201).json["id"]
    realm.call("POST", f"/users/{strong}/roles/{role}", None, 204)
    make_user(realm, "weak")
    weak = key(server, realm, "manage_realms", "manage_users", "manage_webhooks", "view_webhooks")
    choose_mailer(weak, receiver.url(path))
    ask_for(server, realm, username="strong")
    ask_for(server, realm, username="weak")
    receiver.wait(path, 2)
    tokens = {request.json["data"]["username"]: "token" in request.json["data"] for request in receiver.at(path)}
    assert tokens == {"strong": False, "weak": True}
    # Without manage_users nobody chooses one, and old settings are unknown.
    for permissions in (("manage_realms", "view_events"), ("manage_webhooks", "view_webhooks")):
        lacking = key(server, realm, *permissions)
        hook = realm.create_webhook(receiver.url(path), **MAILER)["id"]
        lacking.call("PATCH", "/settings", {"password_reset_webhook": hook}, 403)
        lacking.call("PATCH", "/settings", {"reset_token_in_event": True}, 422 if "manage_realms" in permissions else 403)


def test_whoever_becomes_stronger_meanwhile_is_looked_at_again(server, receiver, realm, path):
    user = make_user(realm, "ada")
    weak = key(server, realm, "manage_realms", "manage_users", "manage_webhooks", "view_webhooks")
    role = realm.call("POST", "/roles", {"name": "more", "permissions": ["view_audit"]}, 201).json["id"]
    promote = lambda: realm.call("POST", f"/users/{user}/roles/{role}", None, 204)
    receiver.on(path, [once(promote), 204])
    hook = choose_mailer(weak, receiver.url(path))
    realm.patch_webhook(hook, retry_schedule=["1s"])
    ask_for(server, realm, username="ada")
    receiver.wait(path, 2)
    first, second = (request.json["data"].get("token") for request in receiver.at(path))
    assert first and not second
    # Nor is the one that was sent good for what the user may do now.
    realm.call("POST", "/reset-password/complete", {"token": first, "password": NEW}, 422)


def test_the_setting_ends_with_a_change_by_somebody_weaker(server, receiver, realm, path):
    make_user(realm, "ada")
    setting = lambda: realm.get("/settings").json["password_reset_webhook"]
    weak = key(server, realm, "manage_webhooks", "view_webhooks")
    hook = choose_mailer(realm, receiver.url(path))
    # What does not matter for where it goes may be changed, and by the setter's equals everything.
    weak.patch_webhook(hook, name="another", description="d")
    realm.patch_webhook(hook, headers={"X-A": "1"})
    assert setting() == hook
    for change in ({"url": receiver.url(f"{path}/evil")}, {"headers": {"X-B": "1"}}, {"signing": ["v1a"]}, {"enabled": False},
                   {"format": "payload"}, {"events": ["user.created"]}, {"filter": {"resource_id": "nobody"}}, {"timeout": "100ms"},
                   {"rate_limit": {"count": 1, "per": "24h"}}, {"max_in_flight": 1}, {"retry_schedule": []}):
        mine = choose_mailer(realm, receiver.url(path))
        assert setting() == mine
        weak.patch_webhook(mine, **change)
        assert setting() is None, change
    newest = realm.items("/audit", action="realm.update_settings")[0]
    assert newest["detail"]["changed"] == ["password_reset_webhook"]
    mine = choose_mailer(realm, receiver.url(path))
    realm.call("POST", f"/webhooks/{mine}/secret/rotate", None, 200)
    assert setting() == mine
    weak.call("POST", f"/webhooks/{mine}/secret/rotate", None, 200)
    assert setting() is None
    ask_for(server, realm, username="ada")
    receiver.wait(f"{path}/evil", 1)
    assert "token" not in receiver.at(f"{path}/evil")[0].json["data"]
    gone = choose_mailer(realm, receiver.url(path))
    weak.delete_webhook(gone)
    assert setting() is None


def test_the_setting_ends_with_settings_that_silence_it(server, receiver, realm, path):
    """Whoever may change the realm's settings, but not choose the webhook, does not stop the resets unseen."""
    weak = key(server, realm, "manage_realms", "view_realms")
    silencing = ({"timeout": "100ms"}, {"retry_schedule": []})
    for change in silencing:
        hook = choose_mailer(realm, receiver.url(path))
        assert weak.call("PATCH", "/settings", {"retention_days": 7}, 200).json["password_reset_webhook"] == hook
        assert weak.call("PATCH", "/settings", change, 200).json["password_reset_webhook"] is None
        assert realm.get("/settings").json["password_reset_webhook"] is None
        newest = realm.items("/audit", action="realm.update_settings")[0]
        assert newest["detail"]["changed"] == [*change, "password_reset_webhook"]
    realm.call("PATCH", "/settings", {"timeout": None, "retry_schedule": None}, 200)
    # A webhook with its own does not depend on the realm's, and equals change everything.
    hook = realm.create_webhook(receiver.url(path), **MAILER, timeout="5s", retry_schedule=["1s"])["id"]
    realm.call("PATCH", "/settings", {"password_reset_webhook": hook}, 200)
    for change in silencing:
        assert weak.call("PATCH", "/settings", change, 200).json["password_reset_webhook"] == hook
    mine = choose_mailer(realm, receiver.url(path))
    assert realm.call("PATCH", "/settings", {"timeout": "3s"}, 200).json["password_reset_webhook"] == mine


@sqlite_only
def test_what_an_older_version_left_is_taken_out(tmp_path):
    """The setting ends with a word in both logs, and so do the tokens that lie in stored events."""
    token = "prt_" + "A" * 43
    with Server(tmp_path / "data") as server:
        realm = server.realm()
        user = make_user(realm, "ada")
        realm.call("POST", f"/users/{user}/reset-password", None, 200)
        data = json.dumps(resets(realm)[0]["data"], separators=(",", ":"))
        server.stop()
        with contextlib.closing(sqlite3.connect(tmp_path / "data" / "postrider.db")) as db, db:
            old = data[:-1] + f',"token":"{token}"}}'
            assert db.execute("UPDATE events SET data = ? WHERE type = 'auth.reset_password'", (old.encode(),)).rowcount == 1
            db.execute("UPDATE realms SET settings = ? WHERE name = ?",
                       ('{"retention_days":7,"reset_token_in_event":true}', realm.name))
            db.execute("""UPDATE realms SET settings = '{"allowed_networks":[]}' WHERE name = 'master'""")
            assert db.execute("DELETE FROM store_state WHERE name = 'reset_tokens_cleared'").rowcount == 1
        server.start()
        assert json.dumps(resets(realm)[0]["data"], separators=(",", ":")) == data
        settings = realm.get("/settings").json
        assert settings["retention_days"] == 7 and settings["password_reset_webhook"] is None
        assert server.master.get("/settings").json["allowed_networks"] is None
        server.wait_log(f"{realm.name}: reset_token_in_event")
        newest = realm.items("/audit", action="realm.update_settings")[0]
        assert newest["detail"]["changed"] == ["reset_token_in_event"] and newest["actor"]["id"] == "upgrade"
        server.restart()
        assert sum("of an older version" in line for line in server.log) == 2, "once for each"


def test_what_can_be_chosen(server, receiver, realm, path):
    other = server.realm()
    not_mine = other.create_webhook(receiver.url(path), **MAILER)["id"]
    deaf = realm.create_webhook(receiver.url(path), events=["user.*"])["id"]
    for value in (not_mine, deaf, "x", 1, True):
        assert realm.call("PATCH", "/settings", {"password_reset_webhook": value}, 422).pointers == ["#/password_reset_webhook"]
    hook = choose_mailer(realm, receiver.url(path))
    # Others change other settings, and leave it as it is.
    realms = key(server, realm, "manage_realms", "view_realms")
    realms.call("PATCH", "/settings", {"retention_days": 7, "password_reset_webhook": hook}, 200)
    assert realm.get("/settings").json["password_reset_webhook"] == hook
    realm.call("PATCH", "/settings", {"password_reset_webhook": None}, 200)


def test_without_that_setting_nobody_has_it(server, realm):
    make_user(realm, "ada")
    realm.call("POST", "/reset-password", {"username": "ada"}, 202)
    wait_for(lambda: len(resets(realm)) == 1, "the event")
    event = realm.get(f"/events/{resets(realm)[0]['id']}").json
    assert "token" not in event["data"] and event["data"]["expires_at"]


def test_bad_requests_name_the_field(realm):
    for body in ({}, {"username": "a", "email": "b"}, {"username": 1}, {"email": None, "x": 1}):
        assert realm.call("POST", "/reset-password", body, 422).pointers, body
