#pragma once

#include <string>

#include "cli/context.h"
#include "cli/import_report.h"
#include "cli/import_sender.h"

namespace postrider::cli {

struct ImportOf {
    std::string realm;  ///< its name here
    bool is_dry_run = false;
};

/// Writes what came of an import: how many of each kind, what was refused, and the report; with
/// --json as one object {"realm", "dry_run", "counts", "refused", "notes", "values"}.
void show_import(Context& context, const ImportOf& of, const ImportSender& sender,
                 const ImportReport& report);

}  // namespace postrider::cli
