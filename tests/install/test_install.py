"""The package on a fresh Debian: what installing, upgrading, removing and purging it does. `tools/run_install` makes the roots."""

import contextlib
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import time

import pytest

from client import Client, Realm
from receiver import Receiver
from signing import verifies
from waiting import wait_for

ROOT = pathlib.Path(__file__).resolve().parents[2]
ROOTS = ROOT / "build" / "roots"
EXPOSURE_MAX = 2.0
SECONDS_MAX = 10
#: As somebody would set it; the last two let it run beside others, and deliver to this machine.
MINE = 'data = "/var/lib/postrider"\ntimeout = "7s"\nlisten = "127.0.0.1:0"\nallow_network = ["127.0.0.0/8"]\n'


def newest():
    return max((ROOT / "build" / "deb").glob("postrider_*.deb"), key=lambda each: each.stat().st_mtime)


class Machine:
    """A fresh root, in which nothing runs but what the test starts. Use as a context manager."""

    def __init__(self, suite, folder):
        self.suite, self.root = suite, folder / "root"

    def __enter__(self):
        subprocess.run(["cp", "-a", "--reflink=auto", ROOTS / self.suite, self.root], check=True, timeout=300)
        shutil.copy("/etc/resolv.conf", self.root / "etc/resolv.conf")
        self.stack = contextlib.ExitStack()
        for name in ("proc", "dev"):
            subprocess.run(["mount", "--bind", f"/{name}", self.root / name], check=True, timeout=30)
            self.stack.callback(subprocess.run, ["umount", self.root / name], check=True, timeout=30)
        return self

    def __exit__(self, *_):
        self.stack.close()

    def path(self, name):
        return self.root / name.lstrip("/")

    def run(self, *command, code=0, timeout=300):
        done = subprocess.run(["chroot", self.root, "/usr/bin/env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND=noninteractive",
                               *map(str, command)], capture_output=True, text=True, timeout=timeout)
        assert done.returncode == code, (command, done.returncode, done.stdout[-2000:], done.stderr[-2000:])
        return done.stdout + done.stderr

    def install(self, package):
        shutil.copy(package, self.path("/root/postrider.deb"))
        # Downloaded packages are not part of the time.
        return self.run("apt-get", "install", "-y", "-q", "-o", "Dpkg::Options::=--force-confold", "/root/postrider.deb")

    def unit(self, key):
        text = self.path("/usr/lib/systemd/system/postrider.service").read_text()
        return re.search(rf"^{key}=(.*)$", text, re.M)[1]

    @contextlib.contextmanager
    def service(self):
        """Started as the unit says, by its user, with its folder and its socket; ready when it says so."""
        user = self.unit("User")
        data = self.path(f"/var/lib/{self.unit('StateDirectory')}")
        if not data.exists():
            self.run("install", "-d", "-m", self.unit("StateDirectoryMode"), "-o", user, "-g", user, "/var/lib/postrider")
        notify = self.path("/run/notify")
        notify.unlink(missing_ok=True)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
            manager.bind(str(notify))
            notify.chmod(0o666)
            manager.settimeout(30)
            log = self.path("/root/log").open("wb")
            process = subprocess.Popen(
                ["chroot", f"--userspec={user}:{user}", self.root, "/usr/bin/env", "-i", "NOTIFY_SOCKET=/run/notify",
                 "STATE_DIRECTORY=/var/lib/postrider", *self.unit("ExecStart").split()], stderr=log, stdout=log, cwd="/")
            try:
                assert manager.recv(1000).startswith(b"READY=1\n")
                yield self.client()
                process.send_signal(signal.SIGTERM)
                assert manager.recv(1000).startswith(b"STOPPING=1\n")
                assert process.wait(30) == 0
            finally:
                process.kill()
                process.wait()
                log.close()

    def client(self):
        host, port = wait_for(lambda: re.findall(r"listening on http://(\S+):(\d+)", self.path("/root/log").read_text()), "it says where", 10)[0]
        token = self.path("/var/lib/postrider/admin-token").read_text().strip()
        return Realm(Client(lambda: (host, int(port)), token))


#: Of its own: processes, mounts, names, and a network that has nothing but loopback. Its first process is systemd.
BOOT = """
set -e
mount --bind "$0" "$0"; cd "$0"
mount -t proc proc proc; mount -t tmpfs tmpfs run; mount -t tmpfs tmpfs tmp; mount --bind /dev dev; mount -t sysfs sysfs sys
mount -t tmpfs tmpfs sys/fs/cgroup; mkdir sys/fs/cgroup/systemd; mount -t cgroup -o none,name=systemd cgroup sys/fs/cgroup/systemd
ip link set lo up
exec env -i container=docker PATH=/usr/sbin:/usr/bin:/sbin:/bin chroot . /lib/systemd/systemd --system
"""


