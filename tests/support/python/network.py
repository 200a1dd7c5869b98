"""A network namespace with wires to this host that can be cut: packets vanish both ways, and nobody is told."""

import json
import os
import subprocess

import pytest

from waiting import wait_for

NOBODY = "02:00:00:00:00:01"  # a hardware address that no interface has


def ip(*words):
    return subprocess.run(["ip", *words], check=True, capture_output=True, text=True).stdout


class Wire:
    """A pair of interfaces. `host` and `inside` are the addresses of its ends."""

    def __init__(self, namespace, number):
        self.namespace, self.name = namespace, f"pr{os.getpid() % 10_000}w{number}"
        self.host, self.inside = f"10.213.{number}.1", f"10.213.{number}.2"
        ip("link", "add", f"{self.name}h", "type", "veth", "peer", "name", f"{self.name}i", "netns", namespace)
        ip("addr", "add", f"{self.host}/24", "dev", f"{self.name}h")
        ip("link", "set", f"{self.name}h", "up")
        ip("-n", namespace, "addr", "add", f"{self.inside}/24", "dev", f"{self.name}i")
        ip("-n", namespace, "link", "set", f"{self.name}i", "up")
        ends = (((), "h"), (("-n", namespace), "i"))
        wait_for(lambda: all(self.link(*end)["operstate"] == "UP" for end in ends), "the wire carries")
        self.macs = [self.link(*end)["address"] for end in ends]
        self.mend()

    def link(self, where, end):
        return json.loads(ip(*where, "-json", "link", "show", "dev", f"{self.name}{end}"))[0]

    def lead(self, host_mac, inside_mac):
        ip("-n", self.namespace, "neigh", "replace", self.host, "lladdr", host_mac, "dev", f"{self.name}i", "nud", "permanent")
        ip("neigh", "replace", self.inside, "lladdr", inside_mac, "dev", f"{self.name}h", "nud", "permanent")

    def cut(self):
        self.lead(NOBODY, NOBODY)

    def mend(self):
        self.lead(*self.macs)


class Network:
    """Start processes in it with `prefix`. Only root may make one."""

    def __init__(self, wires):
        self.name = f"postrider-{os.getpid()}"
        if os.geteuid() != 0:
            pytest.skip("only root makes network namespaces")
        for left in ip("netns", "list").split():  # by a run that was killed: the addresses are the same
            if left.startswith("postrider-") and not os.path.exists(f"/proc/{left.split('-')[1]}"):
                ip("netns", "del", left)
        ip("netns", "add", self.name)
        ip("-n", self.name, "link", "set", "lo", "up")
        self.prefix = ("ip", "netns", "exec", self.name)
        self.wires = [Wire(self.name, number) for number in range(1, wires + 1)]

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        # The host's ends take the others with them, also when a process still lives in there.
        for wire in self.wires:
            ip("link", "del", f"{wire.name}h")
        ip("netns", "del", self.name)
