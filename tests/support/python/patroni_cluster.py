"""PostgreSQL under Patroni: two members, a synchronous standby, and etcd, each killed and started as machines are."""

import contextlib
import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.request

import psycopg2

from postgres import USER, debians, free_port
from waiting import wait_for

#: The shortest that Patroni recommends; after it a primary whose machine has gone is replaced. Its default is 30 s.
TTL = 20
#: A former primary is rewound (pg_rewind) and follows: seconds, and minutes on a machine that is kept busy by others.
WHOLE_AGAIN = 900


def kill_tree(pid):
    """A process and its children, at once. Who has ended before is no error."""
    children = []
    with contextlib.suppress(OSError):
        children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    for each in (pid, *map(int, children)):
        with contextlib.suppress(ProcessLookupError):
            os.kill(each, signal.SIGKILL)


class Member:
    """One machine: Patroni, and the PostgreSQL that it starts."""

    def __init__(self, name, cluster):
        self.name, self.cluster = name, cluster
        self.port, self.api, self.process = free_port(), free_port(), None
        self.data = cluster.folder / name
        local = f"127.0.0.1:{self.port}"
        superuser = {"username": USER}
        self.file = cluster.folder / f"{name}.yml"
        self.file.write_text(json.dumps({  # JSON is YAML
            "scope": "shop", "name": name,
            "restapi": {"listen": f"127.0.0.1:{self.api}", "connect_address": f"127.0.0.1:{self.api}"},
            "etcd3": {"host": f"127.0.0.1:{cluster.etcd_port}"},
            "bootstrap": {
                "dcs": {"ttl": TTL, "loop_wait": 5, "retry_timeout": 5, "synchronous_mode": True,
                        "primary_start_timeout": 0,  # a PostgreSQL that crashed is replaced, not started again
                        "postgresql": {"use_pg_rewind": True, "parameters": {
                            "max_connections": 200, "wal_log_hints": "on", "max_locks_per_transaction": 256}}},
                "initdb": [{"encoding": "UTF8"}, {"locale": "C.UTF-8"}, {"auth": "trust"}]},
            "postgresql": {
                "listen": local, "connect_address": local, "data_dir": str(self.data), "bin_dir": debians(),
                "pgpass": str(cluster.folder / f"{name}.pgpass"),
                "authentication": {"superuser": superuser, "replication": superuser, "rewind": superuser},
                "pg_hba": ["host all all 127.0.0.1/32 trust", "host replication all 127.0.0.1/32 trust"],
                "parameters": {"unix_socket_directories": "", "shared_buffers": "128MB"}}}))

    def start(self):
        packages = self.cluster.tools / "usr/lib/python3/dist-packages"
        self.process = subprocess.Popen(
            [*self.cluster.as_user, "/usr/bin/python3", str(self.cluster.tools / "usr/bin/patroni"), str(self.file)], stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=(self.cluster.folder / f"{self.name}.log").open("ab"), cwd="/",
            env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(packages), "HOME": str(self.cluster.folder)})

    def postmaster(self):
        with contextlib.suppress(OSError, ValueError, IndexError):
            return int((self.data / "postmaster.pid").read_text().split()[0])
        return None

    def kill_postgres(self):
        if (pid := self.postmaster()) is not None:
            kill_tree(pid)

    def kill(self):
        """As if the machine had lost its power."""
        if self.process is not None and self.process.poll() is None:
            # Patroni first: it would start its PostgreSQL again.
            kill_tree(self.process.pid)
            self.process.wait(30)
        self.kill_postgres()


class Patroni:
    """Use as a context manager. `tools`: the folder that tools/run_failover makes."""

    def __init__(self, tools):
        self.tools = pathlib.Path(tools)
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="postrider-patroni-"))
        self.as_user, self.etcd_port, self.etcd = (), free_port(), None
        self.members = [Member(name, self) for name in ("one", "two")]
        if os.geteuid() == 0:
            subprocess.run(["chown", "-R", USER, self.folder], check=True)
            self.as_user = ("setpriv", f"--reuid={USER}", f"--regid={USER}", "--init-groups", "--")

    def start_etcd(self):
        client, peer = f"http://127.0.0.1:{self.etcd_port}", f"http://127.0.0.1:{free_port()}"
        self.etcd = subprocess.Popen(
            [*self.as_user, str(self.tools / "usr/bin/etcd"), "--data-dir", str(self.folder / "etcd"), "--listen-client-urls", client,
             "--advertise-client-urls", client, "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer,
             "--initial-cluster", f"default={peer}"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=(self.folder / "etcd.log").open("ab"), cwd="/")

        def answers():
            with contextlib.suppress(OSError), urllib.request.urlopen(f"{client}/health", timeout=2) as answer:
                return b"true" in answer.read()
        wait_for(answers, lambda: (self.folder / "etcd.log").read_text()[-2000:], 30)

    def ask(self, path, body=None):
        """Of the first member that answers; None: none does."""
        for member in self.members:
            request = urllib.request.Request(f"http://127.0.0.1:{member.api}{path}", data=None if body is None else json.dumps(body).encode())
            with contextlib.suppress(OSError, ValueError), urllib.request.urlopen(request, timeout=30) as answer:
                text = answer.read().decode()
                return json.loads(text) if text.startswith("{") else text
        return None

    def roles(self):
        """{member's name: (role, state)}."""
        return {each["name"]: (each["role"], each["state"]) for each in (self.ask("/cluster") or {"members": ()})["members"]}

    def primary(self):
        """The member that takes writes, asked itself; None: none does."""
        for member in self.members:
            with contextlib.suppress(psycopg2.Error), contextlib.closing(psycopg2.connect(
                    host="127.0.0.1", port=member.port, user=USER, dbname="postgres", connect_timeout=2)) as connection:
                with connection.cursor() as cursor:
                    cursor.execute("SELECT NOT pg_is_in_recovery()")
                    if cursor.fetchone()[0]:
                        return member
        return None

    def other(self, member):
        return self.members[1 - self.members.index(member)]

    def wait_whole(self):
        """One leads, and each of its commits waits for the other. Gives the leader."""
        def whole():
            roles = sorted(self.roles().values())
            return len(roles) == 2 and roles[0] == ("leader", "running") and roles[1][0] == "sync_standby" and roles[1][1] in ("running", "streaming") \
                and self.primary()
        return wait_for(whole, lambda: f"{self.roles()}\n{self.log()}", WHOLE_AGAIN, every=0.2)

    def log(self):
        return "\n".join((self.folder / f"{member.name}.log").read_text()[-1500:] for member in self.members)

    def url(self, database):
        return f"postgresql://{USER}@{','.join(f'127.0.0.1:{member.port}' for member in self.members)}/{database}"

    def create(self, database):
        with contextlib.closing(psycopg2.connect(host="127.0.0.1", port=self.primary().port, user=USER, dbname="postgres")) as connection:
            connection.autocommit = True
            connection.cursor().execute(f"CREATE DATABASE {database}")

    def __enter__(self):
        self.start_etcd()
        self.members[0].start()
        wait_for(self.primary, self.log, 60, every=0.2)
        self.members[1].start()
        self.wait_whole()
        return self

    def __exit__(self, *exception):
        for member in self.members:
            member.kill()
        kill_tree(self.etcd.pid)
        self.etcd.wait(30)
        deadline = time.monotonic() + 10  # a server that is killed has children that end a moment later
        while self.folder.exists() and time.monotonic() < deadline:
            shutil.rmtree(self.folder, ignore_errors=True)
