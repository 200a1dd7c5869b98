#include "store/turns.h"

namespace postrider::store {
namespace {

std::optional<Error> refused(Room room, const char* full, const char* share) {
    switch (room) {
        case Room::enough:
            return std::nullopt;
        case Room::full:
            return Error{ErrorCode::unavailable, full, {}};
        case Room::realm_has_its_share:
            return Error{ErrorCode::unavailable, share, {}};
    }
    return std::nullopt;
}

}  // namespace

std::optional<Error> writes_waiting(Room room) {
    return refused(room,
                   "Too many writes are waiting: nothing was accepted; try again in a moment.",
                   "Too many writes of this realm are waiting: nothing was accepted; try again in "
                   "a moment.");
}

std::optional<Error> reads_waiting(Room room) {
    return refused(room, "Too many reads are waiting; try again in a moment.",
                   "Too many reads of this realm are waiting; try again in a moment.");
}

}  // namespace postrider::store
