#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "events/json_index.h"

namespace postrider::webhooks {

/// What the placeholders of a template stand for.
struct TemplateValues {
    std::string_view event;
    std::string_view timestamp;
    std::string_view resource_id;
    std::string_view id;
    std::string_view realm;
    const events::JsonIndex& data;
    /// The webhook's own header of a name, in whatever case; nullopt: it has none.
    std::function<std::optional<std::string>(std::string_view)> header;
};

/// The body of a delivery as JSON with places for the event's values: `{{event}}`, `{{timestamp}}`,
/// `{{resource_id}}`, `{{id}}`, `{{realm}}`, `{{data.items.0.name}}` and `{{header.x-key}}`, the
/// value of one of the webhook's own headers, which is sealed and masked where the template is not.
/// - A string that is one placeholder alone becomes the value, with its type and its digits; what
/// is
///   missing is null there.
/// - Inside text a value is written as text; what is missing, or null, is empty there.
/// - Behind a bar there may be `default: "…"` (for what is missing or null), `json` (the value as
///   JSON text), `truncate: N` (N UTF-16 units at most, the last an ellipsis), and an escape for
///   where the text goes: `slack`, `discord`, `teams`, `markdown`. They apply from left to right.
/// No code, no loops. Immutable. Thread-safety: any thread.
class Template {
 public:
    /// `text`: JSON. Errors: invalid_argument with every wrong place, as JSON pointers below the
    /// template ("#/blocks/0/text").
    static Result<Template> parse(std::string_view text);

    /// Compact JSON. Errors: invalid_argument (larger than limits::rendered_bytes_max, more work
    /// than limits::template_work_bytes, or a header that it names is not there), one sentence.
    Result<std::string> render(const TemplateValues& values) const;
    /// The headers that it names, as they are written in it.
    const std::vector<std::string>& headers() const { return headers_; }
    /// The memory that it takes: many times its text's, where that is short placeholders.
    std::size_t bytes() const;

 private:
    enum class Source { event, timestamp, resource_id, id, realm, data, header };
    enum class Step { fallback, json, truncate, slack, discord, teams, markdown };
    struct Filter {
        Step step = Step::json;
        std::string text;        ///< of `default`
        std::size_t length = 0;  ///< of `truncate`
    };
    struct Placeholder {
        Source source = Source::event;
        std::vector<std::string> path;  ///< below data; the name of a header
        std::vector<Filter> filters;
    };
    /// Literal JSON, or a string of texts and placeholders in turn.
    struct Piece {
        std::string json;
        std::vector<std::string> texts;  ///< one more than placeholders
        std::vector<Placeholder> placeholders;
    };
    class Parser;
    Template() = default;

    /// Of one body.
    struct Rendering {
        const TemplateValues& values;
        std::size_t work_left;  ///< bytes that may still be looked at
    };
    static Result<void> spend(Rendering& rendering, std::size_t bytes);
    static Result<void> write_value(const Placeholder& placeholder, Rendering& rendering,
                                    std::string& out);
    static Result<std::string> text_of(const Placeholder& placeholder, Rendering& rendering);
    static Result<const events::JsonIndex::Node*> find(const Placeholder& placeholder,
                                                       Rendering& rendering);
    static void apply(const Filter& filter, const events::JsonIndex::Node* found, bool is_there,
                      std::string& text);

    std::vector<Piece> pieces_;
    std::vector<std::string> headers_;
};

/// A ready one: `slack`, `discord`, `teams` or `pagerduty`; nullptr: there is none of this name.
const Template* ready_template(std::string_view name);

}  // namespace postrider::webhooks
