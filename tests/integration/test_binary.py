"""The program needs nothing but what every system of the last years has: no C++ library, no newer glibc."""

import pathlib
import re
import subprocess

import pytest

from server import binary, sanitized

pytestmark = pytest.mark.skipif(sanitized(), reason="of a binary without sanitizers")

#: Oldest that it runs on: RHEL 9 (glibc 2.34, libpq 13, OpenSSL 3.0, zlib 1.2.11) and Ubuntu 22.04 (2.35, 14, 3.0.2, 1.2.11).
NEWEST = {"GLIBC": (2, 34), "OPENSSL": (3, 0, 0), "ZLIB": (1, 2, 11), "GCC": (4, 3, 0)}
#: Parts of glibc, and its unwinder's; then what docs/decisions/0030 leaves to the system.
SHARED = {"libc.so.6", "libm.so.6", "ld-linux-x86-64.so.2", "ld-linux-aarch64.so.1", "libgcc_s.so.1",
          "libssl.so.3", "libcrypto.so.3", "libpq.so.5", "libz.so.1"}
#: Its symbols have no versions. All of these are in libpq 13; look it up before one is added.
LIBPQ_13 = set("""
    PQclear PQcmdStatus PQcmdTuples PQconnectdbParams PQconninfoFree PQconninfoParse PQconsumeInput PQdb PQerrorMessage
    PQexec PQexecPrepared PQfinish PQfname PQfreemem PQgetResult PQgetisnull PQgetlength PQgetvalue PQhost PQnotifies
    PQntuples PQparameterStatus PQport PQprepare PQresultErrorField PQresultStatus PQsendQueryPrepared PQserverVersion
    PQsetNoticeProcessor PQsetSingleRowMode PQsocket PQstatus PQtransactionStatus PQuser""".split())


#: Stripped. What is in it, and why not less: docs/decisions/0030.
BYTES_MAX = 12_000_000


def said(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout


def wanted_symbols():
    """(name, version) of each that a shared object must have; the version may be ""."""
    for line in said("readelf", "--dyn-syms", "--wide", binary()).splitlines():
        words = line.split()
        if len(words) >= 8 and words[6] == "UND":
            name, _, version = words[7].partition("@")
            yield name, version.lstrip("@")


def test_it_needs_no_library_that_a_system_may_lack():
    needed = set(re.findall(r"\(NEEDED\).*\[(.+)\]", said("readelf", "--dynamic", binary())))
    assert needed <= SHARED, needed - SHARED
    assert not re.search(r"\((RPATH|RUNPATH)\)", said("readelf", "--dynamic", binary()))


def test_it_needs_no_newer_symbol_than_rhel_9_and_ubuntu_22_04_have():
    newer = []
    for name, version in wanted_symbols():
        library, _, number = version.partition("_")
        if not version:
            continue
        assert library in NEWEST, f"{name} is of {version}"
        if tuple(map(int, number.split("."))) > NEWEST[library]:
            newer.append(f"{name}@{version}")
    assert not newer


def test_it_calls_nothing_that_libpq_13_lacks():
    used = {name for name, version in wanted_symbols() if re.match(r"PQ|pg", name)}
    assert used <= LIBPQ_13, used - LIBPQ_13


def test_it_is_small(tmp_path):
    cache = pathlib.Path(binary()).parent / "CMakeCache.txt"
    if cache.exists() and "CMAKE_BUILD_TYPE:STRING=Release" not in cache.read_text():
        pytest.skip("of a release")
    subprocess.run(["strip", "-o", tmp_path / "stripped", binary()], check=True, timeout=60)
    size = (tmp_path / "stripped").stat().st_size
    assert size < BYTES_MAX, f"{size} bytes; what no event passes may be SMALL or COLD in src/CMakeLists.txt"
