"""The alert rules and the dashboard name metrics and labels that the server has."""

import http.client
import json
import pathlib
import re
import shutil
import subprocess

import pytest
import yaml

from waiting import wait_for

ROOT = pathlib.Path(__file__).resolve().parents[2]
ALERTS = ROOT / "examples" / "prometheus" / "alerts.yml"
DASHBOARD = ROOT / "examples" / "grafana" / "postrider.json"
#: Prometheus makes it itself.
OF_PROMETHEUS = {"up"}
#: Labels that a scrape adds.
OF_SCRAPE = {"job", "instance"}


def rules():
    return [rule for group in yaml.safe_load(ALERTS.read_text())["groups"] for rule in group["rules"]]


def panels():
    return json.loads(DASHBOARD.read_text())["panels"]


def expressions():
    out = [(rule["alert"], rule["expr"]) for rule in rules()]
    return out + [(panel["title"], target["expr"]) for panel in panels() for target in panel["targets"]]


def parts(expression):
    """(metric, its matchers as (label, operator, value)) of each selector."""
    for name, matchers in re.findall(r"\b((?:postrider|process)_\w+|up)\b(?:\{([^}]*)\})?", expression):
        yield name, re.findall(r'(\w+)(!=|=~|!~|=)"([^"]*)"', matchers)


@pytest.fixture(scope="module")
def series(server):
    """metric → label → values."""
    text = server.client.raw("GET", "/metrics").body.decode()
    out = {}
    for name, labels in re.findall(r"^(\w+)(?:\{(.*)\})? \S+$", text, re.M):
        known = out.setdefault(name, {})
        for label, value in re.findall(r'(\w+)="([^"]*)"', labels):
            known.setdefault(label, set()).add(value)
    return out


@pytest.mark.parametrize("title, expression", expressions())
def test_every_name_is_there(series, title, expression):
    found = list(parts(expression))
    assert found, expression
    for name, matchers in found:
        assert name in series or name in OF_PROMETHEUS, f"{title}: there is no {name}"
        for label, _, value in matchers:
            assert label in OF_SCRAPE or value in series[name].get(label, ()), f'{title}: {name} has no {label}="{value}"'
    for label in re.findall(r"\b(?:by|without) \((\w+)\)", expression):
        assert label in OF_SCRAPE | {"le"} or any(label in series[name] for name, _ in found if name in series), f"{title}: {label}"


def test_every_metric_is_shown_or_watched(series):
    """But for those of the process that only a look at one process needs."""
    used = {name for _, expression in expressions() for name, _ in parts(expression)}
    families = {re.sub(r"_(bucket|sum|count)$", "", name) for name in series}
    unused = families - {re.sub(r"_(bucket|sum|count)$", "", name) for name in used}
    assert unused <= {"process_start_time_seconds", "process_virtual_memory_bytes", "postrider_feed_waits", "postrider_config_reloads_total"}, unused


def test_connections_are_counted(server):
    open_ = [http.client.HTTPConnection(server.host, server.port, timeout=10) for _ in range(20)]
    for connection in open_:
        connection.request("GET", "/healthz")
        connection.getresponse().read()

    def count():
        text = server.client.raw("GET", "/metrics").body.decode()
        return int(re.search(r"^postrider_http_connections (\d+)$", text, re.M)[1])

    assert count() >= 20
    for connection in open_:
        connection.close()
    wait_for(lambda: count() < 20, "closed ones are not counted")


def test_no_label_has_a_value_that_a_client_chose(series):
    values = {label for known in series.values() for label in known}
    assert values == {"state", "outcome", "status", "le", "result", "phase", "queue"}


def test_promtool_takes_the_rules():
    promtool = shutil.which("promtool") or ROOT / "build" / "tools" / "promtool"
    for command in (["check", "rules", "alerts.yml"], ["test", "rules", "alerts_test.yml"], ["check", "config", "--syntax-only", "prometheus.yml"]):
        done = subprocess.run([promtool, *command], cwd=ALERTS.parent, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
