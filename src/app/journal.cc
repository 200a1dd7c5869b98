#include "app/journal.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <memory>

#include "base/json.h"
#include "model/logging.h"

namespace postrider::app {
namespace {

/// syslog's numbers.
int priority(std::string_view level) {
    switch (parse_log_level(level).value_or(LogLevel::error)) {
        case LogLevel::debug:
            return 7;
        case LogLevel::info:
            return 6;
        case LogLevel::warning:
            return 4;
        case LogLevel::error:
            return 3;
    }
    return 3;
}

/// A value of several lines has its length before it, as 64 bits, the lowest first.
void add_field(std::string& out, std::string_view name, std::string_view value) {
    out += name;
    if (value.find('\n') == std::string_view::npos) {
        out += '=';
    } else {
        out += '\n';
        for (int shift = 0; shift < 64; shift += 8) {
            out += static_cast<char>(std::uint64_t{value.size()} >> shift & 0xff);
        }
    }
    out += value;
    out += '\n';
}

std::string field_name(std::string_view name) {
    std::string out = "POSTRIDER_";
    for (const char c : name) out += static_cast<char>(c >= 'a' && c <= 'z' ? c - 32 : c);
    return out;
}

class Socket {
 public:
    explicit Socket(const std::string& path)
        : socket_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
        to_.sun_family = AF_UNIX;
        std::strncpy(to_.sun_path, path.c_str(), sizeof to_.sun_path - 1);
    }
    ~Socket() {
        if (socket_ >= 0) ::close(socket_);
    }
    Socket(const Socket&) = delete;
    Socket& operator=(const Socket&) = delete;

    bool send(std::string_view entry) const {
        return ::sendto(socket_, entry.data(), entry.size(), MSG_NOSIGNAL,
                        reinterpret_cast<const sockaddr*>(&to_), sizeof to_) >= 0;
    }

 private:
    int socket_;
    sockaddr_un to_{};
};

}  // namespace

bool is_journal(const config::Environment& environment) {
    const char* stream = environment("JOURNAL_STREAM");
    struct stat status{};
    if (stream == nullptr || ::fstat(STDERR_FILENO, &status) != 0) return false;
    return fmt::format("{}:{}", status.st_dev, status.st_ino) == stream;
}

std::string journal_entry(std::string_view json_line) {
    const auto line = json::parse(json_line);
    const json::Object* members = line ? line->as_object() : nullptr;
    std::string fields, area, message(json_line);
    std::string_view level = "error";
    if (members != nullptr) {
        message.clear();
        for (const auto& [name, value] : *members) {
            const std::string* text = value.as_string();
            const std::string shown = text != nullptr ? *text : json::serialize(value);
            if (name == "time") continue;  // the journal has its own
            if (name == "level") {
                level = to_string(parse_log_level(shown).value_or(LogLevel::error));
            } else if (name == "area") {
                area = shown;
            } else if (name == "message") {
                message = shown;
            } else {
                message += fmt::format("  {}={}", name, shown);
                add_field(fields, field_name(name), shown);
            }
        }
    }
    std::string out;
    add_field(out, "MESSAGE", area.empty() ? message : fmt::format("{}: {}", area, message));
    add_field(out, "PRIORITY", std::to_string(priority(level)));
    add_field(out, "SYSLOG_IDENTIFIER", "postrider");
    if (!area.empty()) add_field(out, "POSTRIDER_AREA", area);
    return out + fields;
}

std::function<void(std::string_view)> journal_sink(const std::string& socket) {
    return [to = std::make_shared<const Socket>(socket)](std::string_view line) {
        if (!to->send(journal_entry(line))) {
            std::fprintf(stderr, "%.*s\n", static_cast<int>(line.size()), line.data());
        }
    };
}

}  // namespace postrider::app
