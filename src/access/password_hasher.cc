#include "access/password_hasher.h"

#include <memory>
#include <utility>

#include "base/crypto.h"
#include "base/crypto_imported_hash.h"
#include "model/turn_limits.h"

namespace postrider::access {

namespace {

constexpr HashCosts costs_max{.argon2_memory_kib = limits::foreign_argon2_memory_kib_max,
                              .argon2_passes = limits::foreign_argon2_passes_max,
                              .argon2_lanes = limits::foreign_argon2_lanes_max,
                              .pbkdf2_rounds = limits::foreign_pbkdf2_rounds_max,
                              .bcrypt_cost = limits::foreign_bcrypt_cost_max};

using Fate = WorkQueue::Fate;

constexpr const char* too_many_wait = "too many passwords are being checked; try again in a moment";

/// Of a work that does not run.
std::unexpected<Error> not_run(Fate fate) {
    if (fate == Fate::gives_way) return fail(ErrorCode::resource_exhausted, too_many_wait);
    return fail(ErrorCode::unavailable, "the server is stopping; try again in a moment");
}

Result<std::string> hashed(const std::string& password) {
    auto hash = password_hash(password);
    if (hash) return std::move(*hash);
    return fail(ErrorCode::unavailable, "there is not enough memory to hash a password now");
}

/// Just behind commits and deliveries, and before reads of lists (store/reader_pool.cc) and the
/// parsing of long bodies (http/workshop.h): a login waits for a hash, and hashes have one core.
constexpr int nice_value = 1;

WorkQueue::Options queue_of(std::size_t threads, std::size_t waiting_max) {
    return {.threads = threads,
            .waiting_max = waiting_max,
            .thread_name = "hasher",
            .nice = nice_value,
            .when_full = too_many_wait};
}

}  // namespace

PasswordHasher::PasswordHasher()
    : decoy_(password_hash("nobody's").value_or("")),
      own_(queue_of(limits::password_hashes_at_once, limits::password_hash_queue_max)),
      imported_(queue_of(1, limits::foreign_hash_queue_max)) {}

PasswordHasher::~PasswordHasher() { stop(); }

void PasswordHasher::stop() {
    own_.stop();
    imported_.stop();
}

void PasswordHasher::hash(const Asker& asker, std::string password,
                          std::function<void(Result<std::string>)> done) {
    const auto shared = std::make_shared<decltype(done)>(std::move(done));
    auto queued = own_.add(asker, [password = std::move(password), shared](Fate fate) {
        if (fate != Fate::runs) return (*shared)(not_run(fate));
        (*shared)(hashed(password));
    });
    if (!queued) (*shared)(std::unexpected(std::move(queued).error()));
}

void PasswordHasher::verify(const Asker& asker, std::string password, std::string stored,
                            std::function<void(Result<Verdict>)> done) {
    const auto shared = std::make_shared<decltype(done)>(std::move(done));
    const bool is_imported = !stored.empty() && password_needs_rehash(stored);
    auto& queue = is_imported ? imported_ : own_;
    auto queued = queue.add(asker, [this, is_imported, password = std::move(password),
                                    stored = std::move(stored), shared](Fate fate) {
        if (fate != Fate::runs) return (*shared)(not_run(fate));
        Verdict verdict;
        if (is_imported) {
            verdict.matches = imported_hash_matches(stored, password, costs_max);
            if (verdict.matches) verdict.rehashed = password_hash(password).value_or("");
        } else {
            const bool equal = password_verify(stored.empty() ? decoy_ : stored, password);
            verdict.matches = equal && !stored.empty();
        }
        (*shared)(verdict);
    });
    if (!queued) (*shared)(std::unexpected(std::move(queued).error()));
}

Result<void> check_importable_hash(std::string_view text) {
    return check_imported_hash(text, costs_max);
}

}  // namespace postrider::access
