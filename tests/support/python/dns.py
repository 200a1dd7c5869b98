"""A fake DNS server on 127.0.0.1: names from a table, hanging names, refused names."""

import ipaddress
import socket
import struct
import threading

A, AAAA = 1, 28


class Dns:
    """`set(name, addresses)`; `hang(suffix)`: no answer for names that end so. Others: NXDOMAIN."""

    def __init__(self, ttl=0):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        self.socket.bind(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.server = f"127.0.0.1:{self.port}"
        self.ttl, self.table, self.hanging, self.garbage = ttl, {}, (), ()
        self.queries = []
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.socket.sendto(b"", ("127.0.0.1", self.port))  # an empty datagram ends the thread
        self.thread.join(10)
        self.socket.close()

    def set(self, name, *addresses):
        self.table[name] = [ipaddress.ip_address(address) for address in addresses]

    def hang(self, *suffixes):
        self.hanging += suffixes

    def run(self):
        while True:
            query, client = self.socket.recvfrom(4096)
            if not query:
                return
            reply = self.reply(query)
            if reply is not None:
                self.socket.sendto(reply, client)

    def reply(self, query):
        labels, at = [], 12
        while query[at]:
            labels.append(query[at + 1:at + 1 + query[at]].decode("ascii", "replace").lower())
            at += 1 + query[at]
        question = query[12:at + 5]
        kind = struct.unpack(">H", query[at + 1:at + 3])[0]
        name = ".".join(labels)
        self.queries.append(name)
        if name.endswith(self.hanging or ("\0",)):
            return None
        if name in self.garbage:
            return query[:2] + b"\x81\x80\0\1\0\1\0\0\0\0" + question + b"\xff" * 40
        addresses = self.table.get(name)
        answers = b""
        count = 0
        for address in addresses or ():
            if {4: A, 6: AAAA}[address.version] == kind:
                answers += b"\xc0\x0c" + struct.pack(">HHIH", kind, 1, self.ttl,
                                                     len(address.packed)) + address.packed
                count += 1
        flags = 0x8180 if addresses is not None else 0x8183
        return query[:2] + struct.pack(">HHHHH", flags, 1, count, 0, 0) + question + answers
