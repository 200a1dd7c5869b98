"""Every command of README.md and docs/ works as it stands there, one after the other, in an empty folder."""

import json
import pathlib
import re
import subprocess

import pytest

from documents import TYPED, Typist, blocks, commands, commands_of, takes_the_shell
from postgres import Postgres
from server import ROOT, binary, environment, sqlite_only
from waiting import wait_for

pytestmark = sqlite_only  # as a newcomer has it

DOCUMENTS = ["README.md", "examples/receivers/README.md", "docs/migrating/keycloak.md",
             *sorted(str(path.relative_to(ROOT)) for folder in ("docs", "docs/receivers") for path in (ROOT / folder).glob("*.md")
                     if path.name != "cli.md")]  # which is made from the program's own help

SERVE = "postrider serve --data ./data --allow-network 127.0.0.0/8"
CHANNEL = [SERVE, "export POSTRIDER_DATA=./data"]
#: What the reader has done before, where a page does not begin with it.
BEFORE = {
    **{f"docs/receivers/{channel}.md": CHANNEL for channel in ("discord", "teams", "pagerduty")},
    "docs/backup.md": [SERVE],
    "docs/operating.md": CHANNEL,
    "docs/upgrade.md": [SERVE],
    "docs/troubleshooting.md": [*CHANNEL, "postrider webhook create http://127.0.0.1:3009/webhook --event '*' --name ledger"],
    "docs/webhooks.md": [SERVE, "export POSTRIDER_DATA=./data"],
    "docs/access.md": [
        "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=hooks.example.com -keyout key.pem -out chain.pem",
        SERVE, "export POSTRIDER_TOKEN=$(cat data/admin-token)", "postrider realm create acme",
        "postrider user create ada"],
    "docs/migrating/keycloak.md": [SERVE, "export POSTRIDER_DATA=./data"],
    "docs/consuming.md": [SERVE, "export POSTRIDER_URL=http://127.0.0.1:8080", "export POSTRIDER_TOKEN=$(cat data/admin-token)",
                          "postrider user create ada", "postrider user create grace"],
}
#: What is done in the console, just before the command that begins so.
IN_THE_CONSOLE = {
    "postrider listen --port 3001":
        "postrider webhook create http://127.0.0.1:3001/webhook --event '*' --name ledger"}
