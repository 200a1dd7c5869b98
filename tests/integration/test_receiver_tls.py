"""Certificates of webhooks: private authorities of receivers, and certificates that are shown to them (mutual TLS)."""

import json
import ssl
import subprocess

import pytest

from certificates import Authority, openssl
from hostile import Hostile, close, says
from receiver import Receiver, Reply
from server import Server
from test_import_keycloak import cli
from test_webhooks import refused

MASK = "••••••"


@pytest.fixture(scope="module")
def authorities(tmp_path_factory):
    """Of receivers, and of clients."""
    folder = tmp_path_factory.mktemp("authorities")
    return Authority(folder / "receivers"), Authority(folder / "clients")


def strict(authorities, name="receiver", wants=ssl.CERT_REQUIRED):
    receivers, clients = authorities
    context = receivers.context(name)
    context.load_verify_locations(clients.ca)
    context.verify_mode = wants
    return context


@pytest.fixture(scope="module")
def strict_receiver(authorities):
    """It takes clients of one authority alone, and its own certificate is of another that the server does not know."""
    with Receiver(tls=strict(authorities)) as started:
        yield started


def tls_of(authorities, name="shop"):
    receivers, clients = authorities
    return {"ca": receivers.ca.read_text(), **clients.client(name)}


def masked(tls):
    return {name: MASK for name in tls}


def attempt(realm, hook):
    event = realm.publish().json["id"]
    (delivery,) = [each for each in realm.wait_final(event) if each["webhook_id"] == hook["id"]]
    return delivery["last_outcome"], delivery


def test_each_side_knows_the_other_by_its_own_authority(realm, strict_receiver, authorities, path):
    hook = realm.create_webhook(strict_receiver.url(path), tls=tls_of(authorities), retry_schedule=[])
    assert attempt(realm, hook)[0]["reason"] == "accepted"
    (request,) = strict_receiver.at(path)
    assert request.client == "shop"
    realm.patch_webhook(hook["id"], tls=tls_of(authorities, "renewed"))
    assert attempt(realm, hook)[0]["reason"] == "accepted"
    assert [each.client for each in strict_receiver.at(path)] == ["shop", "renewed"]


def test_without_the_one_or_the_other_it_fails_with_the_reason(realm, authorities):
    receivers, clients = authorities
    # Another server than asyncio's, which hangs up before it has told why.
    strict_receiver = Hostile(says(b"HTTP/1.1 204 No Content\r\n\r\n", then=close), tls=strict(authorities, "hostile"))
    hook = realm.create_webhook(strict_receiver.url(), retry_schedule=[])
    for tls, expected in ((None, "certificate is not accepted"), ({"ca": receivers.ca.read_text()}, "has none to show"),
                          (clients.client("x"), "certificate is not accepted"),
                          ({"ca": receivers.ca.read_text(), **receivers.client("x")}, "does not accept the webhook's client certificate")):
        realm.patch_webhook(hook["id"], tls=tls)
        outcome, delivery = attempt(realm, hook)
        assert (outcome["kind"], outcome["reason"]) == ("transport", "tls_failed") and expected in delivery["reason"], delivery
    strict_receiver.close()


