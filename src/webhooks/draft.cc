#include "webhooks/draft.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "events/pattern.h"
#include "model/limits.h"
#include "net/client_tls.h"
#include "net/header_rules.h"
#include "webhooks/render.h"

namespace postrider::webhooks {
namespace {

bool same_name(std::string_view a, std::string_view b) {
    const auto lower = [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    };
    return std::ranges::equal(a, b, {}, lower, lower);
}

auto find_header(Headers& headers, std::string_view name) {
    return std::ranges::find_if(headers,
                                [&](const auto& header) { return same_name(header.first, name); });
}

/// Lists that are sets: the same members in another order change nothing.
template <typename List>
void keep_order(const List& given, List& kept) {
    if (!std::ranges::is_permutation(given, kept)) kept = given;
}

bool signs_with(const std::vector<SigningScheme>& signing, SigningScheme scheme) {
    return std::ranges::find(signing, scheme) != signing.end();
}

/// Of a secret whose scheme does not sign. Text without a prefix is taken for FerrisKey's, which is
/// seldom what was meant.
std::string foreign_secret_problem(SigningScheme scheme) {
    if (scheme == SigningScheme::ferriskey) {
        return "must begin with whsec_ (v1) or whsk_ (v1a); other text is a secret only where "
               "signing names ferriskey";
    }
    return fmt::format("is for {}, which is not in signing", to_string(scheme));
}

/// One run of make_draft.
class Drafter {
 public:
    Drafter(const Change& change, const Existing* existing, const Surroundings& surroundings,
            Random& random)
        : change_(change),
          existing_(existing),
          surroundings_(surroundings),
          random_(random),
          errors_(change.errors) {}

    Result<Draft> make() {
        if (existing_ != nullptr) {
            draft_.webhook = existing_->webhook;
            draft_.headers = existing_->headers;
            draft_.secret = existing_->secret;
            draft_.credential = existing_->credential;
            draft_.tls = existing_->tls;
        }
        apply_plain();
        apply_url();
        apply_headers();
        check_ferriskey_headers();
        check_template();
        check_order();
        apply_authentication();
        apply_tls();
        apply_events();
        check_realms();
        apply_secret();
        if (!errors_.empty()) return fail_fields(std::move(errors_));
        if (existing_ != nullptr &&
            std::ranges::is_permutation(draft_.headers, existing_->headers)) {
            draft_.headers = existing_->headers;
        }
        draft_.webhook.header_names.clear();
        for (const auto& [name, value] : draft_.headers) {
            draft_.webhook.header_names.push_back(name);
        }
        if (existing_ != nullptr) name_changes();
        return std::move(draft_);
    }

 private:
    void refuse(std::string pointer, std::string detail) {
        errors_.push_back({std::move(pointer), {}, {}, std::move(detail)});
    }

    void apply_plain() {
        auto& webhook = draft_.webhook;
        webhook.name = change_.name.applied_to(webhook.name, "");
        webhook.description = change_.description.applied_to(webhook.description, "");
        if (change_.timeout.touched) webhook.timeout = change_.timeout.value;
        if (change_.retry_schedule.touched) webhook.retry_schedule = change_.retry_schedule.value;
        keep_order(change_.signing.applied_to(webhook.signing, {SigningScheme::v1}),
                   webhook.signing);
        change_.controls.apply_to(webhook.controls);
        const bool enabled = change_.enabled.applied_to(webhook.enabled, true);
        if (enabled != webhook.enabled) {
            webhook.enabled = enabled;
            webhook.disabled_reason = enabled ? DisabledReason::none : DisabledReason::by_hand;
        }
    }

    void apply_url() {
        if (!change_.url) return;
        auto text = change_.url->to_string();
        if (text == draft_.webhook.url) return;
        if (auto checked = surroundings_.policy.check(*change_.url); !checked) {
            refuse("#/url", checked.error().message);
        }
        if (existing_ != nullptr) {
            const auto before = net::parse_url(existing_->webhook.url);
            new_origin_ = !before || before->origin() != change_.url->origin();
        }
        draft_.webhook.url = std::move(text);
    }

