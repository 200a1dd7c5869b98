"""From nothing to a message in a Slack channel: the three commands of docs/receivers/slack.md, against a receiver that refuses what Slack refuses."""

import json
import sys

from channels import CHANNELS, receiver_of
from documents import Typist, blocks
from receiver import Receiver
from server import ROOT, sqlite_only
from waiting import wait_for

pytestmark = sqlite_only  # as a newcomer has it


def channel(folder):
    """In the shell's own network: says where it is, and keeps what it took."""
    answer = receiver_of(CHANNELS["slack"])

    def keep(request):
        reply = answer(request)
        whole = folder / "message"
        whole.write_bytes(request.body)
        whole.rename(folder / f"message-{reply.status}")
        return reply
    with Receiver() as receiver:
        receiver.on("/services/T000/B000/XXXX", keep)
        (folder / "url").write_text(receiver.url(""))
        sys.stdin.read()  # until the test ends


def test_three_commands_from_nothing_to_a_message(tmp_path):
    first, second = [lines for _, language, _, lines in blocks("docs/receivers/slack.md") if language == "sh"][:2]
    [serve], [create, change] = first, second
    with Typist(tmp_path) as typist:
        support, here = ROOT / "tests" / "support" / "python", ROOT / "tests" / "integration"
        typist.say("mkfifo open; exec 9<>open")
        typist.say(f"PYTHONPATH={support}:{here} {sys.executable} -B -c 'import pathlib, test_slack; test_slack.channel(pathlib.Path(\".\"))' < open &")
        url = wait_for(lambda: (tmp_path / "url").exists() and (tmp_path / "url").read_text(), "the channel listens")
        # Slack is on this machine here, and that is all that differs.
        typist.stay(serve + " --allow-network 127.0.0.0/8")
        for command in (create.replace("https://hooks.slack.com", url.rstrip("/")), change):
            code, said = typist.say(command)
            assert code == 0, (command, said)
        wait_for(lambda: list(tmp_path.glob("message-*")), "the message")
        message = json.loads((tmp_path / "message-200").read_text())
        assert message["text"].startswith("user.created") and [block["type"] for block in message["blocks"]] == ["header", "section", "context"]
        assert '"username":"ada"' in message["blocks"][1]["text"]["text"]
