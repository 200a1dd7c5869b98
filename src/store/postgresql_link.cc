#include "store/postgresql_link.h"

#include <algorithm>

#include "model/limits.h"

namespace postrider::store {

Result<sql::PostgresqlConnection*> PostgresqlLink::get() {
    if (connection_ != nullptr) return connection_.get();
    if (back_off_ > Duration{0} && clock_.monotonic() < try_at_) return std::unexpected(error_);
    auto opened = sql::PostgresqlConnection::open(url_, options_);
    if (!opened) {
        error_ = std::move(opened).error();
        back_off_ = std::clamp(2 * back_off_, limits::postgresql_reconnect_first,
                               limits::postgresql_reconnect_max);
        try_at_ = clock_.monotonic() + back_off_;
        return std::unexpected(error_);
    }
    back_off_ = Duration{0};
    connection_ = std::move(*opened);
    return connection_.get();
}

Duration PostgresqlLink::wait() const {
    if (back_off_ == Duration{0}) return Duration{0};
    return std::max(Duration{0}, std::chrono::ceil<Duration>(try_at_ - clock_.monotonic()));
}

}  // namespace postrider::store