#: What a command that begins so must print. One that is not here must only end well.
PRINTS = {
    "README.md": {
        "postrider event-type create": ["order.paid"],
        "postrider webhook create http://127.0.0.1:3000": ["billing", "order.*", "whsec_"],
        "postrider publish": ["order.paid", "to 1 webhook"],
        "postrider event explain": ["billing", "delivered"],
        "postrider delivery list": ["order.paid", "delivered", "billing", "204"],
        "curl": ['"deliveries":1'],
        "postrider import": ["Realm shop", "users"],
        "postrider user create": ["ada@example.com"],
    },
    "docs/webhooks.md": {"postrider webhook create http://127.0.0.1:3000/webhook --event 'user.*' --name billing": ["100 in 1m", "In flight"],
                         "postrider webhook show billing": ["cloudevents", "endsWith"],
                         "postrider webhook show gateway": ["CN=postrider", "••••••"], "postrider webhook check": ["would be delivered"]},
    "docs/receivers/slack.md": {"postrider webhook check": ["1 of 1 event would be delivered", '"plain_text"']},
    "docs/receivers/discord.md": {"postrider webhook check": ["allowed_mentions"]},
    "docs/receivers/teams.md": {"postrider webhook check": ["AdaptiveCard"]},
    "docs/receivers/pagerduty.md": {"postrider webhook check": ["routing_key"], "postrider webhook create": ["••••••"]},
    "docs/receiving.md": {"postrider webhook test": ["delivered", "204", "webhook-signature"]},
    "docs/backup.md": {"postrider backup --check": ["whole, schema", "opens its secrets"], "postrider backup \"": ["read back and whole"],
                       "postrider health": ["ready"], "postrider realm list": ["master"]},
    "docs/upgrade.md": {"postrider --version": ["store version"], "postrider backup --check": ["whole, schema"], "postrider health": ["ready"]},
    "docs/start.md": {"postrider whoami": ["publish_events"], "postrider publish order.paid": ["to 1 webhook"],
                      "postrider event explain": ["billing", "delivered"], "postrider publish order.cancelled": ["to 2 webhooks"],
                      "postrider delivery show": ["connection refused by 127.0.0.1:3009", "next attempt at"],
                      "postrider delivery list --webhook ledger --state delivered": ["order.cancelled"],
                      "curl": ['"deliveries":2']},
    "docs/operating.md": {"postrider health": ["ready"], "postrider webhook recover": ["0"], "postrider realm settings": ["Retention days", "14"],
                          "postrider audit list": ["realm.update"]},
    "docs/configuring.md": {"postrider config --config": ["# --data"], "postrider realm settings": ["Password length"]},
    "docs/troubleshooting.md": {"postrider event explain": ["ledger"], "postrider statistics": ["ledger"]},
    "docs/access.md": {"curl": ["access_token", "publish_events"]},
    "examples/receivers/README.md": {"postrider webhook create": ["whsec_"]},
    "docs/node.md": {"curl": ["is paid: event", "goes to 1 webhook"], "postrider event explain": ["shop", "delivered"],
                     "postrider delivery show": ["accepted 204"]},
    "docs/chat.md": {"postrider event explain": ["chat", "delivered"]},
    "docs/service.md": {"postrider check-config --data": ["postgresql://"], "postrider login": ["Logged in", "localhost"],
                        "postrider whoami": ["https://localhost:8443", "publish_events"],
                        "postrider event types": ["user.created"]},
    "docs/consuming.md": {"curl": ['"position":'], "postrider tail --after": ["user.created"],
                          "postrider tail --consumer": ['"event":"user.created"'], "postrider consumer list": ["mirror", "billing"],
                          "postrider forward": ["user.created", "204 in"]},
    "docs/command-line.md": {"postrider login http://127.0.0.1:8080 --data-dir": ["Logged in", "here"],
                             "postrider context list": ["here", "again"], "postrider whoami": ["again"],
                             "postrider webhook list": ["billing"], "postrider webhook secret": ["whsec_"]},
    "docs/migrating/keycloak.md": {"postrider import shop-realm.json --dry-run": ["the realm shop"],
                                   "postrider user list": ["grace"]},
}


@pytest.mark.parametrize("document", DOCUMENTS)
def test_commands_stand_in_blocks_that_are_run(document):
    for number, language, reason, lines in blocks(document):
        for line in lines:
            assert language == "sh" or not TYPED.match(line), f"{document}:{number}: {line} belongs in a sh block"
        if language == "sh" and not reason:
            for placeholder in ("…", "<", "ID "):
                assert not any(placeholder in line for line in lines), f"{document}:{number} cannot be run as it stands"


@pytest.mark.parametrize("document", DOCUMENTS)
def test_nothing_is_typed_into_a_shell_that_is_taken(document):
    for number, language, reason, lines in blocks(document):
        if language != "sh" or reason:
            continue
        for command in list(commands_of(lines))[:-1]:
            assert not takes_the_shell(command), f"{document}:{number}: {command} stays, and nobody comes to the next line"


def test_few_blocks_are_not_run():
    left_out = [(document, number) for document in DOCUMENTS for number, _, reason, _ in blocks(document) if reason]
    assert len(left_out) <= 13, left_out


def test_what_shows_a_promise_is_there():
    """The commands in README's table run parts of this suite: each names files that it has."""
    named = re.findall(r"`pytest ([^`]+)`", (ROOT / "README.md").read_text())
    assert len(named) > 20
    for path in " ".join(named).split():
        assert (ROOT / path).exists(), path