def test_it_is_shown_to_nobody_and_kept_by_the_mask(realm, receiver, strict_receiver, authorities, path):
    tls = tls_of(authorities)
    watch = realm.create_webhook(receiver.url(path + "/watch"), events=["webhook.*"])
    hook = realm.create_webhook(strict_receiver.url(path), tls=tls)
    shown = hook["tls"]
    assert {name: shown[name] for name in tls} == masked(tls) and shown["subject"] == "CN=shop"
    assert shown["expires_at"] > hook["created_at"]
    _, delivery = attempt(realm, hook)
    # As it was read, and as an older program sends it that knows nothing of it.
    assert realm.patch_webhook(hook["id"], tls=shown)["version"] == hook["version"]
    assert realm.patch_webhook(hook["id"], tls=tls)["version"] == hook["version"]
    trusting = realm.patch_webhook(hook["id"], tls={"ca": MASK})
    assert trusting["tls"] == {"ca": MASK}
    realm.patch_webhook(hook["id"], tls=tls)
    seen = json.dumps([realm.webhook(hook["id"]), realm.get("/webhooks").json, delivery, realm.explain(delivery["event_id"]), realm.get("/audit").json])
    updated = receiver.wait(path + "/watch", 3)
    seen += "".join(request.body.decode() for request in updated)
    assert "tls" in json.loads(updated[-1].body)["data"]["changed"]
    assert "BEGIN" not in seen and MASK in seen
    revealed = realm.get(f"/webhooks/{hook['id']}", reveal="headers").json["tls"]
    assert {name: revealed[name] for name in tls} == tls
    assert "new origin" in refused(realm, ["#/tls/ca", "#/tls/client_certificate", "#/tls/client_key"], "PATCH", f"/webhooks/{hook['id']}",
                                   url="https://127.0.0.1:9/x", events=["*"], tls=shown)
    assert realm.patch_webhook(hook["id"], url="https://127.0.0.1:9/x")["tls"] is None
    realm.delete_webhook(watch["id"])


def test_two_realms_at_one_origin_share_neither_connections_nor_sessions(server, authorities, path):
    realms = [server.realm(None, "order.shipped") for _ in range(2)]
    # It asks for a certificate and needs none, so that whoever rode on somebody else's connection would be let through.
    for closes in (False, True):
        with Receiver(tls=strict(authorities, f"asking-{closes}", ssl.CERT_OPTIONAL)) as asking:
            hooks = []
            for at, realm in enumerate(realms):
                for name in (f"client-{at}", None):
                    place = f"{path}/{name}/{at}/{closes}"
                    asking.on(place, Reply(200, body=b"ok", close=closes))
                    tls = tls_of(authorities, name) if name else {"ca": authorities[0].ca.read_text()}
                    hooks.append((name, place, realm.create_webhook(asking.url(place), tls=tls)))
            for turn in range(5):
                for realm in realms:
                    realm.publish()
                for _, place, _ in hooks:
                    asking.wait(place, turn + 1)
            owners = {}
            for name, place, _ in hooks:
                for request in asking.at(place):
                    assert request.client == name, (place, request.client)
                    if not closes:  # then an id may be another connection's later
                        owners.setdefault(request.connection, set()).add(place)
            assert all(len(places) == 1 for places in owners.values()), owners
            if closes:
                assert sum(request.resumed for request in asking.requests) >= 4, "sessions of one's own are used again"
            for _, place, hook in hooks:
                realms[int(place.split("/")[-2])].delete_webhook(hook["id"])


def pem(kind, folder, *arguments):
    file = folder / "some.pem"
    openssl(kind, "-out", file, *arguments)
    return file.read_text()


