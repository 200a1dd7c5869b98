#include "access/password_hasher.h"

#include <sys/resource.h>
#include <unistd.h>

#include <memory>

#include "base/crypto.h"
#include "model/limits.h"

namespace postrider::access {

namespace {

constexpr int nice_value = 10;

std::unexpected<Error> stopping() {
    return fail(ErrorCode::unavailable, "the server is stopping; try again in a moment");
}

Result<std::string> hashed(const std::string& password) {
    auto hash = password_hash(password);
    if (hash) return std::move(*hash);
    return fail(ErrorCode::unavailable, "there is not enough memory to hash a password now");
}

}  // namespace

PasswordHasher::PasswordHasher() : decoy_(password_hash("nobody's").value_or("")) {
    for (std::size_t i = 0; i < limits::password_hash_threads; ++i) {
        threads_.emplace_back([this] { run(); });
    }
}

PasswordHasher::~PasswordHasher() { stop(); }

void PasswordHasher::stop() {
    std::deque<Work> left;
    {
        const MutexLock lock(mutex_);
        is_stopping_ = true;
        left.swap(queue_);
    }
    waiting_.notify_all();
    for (const Work& work : left) work(false);
    for (std::thread& thread : threads_) {
        if (thread.joinable()) thread.join();
    }
}

Result<void> PasswordHasher::enqueue(Work work) {
    {
        const MutexLock lock(mutex_);
        if (is_stopping_) return stopping();
        if (queue_.size() >= limits::password_hash_queue_max) {
            return fail(ErrorCode::resource_exhausted,
                        "too many passwords are being checked; try again in a moment");
        }
        queue_.push_back(std::move(work));
    }
    waiting_.notify_one();
    return {};
}

void PasswordHasher::run() {
    // Linux has a nice value for each thread. That it may fail does no harm.
    static_cast<void>(::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), nice_value));
    while (true) {
        Work work;
        {
            const MutexLock lock(mutex_);
            while (queue_.empty() && !is_stopping_) waiting_.wait(mutex_);
            if (queue_.empty()) return;
            work = std::move(queue_.front());
            queue_.pop_front();
        }
        work(true);
    }
}

void PasswordHasher::hash(std::string password, std::function<void(Result<std::string>)> done) {
    const auto shared = std::make_shared<decltype(done)>(std::move(done));
    auto queued = enqueue([password = std::move(password), shared](bool runs) {
        if (!runs) return (*shared)(stopping());
        (*shared)(hashed(password));
    });
    if (!queued) (*shared)(std::unexpected(std::move(queued).error()));
}

void PasswordHasher::verify(std::string password, std::string stored,
                            std::function<void(Result<Verdict>)> done) {
    const auto shared = std::make_shared<decltype(done)>(std::move(done));
    auto queued = enqueue(
        [this, password = std::move(password), stored = std::move(stored), shared](bool runs) {
            if (!runs) return (*shared)(stopping());
            Verdict verdict;
            const bool equal = password_verify(stored.empty() ? decoy_ : stored, password);
            verdict.matches = equal && !stored.empty();
            if (verdict.matches && password_needs_rehash(stored)) {
                verdict.rehashed = password_hash(password).value_or("");
            }
            (*shared)(verdict);
        });
    if (!queued) (*shared)(std::unexpected(std::move(queued).error()));
}

}  // namespace postrider::access
