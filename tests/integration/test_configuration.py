"""What an operator sees of the configuration, and changes of it while the server runs; what the service manager is told."""

import json
import re
import shutil
import signal
import socket
import subprocess

import pytest

from certificates import Authority
from dns import Dns
from publishers import Publishers
from receiver import Receiver
from server import ROOT, Server, binary, environment
from waiting import wait_for


def run(*arguments, code=0, variables=None):
    done = subprocess.run([binary(), *map(str, arguments)], capture_output=True, text=True, timeout=30, env=environment(**(variables or {})))
    assert done.returncode == code, done.stderr
    return done.stdout if code == 0 else done.stderr


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "postrider.toml"
    path.write_text('timeout = "7s"\n')
    return path


def metric(server, name):
    text = server.client.raw("GET", "/metrics").body.decode()
    return float(re.search(rf"^{re.escape(name)} (\S+)$", text, re.M)[1])


def reload(server, said):
    """Waits for a new line that has `said`; gives it."""
    before = len(server.log)
    server.process.send_signal(signal.SIGHUP)
    return wait_for(lambda: [line for line in server.log[before:] if said in line], said)[0]


def test_config_says_where_each_value_came_from(file, tmp_path):
    shown = run("config", "--config", file, "--data", tmp_path, variables={"POSTRIDER_LOG_LEVEL": "error", "POSTRIDER_KEY": "secret-" * 6})
    lines = dict(re.findall(r"^(?:# )?(\w+)(?: = .*?)?  +# (.*)$", shown, re.M))
    assert lines["timeout"] == f"{file}, line 1"
    assert lines["data"] == "--data" and lines["log_level"] == "POSTRIDER_LOG_LEVEL; SIGHUP changes it"
    assert lines["listen"] == "default" and lines["tls_cert"] == "not set; SIGHUP changes it"
    assert "POSTRIDER_KEY is set" in shown and "secret-" not in shown


def test_the_example_is_a_configuration(tmp_path):
    example = tmp_path / "example.toml"
    example.write_text(run("config", "--example"))
    assert run("check-config", "--config", example) == run("check-config", "--data", "/var/lib/postrider")


def test_check_config_finds_every_mistake_at_once(file, tmp_path):
    file.write_text(f'listen = "8080"\ntimeuot = "1s"\ndata = "{tmp_path}"\n')
    lines = run("check-config", "--config", file, "--role", "boss", code=2).splitlines()
    assert [line.removeprefix("postrider: ").removeprefix(str(file)) for line in lines] == [
        ", line 2: timeuot is no option of this server; do you mean timeout?",
        ', line 1: listen "8080" must be ADDRESS:PORT, like 127.0.0.1:8080 or [::1]:8080',
        '--role "boss" must be all, api or deliver']
    file.write_text(f'data = "{tmp_path}"\ntls_cert = "/nowhere/cert.pem"\ntls_key = "/nowhere/key.pem"\nca_file = "/nowhere/ca.pem"\n')
    said = run("check-config", "--config", file, code=1)
    assert "/nowhere/ca.pem" in said and "/nowhere/cert.pem" in said


def test_sighup_takes_what_can_change_and_names_the_rest(file, tmp_path):
    with Server(tmp_path / "data", "--config", str(file)) as server:
        assert "changed=" in reload(server, "the configuration was read again")
        file.write_text('timeout = "8s"\nlog_level = "debug"\nmetrics_listen = "127.0.0.1:0"\n')
        assert "settings=metrics_listen,timeout" in reload(server, "these settings change at the next start")
        assert any("was read again  changed=log_level" in line for line in server.log)
        server.client.raw("GET", "/healthz")
        wait_for(lambda: [line for line in server.log if "operation=get_health" in line], "a line of the level debug")
        assert metric(server, 'postrider_config_reloads_total{result="applied"}') == 2


def reloadable():
    """The options of which `config --example` says that SIGHUP changes them, by their keys."""
    blocks = run("config", "--example").split("\n\n")
    return {re.search(r"^#?(\w+) = ", block, re.M)[1] for block in blocks if "Read again at SIGHUP." in block.replace("\n#", "")}


