#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "config/config.h"

/// The servers that somebody logged in to with `postrider login`, so that verbs need neither --url
/// nor --token. In postrider/contexts.json below XDG_CONFIG_HOME (else ~/.config), mode 0600,
/// because API keys are in it.
namespace postrider::cli {

struct SavedContext {
    std::string name;
    std::string url;
    std::string realm = "master";
    std::string token;
    std::string ca_file = {};  ///< empty: the system's authorities
    bool operator==(const SavedContext&) const = default;
};

/// All of them. Thread-safety: one thread.
class SavedContexts {
 public:
    /// None when there is no file. Errors: invalid_argument, one sentence: others may read the
    /// file, or it is not one of ours.
    static Result<SavedContexts> load(const config::Environment& environment);
    /// Errors: unavailable, one sentence.
    Result<void> save() const;

    const std::vector<SavedContext>& all() const { return contexts_; }
    const SavedContext* find(std::string_view name) const;
    /// What verbs use when nothing else is said; nullptr: nothing.
    const SavedContext* current() const { return find(current_); }
    /// Adds it, or replaces the one of its name, and makes it the current one.
    void put(SavedContext context);
    /// Returns false when there is none of that name.
    bool use(std::string_view name);
    bool remove(std::string_view name);
    /// "there is no context "prd"; do you mean "prod"?"
    std::string unknown(std::string_view name) const;
    const std::string& path() const { return path_; }

 private:
    std::string path_;  ///< empty: there is no place for it
    std::string current_;
    std::vector<SavedContext> contexts_;
};

}  // namespace postrider::cli
