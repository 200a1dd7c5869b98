#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/json_outline.h"
#include "base/result.h"

namespace postrider::cli {

class Context;

/// A realm as one file has it.
struct RealmFile {
    std::string file;   ///< as it was named, for messages
    std::string realm;  ///< its name
    json::Outline members;
};

/// What was found under the names that were given to `postrider import`.
struct RealmFiles {
    std::vector<RealmFile> files;      ///< of one realm
    std::vector<std::string> others;   ///< realms that are there too, and were not chosen
    std::vector<std::string> skipped;  ///< files of a folder that are no realm's
};

/// Reads files and folders (as `kc.sh export --dir` writes them) and "-", standard input; an
/// array of realms is as many files. When there are several realms, `wanted` chooses one.
/// A byte order mark is read over.
/// Errors: invalid_argument, one sentence with the file and, where there is one, the line: it
/// cannot be read, is too large, is no JSON, no UTF-8, cut off, or no realm; there are several
/// realms and none was chosen; a folder has no realm.
Result<RealmFiles> read_realm_files(Context& context, const std::vector<std::string>& names,
                                    const std::optional<std::string>& wanted);

}  // namespace postrider::cli
