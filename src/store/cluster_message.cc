#include "store/cluster_message.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/encoding.h"
#include "model/limits.h"

namespace postrider::store {
namespace {

constexpr std::size_t HEX_LENGTH = 32;
constexpr std::size_t CHANGE_LENGTH = 1 + 2 * HEX_LENGTH;

std::string hex(const Uuid& id) { return hex_encode(id.view()); }

std::optional<Uuid> parse_hex(std::string_view text) {
    const auto bytes = hex_decode(text);
    if (!bytes || bytes->size() != 16) return std::nullopt;
    return Uuid::from_bytes(*bytes);
}

std::uint64_t parse_number(std::string_view text) {
    std::uint64_t number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
}

/// The part of `text` before `separator`, which it loses.
std::string_view take_word(std::string_view& text, char separator) {
    const auto end = std::min(text.find(separator), text.size());
    const auto word = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    return word;
}

/// What cannot be read is told as everything: better read too much again than too little.
Announcement parse_change(std::string_view text) {
    if (text.size() != CHANGE_LENGTH) return {};
    const auto realm = parse_hex(text.substr(1, HEX_LENGTH));
    const auto id = parse_hex(text.substr(1 + HEX_LENGTH));
    if (!realm || !id || std::string_view("wrk").find(text[0]) == std::string_view::npos) return {};
    return {static_cast<Subject>(text[0]), RealmId{*realm}, *id};
}

template <typename T, typename F>
std::string join(const std::vector<T>& items, F to_text) {
    std::string list;
    for (const T& item : items) {
        if (!list.empty()) list += ',';
        list += to_text(item);
    }
    return list;
}

struct Encoder {
    std::string operator()(const message::Deliveries& told) const {
        return fmt::format("d {} {}", hex(told.from),
                           join(told.webhooks, [](const WebhookId& id) { return hex(id.uuid); }));
    }
    std::string operator()(const message::Changes& told) const {
        const auto text = [](const Announcement& change) {
            return static_cast<char>(change.subject) + hex(change.realm.uuid) + hex(change.id);
        };
        const bool is_too_many = told.what.size() > limits::changes_per_notification_max;
        return fmt::format("c {} {} {}", hex(told.from), told.number,
                           is_too_many ? "e" : join(told.what, text));
    }
    std::string operator()(const message::Acknowledged& told) const {
        return fmt::format(
            "a {} {} {}", hex(told.origin), hex(told.by),
            join(told.numbers, [](std::uint64_t number) { return fmt::to_string(number); }));
    }
    std::string operator()(const message::Lanes& told) const { return "l " + hex(told.from); }
    std::string operator()(const message::Listening& told) const {
        return fmt::format("w {} {}", hex(told.from), join(told.realms, hex_of_realm));
    }
    std::string operator()(const message::Events& told) const {
        return fmt::format("e {} {}", hex(told.from), join(told.realms, hex_of_realm));
    }
    static std::string hex_of_realm(const RealmId& realm) { return hex(realm.uuid); }
};

std::vector<RealmId> parse_realms(std::string_view text) {
    std::vector<RealmId> realms;
    while (!text.empty()) {
        if (const auto id = parse_hex(take_word(text, ','))) realms.push_back(RealmId{*id});
    }
    return realms;
}

}  // namespace

std::string encode(const Message& message) { return std::visit(Encoder{}, message); }

std::optional<Message> parse_message(std::string_view text) {
    const auto kind = take_word(text, ' ');
    const auto first = parse_hex(take_word(text, ' '));
    if (!first) return std::nullopt;
    if (kind == "l") return message::Lanes{*first};
    if (kind == "w") return message::Listening{*first, parse_realms(text)};
    if (kind == "e") return message::Events{*first, parse_realms(text)};
    if (kind == "d") {
        message::Deliveries told{*first, {}};
        while (!text.empty()) {
            if (const auto id = parse_hex(take_word(text, ','))) {
                told.webhooks.push_back(WebhookId{*id});
            }
        }
        return told;
    }
    if (kind == "c") {
        message::Changes told{*first, parse_number(take_word(text, ' ')), {}};
        while (!text.empty()) told.what.push_back(parse_change(take_word(text, ',')));
        return told;
    }
    if (kind == "a") {
        const auto by = parse_hex(take_word(text, ' '));
        if (!by) return std::nullopt;
        message::Acknowledged told{*first, *by, {}};
        while (!text.empty()) told.numbers.push_back(parse_number(take_word(text, ',')));
        return told;
    }
    return std::nullopt;
}

}  // namespace postrider::store
