#include "store/last_commit.h"

#include "store/tables.h"

namespace postrider::store {

Result<void> write_last_commit(sql::Connection& sql, const Uuid& last_id, Timestamp now) {
    const auto micros = to_micros(now);
    std::string state(last_id.view());
    state.append(reinterpret_cast<const char*>(&micros), sizeof micros);
    return state_table::put(sql, "last_commit", state);
}

Result<Uuid> read_last_id(sql::Connection& sql) {
    POSTRIDER_ASSIGN(auto state, state_table::get(sql, "last_commit"));
    if (!state || state->size() < 16) return Uuid{};
    return Uuid::from_bytes(std::string_view(*state).substr(0, 16));
}

}  // namespace postrider::store