class Booted:
    """A machine that is on. Use as a context manager."""

    def __init__(self, machine):
        self.machine = machine

    def __enter__(self):
        self.outside = subprocess.Popen(["unshare", "-n", "-m", "-p", "-f", "-u", "-i", "sh", "-c", BOOT, self.machine.root],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
        children = pathlib.Path(f"/proc/{self.outside.pid}/task/{self.outside.pid}/children")
        self.first = wait_for(lambda: children.read_text().split(), "its first process", 10)[0]
        wait_for(lambda: self.run("systemctl", "is-active", "postrider")[1].strip() == "active", lambda: self.journal(), 60)
        return self

    def __exit__(self, *_):
        subprocess.run(["kill", "-KILL", self.first], check=True, timeout=30)  # and with it all that runs there
        self.outside.wait(30)

    def run(self, *command):
        done = subprocess.run(["nsenter", "-t", self.first, "-m", "-u", "-i", "-n", "-p", "-r", "-w", "/usr/bin/env", "-i",
                               "PATH=/usr/sbin:/usr/bin:/sbin:/bin", *command], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120)
        return done.returncode, done.stdout + done.stderr

    def journal(self):
        return self.run("journalctl", "-u", "postrider", "--no-pager", "-o", "cat")[1]

    def process(self):
        return self.run("systemctl", "show", "-p", "MainPID", "--value", "postrider")[1].strip()


@pytest.fixture(params=["bookworm", "trixie"])
def machine(request, tmp_path):
    with Machine(request.param, tmp_path) as made:
        yield made


def older(tmp_path):
    """The same package by an older number: what an upgrade of the package does, not of the store (tests/upgrade)."""
    folder = tmp_path / "older"
    subprocess.run(["dpkg-deb", "-R", newest(), folder], check=True, timeout=120)
    control = folder / "DEBIAN" / "control"
    control.write_text(re.sub(r"^Version: .*$", "Version: 0.0.1", control.read_text(), flags=re.M))
    subprocess.run(["dpkg-deb", "--root-owner-group", "-Znone", "--build", folder, tmp_path / "older.deb"], check=True, timeout=120, capture_output=True)
    return tmp_path / "older.deb"


def publish_and_receive(master, receiver, path):
    """A webhook is made, an event published; gives it once its webhook came, signed by the webhook's secret."""
    made = master.create_webhook(receiver.url(path), events=["user.created"])
    event = master.publish("user.created").json["id"]
    request = wait_for(lambda: receiver.at(path), "it is delivered", 10)[0]
    secret = master.call("GET", f"/webhooks/{made['id']}/secret", None, 200).json["secret"]
    assert verifies(secret, request.headers, request.body)
    return event


def test_from_installing_to_purging(machine, tmp_path, capsys):
    machine.install(newest())
    installed = time.monotonic()
    machine.path("/etc/postrider/postrider.toml").write_text(MINE)
    with Receiver() as receiver, machine.service() as master:
        publish_and_receive(master, receiver, "/first")
        seconds = time.monotonic() - installed
    with capsys.disabled():
        print(f"\n{machine.suite}: a signed webhook {seconds:.1f} s after the package was installed")
    assert seconds < SECONDS_MAX

    user = machine.run("getent", "passwd", "postrider")
    assert "/usr/sbin/nologin" in user
    state = machine.path("/var/lib/postrider").stat()
    assert state.st_mode & 0o777 == 0o700 and str(state.st_uid) == user.split(":")[2]
    configuration = machine.path("/etc/postrider").stat()
    assert configuration.st_mode & 0o777 == 0o750 and configuration.st_uid == 0
    assert "enabled" in machine.run("systemctl", "is-enabled", "postrider")

    machine.run("apt-get", "remove", "-y", "-q", "postrider")
    assert machine.path("/var/lib/postrider/postrider.db").exists() and machine.path("/etc/postrider/postrider.toml").read_text() == MINE
    assert not machine.path("/usr/bin/postrider").exists()
    machine.run("apt-get", "purge", "-y", "-q", "postrider")
    assert not machine.path("/var/lib/postrider").exists() and not machine.path("/etc/postrider").exists()
    left = machine.run("find", "/etc", "/usr", "/var", "-xdev", "-iname", "*postrider*", "-not", "-path", "/var/log/*", "-not", "-path", "/var/cache/*")
    assert not left.strip(), left


def test_an_upgrade_keeps_everything(machine, tmp_path):
    machine.install(older(tmp_path))
    machine.path("/etc/postrider/postrider.toml").write_text(MINE)
    with Receiver() as receiver:
        with machine.service() as master:
            event = publish_and_receive(master, receiver, "/before")
        token = machine.path("/var/lib/postrider/admin-token").read_text()
        machine.install(newest())
        assert "0.0.1" not in machine.run("dpkg-query", "-W", "postrider")
        assert machine.path("/etc/postrider/postrider.toml").read_text() == MINE
        assert machine.path("/var/lib/postrider/admin-token").read_text() == token
        with machine.service() as master:
            assert event in {each["id"] for each in master.items("/events")}
            later = master.publish("user.created").json["id"]
            wait_for(lambda: later in {request.id for request in receiver.at("/before")}, "the old webhook gets it", 10)


def test_the_unit_is_right_and_hardened(machine, capsys):
    machine.install(newest())
    unit = "/usr/lib/systemd/system/postrider.service"
    said = machine.run("systemd-analyze", "verify", "--man=no", unit)
    assert not said.strip(), said
    said = machine.run("systemd-analyze", "security", "--offline=true", "--no-pager", unit)
    exposure = float(re.search(r"exposure level for \S+: ([\d.]+)", said)[1])
    with capsys.disabled():
        print(f"\n{machine.suite}: exposure {exposure}")
    assert exposure <= EXPOSURE_MAX


def test_what_is_installed_is_whole(machine):
    machine.install(newest())
    assert "store version" in machine.run("postrider", "--version")
    assert "listen" in machine.run("postrider", "check-config", "--config", "/etc/postrider/postrider.toml")
    assert machine.run("ldd", "/usr/bin/postrider").count("not found") == 0
    for name in ("man1/postrider.1.gz", "man5/postrider.toml.5.gz"):
        page = subprocess.run(["man", "-l", "-Tutf8", "--warnings", machine.path(f"/usr/share/man/{name}")], capture_output=True, text=True, timeout=60)
        assert page.returncode == 0 and not page.stderr.strip(), page.stderr[:2000]
    notices = machine.path("/usr/share/doc/postrider/copyright").read_text()
    for part in ("boost", "spdlog", "fmtlib", "sqlite3", "libsodium", "libxcrypt", "react", "Apache License"):
        assert part in notices, part
    machine.run("bash", "-n", "/usr/share/bash-completion/completions/postrider")


def test_a_configuration_that_is_wrong_is_told_line_by_line(machine):
    machine.install(newest())
    machine.path("/etc/postrider/postrider.toml").write_text('listen = "8080"\ntimeuot = "1s"\n')
    said = machine.run("postrider", "check-config", "--config", "/etc/postrider/postrider.toml", code=2)
    assert "line 1: listen" in said and "line 2: timeuot is no option of this server; do you mean timeout?" in said


def test_under_a_systemd_that_runs(machine):
    """Installing enables it; it says when it is ready; reload, a file with a mistake, a crash, and a start that cannot be."""
    machine.install(newest())
    with Booted(machine) as booted:
        assert "It listens on 127.0.0.1:8080." in booted.run("systemctl", "status", "postrider", "--no-pager")[1]
        assert "/set-password#realm=master&token=" in booted.journal()
        configuration = machine.path("/etc/postrider/postrider.toml")
        configuration.write_text('data = "/var/lib/postrider"\nlog_level = "debug"\n')
        assert booted.run("systemctl", "reload", "postrider")[0] == 0
        wait_for(lambda: "the configuration was read again" in booted.journal(), booted.journal, 20)
        process = booted.process()
        configuration.write_text('data = "/var/lib/postrider"\nlistn = "127.0.0.1:9999"\n')
        booted.run("systemctl", "reload", "postrider")
        wait_for(lambda: "the old one stays" in booted.journal(), booted.journal, 20)
        assert booted.process() == process
        configuration.write_text('data = "/var/lib/postrider"\n')
        assert booted.run("systemctl", "kill", "--signal=KILL", "postrider")[0] == 0
        wait_for(lambda: booted.process() not in ("0", process), booted.journal, 30)
        wait_for(lambda: booted.run("postrider", "health")[0] == 0, booted.journal, 30)
        configuration.write_text('listn = "127.0.0.1:9999"\n')
        assert booted.run("systemctl", "restart", "postrider")[0] != 0
        said = booted.run("systemctl", "status", "postrider", "--no-pager")[1]
        assert "status=2" in said and "do you mean listen?" in said and "auto-restart" not in said, said