    void apply_headers() {
        // Credentials do not follow to another server.
        if (new_origin_ || change_.replaces_headers()) draft_.headers.clear();
        if (!change_.headers.value) return;
        const bool are_whole = change_.replaces_headers();
        std::vector<std::string_view> seen;
        for (const auto& header : *change_.headers.value) {
            const bool is_twice = std::ranges::any_of(
                seen, [&](std::string_view other) { return same_name(other, header.name); });
            seen.push_back(header.name);
            if (is_twice) {
                refuse(net::header_pointer(header.name),
                       "this name is there twice, in upper or lower case: leave one");
                continue;
            }
            apply_header(header, are_whole);
        }
        if (auto checked = net::check_headers(draft_.headers); !checked) {
            std::ranges::move(checked.error().fields, std::back_inserter(errors_));
        }
    }

    /// What the signature brings itself, and no other webhook's.
    void check_ferriskey_headers() {
        if (!signs_with(draft_.webhook.signing, SigningScheme::ferriskey)) return;
        constexpr std::string_view prefix = "x-ferriskey-";
        for (const auto& [name, value] : draft_.headers) {
            if (!same_name(std::string_view(name).substr(0, prefix.size()), prefix)) continue;
            refuse(net::header_pointer(name),
                   "is set by the signing that is named ferriskey; leave it out");
        }
    }

    /// Format and template go together, and the headers that the template names are there.
    void check_template() {
        const auto& controls = draft_.webhook.controls;
        const bool is_custom = controls.format == BodyFormat::custom;
        if (is_custom && !controls.body_template && !is_wrong("#/template")) {
            return refuse("#/template", "is required by the format template");
        }
        if (!is_custom && controls.body_template) {
            return refuse("#/template", "goes with the format template alone; leave it out");
        }
        const auto read = template_of(controls);
        if (!read || *read == nullptr) return;
        for (const auto& name : (*read)->headers()) {
            if (find_header(draft_.headers, name) != draft_.headers.end()) continue;
            refuse("#/headers", fmt::format("must have {}, which the body is made with", name));
        }
    }

    /// Only a resource whose order is kept can be held.
    void check_order() {
        const auto& controls = draft_.webhook.controls;
        if (controls.is_ordered() || controls.on_exhausted != OnExhausted::hold) return;
        if (is_wrong("#/ordering")) return;
        refuse("#/on_exhausted",
               "hold goes with the ordering resource alone: set that, or leave it out");
    }

    /// Like a header's value, the credential does not follow to another server; a client's secret
    /// goes to none but the token endpoint that it was given for.
    void apply_authentication() {
        auto& after = draft_.webhook.controls.authentication;
        const auto& touched = change_.controls.touched;
        const bool is_given = std::ranges::any_of(
            touched, [](const Control* each) { return each->name == "authentication"; });
        if (new_origin_ && !is_given) after.reset();
        if (!after) {
            draft_.credential.clear();
            return;
        }
        check_authorization_header();
        if (!is_given) return;
        if (after->secret != secret_mask) {
            draft_.credential = std::exchange(after->secret, std::string(secret_mask));
        } else if (const auto problem = mask_problem(*after); !problem.empty()) {
            refuse(fmt::format("#/authentication/{}", secret_member_of(after->type)), problem);
        }
        if (after->type != AuthenticationType::oauth2) return;
        if (const auto url = net::parse_url(after->token_url)) {
            const auto checked = surroundings_.policy.check(*url);
            if (!checked) refuse("#/authentication/token_url", checked.error().message);
        }
    }

    /// Certificates do not follow to another server, either.
    void apply_tls() {
        auto& after = draft_.webhook.controls.tls;
        const auto& touched = change_.controls.touched;
        const bool is_given =
            std::ranges::any_of(touched, [](const Control* each) { return each->name == "tls"; });
        if (new_origin_ && !is_given) after.reset();
        if (!after) {
            draft_.tls = {};
            return;
        }
        if (!is_given) return;
        if (draft_.webhook.url.starts_with("http:")) {
            return refuse("#/tls", "goes with https URLs alone; leave it out");
        }
        const ReceiverTls before = existing_ != nullptr ? existing_->tls : ReceiverTls{};
        draft_.tls = {
            .authorities = text_of(after->authorities, before.authorities, "ca"),
            .certificate = text_of(after->certificate, before.certificate, "client_certificate"),
            .key = text_of(after->key, before.key, "client_key")};
        if (is_wrong("#/tls")) return;
        if (!draft_.tls.certificate.empty()) {
            const auto pair = net::check_pair(draft_.tls.certificate, draft_.tls.key);
            if (!pair) return refuse("#/tls/client_key", pair.error().message);
        }
        ReceiverTls shown = draft_.tls;
        describe_certificate(shown);
        after = masked(std::move(shown));
    }

