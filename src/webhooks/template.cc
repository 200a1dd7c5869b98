#include "webhooks/template.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "base/encoding.h"
#include "base/json.h"
#include "base/json_pointer.h"
#include "base/json_text.h"
#include "base/nearest.h"
#include "model/limits.h"
#include "model/template_limits.h"
#include "webhooks/channel_text.h"

namespace postrider::webhooks {
namespace {

using events::JsonIndex;
using Node = JsonIndex::Node;
using Type = JsonIndex::Type;

constexpr std::array<std::string_view, 7> sources{"event", "timestamp", "resource_id", "id",
                                                  "realm", "data",      "header"};
constexpr std::array<std::string_view, 7> filters{"default", "json",  "truncate", "slack",
                                                  "discord", "teams", "markdown"};

std::string_view trimmed(std::string_view text) {
    const auto first = text.find_first_not_of(" \t");
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::string list_of(std::span<const std::string_view> words, std::string_view given) {
    const auto near = nearest(words, given);
    return fmt::format("there are {}{}", fmt::join(words, ", "),
                       near.empty() ? "" : fmt::format("; do you mean {}?", near));
}

/// The parts of a placeholder between bars that stand in no quotes.
std::vector<std::string_view> split_at_bars(std::string_view text) {
    std::vector<std::string_view> parts;
    bool is_quoted = false;
    std::size_t begin = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (is_quoted && text[i] == '\\') {
            ++i;
        } else if (text[i] == '"') {
            is_quoted = !is_quoted;
        } else if (text[i] == '|' && !is_quoted) {
            parts.push_back(trimmed(text.substr(begin, i - begin)));
            begin = i + 1;
        }
    }
    parts.push_back(trimmed(text.substr(begin)));
    return parts;
}

std::unexpected<Error> too_large() {
    return fail(ErrorCode::invalid_argument,
                fmt::format("the body of the template would be larger than {} bytes",
                            limits::rendered_bytes_max));
}

}  // namespace

/// Reads a template, and keeps all that is wrong with it.
class Template::Parser {
 public:
    Result<Template> read(std::string_view text) {
        if (text.size() > limits::template_bytes_max) {
            refuse("#", fmt::format("is longer than {} bytes", limits::template_bytes_max));
        } else if (auto compact = json::compact(text, limits::json_depth_max); !compact) {
            refuse("#", compact.error().message);
        } else {
            read_value(JsonIndex(std::move(*compact)).root(), "#");
        }
        if (errors_.empty()) {
            flush();
            return std::move(made_);
        }
        return std::unexpected(Error{ErrorCode::invalid_argument, "the template cannot be used",
                                     std::move(errors_), nullptr});
    }

 private:
    void refuse(const std::string& pointer, std::string detail) {
        if (errors_.size() < limits::field_errors_max) {
            errors_.push_back({pointer, {}, {}, std::move(detail)});
        }
    }
    void flush() {
        if (!literal_.empty()) made_.pieces_.push_back({std::exchange(literal_, {}), {}, {}});
    }

    void read_value(const Node& value, const std::string& pointer) {
        if (value.type == Type::string) return read_string(value, pointer);
        if (value.type != Type::array && value.type != Type::object) {
            literal_ += value.raw;
            return;
        }
        const bool is_object = value.type == Type::object;
        literal_ += is_object ? '{' : '[';
        std::size_t count = 0;
        value.any_child([&](const Node& child) {
            if (count > 0) literal_ += ',';
            if (is_object) {
                json::append_string(literal_, child.name);
                literal_ += ':';
            }
            const std::string name = is_object ? std::string(child.name) : std::to_string(count);
            read_value(child, json::pointer_to(pointer, name));
            ++count;
            return false;
        });
        literal_ += is_object ? '}' : ']';
    }

    void read_string(const Node& value, const std::string& pointer) {
        Piece piece;
        std::string_view rest = value.text;
        for (auto opens = rest.find("{{"); opens != std::string_view::npos;
             opens = rest.find("{{")) {
            const auto closes = rest.find("}}", opens);
            if (closes == std::string_view::npos) {
                return refuse(pointer, "has {{ without }}");
            }
            piece.texts.emplace_back(rest.substr(0, opens));
            if (!read_placeholder(rest.substr(opens + 2, closes - opens - 2), pointer, piece)) {
                return;
            }
            rest.remove_prefix(closes + 2);
        }
        if (piece.placeholders.empty()) {
            literal_ += value.raw;
            return;
        }
        piece.texts.emplace_back(rest);
        flush();
        made_.pieces_.push_back(std::move(piece));
    }

