"""The API over TLS: certificates, their change while it runs, proxies; and the listener of the metrics."""

import contextlib
import http.client
import json
import re
import shutil
import signal
import socket
import ssl
import subprocess

import pytest

from browser import SAME
from certificates import Authority
from client import Client
from server import TOKEN, Server, binary, environment
from waiting import wait_for


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("ca"))


class Files:
    """A certificate and a key where a server looks for them."""

    def __init__(self, folder, authority, name, **options):
        self.certificate, self.key = folder / "cert.pem", folder / "key.pem"
        self.authority = authority
        self.put(name, **options)

    def put(self, name, **options):
        certificate, key = self.authority.leaf(name, **options)
        for new, place in ((certificate, self.certificate), (key, self.key)):
            shutil.copy(new, place.with_suffix(".new"))
            place.with_suffix(".new").rename(place)

    @property
    def flags(self):
        return "--tls-cert", str(self.certificate), "--tls-key", str(self.key)


def trusting(authority):
    context = ssl.create_default_context(cafile=authority.ca)
    return context


def connect(server, authority, timeout=10):
    return http.client.HTTPSConnection("127.0.0.1", server.port, timeout=timeout, context=trusting(authority))


def ask(connection, path="/healthz", method="GET", body=None, **headers):
    connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
    answer = connection.getresponse()
    return answer.status, dict((name.lower(), value) for name, value in answer.getheaders()), answer.read()


def name_of(connection):
    return dict(part[0] for part in connection.sock.getpeercert()["subject"])["commonName"]


def test_it_speaks_https_and_large_answers_are_whole(tmp_path, authority):
    files = Files(tmp_path, authority, "first")
    with Server(tmp_path / "data", *files.flags) as server:
        connection = connect(server, authority)
        status, headers, _ = ask(connection)
        assert status == 200 and "strict-transport-security" not in headers
        assert connection.sock.version() == "TLSv1.3"
        bearer = f"Bearer {TOKEN}"
        blob = "x" * 200_000
        status, _, body = ask(connection, "/api/v1/realms/master/events", "POST",
                              '{"event":"user.created","resource_id":"019300a1-7c3e-7b1a-9a54-3f0f6b1d2c11","data":{"blob":"%s"}}' % blob,
                              authorization=bearer, content_type="application/json")
        assert status == 202, body
        status, _, body = ask(connection, "/api/v1/realms/master/events?limit=1", authorization=bearer)
        assert status == 200
        status, _, body = ask(connection, "/api/v1/realms/master/feed?after=oldest", authorization=bearer)
        page = json.loads(body)
        assert status == 200 and blob in [each["data"].get("blob") for each in page["items"]]
        status, _, body = ask(connection, "/docs/api.html")
        assert status == 200 and len(body) > 50_000
        made = subprocess.run([binary(), "realm", "list", "--url", f"https://127.0.0.1:{server.port}", "--ca-file", authority.ca],
                              capture_output=True, text=True, timeout=30, stdin=subprocess.DEVNULL,
                              env=environment(POSTRIDER_TOKEN=TOKEN), check=True)
        assert "master" in made.stdout
        refused = subprocess.run([binary(), "realm", "list", "--url", f"https://127.0.0.1:{server.port}"],
                                 capture_output=True, text=True, timeout=30, stdin=subprocess.DEVNULL,
                                 env=environment(POSTRIDER_TOKEN=TOKEN), check=False)
        assert refused.returncode != 0 and "certificate" in refused.stderr


def test_old_protocols_and_plain_http_are_refused(tmp_path, authority):
    files = Files(tmp_path, authority, "first")
    with Server(tmp_path / "data", *files.flags) as server:
        old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
        old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
        old.set_ciphers("ALL:@SECLEVEL=0")
        with pytest.raises((ssl.SSLError, ConnectionError)), socket.create_connection(("127.0.0.1", server.port), 10) as raw:
            old.wrap_socket(raw).close()
        plain = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
        status, _, body = ask(plain)
        assert status == 400 and b"https" in body
        for garbage in (b"\x00" * 100, b"\x16\x03\x01\xff\xff" + b"A" * 500, b"SSH-2.0-x\r\n"):
            with socket.create_connection(("127.0.0.1", server.port), 10) as raw:
                raw.sendall(garbage)
                with contextlib.suppress(ConnectionError):
                    while raw.recv(4096):
                        pass
        assert ask(connect(server, authority))[0] == 200


@pytest.mark.parametrize("how", ["file", "SIGHUP"])
def test_a_new_certificate_is_used_and_connections_live_on(tmp_path, authority, how):
    files = Files(tmp_path, authority, "first")
    with Server(tmp_path / "data", *files.flags) as server:
        old = connect(server, authority)
        assert ask(old)[0] == 200 and name_of(old) == "first"
        files.put("second")
        if how == "SIGHUP":
            server.process.send_signal(signal.SIGHUP)

        def seen():
            connection = connect(server, authority)
            ask(connection)
            return name_of(connection)

        wait_for(lambda: seen() == "second", "the new certificate", 10)
        assert ask(old)[0] == 200 and name_of(old) == "first"
        # A pair that does not fit: the old one stays, and the log says why, once.
        _, other = authority.leaf("third")
        shutil.copy(other, files.key)
        server.wait_log("the old certificate stays")
        assert seen() == "second" and any("does not match" in line for line in server.log)
        files.put("fourth")
        wait_for(lambda: seen() == "fourth", "the pair that fits", 10)


def test_an_expired_certificate_is_told(tmp_path, authority):
    files = Files(tmp_path, authority, "old", expired=True)
    with Server(tmp_path / "data", *files.flags) as server:
        server.wait_log("has expired")
        with pytest.raises(ssl.SSLError):
            ask(connect(server, authority))