def test_each_bad_pem_gets_its_pointer(realm, authorities, tmp_path):
    receivers, clients = authorities
    good, other = clients.client("good"), clients.client("other")
    ca, certificate, key = receivers.ca.read_text(), good["client_certificate"], good["client_key"]
    protected = pem("pkey", tmp_path, "-in", clients.folder / "good.key", "-aes256", "-passout", "pass:word")
    small = pem("genrsa", tmp_path, "1024")
    dear = pem("genrsa", tmp_path, "4608")
    curve = pem("ecparam", tmp_path, "-name", "secp256k1", "-genkey", "-noout")
    request = (clients.folder / "good.csr").read_text()
    realm.client.renew()  # that took a while
    for tls, pointers in (
        ("PEM", ["#/tls"]), ([], ["#/tls"]), ({}, ["#/tls"]), ({"ca": 5}, ["#/tls/ca"]), ({"ca": "PEM"}, ["#/tls/ca"]),
        ({"ca": ca[:200]}, ["#/tls/ca"]), ({"ca": ca.replace("M", "*")}, ["#/tls/ca"]), ({"ca": key}, ["#/tls/ca"]),
        ({"ca": ca * 40}, ["#/tls/ca"]), ({"ca": request}, ["#/tls/ca"]), ({"ca": MASK}, ["#/tls/ca"]), ({"ca": "\0\ud7ff"}, ["#/tls/ca"]),
        ({"client_certificate": certificate}, ["#/tls/client_key"]), ({"client_key": key}, ["#/tls/client_certificate"]),
        ({"client_certificate": certificate, "client_key": other["client_key"]}, ["#/tls/client_key"]),
        ({"client_certificate": certificate, "client_key": protected}, ["#/tls/client_key"]),
        ({"client_certificate": certificate, "client_key": small}, ["#/tls/client_key"]),
        ({"client_certificate": certificate, "client_key": dear}, ["#/tls/client_key"]),
        ({"client_certificate": certificate, "client_key": curve}, ["#/tls/client_key"]),
        ({"client_certificate": certificate, "client_key": certificate}, ["#/tls/client_key"]),
        ({"client_certificate": clients.ca.read_text() + certificate, "client_key": key}, ["#/tls/client_certificate"]),
        ({"client_certificate": request, "client_key": "x" * 9000}, ["#/tls/client_certificate", "#/tls/client_key"]),
        ({"ca": ca, "certificate": certificate}, ["#/tls/certificate"]),
    ):
        answer = refused(realm, pointers, url="https://127.0.0.1:9/x", events=["*"], tls=tls)
        assert "PRIVATE" not in answer or "BEGIN" in answer
    refused(realm, ["#/tls"], url="http://127.0.0.1:9/x", events=["*"], tls={"ca": ca})


def test_it_survives_a_restart_and_a_change_of_the_key_and_is_sealed(tmp_path, authorities, path):
    with Receiver(tls=strict(authorities, "sealed")) as strict_receiver, Server(tmp_path / "data", "--allow-network", "127.0.0.0/8") as server:
        realm = server.realm(None, "order.shipped")
        tls = tls_of(authorities, "kept")
        realm.create_webhook(strict_receiver.url(path), tls=tls)
        server.stop()
        lines = [line for text in tls.values() for line in text.splitlines() if len(line) == 64]
        places = ["".join(server.log).encode(), *(each.read_bytes() for each in (tmp_path / "data").iterdir() if each.is_file())]
        assert lines and not any(line.encode() in place for place in places for line in lines)
        subprocess.run([server.program, "keys", "rotate", "--data", str(tmp_path / "data"), *server.flags[:2 if "--database" in server.flags else 0]],
                       check=True, capture_output=True)
        server.start()
        realm.publish()
        assert strict_receiver.wait(path)[0].client == "kept"


def test_the_command_line_takes_files_and_renews_a_certificate_alone(server, realm, strict_receiver, authorities, path):
    receivers, clients = authorities
    certificate, key = clients.leaf("typed")
    made = json.loads(cli(server, "webhook", "create", strict_receiver.url(path), "--realm", realm.name, "--event", "order.*", "--receiver-ca", receivers.ca,
                          "--client-certificate", certificate, "--client-key", key, "--json", expect=0).stdout)
    assert made["tls"]["subject"] == "CN=typed"
    certificate, key = clients.leaf("renewed")
    text = cli(server, "webhook", "edit", made["id"], "--realm", realm.name, "--client-certificate", certificate, "--client-key", key, expect=0).stdout
    assert "CN=renewed" in text and "BEGIN" not in text
    realm.publish()
    assert strict_receiver.wait(path)[0].client == "renewed"
    assert realm.webhook(made["id"])["tls"]["ca"] == MASK, "what is trusted stays"
    said = cli(server, "webhook", "edit", made["id"], "--realm", realm.name, "--client-key", "/nowhere", expect=2).stderr
    assert "/nowhere" in said
    json.loads(cli(server, "webhook", "edit", made["id"], "--realm", realm.name, "--no-tls", "--json", expect=0).stdout)
    assert realm.webhook(made["id"])["tls"] is None
