#include "cli/realm_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <set>

#include "base/encoding.h"
#include "base/file.h"
#include "cli/context.h"
#include "model/limits.h"

namespace postrider::cli {

namespace {

constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

std::unexpected<Error> bad(const std::string& file, std::string_view why) {
    return fail(ErrorCode::invalid_argument, fmt::format("{}: {}", file, why));
}

/// UTF-16 begins with a mark, or has a zero beside its first character.
bool is_utf16(std::string_view text) {
    return text.starts_with("\xFF\xFE") || text.starts_with("\xFE\xFF") ||
           (text.size() >= 2 && (text[0] == '\0') != (text[1] == '\0'));
}

/// What to do about a text that is no JSON.
std::string way_out(std::string_view text) {
    if (!is_utf8(text)) return "; save it as UTF-8";
    const auto last = text.find_last_not_of(" \t\r\n");
    const bool is_whole =
        last != std::string_view::npos && (text[last] == '}' || text[last] == ']');
    return is_whole ? "; give the file as `kc.sh export` or `postrider export` wrote it"
                    : "; if it was cut off, export it again";
}

/// Reads files one after the other and sorts their realms.
class Finder {
 public:
    explicit Finder(Context& context) : context_(context) {}

    Result<void> add(const std::string& name) {
        std::error_code error;
        if (name != "-" && std::filesystem::is_directory(name, error)) return add_folder(name);
        POSTRIDER_ASSIGN(const bool is_realm, add_file(name));
        if (is_realm) return {};
        return bad(
            name,
            "it is no realm that Keycloak exported: it has no \"realm\"; give the files that "
            "`kc.sh export` wrote");
    }

    Result<RealmFiles> choose(const std::optional<std::string>& wanted) {
        std::set<std::string> realms;
        for (const RealmFile& file : found_) realms.insert(file.realm);
        if (realms.empty()) {
            return fail(ErrorCode::invalid_argument,
                        "there is no realm in it: give the files that `kc.sh export` wrote");
        }
        RealmFiles out;
        out.skipped = std::move(skipped_);
        const bool is_chosen = wanted && realms.contains(*wanted);
        if (realms.size() > 1 && !is_chosen) {
            return fail(ErrorCode::invalid_argument,
                        fmt::format("there are several realms, {}: say --realm NAME for the one "
                                    "to import",
                                    listed(realms)));
        }
        const std::string realm = is_chosen ? *wanted : *realms.begin();
        for (RealmFile& file : found_) {
            if (file.realm == realm) out.files.push_back(std::move(file));
        }
        realms.erase(realm);
        out.others.assign(realms.begin(), realms.end());
        return out;
    }

 private:
    static std::string listed(const std::set<std::string>& names) {
        constexpr std::size_t shown_max = 10;
        std::string out;
        std::size_t shown = 0;
        for (const std::string& name : names) {
            if (shown++ == shown_max) return out + ", …";
            out += fmt::format("{}\"{}\"", out.empty() ? "" : ", ", name);
        }
        return out;
    }

    Result<void> add_folder(const std::string& folder) {
        std::vector<std::string> files;
        std::error_code error;
        for (std::filesystem::directory_iterator each(folder, error), end; !error && each != end;
             each.increment(error)) {
            if (each->path().extension() != ".json") continue;
            // A folder or a pipe of that name is no file: reading it could take for ever.
            std::error_code unknown;
            if (each->is_regular_file(unknown)) {
                files.push_back(each->path().string());
            } else {
                skipped_.push_back(each->path().string());
            }
            if (files.size() > limits::import_files_max) {
                return bad(folder, fmt::format("has more than {} files: import them in parts",
                                               limits::import_files_max));
            }
        }
        if (error) return bad(folder, "the folder cannot be read: " + error.message());
        std::ranges::sort(files);
        const std::size_t before = found_.size();
        for (const std::string& file : files) {
            POSTRIDER_ASSIGN(const bool is_realm, add_file(file));
            if (!is_realm) skipped_.push_back(file);
        }
        if (found_.size() > before) return {};
        return bad(folder,
                   "there is no file of a realm in this folder: give the one that `kc.sh export "
                   "--dir` wrote, or the files by name");
    }

    /// Returns whether it has a realm. Errors: what is read does not have to be one.
    Result<bool> add_file(const std::string& name) {
        std::string text;
        const std::size_t room = limits::import_file_bytes_max - bytes_;
        if (name == "-") {
            POSTRIDER_ASSIGN(text, read_input(room));
        } else {
            auto read = read_file(name, room);
            if (!read) {
                const bool is_too_large =
                    read.error().message.find("more than") != std::string::npos;
                return fail(ErrorCode::invalid_argument,
                            read.error().message +
                                (is_too_large ? fmt::format("; all files of one import may have {} "
                                                            "together: export the realm with --dir "
                                                            "and --users different_files, and "
                                                            "import some of them at a time",
                                                            limits::import_file_bytes_max)
                                              : ""));
            }
            text = std::move(*read);
        }
        bytes_ += text.size();
        if (is_utf16(text)) return bad(name, "it is UTF-16: save it as UTF-8");
        std::string_view body = text;
        if (body.starts_with(byte_order_mark)) body.remove_prefix(byte_order_mark.size());
        auto outline = json::Outline::of(body, limits::json_depth_max);
        if (!outline) return bad(name, outline.error().message + way_out(body));
        return add_realms(name, std::move(*outline));
    }

    Result<std::string> read_input(std::size_t room) {
        std::string text;
        std::istreambuf_iterator<char> from(context_.terminal().in), end;
        for (; from != end && text.size() <= room; ++from) text += *from;
        if (text.size() <= room) return text;
        return bad("standard input", fmt::format("has more than {} bytes: give files instead",
                                                 limits::import_file_bytes_max));
    }

    Result<bool> add_realms(const std::string& name, json::Outline outline) {
        if (outline.kind() == json::Outline::Kind::object)
            return add_realm(name, std::move(outline));
        if (outline.kind() != json::Outline::Kind::array) return false;
        bool any = false;
        for (std::size_t i = 0; i < outline.size(); ++i) {
            auto one = json::Outline::of(outline.value(i), limits::json_depth_max);
            if (!one || one->kind() != json::Outline::Kind::object) continue;
            POSTRIDER_ASSIGN(const bool is_realm, add_realm(name, std::move(*one)));
            any = any || is_realm;
        }
        return any;
    }

    Result<bool> add_realm(const std::string& name, json::Outline outline) {
        std::string realm;
        for (std::size_t i = 0; i < outline.size(); ++i) {
            if (outline.name(i) != "realm") continue;
            const auto value = json::parse(outline.value(i));
            realm = value && value->as_string() ? *value->as_string() : std::string();
        }
        if (realm.empty()) return false;
        found_.push_back({.file = name, .realm = std::move(realm), .members = std::move(outline)});
        return true;
    }

    Context& context_;
    std::vector<RealmFile> found_;
    std::vector<std::string> skipped_;
    std::size_t bytes_ = 0;
};

}  // namespace

Result<RealmFiles> read_realm_files(Context& context, const std::vector<std::string>& names,
                                    const std::optional<std::string>& wanted) {
    Finder finder(context);
    for (const std::string& name : names) POSTRIDER_TRY(finder.add(name));
    return finder.choose(wanted);
}

}  // namespace postrider::cli
