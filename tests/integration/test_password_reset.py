"""Who has forgotten their password gets a new one, and nobody learns who is there."""

import time

from client import Client, Realm
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
    assert answers == {(202, b"{}")}
    wait_for(lambda: len(resets(realm)) == 1, "one event: there is one such user, and one reset a minute")
    # The queue is worked off in order: what came later would be there.
    anybody.call("POST", "/reset-password", {"username": "nobody"}, 202)
    time.sleep(0.2)
    assert len(resets(realm)) == 1


def test_the_receiver_that_mails_links_has_the_token(server, receiver, realm, path):
    user = make_user(realm, "ada", email="ada@example.com")
    realm.call("PATCH", "/settings", {"reset_token_in_event": True}, 200)
    realm.create_webhook(receiver.url(path), events=["auth.reset_password"])
    Realm(Client(server.address, None), realm.name).call("POST", "/reset-password", {"email": "ADA@example.com"}, 202)
    receiver.wait(path, 1)
    event = receiver.at(path)[0].json
    assert event["resource_id"] == user and event["data"]["username"] == "ada"
    realm.call("POST", "/reset-password/complete", {"token": event["data"]["token"], "password": NEW}, 204)
    realm.call("POST", "/session", {"username": "ada", "password": NEW}, 201)


def test_without_that_setting_nobody_has_it(server, realm):
    make_user(realm, "ada")
    realm.call("POST", "/reset-password", {"username": "ada"}, 202)
    wait_for(lambda: len(resets(realm)) == 1, "the event")
    event = realm.get(f"/events/{resets(realm)[0]['id']}").json
    assert "token" not in event["data"] and event["data"]["expires_at"]


def test_bad_requests_name_the_field(realm):
    for body in ({}, {"username": "a", "email": "b"}, {"username": 1}, {"email": None, "x": 1}):
        assert realm.call("POST", "/reset-password", body, 422).pointers, body
