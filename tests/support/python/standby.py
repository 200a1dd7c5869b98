"""Two PostgreSQLs: a primary, and a standby that each commit waits for; after the primary's death the other takes over, as Patroni does it."""

import os
import shutil
import signal
import subprocess

from postgres import USER, Postgres
from waiting import wait_for


class Pair:
    def __init__(self):
        self.primary, self.other = Postgres(), Postgres()
        self.ports = sorted((self.primary.port, self.other.port))

    def url(self, database):
        return f"postgresql://{USER}@{','.join(f'127.0.0.1:{port}' for port in self.ports)}/{database}"

    def tool(self, name, *arguments):
        subprocess.run([*self.primary.as_user, f"{self.primary.bin}/{name}", *map(str, arguments)], check=True, capture_output=True, cwd="/")

    def follow(self):
        """Makes the other one a copy of the primary, and its commits wait for it from then on."""
        shutil.rmtree(self.other.data)
        self.tool("pg_basebackup", "-D", self.other.data, "-h", "127.0.0.1", "-p", self.primary.port, "-U", USER, "-R", "-X", "stream", "-c", "fast")
        self.other.start()
        wait_for(lambda: self.primary.ask("postgres", "SELECT 1 FROM pg_stat_replication WHERE state = 'streaming'"), "the standby follows", 60)
        self.primary.ask("postgres", "ALTER SYSTEM SET synchronous_standby_names = '*'")
        self.primary.ask("postgres", "SELECT pg_reload_conf()")
        wait_for(lambda: self.primary.ask("postgres", "SELECT 1 FROM pg_stat_replication WHERE sync_state = 'sync'"), "the standby is synchronous", 60)

    def fail_over(self):
        """The primary dies; the standby has all that was acknowledged, and takes over. It has no standby of its own yet, and waits for none."""
        self.primary.end(signal.SIGKILL)
        self.primary, self.other = self.other, self.primary
        # Beside its configuration and before its promotion: no commit shall wait for a standby that is dead.
        with open(f"{self.primary.data}/postgresql.auto.conf", "a", encoding="ascii") as settings:
            settings.write("synchronous_standby_names = ''\n")
        os.kill(self.primary.process.pid, signal.SIGHUP)
        self.tool("pg_ctl", "promote", "-D", self.primary.data, "-w")

    def __enter__(self):
        self.primary.start()
        self.follow()
        return self

    def __exit__(self, *exception):
        self.primary.close()
        self.other.close()
