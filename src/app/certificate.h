#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "base/time.h"
#include "http/tls.h"

namespace postrider::app {

/// The server's certificate and key, and whether their files have changed since they were read.
/// Thread-safety: one thread.
class Certificate {
 public:
    explicit Certificate(http::TlsFiles files) : files_(std::move(files)) {}

    /// Reads both; warns of one that is not valid now, or soon not any more.
    /// Errors: unavailable, one sentence.
    Result<std::shared_ptr<const http::TlsIdentity>> load(Timestamp now);
    /// Since the last load(), whatever came of it.
    bool has_changed() const;
    const std::string& file() const { return files_.certificate; }

 private:
    /// What changes when a file is written or replaced.
    std::string stamp() const;

    const http::TlsFiles files_;
    std::string stamp_;
};

}  // namespace postrider::app
