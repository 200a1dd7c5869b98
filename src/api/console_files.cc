#include "api/console_files.h"

#include <zlib.h>

#include <charconv>
#include <map>

#include "api/console_assets.h"
#include "base/check.h"

namespace postrider::api {

namespace {

using Index = std::map<std::string_view, ConsoleFile>;

std::string_view next_word(std::string_view& line) {
    const auto end = line.find(' ');
    const std::string_view word = line.substr(0, end);
    line.remove_prefix(end == std::string_view::npos ? line.size() : end + 1);
    return word;
}

std::size_t next_number(std::string_view& line) {
    const std::string_view word = next_word(line);
    std::size_t number = 0;
    const auto read = std::from_chars(word.data(), word.data() + word.size(), number);
    CHECK(read.ec == std::errc());
    return number;
}

/// tools/pack_console says what it looks like.
Index read_index(std::string_view pack) {
    const auto head_end = pack.find("\n\n");
    CHECK(head_end != std::string_view::npos);
    std::string_view head = pack.substr(0, head_end + 1);
    const std::string_view blob = pack.substr(head_end + 2);
    Index index;
    while (!head.empty()) {
        const auto line_end = head.find('\n');
        std::string_view line = head.substr(0, line_end);
        head.remove_prefix(line_end + 1);
        const std::string_view path = next_word(line);
        ConsoleFile file;
        file.content_type = next_word(line);
        file.etag = next_word(line);
        file.is_gzip = next_word(line) == "gzip";
        const std::size_t offset = next_number(line);
        file.bytes = blob.substr(offset, next_number(line));
        index.emplace(path, file);
    }
    return index;
}

}  // namespace

Result<std::string> ConsoleFile::inflated() const {
    if (!is_gzip) return std::string(bytes);
    constexpr int gzip_window_bits = 15 + 16;
    z_stream stream{};
    if (inflateInit2(&stream, gzip_window_bits) != Z_OK) {
        return fail(ErrorCode::internal, "zlib does not start");
    }
    // zlib reads it only, whatever its type says.
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
    stream.avail_in = static_cast<uInt>(bytes.size());
    std::string out;
    char chunk[16384];
    int state = Z_OK;
    while (state == Z_OK) {
        stream.next_out = reinterpret_cast<Bytef*>(chunk);
        stream.avail_out = sizeof chunk;
        state = inflate(&stream, Z_NO_FLUSH);
        out.append(chunk, sizeof chunk - stream.avail_out);
    }
    inflateEnd(&stream);
    if (state != Z_STREAM_END) return fail(ErrorCode::internal, "a console file is broken");
    return out;
}

std::optional<ConsoleFile> find_console_file(std::string_view path) {
    static const Index index = read_index(console::console_pack());
    const auto found = index.find(path);
    if (found == index.end()) return std::nullopt;
    return found->second;
}

}  // namespace postrider::api
