"""What can be wrong at a start: one sentence, and exit code 1; wrong flags: exit code 2."""

import os
import pathlib
import re
import shutil
import signal
import socket
import sqlite3
import stat
import subprocess
import time

import pytest

from client import Client
from server import TOKEN, Server, binary, environment
from waiting import wait_for


def run(*arguments, prefix=(), variables=None, timeout=30):
    """Runs the binary to its end; gives (exit code, stderr)."""
    done = subprocess.run([*prefix, binary(), *map(str, arguments)], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=timeout,
                          env=environment(**(variables or {})))
    return done.returncode, done.stderr


def fails(code, says, *arguments, **keywords):
    """It must end with `code` and one sentence that has all of `says`."""
    ended, text = run(*arguments, **keywords)
    assert ended == code, (ended, text)
    # What the log says begins with its time.
    lines = [line for line in text.strip().splitlines() if not re.match(r"\d{4}-\d\d-\d\d", line)]
    assert len(lines) == 1, text
    for word in says:
        assert str(word).lower() in lines[0].lower(), (word, lines[0])
    assert not re.search(r"\b(terminate|assert|exception|sqlite_|errno)\b", lines[0], re.I), lines[0]
    return lines[0]


def serve(data, *flags):
    return ("serve", "--data", data, "--listen", "127.0.0.1:0", *flags)


@pytest.fixture
def stopped(tmp_path):
    """A data directory that was used, and is not in use."""
    with Server(tmp_path / "data") as server:
        server.master.publish("user.created")
        assert server.stop() == 0
    return tmp_path / "data"


def test_port_in_use(tmp_path):
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        fails(1, [port, "in use"], "serve", "--data", tmp_path / "data", "--listen", f"127.0.0.1:{port}")


def test_data_directory_in_use(tmp_path):
    with Server(tmp_path / "data") as server:
        fails(1, [tmp_path / "data", "in use"], *serve(tmp_path / "data"))
        server.master.publish("user.created")  # the first one is not disturbed
        server.kill()
        server.start()  # a killed one leaves no lock behind


def test_database_newer_than_the_binary(stopped):
    with sqlite3.connect(stopped / "postrider.db") as database:
        version = database.execute("PRAGMA user_version").fetchone()[0]
        assert version >= 1
        database.execute(f"PRAGMA user_version = {version + 1}")
    fails(1, ["newer"], *serve(stopped))
    with sqlite3.connect(stopped / "postrider.db") as database:
        assert database.execute("PRAGMA user_version").fetchone()[0] == version + 1
        database.execute(f"PRAGMA user_version = {version}")
    with Server(stopped) as server:
        assert len(server.master.items("/events", event="user.created")) == 1


def test_not_a_database(stopped):
    for name in ("postrider.db-wal", "postrider.db-shm"):
        (stopped / name).unlink(missing_ok=True)
    (stopped / "postrider.db").write_bytes(b"this is no database, but it is long enough\n" * 200)
    said = fails(1, ["postrider.db", "damaged", "backup"], *serve(stopped))
    assert "folder" not in said


def test_a_database_that_is_missing_beside_its_key(stopped):
    (stopped / "postrider.db").rename(stopped / "elsewhere")
    fails(1, ["postrider.db", "missing", "key", "backup"], *serve(stopped))
    assert not (stopped / "postrider.db").exists()
    (stopped / "elsewhere").rename(stopped / "postrider.db")
    with Server(stopped) as server:
        assert len(server.master.items("/events", event="user.created")) == 1
        server.stop()
    # The way out for who wants to begin anew.
    (stopped / "postrider.db").unlink()
    (stopped / "key").unlink()
    with Server(stopped) as server:
        assert not server.master.items("/events", event="user.created")


def test_a_key_that_is_there_before_the_first_start(tmp_path):
    with Server(tmp_path / "one") as server:
        server.stop()
    with Server(tmp_path / "two", "--key-file", tmp_path / "one" / "key"):
        pass


def unprivileged():
    """A prefix that gives up root's right to write everywhere."""
    if os.geteuid() != 0:
        return ()
    if shutil.which("setpriv"):
        return ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--")
    pytest.skip("root may write everywhere, and there is no setpriv")


def test_read_only_directory(tmp_path):
    prefix = unprivileged()
    folder = pathlib.Path("/tmp") / f"postrider-read-only-{os.getpid()}"  # reachable for nobody
    folder.mkdir()
    try:
        folder.chmod(0o555)
        readable = subprocess.run([*prefix, "test", "-x", binary()]).returncode == 0
        if not readable:
            pytest.skip("an unprivileged user cannot reach the binary here")
        fails(1, [folder], *serve(folder), prefix=prefix)
        fails(1, [folder / "below"], *serve(folder / "below"), prefix=prefix)
    finally:
        folder.chmod(0o755)
        shutil.rmtree(folder)


def test_a_file_where_the_directory_should_be(tmp_path):
    (tmp_path / "file").write_text("x")
    fails(1, [tmp_path / "file"], *serve(tmp_path / "file"))


