#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "base/result.h"

namespace postrider::vault {

/// One key of 32 bytes, and the name by which sealed values refer to it.
struct Key {
    std::string id;  ///< 1 to 16 characters of a-z and 0-9
    std::string bytes;
    bool operator==(const Key&) const = default;
};

/// The keys of a store: the first seals, all of them open. Never empty, ids are unique.
///
/// As text it is one key a line, `<key id>:<base64 of 32 bytes>`; empty lines and lines that begin
/// with # are skipped, and a comma is as good as a line end, so that it fits an environment
/// variable.
class KeyRing {
 public:
    static constexpr std::size_t keys_max = 8;
    static constexpr std::size_t key_bytes = 32;
    static constexpr std::size_t key_id_bytes_max = 16;

    /// Errors: invalid_argument, one sentence; it never quotes a key.
    static Result<KeyRing> parse(std::string_view text);
    static KeyRing generate(Random& random);

    const Key& primary() const { return keys_.front(); }
    const Key* find(std::string_view id) const;
    const std::vector<Key>& keys() const { return keys_; }
    /// The same with a fresh key in front.
    KeyRing with_new_primary(Random& random) const;
    KeyRing primary_only() const;
    std::string to_text() const;

 private:
    explicit KeyRing(std::vector<Key> keys) : keys_(std::move(keys)) {}
    std::vector<Key> keys_;
};

/// nullopt when there is no such file.
/// Errors: unavailable, one sentence with the way out: readable by group or others, no regular
/// file, unreadable, or not a key ring.
Result<std::optional<KeyRing>> read_key_file(const std::string& path);

/// Writes it with mode 0600 and puts it in place in one step: after a crash the file is the old one
/// or the new one. Durable when it returns. Errors: unavailable, one sentence.
Result<void> write_key_file(const std::string& path, const KeyRing& ring);

}  // namespace postrider::vault
