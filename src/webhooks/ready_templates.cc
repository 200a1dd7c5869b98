#include <array>
#include <string_view>
#include <utility>

#include "base/check.h"
#include "webhooks/template.h"

namespace postrider::webhooks {
namespace {

/// Source: Slack, "Sending messages using incoming webhooks", "Block Kit": a header has at most 150
/// characters, a section 3,000. Plain text is neither formatted nor does it mention.
constexpr std::string_view slack = R"json({
  "text": "{{event | slack}} {{resource_id}}",
  "blocks": [
    {"type": "header", "text": {"type": "plain_text", "emoji": false, "text": "{{event | truncate: 150}}"}},
    {"type": "section", "text": {"type": "plain_text", "emoji": false, "text": "{{data | json | slack | truncate: 2900}}"}},
    {"type": "context", "elements": [
      {"type": "plain_text", "emoji": false, "text": "{{realm}} · {{resource_id}} · {{timestamp}}"}]}
  ]
})json";

/// Source: Discord, "Execute Webhook", "Embed Limits": a title has at most 256 characters, a
/// description 4,096. Without allowed mentions nobody is called.
constexpr std::string_view discord = R"json({
  "embeds": [{
    "title": "{{event | discord | truncate: 256}}",
    "description": "{{data | json | discord | truncate: 3900}}",
    "timestamp": "{{timestamp}}",
    "footer": {"text": "{{realm}} · {{resource_id}}"}
  }],
  "allowed_mentions": {"parse": []}
})json";

/// Source: Microsoft Teams, "Create incoming webhooks with Workflows", Adaptive Cards 1.4: a
/// message has at most 28 KB, and calls nobody without entities.
constexpr std::string_view teams = R"json({
  "type": "message",
  "attachments": [{
    "contentType": "application/vnd.microsoft.card.adaptive",
    "content": {
      "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
      "type": "AdaptiveCard",
      "version": "1.4",
      "body": [
        {"type": "TextBlock", "size": "Medium", "weight": "Bolder", "wrap": true, "text": "{{event | teams}}"},
        {"type": "FactSet", "facts": [
          {"title": "Realm", "value": "{{realm | teams}}"},
          {"title": "Resource", "value": "{{resource_id | teams}}"},
          {"title": "Time", "value": "{{timestamp}}"}]},
        {"type": "TextBlock", "wrap": true, "fontType": "Monospace", "text": "{{data | json | teams | truncate: 8000}}"}
      ]
    }
  }]
})json";

/// Source: PagerDuty, "Send an Alert Event" (Events API v2): the summary has at most 1,024
/// characters, the key 255, all of it 512 KB. The key of the service is a header of the webhook, so
/// that it is sealed. Each event is an alert of its own; one that comes twice is one.
constexpr std::string_view pagerduty = R"json({
  "routing_key": "{{header.X-Routing-Key}}",
  "event_action": "trigger",
  "dedup_key": "{{id}}",
  "client": "Postrider",
  "payload": {
    "summary": "{{event}}: {{data | json | truncate: 800}}",
    "source": "{{realm}}",
    "severity": "warning",
    "timestamp": "{{timestamp}}",
    "component": "{{resource_id}}",
    "class": "{{event}}",
    "custom_details": {"data": "{{data | json | truncate: 60000}}"}
  }
})json";

}  // namespace

const Template* ready_template(std::string_view name) {
    static const auto templates = [] {
        std::array<std::pair<std::string_view, const Template*>, 4> made{};
        std::size_t count = 0;
        for (const auto& [called, text] :
             {std::pair<std::string_view, std::string_view>{"slack", slack},
              {"discord", discord},
              {"teams", teams},
              {"pagerduty", pagerduty}}) {
            auto read = Template::parse(text);
            CHECK(read.has_value());
            made[count++] = {called, new Template(std::move(*read))};
        }
        return made;
    }();
    for (const auto& [called, read] : templates) {
        if (called == name) return read;
    }
    return nullptr;
}

}  // namespace postrider::webhooks
