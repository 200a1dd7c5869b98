#include "directory/imported_password.h"

#include <fmt/format.h>

#include <string_view>

#include "access/password_hasher.h"

namespace postrider::directory {

namespace {

std::string text_in(const json::Value& object, std::string_view member) {
    const json::Value* value = object.find(member);
    const std::string* text = value == nullptr ? nullptr : value->as_string();
    return text == nullptr ? std::string() : *text;
}

std::int64_t number_in(const json::Value& object, std::string_view member, std::int64_t otherwise) {
    const json::Value* value = object.find(member);
    const std::int64_t* number = value == nullptr ? nullptr : value->as_int();
    return number == nullptr ? otherwise : *number;
}

/// PHC strings have base64 without padding.
std::string unpadded(std::string text) {
    while (text.ends_with('=')) text.pop_back();
    return text;
}

/// The line of text of an object's parts. What is no such hash gives a line that is refused.
std::string line_of(const json::Value& value) {
    const std::string algorithm = text_in(value, "algorithm");
    const json::Value* given = value.find("parameters");
    const json::Value parameters = given == nullptr ? json::Value() : *given;
    const std::string salt = unpadded(text_in(value, "salt"));
    const std::string hash = unpadded(text_in(value, "hash"));
    if (algorithm.starts_with("argon2")) {
        return fmt::format(
            "${}$v={}$m={},t={},p={}${}${}", algorithm, number_in(parameters, "version", 19),
            number_in(parameters, "memory_kib", 0), number_in(parameters, "iterations", 0),
            number_in(parameters, "parallelism", 1), salt, hash);
    }
    if (algorithm == "bcrypt") return text_in(value, "hash");
    return fmt::format("${}$i={}${}${}", algorithm, number_in(parameters, "iterations", 0), salt,
                       hash);
}

}  // namespace

Result<std::string> read_password_hash(const json::Value& value) {
    std::string line;
    if (value.as_string() != nullptr) {
        line = *value.as_string();
    } else if (!text_in(value, "algorithm").empty()) {
        line = line_of(value);
    } else {
        return fail(ErrorCode::invalid_argument,
                    "must be a line of text, or an object with algorithm, parameters, salt and "
                    "hash");
    }
    POSTRIDER_TRY(access::check_importable_hash(line));
    return line;
}

}  // namespace postrider::directory
