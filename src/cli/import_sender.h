#pragma once

#include <array>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/context.h"
#include "cli/import_report.h"
#include "cli/keycloak.h"
#include "cli/progress.h"

namespace postrider::cli {

/// Sends the entries of a realm in the import format, part by part. A part is one transaction and
/// what is there by its name stays as it is, so the same import can be run again after it was
/// stopped. What is refused costs only itself. Thread-safety: one thread.
class ImportSender {
 public:
    enum class Mode {
        write,
        write_without_events,
        check,    ///< what the server would refuse for what it is; nothing is looked up or written
        compare,  ///< check, and held against what the realm has
    };
    /// `realm`: whose import route is asked.
    ImportSender(Context& context, std::string_view realm, Mode mode, ImportReport& report);

    enum class Kind { clients, roles, service_accounts, users };
    /// False: it cannot go on, and the reason was written; exit_code() has what to end with.
    bool send(Kind kind, std::vector<keycloak::Entry> part);

    struct Tally {
        std::string_view kind;
        std::size_t created = 0;
        std::size_t existing = 0;
        std::size_t refused = 0;
    };
    struct Refused {
        std::string_view kind;
        std::string name;
        std::string reason;
    };
    const std::array<Tally, 4>& tallies() const { return tallies_; }
    const std::vector<Refused>& refused() const { return refused_; }
    ExitCode exit_code() const { return exit_code_; }

 private:
    bool send_once(Kind kind, std::vector<keycloak::Entry> part);
    bool is_dry() const { return mode_ == Mode::check || mode_ == Mode::compare; }
    std::string identity(Kind kind, const keycloak::Entry& entry) const;
    void leave_out_twice(Kind kind, std::vector<keycloak::Entry>& part);
    void find_emails_twice(std::vector<keycloak::Entry>& part);
    void hash_passwords(std::vector<keycloak::Entry>& part);
    void read_answer(Kind kind, const std::vector<keycloak::Entry>& part, const std::string& body);
    void leave_out(Kind kind, const keycloak::Entry& entry, std::string_view below,
                   std::string_view detail);
    void refuse(Kind kind, const keycloak::Entry& entry, std::string_view reason);
    bool stop(const Result<http::ClientResponse>& answer);
    Tally& tally(Kind kind) { return tallies_[static_cast<std::size_t>(kind)]; }

    Context& context_;
    const std::string path_;
    const Mode mode_;
    ImportReport& report_;
    std::array<Tally, 4> tallies_{
        {{.kind = "clients"}, {.kind = "roles"}, {.kind = "service_accounts"}, {.kind = "users"}}};
    std::vector<Refused> refused_;
    std::map<std::string, std::string> names_;  ///< of what was sent, and whose they are
    ExitCode exit_code_ = exit_ok;
};

/// Sends the parts of one kind with `sender`, and shows how far it is. Lifetime: both outlive it.
keycloak::Parts::Send sending(ImportSender& sender, ImportSender::Kind kind, Progress& progress);

}  // namespace postrider::cli
