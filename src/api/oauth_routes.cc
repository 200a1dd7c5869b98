#include <algorithm>
#include <expected>
#include <map>

#include "api/call.h"
#include "api/routes.h"
#include "base/encoding.h"
#include "directory/directory.h"
#include "directory/oauth_tokens.h"
#include "http/target.h"
#include "store/tables.h"

/// OAuth 2 for clients: RFC 6749 (client_credentials), 7662, 7009 and 8414. These routes speak
/// their RFCs: a form in, {"error": …} out.
namespace postrider::api {

namespace {

using directory::LiveToken;
using store::ClientRow;

Answer oauth_answer(std::string body) {
    return json_answer(200, std::move(body))
        .with_header("Cache-Control", "no-store")
        .with_header("Pragma", "no-cache");
}

/// RFC 6749, section 5.2.
Answer oauth_error(int status, std::string_view error, std::string_view description) {
    std::string out;
    json::Writer writer(out);
    writer.begin_object();
    writer.member("error", error);
    writer.member("error_description", description);
    writer.end_object();
    Answer answer = oauth_answer(std::move(out));
    answer.status = status;
    if (status == 401) answer.headers.emplace_back("WWW-Authenticate", "Basic realm=\"postrider\"");
    return answer;
}

Answer invalid_client() {
    return oauth_error(401, "invalid_client",
                       "the client is unknown, disabled or public, or its secret is wrong");
}

Answer invalid_request(std::string_view description) {
    return oauth_error(400, "invalid_request", description);
}

/// Parameters by name; one that is there twice is an error.
class Form {
 public:
    static std::expected<Form, Answer> read(const http::Request& request) {
        const auto pairs = http::decode_form(request.body);
        if (!pairs)
            return std::unexpected(invalid_request("the form is not percent-encoded UTF-8"));
        Form form;
        for (const auto& [name, value] : *pairs) {
            if (!form.values_.emplace(name, value).second) {
                return std::unexpected(invalid_request("a parameter is there twice"));
            }
        }
        return form;
    }
    /// "" when there is none: an empty parameter is none (RFC 6749, section 3.1).
    std::string value(const std::string& name) const {
        const auto found = values_.find(name);
        return found == values_.end() ? "" : found->second;
    }

