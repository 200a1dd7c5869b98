#include "store/last_commit.h"

#include <cstring>

#include "store/tables.h"

namespace postrider::store {
namespace {
constexpr std::size_t id_bytes = 16;
}

Result<void> write_last_commit(sql::Connection& sql, const Uuid& last_id, Timestamp now) {
    const auto micros = to_micros(now);
    std::string state(last_id.view());
    state.append(reinterpret_cast<const char*>(&micros), sizeof micros);
    return state_table::put(sql, "last_commit", state);
}

Result<LastCommit> read_last_commit(sql::Connection& sql) {
    POSTRIDER_ASSIGN(auto state, state_table::get(sql, "last_commit"));
    LastCommit last;
    std::int64_t micros = 0;
    if (!state || state->size() < id_bytes) return last;
    last.id = Uuid::from_bytes(std::string_view(*state).substr(0, id_bytes));
    if (state->size() == id_bytes + sizeof micros) {
        std::memcpy(&micros, state->data() + id_bytes, sizeof micros);
        last.time = from_micros(micros);
    }
    return last;
}

}  // namespace postrider::store