    /// What a member of `tls` becomes: the mask keeps what is there.
    std::string text_of(const std::string& given, const std::string& before,
                        std::string_view member) {
        if (given != secret_mask) return given;
        if (before.empty() || new_origin_) {
            refuse(fmt::format("#/tls/{}", member),
                   before.empty()
                       ? "is the mask, but there is no value that could stay: give one"
                       : "is the mask, and the URL has a new origin: give the value again");
        }
        return before;
    }

    /// Why the mask cannot stand for the secret that is there; "" when it can.
    std::string mask_problem(const Authentication& after) const {
        if (existing_ == nullptr || !existing_->webhook.controls.authentication) {
            return "is the mask, but there is no value that could stay: give one";
        }
        if (new_origin_) return "is the mask, and the URL has a new origin: give the value again";
        const auto& before = *existing_->webhook.controls.authentication;
        if (before.type != after.type) {
            return fmt::format("is the mask, and it was {} until now: give the value",
                               to_string(before.type));
        }
        if (before.token_url == after.token_url) return {};
        return "is the mask, and token_url is another one: give the value again";
    }

    void check_authorization_header() {
        const auto found = find_header(draft_.headers, "authorization");
        if (found == draft_.headers.end()) return;
        refuse(net::header_pointer(found->first),
               "is set by authentication: leave out the header, or authentication");
    }

    bool is_wrong(std::string_view pointer) const {
        return std::ranges::any_of(
            errors_, [&](const FieldError& error) { return error.pointer.starts_with(pointer); });
    }

    void apply_header(const HeaderChange& header, bool are_whole) {
        auto place = find_header(draft_.headers, header.name);
        if (!header.value) {
            if (place != draft_.headers.end()) draft_.headers.erase(place);
            return;
        }
        std::string value = *header.value;
        if (value == secret_mask) {
            if (new_origin_) {
                return refuse(net::header_pointer(header.name),
                              "is the mask, and the URL has a new origin: give the value again");
            }
            const auto* kept = existing_value(header.name);
            if (kept == nullptr) {
                return refuse(net::header_pointer(header.name),
                              "is the mask, but there is no header of this name whose value could "
                              "stay: give a value");
            }
            value = *kept;
        }
        if (are_whole || place == draft_.headers.end()) {
            draft_.headers.emplace_back(header.name, std::move(value));
        } else {
            *place = {header.name, std::move(value)};
        }
    }

    const std::string* existing_value(std::string_view name) const {
        if (existing_ == nullptr) return nullptr;
        for (const auto& [known, value] : existing_->headers) {
            if (same_name(known, name)) return &value;
        }
        return nullptr;
    }

    void apply_events() {
        if (!change_.events) return;
        const auto& before = draft_.webhook.events;
        for (std::size_t i = 0; i < change_.events->size(); ++i) {
            const auto& pattern = (*change_.events)[i];
            // What it had may stay, also when the realm has taken the type out since.
            if (std::ranges::find(before, pattern) != before.end()) continue;
            auto problem = events::pattern_problem(pattern, surroundings_.own_types);
            if (!problem.empty()) refuse(fmt::format("#/events/{}", i), std::move(problem));
        }
        keep_order(*change_.events, draft_.webhook.events);
    }

    /// Other realms have the catalogue in common, and nothing else.
    void check_realms() {
        if (!draft_.webhook.controls.takes_all_realms()) return;
        if (!surroundings_.is_master) {
            return refuse("#/realms", "goes with webhooks of the realm master alone; leave it out");
        }
        const auto& patterns = draft_.webhook.events;
        for (std::size_t i = 0; i < patterns.size(); ++i) {
            if (events::pattern_problem(patterns[i], {}).empty()) continue;
            refuse(fmt::format("#/events/{}", i),
                   "is of this realm alone: with realms, name built-in types, postrider.* or *");
        }
    }

