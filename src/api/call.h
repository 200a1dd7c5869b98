#pragma once

#include <algorithm>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "access/principal.h"
#include "api/context.h"
#include "api/cursor.h"
#include "base/json.h"
#include "base/json_bounds.h"
#include "base/memory_guard.h"
#include "base/result.h"
#include "http/problem.h"
#include "http/server.h"
#include "model/ids.h"
#include "model/version_condition.h"
#include "store/list.h"
#include "store/realm_store.h"

/// What a handler is given. A handler reads in ten lines:
///
///     Result<void> read_webhook(Context& context, Call& call) {
///         POSTRIDER_ASSIGN(WebhookId id, call.path_id<WebhookId>("webhook_id", "webhook"));
///         POSTRIDER_TRY(call.query().finish());
///         store::read<WebhookRow>(
///             call.store, [realm = call.realm, id](sql::Connection& sql) { … },
///             call.reply.with<WebhookRow>([](const WebhookRow& row) {
///                 return json_answer(200, view(row)).with_version(row.version); }));
///         return {};
///     }
///
/// An error that it returns becomes the problem document; so does one that reaches the callback of
/// reply.with(). The request lives until the handler returns: capture values, not the call.
namespace postrider::api {

/// An http::Response with the few headers that resources have.
struct Answer : http::Response {
    Answer() = default;
    Answer(int status_code, std::string json) {
        status = status_code;
        body = std::move(json);
    }
    Answer&& with_header(std::string name, std::string value) && {
        headers.emplace_back(std::move(name), std::move(value));
        return std::move(*this);
    }
    /// ETag: the resource's version.
    Answer&& with_version(std::int64_t version) && {
        return std::move(*this).with_header("ETag", '"' + std::to_string(version) + '"');
    }
};
/// `json` is compact JSON text.
inline Answer json_answer(int status, std::string json) { return {status, std::move(json)}; }
inline Answer json_answer(int status, const char* json) { return {status, json}; }
inline Answer json_answer(int status, const json::Value& value) {
    return {status, json::serialize(value)};
}
inline Answer empty_answer() {
    Answer answer(204, {});
    answer.content_type.clear();
    return answer;
}

/// Answers one request, from any thread, also after the handler has returned. Copyable.
class Reply {
 public:
    /// What the log and answers say of the request.
    struct About {
        std::string id;
        std::string_view operation;        ///< lives as long as the program
        std::string realm;                 ///< the name of the path's; "" when it has none
        std::string trace;                 ///< model/trace.h
        std::vector<std::string> filters;  ///< of its query, for the answer "filter-too-wide"
    };
    Reply(http::Responder responder, About about)
        : responder_(std::move(responder)), about_(std::move(about)) {}

    /// The cause of what is our fault goes to the log, and never out.
    void send(Result<Answer> answer) const;
    /// A callback for Result<T> (store::read, store::write): errors become problems, a value goes
    /// through `view`, which returns Answer or Result<Answer>.
    template <typename T, typename View>
    std::function<void(Result<T>)> with(View view) const {
        return [reply = *this, view = std::move(view)](Result<T> result) {
            if (!result) {
                reply.send(std::unexpected(std::move(result).error()));
            } else {
                reply.send(
                    guard_memory([&]() -> Result<Answer> { return view(std::move(*result)); }));
            }
        };
    }
    /// The same for Result<void>.
    std::function<void(Result<void>)> with(std::function<Answer()> view) const {
        return [reply = *this, view = std::move(view)](Result<void> result) {
            if (!result) {
                reply.send(std::unexpected(std::move(result).error()));
            } else {
                reply.send(view());
            }
        };
    }
    /// The same, for a call whose problem `slug` has one member more.
    Reply with_member(std::string slug, http::ProblemMember member) const;
    /// The answer to an error, with one member more.
    Answer problem(const Error& error, const http::ProblemMember& member) const;
    const std::string& request_id() const { return about_.id; }
    const About& about() const { return about_; }

 private:
    struct MemberOf {
        std::string slug;
        http::ProblemMember member;
    };
    Error with_filters(Error error) const;

