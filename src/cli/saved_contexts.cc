#include "cli/saved_contexts.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/file.h"
#include "base/json.h"
#include "base/nearest.h"
#include "cli/context.h"
#include "cli/private_file.h"

namespace postrider::cli {
namespace {

constexpr std::size_t file_bytes_max = std::size_t{1} << 20;  ///< some thousands of servers

std::string file_path(const config::Environment& environment) {
    auto value = [&](const char* name) {
        const char* text = environment(name);
        return std::string(text == nullptr ? "" : text);
    };
    // Source: XDG Base Directory Specification: a path that is not absolute is ignored.
    if (auto folder = value("XDG_CONFIG_HOME"); folder.starts_with('/')) {
        return folder + "/postrider/contexts.json";
    }
    if (auto home = value("HOME"); home.starts_with('/')) {
        return home + "/.config/postrider/contexts.json";
    }
    return {};
}

/// Makes every folder above a file, for its owner alone.
bool make_folders(const std::string& path) {
    for (auto slash = path.find('/', 1); slash != std::string::npos;
         slash = path.find('/', slash + 1)) {
        if (::mkdir(path.substr(0, slash).c_str(), 0700) != 0 && errno != EEXIST) return false;
    }
    return true;
}

SavedContext read_context(const json::Value& item) {
    SavedContext context;
    context.name = text_of(item, "name");
    context.url = text_of(item, "url");
    context.realm = text_of(item, "realm");
    context.token = text_of(item, "token");
    context.ca_file = text_of(item, "ca_file");
    return context;
}

}  // namespace

Result<SavedContexts> SavedContexts::load(const config::Environment& environment) {
    SavedContexts contexts;
    contexts.path_ = file_path(environment);
    struct stat about{};
    if (contexts.path_.empty() || ::stat(contexts.path_.c_str(), &about) != 0) return contexts;
    auto wrong = [&](std::string_view what) {
        return fail(ErrorCode::invalid_argument, fmt::format("{} {}", contexts.path_, what));
    };
    if ((about.st_mode & 077) != 0) {
        return wrong("holds API keys, and others on this machine may read it: chmod 600 it");
    }
    POSTRIDER_ASSIGN(auto text, read_file(contexts.path_, file_bytes_max));
    const auto value = json::parse(text);
    const auto* list = value ? value->find("contexts") : nullptr;
    if (list == nullptr || list->as_array() == nullptr) {
        return wrong("is no list of contexts: remove it, and log in again");
    }
    contexts.current_ = text_of(*value, "current");
    for (const auto& item : *list->as_array()) contexts.contexts_.push_back(read_context(item));
    return contexts;
}

Result<void> SavedContexts::save() const {
    if (path_.empty()) {
        return fail(ErrorCode::unavailable,
                    "there is no folder to keep it in: neither XDG_CONFIG_HOME nor HOME is set");
    }
    json::Array list;
    for (const auto& context : contexts_) {
        json::Object members{{"name", context.name},
                             {"url", context.url},
                             {"realm", context.realm},
                             {"token", context.token}};
        if (!context.ca_file.empty()) members.emplace_back("ca_file", context.ca_file);
        list.emplace_back(std::move(members));
    }
    const json::Object file{{"current", current_}, {"contexts", std::move(list)}};
    if (!make_folders(path_)) {
        return fail(ErrorCode::unavailable,
                    fmt::format("{} cannot be written: {}", path_, std::strerror(errno)));
    }
    return write_private_file(path_, json::serialize_pretty(json::Value(file)) + "\n",
                              Existing::replaced);
}

const SavedContext* SavedContexts::find(std::string_view name) const {
    auto found = std::ranges::find(contexts_, name, &SavedContext::name);
    return found == contexts_.end() ? nullptr : &*found;
}

void SavedContexts::put(SavedContext context) {
    current_ = context.name;
    auto found = std::ranges::find(contexts_, context.name, &SavedContext::name);
    if (found == contexts_.end()) {
        contexts_.push_back(std::move(context));
    } else {
        *found = std::move(context);
    }
}

bool SavedContexts::use(std::string_view name) {
    if (find(name) == nullptr) return false;
    current_ = name;
    return true;
}

bool SavedContexts::remove(std::string_view name) {
    if (current_ == name) current_.clear();
    return std::erase_if(contexts_, [&](const auto& each) { return each.name == name; }) > 0;
}

std::string SavedContexts::unknown(std::string_view name) const {
    std::vector<std::string_view> names;
    for (const auto& context : contexts_) names.push_back(context.name);
    const auto like = nearest(names, name);
    return fmt::format("there is no context \"{}\"; {}", name,
                       like.empty()
                           ? "`postrider context list` shows them, `postrider login` makes one"
                           : fmt::format("do you mean \"{}\"?", like));
}

}  // namespace postrider::cli
