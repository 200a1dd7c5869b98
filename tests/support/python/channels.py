"""Receivers that refuse what Slack, Discord, Microsoft Teams and PagerDuty refuse, as their documentation has it."""

import json
import re
from datetime import datetime

from receiver import Reply

MENTION = re.compile(r"<[!@#]|@(everyone|here|channel)\b")


def units(text):
    """What chats count: UTF-16 units. Fails for half of a pair, which no parser of theirs takes."""
    return len(text.encode("utf-16-le")) // 2


def strings(value):
    if isinstance(value, str):
        yield value
    for each in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from strings(each)


def need(holds, what):
    if not holds:
        raise ValueError(what)


def text_of(value, most, what):
    need(isinstance(value, str) and 0 < units(value) <= most, f"{what}: 1 to {most} characters")
    return value


def slack(message, _):
    need(MENTION.search(text_of(message["text"], 40_000, "text")) is None, "the text mentions somebody")
    blocks = message.get("blocks", [])
    need(len(blocks) <= 50, "too many blocks")
    for block in blocks:
        kind = block["type"]
        need(kind in ("header", "section", "context", "divider"), f"invalid block type {kind}")
        for text in [block["text"]] if "text" in block else block.get("elements", []):
            most = {"header": 150, "section": 3000, "context": 3000}[kind]
            need(text["type"] == "plain_text" or (text["type"] == "mrkdwn" and kind != "header"), "invalid text type")
            text_of(text["text"], most, kind)
            need(text["type"] == "plain_text" or MENTION.search(text["text"]) is None, "a block mentions somebody")
    return Reply(200, body=b"ok")


def discord(message, _):
    need(message.get("content") or message.get("embeds"), "cannot send an empty message")
    need(message["allowed_mentions"] == {"parse": []}, "it may mention")
    need(len(message["embeds"]) <= 10, "too many embeds")
    total = 0
    for embed in message["embeds"]:
        total += units(text_of(embed["title"], 256, "title")) + units(text_of(embed["description"], 4096, "description"))
        total += units(text_of(embed["footer"]["text"], 2048, "footer"))
        datetime.fromisoformat(embed["timestamp"].replace("Z", "+00:00"))
    need(total <= 6000, "embeds are too large")
    need(not any(MENTION.search(each) for each in strings(message)), "it names somebody")
    return Reply(204)


def teams(message, size):
    need(size <= 28 * 1024, "request entity too large")
    need(message["type"] == "message" and len(message["attachments"]) == 1, "no message")
    (attachment,) = message["attachments"]
    need(attachment["contentType"] == "application/vnd.microsoft.card.adaptive", "no card")
    card = attachment["content"]
    need(card["type"] == "AdaptiveCard" and card["version"] in ("1.2", "1.3", "1.4"), "no card of a known version")
    need("msteams" not in card, "it mentions")
    for element in card["body"]:
        need(element["type"] in ("TextBlock", "FactSet"), "invalid element")
        if element["type"] == "TextBlock":
            text_of(element["text"], 10_000, "text")
        for fact in element.get("facts", []):
            text_of(fact["title"], 100, "title"), text_of(fact["value"], 1000, "value")
    need(not any("<at>" in each for each in strings(message)), "it names somebody")
    return Reply(202)


def pagerduty(message, size):
    need(size <= 512 * 1024, "event object is too large")
    need(len(message["routing_key"]) == 32, "Length of 'routing_key' is incorrect (should be 32 characters)")
    need(message["event_action"] in ("trigger", "acknowledge", "resolve"), "event_action")
    need(units(message["dedup_key"]) <= 255, "dedup_key")
    payload = message["payload"]
    text_of(payload["summary"], 1024, "summary"), text_of(payload["source"], 1024, "source")
    need(payload["severity"] in ("critical", "error", "warning", "info"), "severity")
    datetime.fromisoformat(payload["timestamp"].replace("Z", "+00:00"))
    need(isinstance(payload["custom_details"], dict), "custom_details")
    return Reply(202, body=b'{"status":"success"}')


def not_json(word):
    raise ValueError(f"{word} is no JSON")


def receiver_of(check):
    """A script for a path of a Receiver: 400 with the reason for what the service refuses."""
    def answer(request):
        try:
            need(request.headers["content-type"].startswith("application/json"), "content type")
            message = json.loads(request.body.decode("utf-8"), parse_constant=not_json)
            for each in strings(message):
                units(each)
            return check(message, len(request.body))
        except (ValueError, KeyError, TypeError) as error:
            return Reply(400, body=f"{type(error).__name__}: {error}".encode())
    return answer


CHANNELS = {"slack": slack, "discord": discord, "teams": teams, "pagerduty": pagerduty}