def test_the_documents_name_what_sighup_changes():
    text = (ROOT / "docs" / "configuring.md").read_text()
    table = re.search(r"^\| changes at SIGHUP \|.*?\n\n", text, re.M | re.S)[0]
    first_column = "".join(re.findall(r"^\|(.*?)\|", table, re.M))
    assert set(re.findall(r"`(\w+)`", first_column)) == reloadable()
    shown = run("config", variables={"POSTRIDER_DATA": "/tmp"})
    assert set(re.findall(r"^(?:# )?(\w+)\b.*; SIGHUP changes it$", shown, re.M)) == reloadable()


def test_what_stands_before_the_server_changes_at_sighup(file, tmp_path):
    """Proxies, origins, the public URL, the log's form: each there and gone again."""
    variables = {"POSTRIDER_ADMIN_PASSWORD": "correct horse battery"}
    with Server(tmp_path / "data", "--config", str(file), variables=variables) as server:
        def seen():
            headers = {"sec-fetch-site": "same-origin", "authorization": None, "x-forwarded-for": "203.0.113.7", "origin": "https://app.example"}
            login = server.master.call("POST", "/session", {"username": "admin", "password": "correct horse battery"}, 201, {**headers, "origin": None})
            answer = server.client.raw("GET", "/.well-known/oauth-authorization-server/api/v1/realms/master", headers={"origin": "https://app.example"})
            return (server.master.get(f"/sessions/{login.json['id']}").json["address"], answer.headers.get("access-control-allow-origin"),
                    answer.json["issuer"].removesuffix("/api/v1/realms/master"))

        plain = ("127.0.0.1", None, server.url)
        assert seen() == plain
        file.write_text('trusted_proxy = ["127.0.0.1/32"]\ncors_origin = ["https://app.example"]\npublic_url = "https://h.example"\nlog_format = "json"\n')
        line = reload(server, "the configuration was read again")
        changed = json.loads(line)
        assert changed["changed"] == "public_url,trusted_proxy,cors_origin,log_format" and changed["level"] == "info"
        assert any("settings change at the next start" in line and "timeout" in line for line in server.log)
        assert seen() == ("203.0.113.7", "https://app.example", "https://h.example")
        file.write_text("")
        assert " info " in reload(server, "the configuration was read again")
        assert seen() == plain


def test_who_is_asked_about_names_changes_at_sighup(file, tmp_path):
    with Dns() as first, Dns() as second, Receiver() as receiver:
        first.set("hooks.example", "127.0.0.9")  # where nobody listens
        second.set("hooks.example", "127.0.0.1")
        file.write_text(f'dns_servers = ["{first.server}"]\nallow_network = ["127.0.0.0/8"]\n')
        with Server(tmp_path / "data", "--config", str(file)) as server:
            realm = server.realm("acme", "order.paid")
            realm.create_webhook(f"http://hooks.example:{receiver.port}/a", events=["order.paid"], retry_schedule=["1s"] * 20)
            realm.publish("order.paid")
            wait_for(lambda: realm.deliveries()[0]["attempts"], "the first is asked")
            file.write_text(f'dns_servers = ["{second.server}"]\nallow_network = ["127.0.0.0/8"]\n')
            assert "changed=dns_servers" in reload(server, "was read again")
            wait_for(lambda: receiver.at("/a"), "it arrives", 20)