 private:
    std::map<std::string, std::string> values_;
};

struct Credentials {
    std::string client_id;
    std::string secret;
};

/// RFC 6749, section 2.3.1: both are form-encoded there. Not every library does it; what cannot be
/// decoded is taken as it is.
std::optional<Credentials> read_basic(std::string_view authorization) {
    constexpr std::string_view scheme = "basic ";
    if (authorization.size() <= scheme.size()) return std::nullopt;
    for (std::size_t i = 0; i < scheme.size(); ++i) {
        char c = authorization[i];
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c | 0x20);
        if (c != scheme[i]) return std::nullopt;
    }
    const auto text = base64_decode(authorization.substr(scheme.size()));
    if (!text || !is_utf8(*text)) return std::nullopt;
    const auto colon = text->find(':');
    if (colon == std::string::npos) return std::nullopt;
    const auto decoded = [](std::string part) { return http::percent_decode(part).value_or(part); };
    return Credentials{decoded(text->substr(0, colon)), decoded(text->substr(colon + 1))};
}

std::expected<Credentials, Answer> read_credentials(const http::Request& request,
                                                    const Form& form) {
    const std::string* header = request.header("authorization");
    if (header == nullptr) return Credentials{form.value("client_id"), form.value("client_secret")};
    if (!form.value("client_secret").empty()) {
        return std::unexpected(
            invalid_request("the client authenticates twice: by the header and in the form"));
    }
    auto basic = read_basic(*header);
    if (!basic) return std::unexpected(invalid_client());
    const auto named = form.value("client_id");
    if (!named.empty() && named != basic->client_id) {
        return std::unexpected(invalid_request(
            "the form names another client_id than the header: leave it out of the form"));
    }
    return *basic;
}

using Next = std::function<void(ClientRow client, Form form)>;

/// Reads the form and goes on with the client that it authenticates.
Result<void> with_client(Call& call, Next next) {
    auto form = Form::read(call.request);
    if (!form) return call.reply.send(std::move(form).error()), Result<void>{};
    auto credentials = read_credentials(call.request, *form);
    if (!credentials) return call.reply.send(std::move(credentials).error()), Result<void>{};
    using Found = std::optional<ClientRow>;
    store::read<Found>(
        call.store,
        [realm = call.realm, said = std::move(*credentials)](store::sql::Connection& sql) {
            return directory::authenticate_client(sql, realm, said.client_id, said.secret);
        },
        [reply = call.reply, form = std::move(*form), next = std::move(next)](Result<Found> found) {
            if (!found) return reply.send(std::unexpected(std::move(found).error()));
            if (!*found) return reply.send(invalid_client());
            next(std::move(**found), form);
        },
        store::ReadClass::first);
    return {};
}

std::string issuer_of(const Context& context, const std::string& realm) {
    return context.settings.origin() + "/api/v1/realms/" + realm;
}

Answer token_answer(const std::string& text, const access::PermissionSet& permissions) {
    std::string out;
    json::Writer writer(out);
    writer.begin_object();
    writer.member("access_token", text);
    writer.member("token_type", "Bearer");
    writer.member(
        "expires_in",
        std::chrono::duration_cast<std::chrono::seconds>(limits::oauth_token_lifetime).count());
    writer.member("scope", directory::format_scope(permissions));
    writer.end_object();
    return oauth_answer(std::move(out));
}

Result<void> issue_oauth_token(Context& context, Call& call) {
    return with_client(
        call, [&context, store = call.store, reply = call.reply](ClientRow client, Form form) {
            const std::string grant = form.value("grant_type");
            if (grant.empty()) return reply.send(invalid_request("grant_type is missing"));
            if (grant != "client_credentials") {
                return reply.send(oauth_error(400, "unsupported_grant_type",
                                              "grant_type must be client_credentials"));
            }
            const std::string scope = form.value("scope");
            if (!directory::parse_scope(scope)) {
                return reply.send(oauth_error(400, "invalid_scope",
                                              "scope must be names of permissions, with spaces "
                                              "between them"));
            }
            const auto token = directory::make_access_token(context.random);
            store::write<access::SharedPrincipal>(
                store,
                [client = std::move(client), token, scope,
                 master = context.directory.realms().master()](
                    store::Transaction& tx) -> Result<access::SharedPrincipal> {
                    POSTRIDER_TRY(directory::issue_token(tx, client, token, scope));
                    POSTRIDER_ASSIGN(const auto live,
                                     directory::find_token(tx.sql(), token.text, tx.now(), master));
                    return live.principal;
                },
                [reply, text = token.text](const Result<access::SharedPrincipal>& who) {
                    if (who) return reply.send(token_answer(text, (*who)->permissions));
                    if (who.error().code == ErrorCode::unauthenticated) {
                        return reply.send(invalid_client());
                    }
                    reply.send(std::unexpected(who.error()));
                });
        });
}

std::int64_t seconds_of(Timestamp time) {
    return std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
}

/// nullopt: no such token is in force in this realm.
using NamedToken = std::optional<LiveToken>;

Answer introspection(const NamedToken& live, const std::string& issuer) {
    std::string out;
    json::Writer writer(out);
    writer.begin_object();
    writer.member("active", live.has_value());
    if (live) {
        writer.member("scope", directory::format_scope(live->principal->permissions));
        writer.member("client_id", live->client.client_id);
        writer.member("token_type", "Bearer");
        writer.member("exp", seconds_of(live->row.expires_at));
        writer.member("iat", seconds_of(live->row.created_at));
        writer.member("sub", live->client.id.to_string());
        writer.member("iss", issuer);
    }
    writer.end_object();
    return oauth_answer(std::move(out));
}

/// The token that a form names, if it is in force and of this realm.
void find_named(Context& context, const store::RealmStore& store, const RealmId& realm,
                const std::string& text, std::function<void(Result<NamedToken>)> done) {
    store::read<NamedToken>(
        store,
        [realm, text, now = context.clock.now(), master = context.directory.realms().master()](
            store::sql::Connection& sql) -> Result<NamedToken> {
            auto live = directory::find_token(sql, text, now, master);
            if (!live && live.error().code != ErrorCode::not_found) {
                return std::unexpected(std::move(live).error());
            }
            if (!live || live->row.realm != realm) return std::nullopt;
            return std::move(*live);
        },
        std::move(done), store::ReadClass::first);
}

Result<void> introspect_oauth_token(Context& context, Call& call) {
    return with_client(call, [&context, store = call.store, reply = call.reply,
                              issuer = issuer_of(context, call.realm_name)](const ClientRow& client,
                                                                            const Form& form) {
        const std::string text = form.value("token");
        if (text.empty()) return reply.send(invalid_request("token is missing"));
        find_named(context, store, client.realm, text,
                   reply.with<NamedToken>(
                       [issuer](const NamedToken& live) { return introspection(live, issuer); }));
    });
}

Result<void> revoke_oauth_token(Context& context, Call& call) {
    return with_client(call, [&context, store = call.store, reply = call.reply](
                                 const ClientRow& client, const Form& form) {
        const std::string text = form.value("token");
        if (text.empty()) return reply.send(invalid_request("token is missing"));
        find_named(context, store, client.realm, text,
                   [store, reply, id = client.id](Result<NamedToken> found) {
                       if (!found) {
                           return reply.send(std::unexpected(std::move(found).error()));
                       }
                       const NamedToken& live = *found;
                       // RFC 7009, section 2.2: that there is none is what was wanted.
                       if (!live) return reply.send(oauth_answer("{}"));
                       if (live->client.id != id) {
                           return reply.send(
                               oauth_error(400, "invalid_grant", "the token is another client's"));
                       }
                       store.essential().write(
                           [row = live->row](store::Transaction& tx) {
                               return directory::revoke_token(tx, row);
                           },
                           reply.with([] { return oauth_answer("{}"); }));
                   });
    });
}

/// RFC 8414.
Result<void> get_oauth_metadata(Context& context, Call& call) {
    POSTRIDER_TRY(call.query().finish());
    const std::string issuer = issuer_of(context, call.realm_name);
    const std::string protocol = issuer + "/protocol/openid-connect/";
    const json::Array authentication{"client_secret_basic", "client_secret_post"};
    json::Array scopes;
    for (const auto permission : access::all_permissions())
        scopes.emplace_back(to_string(permission));
    call.reply.send(json_answer(
        200,
        json::Value(json::Object{{"issuer", issuer},
                                 {"token_endpoint", protocol + "token"},
                                 {"introspection_endpoint", protocol + "introspect"},
                                 {"revocation_endpoint", protocol + "revoke"},
                                 {"grant_types_supported", json::Array{"client_credentials"}},
                                 {"response_types_supported", json::Array{}},
                                 {"token_endpoint_auth_methods_supported", authentication},
                                 {"introspection_endpoint_auth_methods_supported", authentication},
                                 {"revocation_endpoint_auth_methods_supported", authentication},
                                 {"scopes_supported", std::move(scopes)},
                                 {"service_documentation", context.settings.origin() + "/docs"}})));
    return {};
}

}  // namespace

RouteList oauth_routes(Context& context) {
    const std::string realm = "/api/v1/realms/{realm}";
    const std::string protocol = realm + "/protocol/openid-connect/";
    const auto form = [&](const char* path, const char* operation, CallHandler handler) {
        return handle(context,
                      {"POST", protocol + path, operation, limits::oauth_form_bytes_max,
                       "application/x-www-form-urlencoded"},
                      std::move(handler));
    };
    return {
        handle(context,
               {"GET", "/.well-known/oauth-authorization-server" + realm, "get_oauth_metadata"},
               get_oauth_metadata),
        form("token", "issue_oauth_token", issue_oauth_token),
        form("introspect", "introspect_oauth_token", introspect_oauth_token),
        form("revoke", "revoke_oauth_token", revoke_oauth_token),
    };
}

}  // namespace postrider::api
