#include "webhooks/receiver_tls.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/nearest.h"
#include "model/limits.h"
#include "net/client_tls.h"

namespace postrider::webhooks {
namespace {

/// A member of `tls` that is PEM.
struct Member {
    std::string_view name;
    std::string ReceiverTls::* field;
    Result<std::string> (*read)(std::string_view pem);
};
constexpr std::array members{
    Member{"ca", &ReceiverTls::authorities, net::read_authorities},
    Member{"client_certificate", &ReceiverTls::certificate, net::read_certificate_chain},
    Member{"client_key", &ReceiverTls::key, net::read_private_key},
};
constexpr std::array<std::string_view, 5> known{"ca", "client_certificate", "client_key", "subject",
                                                "expires_at"};

void read_facts(const json::Value& value, ReceiverTls& into, const RefuseMember& wrong) {
    const auto* subject = value.find("subject");
    if (subject != nullptr && subject->as_string() != nullptr) into.subject = *subject->as_string();
    const auto* expiry = value.find("expires_at");
    if (expiry == nullptr || expiry->as_string() == nullptr) return;
    into.expires_at = parse_rfc3339(*expiry->as_string());
    if (!into.expires_at) wrong("/expires_at", "must be a time such as 2027-01-31T12:00:00Z");
}

/// What must stand together.
void check_whole(const ReceiverTls& tls, const RefuseMember& wrong) {
    if (tls.certificate.empty() != tls.key.empty()) {
        wrong(tls.key.empty() ? "/client_key" : "/client_certificate",
              tls.key.empty() ? "is required with client_certificate"
                              : "is required with client_key");
    } else if (tls.certificate.empty() && tls.authorities.empty()) {
        wrong("", "must have ca, or client_certificate and client_key, or be null");
    }
}

}  // namespace

std::optional<ReceiverTls> read_receiver_tls(const json::Value& value, const RefuseMember& refuse) {
    if (value.as_object() == nullptr) {
        refuse("", fmt::format("must be an object with ca, client_certificate and client_key, not "
                               "{}",
                               value.type_name()));
        return std::nullopt;
    }
    bool is_right = true;
    const auto wrong = [&](std::string_view below, std::string detail) {
        is_right = false;
        refuse(below, std::move(detail));
    };
    ReceiverTls tls;
    for (const Member& member : members) {
        const auto* given = value.find(member.name);
        if (given == nullptr || given->is_null()) continue;
        const auto pointer = fmt::format("/{}", member.name);
        const auto* text = given->as_string();
        if (text == nullptr) {
            wrong(pointer, fmt::format("must be a string, not {}", given->type_name()));
        } else if (*text == secret_mask) {
            tls.*member.field = *text;
        } else if (auto read = member.read(*text); !read) {
            wrong(pointer, read.error().message);
        } else {
            tls.*member.field = std::move(*read);
        }
    }
    std::size_t unknown = 0;
    for (const auto& [name, member] : *value.as_object()) {
        const bool is_known = std::ranges::find(known, name) != known.end();
        if (is_known || ++unknown > limits::field_errors_max) continue;
        wrong("/" + name, unknown_member(name, known));
    }
    read_facts(value, tls, wrong);
    if (is_right) check_whole(tls, wrong);
    if (!is_right) return std::nullopt;
    return tls;
}

void write_receiver_tls(json::Writer& writer, const ReceiverTls& tls) {
    writer.begin_object();
    for (const Member& member : members) {
        if (!(tls.*member.field).empty()) writer.member(member.name, tls.*member.field);
    }
    if (!tls.subject.empty()) writer.member("subject", tls.subject);
    if (tls.expires_at) writer.member("expires_at", format_rfc3339(*tls.expires_at));
    writer.end_object();
}

ReceiverTls masked(ReceiverTls tls) {
    for (const Member& member : members) {
        auto& text = tls.*member.field;
        if (!text.empty()) text = secret_mask;
    }
    return tls;
}

void describe_certificate(ReceiverTls& tls) {
    tls.subject.clear();
    tls.expires_at.reset();
    if (tls.certificate.empty()) return;
    auto facts = net::facts_of(tls.certificate);
    tls.subject = std::move(facts.subject);
    tls.expires_at = facts.expires_at;
}

std::string to_plaintext(const ReceiverTls& tls) {
    json::Object object;
    for (const Member& member : members) {
        const auto& text = tls.*member.field;
        if (!text.empty()) object.emplace_back(member.name, text);
    }
    return object.empty() ? std::string() : json::serialize(std::move(object));
}

Result<ReceiverTls> parse_tls_plaintext(std::string_view text) {
    ReceiverTls tls;
    if (text.empty()) return tls;
    const auto value = json::parse(text);
    for (const Member& member : members) {
        const auto* given = value ? value->find(member.name) : nullptr;
        if (given == nullptr) continue;
        if (given->as_string() == nullptr) {
            return fail(ErrorCode::corrupt, "a stored webhook has unreadable certificates");
        }
        tls.*member.field = *given->as_string();
    }
    if (!value) return fail(ErrorCode::corrupt, "a stored webhook has unreadable certificates");
    return tls;
}

}  // namespace postrider::webhooks
