"""The table of threats in docs/security.md: each row names tests that there are."""

import ast
import re

from server import ROOT

PAGE = (ROOT / "docs" / "security.md").read_text()
NAMED = re.compile(r"`((?:\w+/)?test_\w+\.py)::(test_\w+)`")


def rows():
    part = PAGE[PAGE.index("## Threats"):PAGE.index("## Your part")]
    return [line for line in part.splitlines() if line.startswith("| ") and not line.startswith("| threat |")]


def functions_of(file):
    path = ROOT / "tests" / (file if "/" in file else f"integration/{file}")
    if not path.exists():
        return set()
    return {node.name for node in ast.parse(path.read_text()).body if isinstance(node, ast.FunctionDef)}


def test_each_threat_names_tests_that_there_are():
    found = rows()
    assert len(found) > 30
    wrong = [row for row in found if not NAMED.search(row.split("|")[3])]
    wrong += [f"{file}::{test}" for row in found for file, test in NAMED.findall(row) if test not in functions_of(file)]
    assert wrong == []
