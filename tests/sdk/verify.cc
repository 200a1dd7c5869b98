// Runs postrider/verify.h for tests/e2e/test_sdk.py: each line of stdin is a case, its fields apart
// by a unit separator.
#include <postrider/verify.h>

#include <iostream>
#include <string>
#include <vector>

int main() {
    const char* const names[] = {"ok",      "missing-header", "bad-timestamp", "too-old",
                                 "too-new", "no-match",       "bad-secret"};
    for (std::string line; std::getline(std::cin, line);) {
        std::vector<std::string_view> fields;
        std::string_view rest = line;
        for (auto end = rest.find('\x1f'); end != std::string_view::npos; end = rest.find('\x1f')) {
            fields.push_back(rest.substr(0, end));
            rest.remove_prefix(end + 1);
        }
        const postrider::Headers headers{fields[1], fields[2], fields[3]};
        const std::vector<std::string_view> secrets(fields.begin() + 5, fields.end());
        const auto verdict =
            postrider::verify(fields[0], headers, secrets, std::stoll(std::string(fields[4])));
        std::cout << names[static_cast<int>(verdict)] << '\n';
    }
}