def test_authorities_of_receivers_change_at_sighup(file, tmp_path):
    """The file is another one, then it is the same with other content, then it cannot be read."""
    old, new, newest = (Authority(tmp_path / name) for name in ("old", "new", "newest"))
    configured = lambda path: file.write_text(f'ca_file = "{path}"\nallow_network = ["127.0.0.0/8"]\n')
    with Receiver(tls=new.context("new")) as second, Receiver(tls=newest.context("newest")) as third:
        configured(old.ca)
        with Server(tmp_path / "data", "--config", str(file)) as server:
            realm = server.realm("acme", "order.paid")
            for name, receiver in (("second", second), ("third", third)):
                realm.create_webhook(receiver.url(f"/{name}"), name=name, events=["order.paid"], retry_schedule=["1s"] * 20)
            realm.publish("order.paid")
            wait_for(lambda: realm.items("/deliveries", state="pending") and all(
                each["attempts"] for each in realm.items("/deliveries", state="pending")), "both are refused")
            configured(new.ca)
            assert "changed=ca_file" in reload(server, "was read again")
            wait_for(lambda: second.at("/second"), "the second one is trusted", 20)
            assert not third.at("/third")
            shutil.copy(newest.ca, new.ca)
            reload(server, "was read again")
            wait_for(lambda: third.at("/third"), "the same file, read again", 20)
            new.ca.write_text("nothing")
            assert "holds no certificate" in reload(server, "the old one stays")
            realm.publish("order.paid")
            wait_for(lambda: len(third.at("/third")) > 1, "by the authorities of before", 20)


def test_a_wrong_file_keeps_the_old_one_and_is_told(file, tmp_path):
    with Server(tmp_path / "data", "--config", str(file)) as server:
        assert metric(server, "postrider_config_last_reload_successful") == 1
        file.write_text('log_level = "debug"\ntimeout = "eternal"\n')
        line = reload(server, "the configuration was not read again, the old one stays")
        assert " error " in line and "line 2: timeout" in line
        assert metric(server, "postrider_config_last_reload_successful") == 0
        assert metric(server, 'postrider_config_reloads_total{result="refused"}') == 1
        server.client.raw("GET", "/healthz")
        file.unlink()
        assert "No such file" in reload(server, "was not read again")
        assert not [line for line in server.log if "operation=get_health" in line], "no level of a refused file"
        file.write_text('log_level = "info"\n')
        reload(server, "was read again")
        assert metric(server, "postrider_config_last_reload_successful") == 1


def test_reloads_under_load_fail_no_request(file, tmp_path):
    with Receiver() as receiver, Server(tmp_path / "data", "--config", str(file), "--allow-network", "127.0.0.0/8") as server:
        realm = server.realm("acme", "order.paid")
        realm.create_webhook(receiver.url("/hook"), events=["order.paid"])
        with Publishers(realm) as publishers:
            for number in range(30):
                file.write_text(("", 'log_level = "warning"\nlog_format = "json"\ntrusted_proxy = ["127.0.0.1"]\ncors_origin = ["https://app.example"]\n'
                                 'public_url = "https://h.example"\ndns_servers = ["127.0.0.1:1"]\n')[number % 2])
                server.process.send_signal(signal.SIGHUP)
                publishers.wait_more(20)
        assert not publishers.refusals
        assert len(publishers.acknowledged) >= 600
        wait_for(lambda: {request.id for request in receiver.at("/hook")} >= set(publishers.acknowledged), "all arrive", 60)


def test_the_service_manager_is_told(file, tmp_path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(30)

        def told(wanted):
            """The next message that is not one for the watchdog."""
            while (message := manager.recv(1000).decode()) == "WATCHDOG=1" and wanted != message:
                pass
            assert message.startswith(wanted), message
            return message

        variables = {"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "300000"}
        with Server(tmp_path / "data", "--config", str(file), variables=variables) as server:
            assert f"STATUS=It listens on 127.0.0.1:{server.port}." in told("READY=1\n")
            for _ in range(3):
                told("WATCHDOG=1")
            server.process.send_signal(signal.SIGHUP)
            assert re.fullmatch(r"RELOADING=1\nMONOTONIC_USEC=\d+", told("RELOADING=1"))
            told("READY=1\n")
            assert server.stop() == 0
            told("STOPPING=1\n")


def test_health_is_asked_without_a_key(tmp_path):
    with Server(tmp_path / "data") as server:
        assert run("health", "--url", server.url) == "ready\n"
        assert run("health", variables={"POSTRIDER_URL": server.url}) == "ready\n"
    assert "did not answer" in run("health", "--url", server.url, code=1)
