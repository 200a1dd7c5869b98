#include "app/certificate.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include "model/limits.h"
#include "telemetry/log.h"

namespace postrider::app {

Result<std::shared_ptr<const http::TlsIdentity>> Certificate::load(Timestamp now) {
    stamp_ = stamp();
    POSTRIDER_ASSIGN(auto identity, http::TlsIdentity::load(files_));
    const auto warn = [&](std::string_view what, Timestamp time) {
        log::warning("app", what, {{"file", files_.certificate}, {"time", format_rfc3339(time)}});
    };
    if (identity->valid_from() > now) {
        warn("the certificate is not valid yet", identity->valid_from());
    } else if (identity->valid_to() <= now) {
        warn("the certificate has expired: clients refuse it", identity->valid_to());
    } else if (identity->valid_to() - now < limits::tls_expiry_warning) {
        warn("the certificate expires soon", identity->valid_to());
    }
    return identity;
}

bool Certificate::has_changed() const { return stamp() != stamp_; }

std::string Certificate::stamp() const {
    std::string text;
    for (const std::string& path : {files_.certificate, files_.key}) {
        struct stat status{};
        if (::stat(path.c_str(), &status) != 0) status = {};
        text += fmt::format("{}:{}:{}.{}:{} ", status.st_dev, status.st_ino, status.st_mtim.tv_sec,
                            status.st_mtim.tv_nsec, status.st_size);
    }
    return text;
}

}  // namespace postrider::app
