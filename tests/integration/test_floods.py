"""Nobody harms another by what they send (promise 8): every flood of floods.py, and what it costs a second client."""

import pytest

import floods
from server import on_postgresql

KINDS = [kind for kind in floods.load().values() if kind.reaches_store or not on_postgresql()]
GROUPS = floods.groups(KINDS)


@pytest.fixture(scope="module")
def table(request):
    """The rows, printed when all are there."""
    rows = []
    yield rows
    reporter = request.config.pluginmanager.getplugin("terminalreporter")
    with request.config.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled():
        for line in ["", floods.header(), *(row.line() for row in rows)]:
            reporter.write_line(line)


class Grounds:
    """The server of a group of floods, from the first of them to the last."""

    def __init__(self, tmp_path_factory):
        self.make, self.group, self.ground = tmp_path_factory.mktemp, None, None

    def of(self, group):
        if group is not self.group:
            self.end()
            self.group, self.ground = group, floods.Ground(self.make("ground") / "data", group[0].flags)
            self.ground.__enter__()
        return self.ground

    def end(self):
        if self.ground:
            self.ground.__exit__()
        self.group = self.ground = None


@pytest.fixture(scope="module")
def grounds(tmp_path_factory):
    started = Grounds(tmp_path_factory)
    yield started
    started.end()


@pytest.mark.parametrize("group, kind", [
    pytest.param(group, kind, id=kind.name.replace(" ", "-")) for group in GROUPS for kind in group])
def test_a_second_client_does_not_notice(grounds, group, kind, table):
    row = grounds.of(group).measure(kind())
    table.append(row)
    assert not row.findings, row.line()
