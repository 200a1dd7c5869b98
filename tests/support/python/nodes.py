"""Several nodes on one PostgreSQL database."""

import contextlib
import re
import shutil

from server import Server
from waiting import wait_for


class Nodes:
    """`count` servers that share a database and a key; use as a context manager."""

    def __init__(self, folder, database, count, roles=(), flags=("--allow-network", "127.0.0.0/8"), program=None):
        self.folder, self.postgres, self.url = folder, database, database.database()
        self.name = self.url.rsplit("/", 1)[1]
        self.flags, self.servers = flags, []
        for number in range(count):
            role = roles[number] if number < len(roles) else "all"
            self.servers.append(Server(folder / f"node{number}", "--database", self.url, "--role", role, *flags, program=program))
        self.stack = contextlib.ExitStack()

    def __enter__(self):
        for number, server in enumerate(self.servers):
            if number:
                server.data.mkdir(exist_ok=True)
                shutil.copy(self.servers[0].data / "key", server.data / "key")
            self.stack.enter_context(server)
        wait_for(lambda: all(self.known_by(server) == len(self.servers) for server in self.servers), "each knows all of them")
        self.wait_shared()
        return self

    def __exit__(self, *exception):
        self.stack.close()

    def realms(self, realm):
        """The same realm, asked through each node that takes publishes."""
        return [type(realm)(server.client, realm.name) for server in self.servers
                if "api" in server.flags or "all" in server.flags]

    def __getitem__(self, number):
        return self.servers[number]

    def ask(self, query, *arguments):
        return self.postgres.ask(self.name, query, *arguments)

    @staticmethod
    def known_by(server):
        """How many nodes it knows, with itself."""
        metrics = server.client.raw("GET", "/metrics").body.decode()
        return int(re.search(r"^postrider_nodes (\d+)", metrics, re.M)[1])

    def live(self):
        return [bytes(row[0]) for row in self.ask(
            "SELECT id FROM nodes WHERE role IN ('all', 'deliver') AND heartbeat_at > clock_timestamp() - interval '4 s'")]

    def owners(self):
        """Whose each webhook's lane is."""
        return {bytes(webhook).hex(): bytes(owner) if owner else None
                for webhook, owner in self.ask("SELECT webhook_id, owner FROM lanes")}

    def wait_shared(self, timeout=20):
        """Every lane has a live owner."""
        def shared():
            live = set(self.live())
            webhooks = self.ask("SELECT count(*) FROM webhooks")[0][0]
            owners = self.owners()
            return len(owners) >= webhooks and set(owners.values()) <= live
        wait_for(shared, lambda: f"lanes {self.owners()} of {self.live()}", timeout, 0.05)

    def id_of(self, number):
        """The node that a server is now."""
        return bytes.fromhex((self.servers[number].data / "node").read_text().split()[0].replace("-", ""))

    def in_flight(self, number):
        """The deliveries that a server which was killed had not recorded yet."""
        file = (self.servers[number].data / "flight").read_bytes()
        return {file[at + 16:at + 32] for at in range(0, len(file), 32)} - {bytes(16)}
