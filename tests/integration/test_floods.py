"""Nobody harms another by what they send (promise 8): every flood of floods.py, and what it costs a second client."""

import pytest

import floods
from server import on_postgresql

KINDS = [kind for kind in floods.load().values() if kind.reaches_store or not on_postgresql()]


@pytest.fixture(scope="module")
def table(request):
    """The rows, printed when all are there."""
    rows = []
    yield rows
    reporter = request.config.pluginmanager.getplugin("terminalreporter")
    with request.config.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled():
        for line in ["", floods.header(), *(row.line() for row in rows)]:
            reporter.write_line(line)


@pytest.mark.parametrize("kind", [
    pytest.param(kind, id=kind.name.replace(" ", "-"),
                 marks=[pytest.mark.xfail(reason=kind.to_be_fixed, strict=False)] if kind.to_be_fixed else [])
    for kind in KINDS])
def test_a_second_client_does_not_notice(kind, tmp_path, table):
    row = floods.measure(kind.name, tmp_path / "data")
    if row.findings:
        # The p99 of 16 logins is the slowest of them: what is only noise is not there twice.
        row = floods.measure(kind.name, tmp_path / "again")
    table.append(row)
    assert not row.findings, row.line()
