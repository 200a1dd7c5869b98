#pragma once

#include <new>
#include <type_traits>

#include "base/result.h"

namespace postrider {

/// unavailable: memory did not suffice for one request.
Error out_of_memory();

/// What `work` returns, a Result. Memory that does not suffice for it is its error, unavailable,
/// and nobody else's: what it held is free again.
template <typename Work>
std::invoke_result_t<Work> guard_memory(Work&& work) {
    try {
        return work();
    } catch (const std::bad_alloc&) {
        return std::unexpected(out_of_memory());
    }
}

/// For work that answers by itself, and that answers 500 when it is dropped. Returns whether memory
/// sufficed.
template <typename Work>
bool spare_others(Work&& work) {
    try {
        work();
        return true;
    } catch (const std::bad_alloc&) {
        return false;
    }
}

}  // namespace postrider