    void apply_secret() {
        const auto& signing = draft_.webhook.signing;
        if (change_.keys) draft_.secret = change_.keys->now;
        if (change_.secret) {
            if (!signs_with(signing, change_.secret->scheme)) {
                return refuse("#/secret", foreign_secret_problem(change_.secret->scheme));
            }
            key_of(draft_.secret, change_.secret->scheme) = change_.secret->key;
        } else if (new_origin_) {
            draft_.secret = {};
        }
        if (!errors_.empty()) return;  // a key would be made for nothing
        const bool made = complete(draft_.secret, signing, random_);
        draft_.shows_secret = made || existing_ == nullptr;
        if (existing_ == nullptr) return;
        if (new_origin_) {
            draft_.old_secret = OldSecret::dropped;
        } else if (replaces_key()) {
            draft_.old_secret = OldSecret::overlaps;
        }
    }

    /// Whether a key that was there is another one now.
    bool replaces_key() const {
        const auto& old = existing_->secret;
        return (!old.v1.empty() && old.v1 != draft_.secret.v1) ||
               (!old.v1a.empty() && old.v1a != draft_.secret.v1a) ||
               (!old.ferriskey.empty() && old.ferriskey != draft_.secret.ferriskey);
    }

    void name_changes() {
        const auto& before = existing_->webhook;
        const auto& after = draft_.webhook;
        const auto note = [&](std::string_view field, bool differs) {
            if (differs) draft_.changed.emplace_back(field);
        };
        note("name", before.name != after.name);
        note("description", before.description != after.description);
        note("url", before.url != after.url);
        note("headers", existing_->headers != draft_.headers);
        note("events", before.events != after.events);
        note("enabled", before.enabled != after.enabled);
        note("disabled_reason", before.disabled_reason != after.disabled_reason);
        note("timeout", before.timeout != after.timeout);
        note("retry_schedule", before.retry_schedule != after.retry_schedule);
        note("signing", before.signing != after.signing);
        for (const Control& control : all_controls()) {
            const bool is_other_secret =
                (control.name == "authentication" && existing_->credential != draft_.credential) ||
                (control.name == "tls" && existing_->tls != draft_.tls);
            note(control.name,
                 is_other_secret || !control.is_same(before.controls, after.controls));
        }
        note("secret", replaces_key());
    }

    const Change& change_;
    const Existing* existing_;
    const Surroundings& surroundings_;
    Random& random_;
    std::vector<FieldError> errors_;
    Draft draft_;
    bool new_origin_ = false;
};

}  // namespace

bool Draft::has_changed(std::string_view field) const {
    return std::ranges::find(changed, field) != changed.end();
}

Result<Draft> make_draft(const Change& change, const Existing* existing,
                         const Surroundings& surroundings, Random& random) {
    return Drafter(change, existing, surroundings, random).make();
}

Result<Draft> make_rotated(const Rotation& rotation, const Existing& existing, Random& random) {
    Draft draft{.webhook = existing.webhook,
                .headers = existing.headers,
                .secret = existing.secret,
                .credential = existing.credential,
                .tls = existing.tls,
                .old_secret = OldSecret::overlaps,
                .shows_secret = true,
                .changed = {"secret"}};
    const auto& signing = existing.webhook.signing;
    if (rotation.secret) {
        if (!signs_with(signing, rotation.secret->scheme)) {
            return fail_field("#/secret", foreign_secret_problem(rotation.secret->scheme));
        }
        key_of(draft.secret, rotation.secret->scheme) = rotation.secret->key;
    } else {
        for (const auto scheme : signing) key_of(draft.secret, scheme).clear();
    }
    complete(draft.secret, signing, random);
    if (draft.secret == existing.secret) {
        draft.changed.clear();
        draft.old_secret = OldSecret::untouched;
    }
    return draft;
}

}  // namespace postrider::webhooks
