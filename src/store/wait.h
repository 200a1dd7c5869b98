#pragma once

#include <future>

#include "store/store.h"

namespace postrider::store {

/// read() and write() that wait for their result: for the start of the server and for commands.
/// Never on the writer's, a reader's or the HTTP server's thread.
template <typename T, typename F>
Result<T> read_now(Store& store, F reader) {
    auto promise = std::make_shared<std::promise<Result<T>>>();
    auto future = promise->get_future();
    read<T>(store, Turn::server(), std::move(reader),
            [promise](Result<T> result) { promise->set_value(std::move(result)); });
    return future.get();
}

template <typename T, typename F>
Result<T> write_now(Store& store, F closure) {
    auto promise = std::make_shared<std::promise<Result<T>>>();
    auto future = promise->get_future();
    write<T>(store, Turn::server(), WriteClass::ordinary, std::move(closure),
             [promise](Result<T> result) { promise->set_value(std::move(result)); });
    return future.get();
}

}  // namespace postrider::store