    bool read_placeholder(std::string_view text, const std::string& pointer, Piece& piece) {
        const auto parts = split_at_bars(text);
        Placeholder placeholder;
        if (!read_source(parts.front(), pointer, placeholder)) return false;
        for (const auto part : std::span(parts).subspan(1)) {
            if (!read_filter(part, pointer, placeholder)) return false;
        }
        piece.placeholders.push_back(std::move(placeholder));
        return true;
    }

    bool read_source(std::string_view path, const std::string& pointer, Placeholder& into) {
        const auto dot = path.find('.');
        const auto name = path.substr(0, dot);
        const auto source = std::ranges::find(sources, name);
        const bool is_wide = name == "data" || name == "header";
        if (source == sources.end() || (dot != std::string_view::npos && !is_wide)) {
            refuse(pointer, fmt::format("has a placeholder {{{{{}}}}}, but {}; what is in an "
                                        "event's data stands below data",
                                        path, list_of(sources, name)));
            return false;
        }
        into.source = static_cast<Source>(source - sources.begin());
        if (into.source == Source::header) {
            if (dot == std::string_view::npos || dot + 1 == path.size()) {
                refuse(pointer, "has {{header}} without the name of a header behind a dot");
                return false;
            }
            into.path.emplace_back(path.substr(dot + 1));
            made_.headers_.push_back(into.path.front());
            return true;
        }
        for (auto rest = dot == std::string_view::npos ? std::string_view() : path.substr(dot + 1);
             !rest.empty();) {
            const auto next = std::min(rest.find('.'), rest.size());
            into.path.emplace_back(rest.substr(0, next));
            rest.remove_prefix(std::min(rest.size(), next + 1));
        }
        return true;
    }

    bool read_filter(std::string_view part, const std::string& pointer, Placeholder& into) {
        const auto colon = part.find(':');
        const auto name = trimmed(part.substr(0, colon));
        const auto known = std::ranges::find(filters, name);
        if (known == filters.end()) {
            refuse(pointer,
                   fmt::format("has a filter \"{}\", but {}", name, list_of(filters, name)));
            return false;
        }
        Filter filter{.step = static_cast<Step>(known - filters.begin()), .text = {}};
        const auto operand =
            colon == std::string_view::npos ? std::string_view() : trimmed(part.substr(colon + 1));
        if (filter.step == Step::fallback) {
            auto text = json::decode_string(operand.empty() ? "null" : operand);
            if (!text) {
                refuse(pointer, "has default without a text in quotes, such as default: \"none\"");
                return false;
            }
            filter.text = std::move(*text);
        } else if (filter.step == Step::truncate) {
            const auto [end, error] =
                std::from_chars(operand.data(), operand.data() + operand.size(), filter.length);
            if (error != std::errc() || end != operand.data() + operand.size() ||
                filter.length == 0) {
                refuse(pointer, "has truncate without a length, such as truncate: 200");
                return false;
            }
        } else if (!operand.empty()) {
            refuse(pointer, fmt::format("has a filter {} that takes nothing behind a colon", name));
            return false;
        }
        into.filters.push_back(std::move(filter));
        return true;
    }

