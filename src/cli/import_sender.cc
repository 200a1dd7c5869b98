#include "cli/import_sender.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <iterator>

#include "base/crypto.h"
#include "base/names.h"
#include "cli/problem_words.h"

namespace postrider::cli {

using keycloak::Entry;
using keycloak::short_name;

ImportSender::ImportSender(Context& context, std::string_view realm, Mode mode,
                           ImportReport& report)
    : context_(context),
      path_("/api/v1/realms/" + percent_encoded(realm) + "/import"),
      mode_(mode),
      report_(report) {}

bool ImportSender::send(Kind kind, std::vector<Entry> part) {
    leave_out_twice(kind, part);
    if (!is_dry()) {
        hash_passwords(part);
    } else if (kind == Kind::users) {
        find_emails_twice(part);
    }
    return part.empty() || send_once(kind, std::move(part));
}

/// What makes two entries of a kind the same one.
std::string ImportSender::identity(Kind kind, const Entry& entry) const {
    std::string name = kind == Kind::users ? fold_name(entry.key()) : entry.key();
    if (kind == Kind::roles) {
        const auto client = std::ranges::find(entry.body, std::string_view("client_id"),
                                              &json::Object::value_type::first);
        if (client != entry.body.end() && client->second.as_string() != nullptr) {
            name += '\0' + *client->second.as_string();
        }
    }
    return fmt::format("{} {}", tallies_[static_cast<std::size_t>(kind)].kind, name);
}

/// Leaves out what has the same name as something before. The server finds the first of them there,
/// and cannot tell it from one that came with an earlier run.
void ImportSender::leave_out_twice(Kind kind, std::vector<Entry>& part) {
    std::erase_if(part, [&](const Entry& entry) {
        const auto [first, is_new] = names_.emplace(identity(kind, entry), entry.name);
        if (!is_new) {
            refuse(kind, entry,
                   fmt::format("has the same name as \"{}\", which comes before", first->second));
        }
        return !is_new;
    });
}

/// In a dry run, where the server finds nobody.
void ImportSender::find_emails_twice(std::vector<Entry>& part) {
    for (Entry& entry : part) {
        const auto email = std::ranges::find(entry.body, std::string_view("email"),
                                             &json::Object::value_type::first);
        if (email == entry.body.end() || email->second.as_string() == nullptr) continue;
        const auto [first, is_new] =
            names_.emplace("e-mail " + fold_name(*email->second.as_string()), entry.name);
        if (is_new) continue;
        leave_out(Kind::users, entry, "email",
                  fmt::format("is taken; the user \"{}\" has it", first->second));
        std::erase_if(entry.body, [](const json::Object::value_type& member) {
            return member.first == "email" || member.first == "email_verified";
        });
    }
}

/// A password is hashed here, so that it does not travel and the server need not work for it.
void ImportSender::hash_passwords(std::vector<Entry>& part) {
    for (Entry& entry : part) {
        if (!entry.password) continue;
        if (auto hash = password_hash(*entry.password)) {
            entry.body.emplace_back("password_hash", std::move(*hash));
        } else {
            leave_out(Kind::users, entry, "password", "could not be hashed: memory is short");
        }
    }
}

bool ImportSender::send_once(Kind kind, std::vector<Entry> part) {
    json::Array entries;
    for (const Entry& entry : part) entries.emplace_back(entry.body);
    json::Object body{{"events", mode_ != Mode::write_without_events},
                      {"partial", true},
                      {"dry_run", is_dry()},
                      {"compare", mode_ == Mode::compare},
                      {std::string(tally(kind).kind), std::move(entries)}};
    const auto answer = context_.send("POST", path_, json::serialize(json::Value(std::move(body))));
    if (answer && answer->status == 200) {
        read_answer(kind, part, answer->body);
        return true;
    }
    const bool is_about_part = answer && (answer->status == 413 || answer->status == 422);
    if (!is_about_part) return stop(answer);
    if (part.size() == 1) {
        const auto lines = problem_lines(answer->status, answer->body);
        refuse(kind, part.front(), lines.empty() ? "" : lines.front());
        return true;
    }
    const auto middle = part.begin() + static_cast<std::ptrdiff_t>(part.size() / 2);
    std::vector<Entry> second(std::make_move_iterator(middle), std::make_move_iterator(part.end()));
    part.erase(middle, part.end());
    return send_once(kind, std::move(part)) && send_once(kind, std::move(second));
}

void ImportSender::read_answer(Kind kind, const std::vector<Entry>& part, const std::string& body) {
    const auto value = json::parse(body).value_or(json::Value());
    const auto number = [&](const char* member) -> std::size_t {
        const auto* found = value.find(member);
        if (found == nullptr || found->as_int() == nullptr) return 0;
        return static_cast<std::size_t>(std::max<std::int64_t>(*found->as_int(), 0));
    };
    tally(kind).created += number("created");
    tally(kind).existing += number("existing");
    const json::Value* left_out = value.find("left_out");
    if (left_out == nullptr || left_out->as_array() == nullptr) return;
    const auto prefix = fmt::format("#/{}/", tally(kind).kind);
    for (const json::Value& each : *left_out->as_array()) {
        std::string pointer = text_of(each, "pointer");
        if (!pointer.starts_with(prefix)) continue;
        pointer.erase(0, prefix.size());
        std::size_t index = 0;
        const auto [end, error] =
            std::from_chars(pointer.data(), pointer.data() + pointer.size(), index);
        if (error != std::errc{} || index >= part.size()) continue;
        pointer.erase(0, static_cast<std::size_t>(end - pointer.data()));
        if (pointer.empty()) {
            refuse(kind, part[index], text_of(each, "detail"));
        } else {
            leave_out(kind, part[index], std::string_view(pointer).substr(1),
                      text_of(each, "detail"));
        }
    }
}

void ImportSender::leave_out(Kind kind, const Entry& entry, std::string_view below,
                             std::string_view detail) {
    const std::string_view member = below.substr(0, below.find('/'));
    std::string what = fmt::format("{}: {} {}", entry.name, member, detail);
    // A redirect URI is named; "number 3" says nothing.
    const auto list = std::ranges::find(entry.body, std::string_view("redirect_uris"),
                                        &json::Object::value_type::first);
    if (member == "redirect_uris" && list != entry.body.end() &&
        list->second.as_array() != nullptr) {
        std::size_t index = 0;
        const auto at = below.substr(std::min(below.size(), member.size() + 1));
        std::from_chars(at.data(), at.data() + at.size(), index);
        const json::Array& uris = *list->second.as_array();
        if (index < uris.size()) {
            const json::Value* value = uris[index].find("value");
            const std::string uri = value                     ? text_of(uris[index], "value")
                                    : uris[index].as_string() ? *uris[index].as_string()
                                                              : "";
            what = fmt::format("{}: {} {}", entry.name, short_name(uri), detail);
        }
    }
    report_.take_back(1);
    report_.left_out(
        fmt::format("parts of {} that the server does not accept; the rest is there",
                    tally(kind).kind == "service_accounts" ? "service accounts" : tally(kind).kind),
        what);
}

void ImportSender::refuse(Kind kind, const Entry& entry, std::string_view reason) {
    report_.take_back(entry.values);
    report_.left_out(fmt::format("{} that the server does not accept", tally(kind).kind),
                     fmt::format("{}: {}", entry.name, reason), entry.values);
    ++tally(kind).refused;
    refused_.push_back({tally(kind).kind, entry.name, std::string(reason)});
}

bool ImportSender::stop(const Result<http::ClientResponse>& answer) {
    exit_code_ = exit_failed;
    if (answer) {
        exit_code_ = context_.refuse(*answer);
    } else {
        context_.complain(answer.error().message);
    }
    std::size_t done = 0;
    for (const Tally& each : tallies_) done += each.created + each.existing;
    context_.complain(fmt::format(
        "stopped after {} entries, which are there; the same command goes on from here", done));
    return false;
}

keycloak::Parts::Send sending(ImportSender& sender, ImportSender::Kind kind, Progress& progress) {
    return [&sender, kind, &progress](std::vector<keycloak::Entry> part) {
        const std::size_t size = part.size();
        const bool is_sent = sender.send(kind, std::move(part));
        if (is_sent) {
            progress.advance(sender.tallies()[static_cast<std::size_t>(kind)].kind, size);
        } else {
            progress.clear();
        }
        return is_sent;
    };
}

}  // namespace postrider::cli