@pytest.mark.parametrize("document", [each for each in DOCUMENTS if next(commands(each), None)])
def test_every_command_works(document, tmp_path, request):
    shop = {"realm": "shop", "displayName": "The shop", "users": [{"username": "grace", "email": "grace@example.com"}]}
    (tmp_path / "shop-realm.json").write_text(json.dumps(shop))
    (tmp_path / "shop-export").mkdir()
    (tmp_path / "shop-export" / "shop-realm.json").write_text(json.dumps({**shop, "users": []}))
    (tmp_path / "shop-export" / "shop-users-0.json").write_text(json.dumps({"realm": "shop", "users": shop["users"]}))
    prints = PRINTS.get(document, {})
    unused = set(prints)
    with Typist(tmp_path) as typist:
        for command in [*BEFORE.get(document, []), *database_of(document, request)]:
            typist.type(command, [])
        for command in commands(document):
            for begins, done in IN_THE_CONSOLE.items():
                if document == "README.md" and command.startswith(begins):
                    typist.type(done, [])
            begins = next((each for each in prints if command.startswith(each)), None)
            unused.discard(begins)
            typist.type(command, prints.get(begins, []))
        assert not unused, "no command of the document begins so any more"
        if document == "README.md":
            look_at_the_quick_start(typist)
        if document == "docs/node.md":
            wait_for(lambda: "received order.paid of" in typist.said("node"), "the event at the application")
        if document == "docs/chat.md":
            wait_for(lambda: "user.created · username: ada" in typist.said("postrider listen"), "the line in the channel")
        for command in typist.staying:
            said = typist.said(command)
            if document != "docs/probe.md":  # which sends what is wrong on purpose
                assert "NOT verified" not in said, said
            if command.startswith("postrider listen") and "--secret" in command:
                wait_for(lambda: re.search(r"Signature  verified", typist.said(command)), lambda: typist.said(command))


def database_of(document, request):
    """The reader's own PostgreSQL, by its socket, as Debian has it."""
    if document != "docs/service.md":
        return []
    postgres = Postgres(("fsync", "off"))
    request.addfinalizer(postgres.close)
    postgres.settings += (("unix_socket_directories", str(postgres.folder)),)
    name = postgres.start().database().rsplit("/", 1)[1]
    return [f"export POSTRIDER_DATABASE='postgresql://postgres@/{name}?host={postgres.folder}&port={postgres.port}'"]


def look_at_the_quick_start(typist):
    serve = typist.said("postrider serve")
    assert re.search(r"http://127\.0\.0\.1:8080/set-password#realm=master&token=prt_", serve), serve
    assert "http://127.0.0.1:8080/docs/ 200" in typist.say("curl -s -o /dev/null -w '%{url_effective} %{http_code}' "
                                                       "http://127.0.0.1:8080/docs/")[1]
    typist.type("postrider webhook test ledger", ["delivered"])
    wait_for(lambda: "order.paid" in typist.said("postrider listen --port 3000"), "the event at the receiver")
    wait_for(lambda: "user.created" in typist.said("postrider listen --port 3002"), "the user at the receiver")
    assert "ada" in (typist.folder / "shop.json").read_text()


def test_every_verb_that_is_mentioned_is_there():
    """`postrider webhook recover` in a sentence, too, with its flags."""
    helps = {}
    for document in DOCUMENTS:
        for text in re.findall(r"`(postrider [a-z][^`]*)`", (ROOT / document).read_text(), re.S):
            words = text.split()[1:]
            verb = [word for word in words[:2] if re.fullmatch(r"[a-z-]+", word)]
            while True:
                shown = helps.setdefault(tuple(verb), subprocess.run(
                    [binary(), *verb, "--help"], capture_output=True, text=True, timeout=30, env=environment()))
                if shown.returncode == 0 or len(verb) < 2:
                    break
                verb.pop()
            assert shown.returncode == 0, (document, text)
            for flag in re.findall(r"(--[a-z-]+)", text):
                assert flag in shown.stdout or flag == "--help", (document, text, flag)