    http::Responder responder_;
    About about_;
    std::optional<MemberOf> member_of_;
};

/// One page of a list, by value: where it begins, and the cursor of the next one.
struct Page {
    std::size_t limit = limits::page_size_default;
    std::optional<Uuid> before;                 ///< the last id of the page before
    std::optional<TimedPosition> before_timed;  ///< the same, of a list by time and id
    std::string scope;                          ///< what cursors are bound to

    /// Ask the store for one more than the limit: it tells whether a next page exists.
    std::size_t rows_wanted() const { return limit + 1; }
    template <typename IdType>
    std::optional<IdType> before_id() const {
        if (!before) return std::nullopt;
        return IdType{*before};
    }
    /// `{"items": […], "next_cursor": …}` of at most `limit` rows, and "unreadable": how many of
    /// the page could not be read, if any. `id_of(row)` is the row's Uuid (or its TimedPosition, of
    /// a timed_page()), `write(json::Writer&, row)` writes its JSON value.
    template <typename Row, typename IdOf, typename Write>
    Answer answer(const store::List<Row>& rows, IdOf id_of, Write write) const {
        std::string out;
        json::Writer writer(out);
        const std::size_t count = std::min(rows.size(), limit);
        writer.begin_object();
        writer.key("items");
        writer.begin_array();
        for (std::size_t i = 0; i < count; ++i) write(writer, rows[i]);
        writer.end_array();
        if (rows.size() > limit) {
            writer.member("next_cursor", cursor_after(id_of(rows[count - 1])));
        } else {
            write_next(writer, rows, id_of);
        }
        if (rows.unreadable > 0) writer.member("unreadable", rows.unreadable);
        writer.end_object();
        return json_answer(200, std::move(out));
    }
    std::string cursor_after(const Uuid& last) const;
    std::string cursor_after(const TimedPosition& last) const;

 private:
    /// After a page that is short: its end is the list's, unless rows of it could not be read.
    template <typename Row, typename IdOf>
    void write_next(json::Writer& writer, const store::List<Row>& rows, IdOf id_of) const {
        constexpr bool by_time =
            std::is_same_v<std::invoke_result_t<IdOf, const Row&>, TimedPosition>;
        if (rows.read() > limit) {
            if constexpr (by_time) {
                if (!rows.empty()) {
                    writer.member("next_cursor", cursor_after(id_of(rows.back())));
                    return;
                }
            } else if (rows.last) {
                writer.member("next_cursor", cursor_after(*rows.last));
                return;
            }
        }
        writer.member_null("next_cursor");
    }
};

struct Call;

/// Reads the query parameters that an operation knows; finish() names every bad and every unknown
/// one (422), and a bad cursor (400).
///
///     auto query = call.query();
///     filter.type = query.text("event").value_or("");
///     filter.since = query.time("since");
///     filter.state = query.one_of<DeliveryState>("state", parse_delivery_state, "pending, …");
///     Page page = query.page();
///     POSTRIDER_TRY(query.finish());
class Query {
 public:
    explicit Query(const Call& call) : call_(call) {}

    std::optional<std::string> text(std::string_view name);
    std::optional<Timestamp> time(std::string_view name);  ///< RFC 3339
    std::optional<Uuid> uuid(std::string_view name);
    template <typename IdType>
    std::optional<IdType> id(std::string_view name) {
        auto value = uuid(name);
        if (!value) return std::nullopt;
        return IdType{*value};
    }
    template <typename Enum>
    std::optional<Enum> one_of(std::string_view name,
                               std::optional<Enum> (*parse)(std::string_view),
                               std::string_view choices) {
        auto value = text(name);
        if (!value) return std::nullopt;
        auto parsed = parse(*value);
        if (!parsed) refuse(name, "must be " + std::string(choices));
        return parsed;
    }
    /// Whether a list such as ?reveal=headers,secret has the word; other words are refused.
    bool has_word(std::string_view name, std::string_view word);
    /// `limit`: from 1 to `most`; `usual` when it is left out.
    std::size_t limit(std::size_t usual, std::size_t most);
    /// `limit` and `cursor`. The cursor is bound to the operation, the realm and the other
    /// parameters.
    Page page();
    /// The same for a list that is ordered by time and then by id.
    Page timed_page();

    void refuse(std::string_view name, std::string detail);
    Result<void> finish();

