#include "vault/key_ring.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include "base/encoding.h"

namespace postrider::vault {
namespace {

constexpr std::size_t key_file_bytes_max = 16 * 1024;  // eight keys and generous comments

/// Closes the descriptor when it goes.
class File {
 public:
    explicit File(int descriptor) : descriptor_(descriptor) {}
    ~File() {
        if (descriptor_ >= 0) ::close(descriptor_);
    }
    File(const File&) = delete;
    File& operator=(const File&) = delete;
    int get() const { return descriptor_; }
    bool is_open() const { return descriptor_ >= 0; }

 private:
    int descriptor_;
};

std::string_view trimmed(std::string_view text) {
    auto is_space = [](char c) { return c == ' ' || c == '\t' || c == '\r'; };
    while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
    while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
    return text;
}

bool is_key_id(std::string_view id) {
    return !id.empty() && id.size() <= KeyRing::key_id_bytes_max &&
           std::ranges::all_of(
               id, [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); });
}

std::string new_key_id(Random& random) { return hex_encode(random.bytes(4)); }

std::unexpected<Error> file_error(std::string_view what, const std::string& path) {
    return fail(ErrorCode::unavailable,
                fmt::format("the key file {} cannot be {}: {}", path, what, std::strerror(errno)));
}

}  // namespace

Result<KeyRing> KeyRing::parse(std::string_view text) {
    std::vector<Key> keys;
    std::size_t number = 0;
    while (!text.empty()) {
        ++number;
        const auto end = std::min(text.find_first_of("\n,"), text.size());
        const auto line = trimmed(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
        if (line.empty() || line.front() == '#') continue;
        const auto colon = line.find(':');
        auto bytes = colon == std::string_view::npos ? std::optional<std::string>()
                                                     : base64_decode(line.substr(colon + 1));
        if (!bytes || bytes->size() != key_bytes || !is_key_id(line.substr(0, colon))) {
            return fail(ErrorCode::invalid_argument,
                        fmt::format("entry {} is not `<key id>:<base64 of 32 bytes>`", number));
        }
        const auto id = line.substr(0, colon);
        if (std::ranges::any_of(keys, [&](const Key& key) { return key.id == id; })) {
            return fail(ErrorCode::invalid_argument,
                        fmt::format("entry {} has the key id of an earlier one", number));
        }
        keys.push_back({std::string(id), std::move(*bytes)});
    }
    if (keys.empty()) return fail(ErrorCode::invalid_argument, "it holds no key");
    if (keys.size() > keys_max) {
        return fail(ErrorCode::invalid_argument,
                    fmt::format("it holds more than {} keys", keys_max));
    }
    return KeyRing(std::move(keys));
}

KeyRing KeyRing::generate(Random& random) {
    return KeyRing({Key{new_key_id(random), random.bytes(key_bytes)}});
}

const Key* KeyRing::find(std::string_view id) const {
    const auto found = std::ranges::find(keys_, id, &Key::id);
    return found == keys_.end() ? nullptr : &*found;
}

KeyRing KeyRing::with_new_primary(Random& random) const {
    Key key{new_key_id(random), random.bytes(key_bytes)};
    while (find(key.id) != nullptr) key.id = new_key_id(random);
    std::vector<Key> keys{std::move(key)};
    keys.insert(keys.end(), keys_.begin(), keys_.end());
    return KeyRing(std::move(keys));
}

KeyRing KeyRing::primary_only() const { return KeyRing({primary()}); }

std::string KeyRing::to_text() const {
    std::string text;
    for (const auto& key : keys_) text += key.id + ":" + base64_encode(key.bytes) + "\n";
    return text;
}

Result<std::optional<KeyRing>> read_key_file(const std::string& path) {
    // NONBLOCK: a FIFO in its place must not hang the start.
    const File file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (!file.is_open()) {
        if (errno == ENOENT) return std::optional<KeyRing>();
        return file_error("opened", path);
    }
    struct stat status{};
    if (::fstat(file.get(), &status) != 0) return file_error("examined", path);
    if (!S_ISREG(status.st_mode)) {
        return fail(ErrorCode::unavailable,
                    fmt::format("the key file {} is no regular file", path));
    }
    if ((status.st_mode & 077) != 0) {
        return fail(ErrorCode::unavailable,
                    fmt::format("the key file {} can be read or written by others than its owner: "
                                "chmod 600 {}",
                                path, path));
    }
    std::string text;
    std::array<char, 4096> buffer{};
    while (text.size() <= key_file_bytes_max) {
        const auto count = ::read(file.get(), buffer.data(), buffer.size());
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return file_error("read", path);
        if (count == 0) break;
        text.append(buffer.data(), static_cast<std::size_t>(count));
    }
    auto ring = KeyRing::parse(text);
    if (!ring) {
        return fail(ErrorCode::unavailable,
                    fmt::format("the key file {} is not usable: {}", path, ring.error().message));
    }
    return std::optional<KeyRing>(std::move(*ring));
}

Result<void> write_key_file(const std::string& path, const KeyRing& ring) {
    const auto temporary = path + ".new";
    ::unlink(temporary.c_str());  // what a killed rotation left
    const std::string text = ring.to_text();
    {
        const File file(
            ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR));
        if (!file.is_open()) return file_error("written", path);
        std::string_view rest = text;
        while (!rest.empty()) {
            const auto count = ::write(file.get(), rest.data(), rest.size());
            if (count < 0 && errno == EINTR) continue;
            if (count < 0) return file_error("written", path);
            rest.remove_prefix(static_cast<std::size_t>(count));
        }
        if (::fsync(file.get()) != 0) return file_error("made durable", path);
    }
    if (::rename(temporary.c_str(), path.c_str()) != 0) return file_error("put in place", path);
    auto folder = std::filesystem::path(path).parent_path().string();
    if (folder.empty()) folder = ".";
    const File directory(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!directory.is_open() || ::fsync(directory.get()) != 0) {
        return file_error("made durable", path);
    }
    return {};
}

}  // namespace postrider::vault
