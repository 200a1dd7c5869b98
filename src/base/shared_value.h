#pragma once

#include <memory>
#include <utility>

namespace postrider {

/// An immutable value that several owners share. There is always one: it has no null, so nothing
/// can be dereferenced that is not there. What may be absent is a std::optional of it, or an error.
template <typename T>
class SharedValue {
 public:
    SharedValue(T value) : value_(std::make_shared<const T>(std::move(value))) {}

    // A moved-from one still has its value: moving copies the pointer.
    SharedValue(const SharedValue&) = default;
    SharedValue& operator=(const SharedValue&) = default;
    ~SharedValue() = default;

    const T& operator*() const { return *value_; }
    const T* operator->() const { return value_.get(); }

 private:
    std::shared_ptr<const T> value_;
};

}  // namespace postrider