def test_wrong_and_missing_key(stopped):
    key = stopped / "key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    original = key.read_bytes()
    with Server(stopped.parent / "other") as other:
        other.stop()
    shutil.copy(stopped.parent / "other" / "key", key)
    fails(1, ["key"], *serve(stopped))
    key.unlink()
    fails(1, ["key"], *serve(stopped))
    assert not key.exists(), "a new key was made for a database that has another"
    key.write_bytes(b"rubbish")
    key.chmod(0o600)
    fails(1, ["key"], *serve(stopped))
    key.write_bytes(original)
    key.chmod(0o600)
    with Server(stopped):
        pass


def test_bootstrap_token(tmp_path):
    fails(2, ["POSTRIDER_BOOTSTRAP_TOKEN", "32"], *serve(tmp_path / "data"),
          variables={"POSTRIDER_BOOTSTRAP_TOKEN": "short"})
    # Without it the first start writes one, which nobody else may read.
    process = subprocess.Popen([binary(), *map(str, serve(tmp_path / "own"))], stdin=subprocess.DEVNULL,
                               stderr=subprocess.PIPE, text=True, env=environment())
    try:
        port = next(int(found[1]) for line in process.stderr
                    if (found := re.search(r"listening on http://127\.0\.0\.1:(\d+)", line)))
        file = tmp_path / "own" / "admin-token"
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        token = file.read_text().strip()
        assert token.startswith("prk_")
        client = Client(lambda: ("127.0.0.1", port), token)
        client.call("GET", "/realms/master/webhooks", expect=200)
        assert Client(lambda: ("127.0.0.1", port), TOKEN).call("GET", "/realms").status == 401
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("says, flags", [
    (["--colour"], ["--colour", "red"]),
    (["--listen"], ["--listen", "nowhere"]), (["--listen"], ["--listen", "127.0.0.1:99999"]),
    (["--allow-network"], ["--allow-network", "10.0.0.0/33"]),
    (["--allow-network"], ["--allow-network", "ten"]),
    (["--timeout"], ["--timeout", "31s"]), (["--timeout"], ["--timeout", "soon"]),
    (["--retry-schedule"], ["--retry-schedule", "25h"]),
    (["--dns-servers"], ["--dns-servers", "dns.example.com"]),
    (["--payload-bytes-max"], ["--payload-bytes-max", "2MiB"]),
    (["--public-url"], ["--public-url", "ftp://x"]), (["--database"], ["--database", "mysql://x"]),
    (["--log-format"], ["--log-format", "xml"]), (["--config"], ["--config", "/nonexistent/file.toml"]),
    (["--insecure-http"], ["--listen", "0.0.0.0:0"]),
    (["stray"], ["stray"]),
], ids=lambda value: " ".join(value))
def test_wrong_flags(tmp_path, says, flags):
    fails(2, says, "serve", "--data", tmp_path / "data", *flags)
    assert not (tmp_path / "data" / "postrider.db").exists()


@pytest.mark.parametrize("says, name, value", [
    (["POSTRIDER_LISTEN"], "POSTRIDER_LISTEN", "x"), (["POSTRIDER_TIMEOUT"], "POSTRIDER_TIMEOUT", "x"),
    (["POSTRIDER_ALLOW_NETWORK"], "POSTRIDER_ALLOW_NETWORK", "10.0.0.0/8,x")])
def test_wrong_environment(tmp_path, says, name, value):
    fails(2, says, "serve", "--data", tmp_path / "data", variables={name: value})


@pytest.mark.parametrize("says, text", [
    (["line 2", "colour"], 'timeout = "5s"\ncolour = "red"\n'), (["line 1", "timeout"], 'timeout = "x"\n'),
    (["line 1"], "= 7\n"), (["line 3"], '\n\nlisten = "127.0.0.1:0\n')])
def test_wrong_file(tmp_path, says, text):
    file = tmp_path / "postrider.toml"
    file.write_text(text)
    fails(2, [*says, file], "serve", "--data", tmp_path / "data", "--config", file)


def test_no_verb_and_an_unknown_verb():
    assert run()[0] in (0, 2)
    code, text = run("srve")
    assert code == 2 and "serve" in text


def test_ca_file_that_is_none(tmp_path):
    (tmp_path / "ca.pem").write_text("no certificate")
    fails(1, ["ca.pem"], *serve(tmp_path / "data", "--ca-file", tmp_path / "ca.pem"))
    fails(1, ["missing.pem"], *serve(tmp_path / "data", "--ca-file", tmp_path / "missing.pem"))


def test_an_orderly_end_on_every_signal(tmp_path):
    for wanted in (signal.SIGTERM, signal.SIGINT):
        with Server(tmp_path / "data") as server:
            server.process.send_signal(wanted)
            assert server.finish() == 0


def test_start_is_quick(tmp_path):
    with Server(tmp_path / "data") as server:
        server.stop()
        times = []
        for _ in range(5):
            began = time.monotonic()
            server.start()
            wait_for(lambda: server.client.raw("GET", "/readyz").status == 200, "ready")
            times.append(time.monotonic() - began)
            server.stop()
    assert min(times) < 1.0, times  # DESIGN.md says 200 ms; the margin is the machine's