 private:
    Page first_page();

    const Call& call_;
    std::vector<std::string> known_;
    std::vector<FieldError> errors_;
    bool bad_cursor_ = false;
};

/// The members of a body that is a JSON object; finish() names every bad and every unknown one.
class Body {
 public:
    explicit Body(json::Value value) : value_(std::move(value)) {}

    bool has(std::string_view name);  ///< present, null too
    /// nullopt when absent, or refused because it is no string.
    std::optional<std::string> string(std::string_view name);
    std::optional<Timestamp> time(std::string_view name);
    /// Any value, as it is; nullptr when absent.
    const json::Value* value(std::string_view name);
    /// "is required" when absent.
    void require(std::string_view name);
    void refuse(std::string_view name, std::string detail);
    /// What another parser found in a member.
    void refuse_all(const std::vector<FieldError>& errors) {
        errors_.insert(errors_.end(), errors.begin(), errors.end());
    }
    Result<void> finish();

 private:
    json::Value value_;
    std::vector<std::string> known_;
    std::vector<FieldError> errors_;
};

/// One request that passed the gate. Lives until the handler returns; its members may be copied
/// out.
struct Call {
    http::Request& request;
    std::string_view operation;
    Reply reply;
    /// Of open operations: anybody.
    access::SharedPrincipal principal;
    /// Every transaction of the request goes through it, in the caller's turn. Of the path's
    /// {realm}; when the path has none, of the principal's.
    store::RealmStore store;
    /// Of the path's {realm}; nil when the path has none.
    RealmId realm;
    std::string realm_name;
    /// What the realm has accepted before it is past its retention: it is not shown any more,
    /// unless it is pending.
    Timestamp kept_since;
    Timestamp not_before_kept(std::optional<Timestamp> since) const {
        return std::max(since.value_or(kept_since), kept_since);
    }

    /// For a permission beyond the operation's own (reveal_secrets, publish_builtin_events).
    Result<void> require(access::Permission permission) const {
        return principal->require(permission);
    }
    Actor actor() const { return principal->actor(); }
    Query query() const { return Query(*this); }

    /// An id in the path; what is no id names nothing: not_found ("there is no webhook …").
    template <typename IdType>
    Result<IdType> path_id(std::string_view parameter, std::string_view what) const {
        const std::string& text = request.path_parameter(parameter);
        auto id = IdType::parse(text);
        if (!id) return not_found(what, text);
        return *id;
    }
    static std::unexpected<Error> not_found(std::string_view what, std::string_view id);

    /// The body as JSON. Errors: "malformed-json" (400) with the place; invalid_argument for a list
    /// that is longer than `bounds` say, of which no more is read.
    Result<json::Value> json(json::Bounds bounds = {}) const;
    /// The body as an object. Errors: also invalid_argument when it is something else. An empty
    /// body is an empty object only with json_object_or_empty.
    Result<Body> json_object(json::Bounds bounds = {}) const;
    Result<Body> json_object_or_empty() const;

    /// If-Match, which may be a list, in one header or several: the resource must have one of the
    /// versions that it names. A tag that is none of ours holds for no resource.
    VersionCondition if_match() const;
};

/// The gate's verdict on who sent a request: at once or later, from any thread. For an answer that
/// waited, once more; then the request has its method, headers, path parameters and id.
void admit(Context& context, const http::Request& request, std::string_view operation_id,
           std::function<void(http::Verdict)> say);
/// Whether the realm of the request's path is the one that it was: one of the same name may have
/// taken its place. Requires: the path has {realm}.
bool is_still_in(const Context& context, const http::Request& request, const RealmId& realm);

/// A handler that returns an error has not answered; one that returns nothing has, or will through
/// call.reply.
using CallHandler = std::function<Result<void>(Context&, Call&)>;

struct RouteSpec {
    std::string method;
    std::string path;
    std::string operation;
    std::size_t body_bytes_max = 0;
    std::string body_type = "application/json";
};
/// Makes the route: `handle(context, {"GET", "/api/v1/…", "read_webhook"}, read_webhook)`.
http::Route handle(Context& context, RouteSpec spec, CallHandler handler);

}  // namespace postrider::api