    Template made_;
    std::string literal_;
    std::vector<FieldError> errors_;
};

Result<Template> Template::parse(std::string_view text) { return Parser().read(text); }

Result<std::string> Template::render(const TemplateValues& values) const {
    Rendering rendering{values, limits::template_work_bytes +
                                    limits::template_work_per_byte * values.data.root().raw.size()};
    std::string out;
    for (const Piece& piece : pieces_) {
        if (piece.placeholders.empty()) {
            out += piece.json;
        } else if (piece.placeholders.size() == 1 && piece.texts[0].empty() &&
                   piece.texts[1].empty()) {
            POSTRIDER_TRY(write_value(piece.placeholders[0], rendering, out));
        } else {
            std::string text = piece.texts[0];
            for (std::size_t i = 0; i < piece.placeholders.size(); ++i) {
                POSTRIDER_ASSIGN(const auto value, text_of(piece.placeholders[i], rendering));
                if (out.size() + text.size() + value.size() > limits::rendered_bytes_max) {
                    return too_large();
                }
                text += value;
                text += piece.texts[i + 1];
            }
            json::append_string(out, text);
        }
        if (out.size() > limits::rendered_bytes_max) return too_large();
    }
    return out;
}

Result<void> Template::spend(Rendering& rendering, std::size_t bytes) {
    if (bytes > rendering.work_left) {
        return fail(ErrorCode::invalid_argument,
                    "the template takes too much work for this event: it has fewer filters or "
                    "placeholders, or cuts values with truncate first");
    }
    rendering.work_left -= bytes;
    return {};
}

/// What a path leads to in an event's data; nullptr: nothing.
Result<const Node*> Template::find(const Placeholder& placeholder, Rendering& rendering) {
    const Node* found = &rendering.values.data.root();
    for (const auto& name : placeholder.path) {
        if (found->type == Type::object) {
            found = found->find(name);
        } else if (found->type == Type::array) {
            std::size_t index = 0;
            const auto [end, error] =
                std::from_chars(name.data(), name.data() + name.size(), index);
            if (error != std::errc() || end != name.data() + name.size()) return nullptr;
            if (index >= found->size) return nullptr;
            POSTRIDER_TRY(spend(rendering, index));
            const Node* element = nullptr;
            found->any_child([&](const Node& each) {
                if (index-- > 0) return false;
                element = &each;
                return true;
            });
            found = element;
        } else {
            return nullptr;
        }
        if (found == nullptr) return nullptr;
    }
    return found;
}

/// A string that is one placeholder alone.
Result<void> Template::write_value(const Placeholder& placeholder, Rendering& rendering,
                                   std::string& out) {
    const bool is_plain = std::ranges::all_of(
        placeholder.filters, [](const Filter& filter) { return filter.step == Step::fallback; });
    if (placeholder.source == Source::data && is_plain) {
        POSTRIDER_ASSIGN(const Node* found, find(placeholder, rendering));
        const bool is_there = found != nullptr && found->type != Type::null;
        if (is_there || placeholder.filters.empty()) {
            const auto raw = found == nullptr ? "null" : found->raw;
            if (out.size() + raw.size() > limits::rendered_bytes_max) return too_large();
            out += raw;
            return {};
        }
    }
    POSTRIDER_ASSIGN(const auto text, text_of(placeholder, rendering));
    if (out.size() + text.size() > limits::rendered_bytes_max) return too_large();
    json::append_string(out, text);
    return {};
}

Result<std::string> Template::text_of(const Placeholder& placeholder, Rendering& rendering) {
    const TemplateValues& values = rendering.values;
    std::string text;
    bool is_there = true;
    const Node* found = nullptr;
    switch (placeholder.source) {
        case Source::event:
            text = values.event;
            break;
        case Source::timestamp:
            text = values.timestamp;
            break;
        case Source::resource_id:
            text = values.resource_id;
            break;
        case Source::id:
            text = values.id;
            break;
        case Source::realm:
            text = values.realm;
            break;
        case Source::header: {
            auto value = values.header ? values.header(placeholder.path.front()) : std::nullopt;
            if (!value) {
                return fail(ErrorCode::invalid_argument,
                            fmt::format("the webhook has no header {} for its template",
                                        placeholder.path.front()));
            }
            text = std::move(*value);
            break;
        }
        case Source::data: {
            POSTRIDER_ASSIGN(found, find(placeholder, rendering));
            is_there = found != nullptr && found->type != Type::null;
            if (!is_there) break;
            POSTRIDER_TRY(spend(rendering, found->raw.size()));
            text = found->type == Type::string ? clean_text(*found) : found->raw;
            break;
        }
    }
    for (const Filter& filter : placeholder.filters) {
        const bool is_raw = filter.step == Step::json && found != nullptr;
        POSTRIDER_TRY(spend(rendering, is_raw ? found->raw.size() : text.size()));
        apply(filter, found, is_there, text);
    }
    return text;
}

void Template::apply(const Filter& filter, const Node* found, bool is_there, std::string& text) {
    switch (filter.step) {
        case Step::fallback:
            if (!is_there) text = filter.text;
            break;
        case Step::json:
            if (found != nullptr) {
                text = found->raw;
            } else if (is_there) {
                text = json::serialize(json::Value(std::move(text)));
            }
            break;
        case Step::truncate:
            text = truncated(text, filter.length);
            break;
        case Step::slack:
            text = escaped_for(Channel::slack, text);
            break;
        case Step::discord:
            text = escaped_for(Channel::discord, text);
            break;
        case Step::teams:
            text = escaped_for(Channel::teams, text);
            break;
        case Step::markdown:
            text = escaped_for(Channel::markdown, text);
            break;
    }
}

std::size_t Template::bytes() const {
    std::size_t all = sizeof(Template);
    const auto add = [&all](const std::string& text) { all += sizeof(text) + text.capacity(); };
    for (const std::string& name : headers_) add(name);
    for (const Piece& piece : pieces_) {
        all += sizeof(piece) + piece.json.capacity();
        for (const std::string& text : piece.texts) add(text);
        for (const Placeholder& placeholder : piece.placeholders) {
            all += sizeof(placeholder);
            for (const std::string& step : placeholder.path) add(step);
            for (const Filter& filter : placeholder.filters) {
                all += sizeof(filter) + filter.text.capacity();
            }
        }
    }
    return all;
}

}  // namespace postrider::webhooks
