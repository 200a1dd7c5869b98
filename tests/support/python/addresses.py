"""Special-purpose addresses, just inside and just outside of each block, in every textual form.

Source: the IANA IPv4 and IPv6 special-purpose address registries, the multicast blocks, and
168.63.129.16 (a cloud's virtual host).
"""

import ipaddress

SPECIAL_V4 = """0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24
192.0.2.0/24 192.31.196.0/24 192.52.193.0/24 192.88.99.0/24 192.168.0.0/16 192.175.48.0/24
198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 224.0.0.0/4 240.0.0.0/4 168.63.129.16/32""".split()

SPECIAL_V6 = """2001::/23 2001:db8::/32 2002::/16 2620:4f:8000::/48 3fff::/20""".split()

#: Not in 2000::/3 at all.
OUTSIDE_V6 = """:: ::1 ::2 ::ffff:0:127.0.0.1 64:ff9b::1 64:ff9b::a00:1 64:ff9b:1::1 100::1 100:0:0:1::1
1fff:ffff::1 4000::1 5f00::1 fc00::1 fdff::1 fe80::1 febf::1 fec0::1 ff02::1 ff0e::1 ::127.0.0.1
::10.0.0.1""".split()


def edges(blocks):
    """(inside, outside): first and last of each block; the neighbours that are in no block."""
    networks = [ipaddress.ip_network(block) for block in blocks]
    inside, outside = [], []
    for network in networks:
        first, last = int(network[0]), int(network[-1])
        inside += [network[0], network[(last - first) // 2], network[-1]]
        for neighbour in (first - 1, last + 1):
            if 0 <= neighbour < 1 << network.max_prefixlen:
                address = ipaddress.ip_address(neighbour) if network.version == 4 else \
                    ipaddress.IPv6Address(neighbour)
                if not any(address in other for other in networks):
                    outside.append(address)
    return inside, outside


INSIDE_V4, OUTSIDE_BLOCKS_V4 = edges(SPECIAL_V4)
INSIDE_V6, OUTSIDE_BLOCKS_V6 = edges(SPECIAL_V6)
#: Public ones beside the edges. None of them is ever connected: they are only saved and checked.
PUBLIC = [str(address) for address in OUTSIDE_BLOCKS_V4] + [
    f"[{address}]" for address in OUTSIDE_BLOCKS_V6
    if address in ipaddress.ip_network("2000::/3")] + [
    "[2000::]", "[3ffe:ffff::1]", "[2606:4700::1111]", "[::ffff:8.8.8.8]", "1.0.0.0", "223.255.255.255"]


def forms_v4(address):
    """Every spelling of an IPv4 address that some parser takes: all are refused, whatever it is."""
    number = int(address)
    a, b, c, d = address.packed
    return [str(number), hex(number), "0" + oct(number)[2:], f"0x{a:02x}.0x{b:02x}.0x{c:02x}.0x{d:02x}",
            f"0{a:o}.0{b:o}.0{c:o}.0{d:o}", f"{a}.{number & 0xffffff}", f"{a}.{b}.{number & 0xffff}",
            f"{a}.{b}.{c}.0x{d:x}", f"00{a}.{b}.{c}.{d}", f"0X{number:X}",
            "".join(chr(0xfee0 + ord(digit)) if digit.isdigit() else digit for digit in str(address)),
            str(address).replace(".", "\u3002"), "".join(f"%{ord(char):02x}" for char in str(address))]


def forms_v6(address):
    """Spellings of an IPv6 address that mean the same: judged as it, whichever is used."""
    full = address.exploded
    return [f"[{address.compressed}]", f"[{full}]", f"[{full.upper()}]"]


def mapped(address):
    """An IPv4 address inside of IPv6."""
    a, b, c, d = address.packed
    return [f"[::ffff:{address}]", f"[::ffff:{a:02x}{b:02x}:{c:02x}{d:02x}]", f"[0:0:0:0:0:FFFF:{address}]",
            f"[::{address}]", f"[64:ff9b::{address}]", f"[2002:{a:02x}{b:02x}:{c:02x}{d:02x}::]"]
