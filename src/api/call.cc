#include "api/call.h"

#include <charconv>

#include "access/api_keys.h"
#include "api/authenticate.h"
#include "api/operations.h"
#include "api/routes.h"
#include "base/memory_guard.h"
#include "directory/directory.h"
#include "model/limits.h"
#include "model/trace.h"
#include "telemetry/log.h"

namespace postrider::api {

namespace {

/// What the gate finds out about a request.
struct Admission {
    access::SharedPrincipal principal;
    directory::RealmIndex::Entry realm;
};

const std::string* realm_parameter(const http::Request& request) {
    for (const auto& [name, value] : request.path_parameters) {
        if (name == "realm") return &value;
    }
    return nullptr;
}

/// Who it is comes first, then whether the realm is there for them, then what they may do: nobody
/// learns of a realm, or of a permission, who may not.
Result<Admission> decide(const Context& context, const Operation& operation,
                         const std::optional<std::string>& realm_name,
                         const access::SharedPrincipal& principal) {
    Admission admission{.principal = principal, .realm = {}};
    if (realm_name) {
        auto realm = context.directory.realms().find(*realm_name);
        if (!realm || !(operation.need.is_open() || admission.principal->acts_in(realm->id))) {
            return Call::not_found("realm", *realm_name);
        }
        admission.realm = std::move(*realm);
    }
    if (operation.need.kind == Need::Kind::permission) {
        POSTRIDER_TRY(admission.principal->require(operation.need.permission));
    }
    return admission;
}

http::Response refusal(const Error& error, const std::string& request_id, std::string challenge) {
    http::Response response = http::problem_response(error, request_id);
    if (error.code == ErrorCode::unauthenticated) {
        response.headers.emplace_back("WWW-Authenticate", std::move(challenge));
    }
    return response;
}

/// The parameters of a list that say what it shows.
std::vector<std::string> filters_of(const http::Request& request) {
    std::vector<std::string> names;
    for (const auto& [name, value] : request.query) {
        if (name != "limit" && name != "cursor") names.push_back(name);
    }
    return names;
}

/// Of the path's realm, or else of the caller's. Within it, each user, key and client is one
/// caller.
store::Turn turn_of(const http::Request& request, const Admission& admission) {
    const access::Principal& who = *admission.principal;
    return store::Turn::of(realm_parameter(request) != nullptr ? admission.realm.id : who.realm,
                           who.user ? who.user->uuid : who.id);
}

/// Changing and deleting what is there frees room or secures the server, so it goes on while the
/// disk is full; making something new does not. A POST that revokes says so itself.
store::WriteClass class_of(const http::Request& request) {
    return request.method == "POST" ? store::WriteClass::ordinary : store::WriteClass::essential;
}

/// The trace that a request belongs to (model/trace.h).
std::string trace_of(const http::Request& request) {
    std::vector<std::string_view> parents;
    std::vector<std::string_view> states;
    for (const auto& [name, value] : request.headers) {
        if (name == "traceparent") parents.push_back(value);
        if (name == "tracestate") states.push_back(value);
    }
    return trace::read(parents, states);
}

/// Whose request it is; the line "answered" says what came of it.
void log_request(const http::Request& request, const Operation& operation,
                 const Admission& admission, std::string_view trace) {
    if (!log::enabled(LogLevel::debug)) return;
    const Actor actor = admission.principal->actor();
    log::debug("api", "asked",
               {{"request", request.id},
                {"operation", operation.id},
                {"realm", admission.realm.name},
                {"by", actor.kind + " " + actor.id},
                {"trace", trace::id(trace)}});
}

/// A key may have been revoked, and a realm deleted, while the body came.
Result<void> check_again(const Context& context, const http::Request& request,
                         const Admission& admission) {
    if (const std::string* name = realm_parameter(request)) {
        if (!is_still_in(context, request, admission.realm.id)) {
            return Call::not_found("realm", *name);
        }
    }
    if (request.body.empty() || admission.principal->kind != access::Principal::Kind::api_key) {
        return {};
    }
    POSTRIDER_TRY(
        context.access.authenticate(request.header("authorization"), context.clock.now()));
    return {};
}

}  // namespace

void add_holders(const void* admission, Shares::Holders& holders) {
    const auto& known = *static_cast<const Admission*>(admission);
    if (known.principal->kind != access::Principal::Kind::anybody) {
        holders.push_back("key " + known.principal->id.to_string());
    }
    if (known.realm.id != RealmId{}) holders.push_back("realm " + known.realm.id.to_string());
}

void admit(Context& context, const http::Request& request, std::string_view operation_id,
           std::function<void(http::Verdict)> say) {
    const Operation& asked = operation(operation_id);
    const std::string* name = realm_parameter(request);
    auto realm = name == nullptr ? std::nullopt : std::optional(*name);
    auto proceed = [&context, &asked, realm = std::move(realm), id = request.id,
                    challenge = access::authenticate_challenge(request.header("authorization")),
                    say = std::move(say)](Result<access::SharedPrincipal> who) {
        if (!who) return say({.refused = refusal(who.error(), id, challenge)});
        auto admission = decide(context, asked, realm, *who);
        if (!admission) return say({.refused = refusal(admission.error(), id, challenge)});
        say({.admission = std::make_shared<const Admission>(std::move(*admission))});
    };
    if (asked.need.is_open()) return proceed(access::anybody());
    authenticate(context, request, std::move(proceed));
}

bool is_still_in(const Context& context, const http::Request& request, const RealmId& realm) {
    const auto now = context.directory.realms().find(*realm_parameter(request));
    return now && now->id == realm;
}

http::Gate make_gate(Context& context) {
    return [&context](const http::Request& request, const http::Route& route,
                      std::function<void(http::Verdict)> say) {
        admit(context, request, route.operation, std::move(say));
    };
}

http::Route handle(Context& context, RouteSpec spec, CallHandler handler) {
    const Operation& known = operation(spec.operation);
    http::Route route{.method = std::move(spec.method),
                      .path = std::move(spec.path),
                      .operation = std::move(spec.operation),
                      .body_bytes_max = spec.body_bytes_max,
                      .handler = {},
                      .body_type = std::move(spec.body_type)};
    route.handler = [&context, &known, handler = std::move(handler)](http::Request& request,
                                                                     http::Responder responder) {
        const auto& admission = *static_cast<const Admission*>(request.admission.get());
        if (auto still = check_again(context, request, admission); !still) {
            return responder.send(
                refusal(still.error(), request.id,
                        access::authenticate_challenge(request.header("authorization"))));
        }
        std::string trace = trace_of(request);
        log_request(request, known, admission, trace);
        Call call{.request = request,
                  .operation = known.id,
                  .reply = Reply(std::move(responder), {.id = request.id,
                                                        .operation = known.id,
                                                        .realm = admission.realm.name,
                                                        .trace = trace,
                                                        .filters = filters_of(request)}),
                  .principal = admission.principal,
                  .store = {context.whole_store, turn_of(request, admission), class_of(request),
                            std::move(trace)},
                  .realm = admission.realm.id,
                  .realm_name = admission.realm.name,
                  .kept_since = context.clock.now() - admission.realm.kept};
        auto handled = guard_memory([&] { return handler(context, call); });
        if (!handled) call.reply.send(std::unexpected(std::move(handled).error()));
    };
    return route;
}

namespace {

bool is_compressed(const Answer& answer) {
    return std::ranges::any_of(
        answer.headers, [](const auto& header) { return header.first == "Content-Encoding"; });
}

}  // namespace

void Reply::send(Result<Answer> answer) const {
    if (answer) {
        // For whoever reads it in a shell.
        const bool is_json = answer->content_type == "application/json" && !answer->body.empty() &&
                             !is_compressed(*answer);
        std::string& end = answer->behind.empty() ? answer->body : answer->behind;
        if (is_json && !end.ends_with('\n')) end += '\n';
        return responder_.send(std::move(*answer));
    }
    const Error& error = answer.error();
    if (error.code == ErrorCode::internal || error.code == ErrorCode::corrupt) {
        log::error("api", "request failed",
                   {{"request", about_.id},
                    {"operation", about_.operation},
                    {"realm", about_.realm},
                    {"trace", trace::id(about_.trace)},
                    {"reason", error.message}});
    }
    std::optional<http::ProblemMember> more;
    if (member_of_ && error.problem != nullptr && error.problem == member_of_->slug) {
        more = member_of_->member;
    }
    responder_.send(http::problem_response(with_filters(error), about_.id, more));
}

Reply Reply::with_member(std::string slug, http::ProblemMember member) const {
    Reply reply = *this;
    reply.member_of_ = {std::move(slug), std::move(member)};
    return reply;
}

Answer Reply::problem(const Error& error, const http::ProblemMember& member) const {
    Answer answer;
    static_cast<http::Response&>(answer) = http::problem_response(error, about_.id, member);
    return answer;
}

/// Says which filters were too wide.
Error Reply::with_filters(Error error) const {
    if (error.problem == nullptr || error.problem != std::string_view("filter-too-wide")) {
        return error;
    }
    for (const std::string& name : about_.filters) {
        error.fields.push_back({{}, name, {}, "leaves too much to look through"});
    }
    error.message += about_.filters.empty()
                         ? " Give a filter; since and until narrow the period."
                         : " Give since and until closer together, or a filter that matches less "
                           "(a webhook, an event, a resource).";
    return error;
}

std::unexpected<Error> Call::not_found(std::string_view what, std::string_view id) {
    return fail(ErrorCode::not_found,
                "there is no " + std::string(what) + " \"" + std::string(id) + "\"");
}

Result<json::Value> Call::json(json::Bounds bounds) const {
    auto value = json::parse(request.body, limits::json_depth_max, bounds);
    if (!value && value.error().fields.empty()) {
        return fail(ErrorCode::invalid_argument, "the body is not JSON: " + value.error().message,
                    "malformed-json");
    }
    return value;
}

Result<Body> Call::json_object(json::Bounds bounds) const {
    POSTRIDER_ASSIGN(json::Value value, json(bounds));
    if (value.as_object() == nullptr) {
        return fail_field("#", "must be an object, not " + std::string(value.type_name()));
    }
    return Body(std::move(value));
}

Result<Body> Call::json_object_or_empty() const {
    if (request.body.empty()) return Body(json::Value(json::Object{}));
    return json_object();
}

namespace {

/// The version that an entity tag names; nullopt: it is none of ours.
std::optional<std::int64_t> version_of(std::string_view tag) {
    if (tag.size() < 3 || tag.front() != '"' || tag.back() != '"') return std::nullopt;
    tag = tag.substr(1, tag.size() - 2);
    std::int64_t version = 0;
    const auto [rest, failure] = std::from_chars(tag.data(), tag.data() + tag.size(), version);
    if (failure != std::errc{} || rest != tag.data() + tag.size() || version < 1) {
        return std::nullopt;
    }
    return version;
}

/// The elements of a header that is a list, which may be given in several lines.
/// Source: RFC 9110, sections 5.3 and 5.6.1. Our tags have no comma.
std::vector<std::string_view> list_of(const http::Request& request, std::string_view name) {
    std::vector<std::string_view> found;
    for (const auto& [key, value] : request.headers) {
        if (key != name) continue;
        std::string_view rest = value;
        while (!rest.empty()) {
            auto element = rest.substr(0, rest.find(','));
            rest.remove_prefix(std::min(element.size() + 1, rest.size()));
            while (element.starts_with(' ') || element.starts_with('\t')) element.remove_prefix(1);
            while (element.ends_with(' ') || element.ends_with('\t')) element.remove_suffix(1);
            if (!element.empty()) found.push_back(element);
        }
    }
    return found;
}

}  // namespace

VersionCondition Call::if_match() const {
    if (request.header("if-match") == nullptr) return {};
    std::vector<std::int64_t> versions;
    for (const std::string_view tag : list_of(request, "if-match")) {
        if (tag == "*") return VersionCondition::any_that_exists();
        if (const auto version = version_of(tag)) versions.push_back(*version);
    }
    return VersionCondition::one_of(std::move(versions));
}

}  // namespace postrider::api