def refusal(tmp_path, *flags):
    done = subprocess.run([binary(), "serve", "--data", str(tmp_path / "x"), "--listen", "127.0.0.1:0", *map(str, flags)],
                          capture_output=True, text=True, timeout=30, stdin=subprocess.DEVNULL, env=environment(), check=False)
    assert done.returncode in (1, 2), done
    return done.stderr.strip().splitlines()[-1]


def test_bad_files_are_one_sentence(tmp_path, authority):
    certificate, key = authority.leaf("a")
    _, other = authority.leaf("b")
    nothing = tmp_path / "nothing.pem"
    nothing.write_text("nothing")
    assert "without --tls-key" in refusal(tmp_path, "--tls-cert", certificate)
    assert "without --tls-cert" in refusal(tmp_path, "--tls-key", key)
    assert "No such file" in refusal(tmp_path, "--tls-cert", tmp_path / "no.pem", "--tls-key", key)
    assert "holds no certificate" in refusal(tmp_path, "--tls-cert", nothing, "--tls-key", key)
    assert "holds no private key" in refusal(tmp_path, "--tls-cert", certificate, "--tls-key", nothing)
    assert "does not match" in refusal(tmp_path, "--tls-cert", certificate, "--tls-key", other)
    protected = tmp_path / "protected.pem"
    subprocess.run(["openssl", "pkey", "-in", key, "-aes256", "-passout", "pass:x", "-out", protected], check=True)
    assert "passphrase" in refusal(tmp_path, "--tls-cert", certificate, "--tls-key", protected)


def test_where_it_listens_without_tls(tmp_path):
    line = refusal(tmp_path, "--listen", "0.0.0.0:0")
    assert "--tls-cert" in line and "--trusted-proxy" in line and "--insecure-http" in line


def test_a_trusted_proxy_says_who_the_client_is(tmp_path):
    with Server(tmp_path / "data", "--trusted-proxy", "127.0.0.1", variables={"POSTRIDER_ADMIN_PASSWORD": "correct horse battery"}) as server:
        for forwarded, seen in (("203.0.113.7", "203.0.113.7"), ("198.51.100.1, 203.0.113.7", "203.0.113.7"),
                                ("203.0.113.7, 127.0.0.1", "203.0.113.7"), ("junk", "127.0.0.1"), (None, "127.0.0.1")):
            headers = {**SAME, "authorization": None, **({"x-forwarded-for": forwarded} if forwarded else {})}
            login = server.master.call("POST", "/session", {"username": "admin", "password": "correct horse battery"}, 201, headers)
            assert server.master.get(f"/sessions/{login.json['id']}").json["address"] == seen, forwarded
    with Server(tmp_path / "other", variables={"POSTRIDER_ADMIN_PASSWORD": "correct horse battery"}) as server:
        login = server.master.call("POST", "/session", {"username": "admin", "password": "correct horse battery"}, 201,
                                   {**SAME, "x-forwarded-for": "203.0.113.7"})
        assert server.master.get(f"/sessions/{login.json['id']}").json["address"] == "127.0.0.1", "nobody's word is taken"


def test_strict_transport_is_for_names(tmp_path, authority):
    files = Files(tmp_path, authority, "first")
    with Server(tmp_path / "data", *files.flags, "--public-url", "https://hooks.example.com") as server:
        assert ask(connect(server, authority))[1]["strict-transport-security"] == "max-age=31536000"


def test_the_session_cookie_is_secure_under_tls(tmp_path, authority):
    files = Files(tmp_path, authority, "first")
    with Server(tmp_path / "data", *files.flags, variables={"POSTRIDER_ADMIN_PASSWORD": "correct horse battery"}) as server:
        status, headers, _ = ask(connect(server, authority), "/api/v1/realms/master/session", "POST",
                                 '{"username":"admin","password":"correct horse battery"}', content_type="application/json",
                                 sec_fetch_site="same-origin")
        assert status == 201 and headers["set-cookie"].startswith("__Host-sid=") and "Secure" in headers["set-cookie"]


def test_handshakes_that_hang_end(tmp_path, authority):
    files = Files(tmp_path, authority, "first")
    with Server(tmp_path / "data", *files.flags) as server:
        hung = [socket.create_connection(("127.0.0.1", server.port), 30) for _ in range(50)]
        assert ask(connect(server, authority))[0] == 200
        hung[0].settimeout(20)
        assert hung[0].recv(1) == b"", "closed after the handshake's time"
        for each in hung:
            each.close()


def test_metrics_have_a_listener_of_their_own(tmp_path):
    with Server(tmp_path / "data", "--metrics-listen", "127.0.0.1:0") as server:
        wait_for(lambda: any("metrics on http://" in line for line in server.log), "the log line")
        port = next(int(found[1]) for line in server.log if (found := re.search(r"metrics on http://127\.0\.0\.1:(\d+)/metrics", line)))
        anybody = Client(lambda: ("127.0.0.1", port), None)
        answer = anybody.raw("GET", "/metrics")
        assert answer.status == 200 and b"postrider_" in answer.body and answer.headers["content-type"].startswith("text/plain")
        for path in ("/healthz", "/api/v1/realms", "/", "/docs/"):
            assert anybody.raw("GET", path).status == 404, path
        assert Client(server.address, None).raw("GET", "/metrics").status == 401, "the API's needs its permission"
        taken = refusal(tmp_path, "--metrics-listen", f"127.0.0.1:{port}")
        assert "in use" in taken and "--metrics-listen" in taken
