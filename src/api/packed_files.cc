#include "api/packed_files.h"

#include <zlib.h>

#include <charconv>
#include <map>

#include "api/assets.h"
#include "base/check.h"
#include "base/mutex.h"

namespace postrider::api {

namespace {

using Index = std::map<std::string_view, PackedFile>;

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

/// tools/pack_files says what it looks like.
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
        PackedFile file;
        file.content_type = next_word(line);
        file.etag = next_word(line);
        file.is_gzip = next_word(line) == "gzip";
        const std::size_t offset = next_number(line);
        file.bytes = blob.substr(offset, next_number(line));
        index.emplace(path, file);
    }
    return index;
}

Result<std::string> inflate_whole(std::string_view bytes) {
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
    if (state != Z_STREAM_END) return fail(ErrorCode::internal, "a packed file is broken");
    return out;
}

/// Nothing but what this server serves, no inline script or style, in nobody's frame.
constexpr const char* content_security_policy =
    "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; "
    "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'";

bool header_has(const http::Request& request, std::string_view name, std::string_view word) {
    const std::string* value = request.header(name);
    return value != nullptr && value->find(word) != std::string::npos;
}

}  // namespace

Result<std::string_view> PackedFile::inflated() const {
    static Mutex mutex;
    // By where their packed bytes are; as many as there are files.
    static std::map<const char*, std::string> kept GUARDED_BY(mutex);
    if (!is_gzip) return bytes;
    const MutexLock lock(mutex);
    const auto found = kept.find(bytes.data());
    if (found != kept.end()) return found->second;
    POSTRIDER_ASSIGN(std::string whole, inflate_whole(bytes));
    return kept.emplace(bytes.data(), std::move(whole)).first->second;
}

std::optional<PackedFile> find_packed_file(std::string_view path) {
    static const Index index = read_index(assets::files_pack());
    const auto found = index.find(path);
    if (found == index.end()) return std::nullopt;
    return found->second;
}

Result<void> send_packed_file(Call& call, const std::string& path, const char* cache_control) {
    const auto file = find_packed_file(path);
    if (!file) return Call::not_found("file", path);
    const std::string etag = '"' + std::string(file->etag) + '"';
    Answer answer;
    if (header_has(call.request, "if-none-match", etag)) {
        answer.status = 304;
        answer.content_type.clear();
    } else {
        answer.content_type = file->content_type;
        if (file->is_gzip && !header_has(call.request, "accept-encoding", "gzip")) {
            POSTRIDER_ASSIGN(answer.body, file->inflated());
        } else {
            answer.body = file->bytes;
            if (file->is_gzip) answer.headers.emplace_back("Content-Encoding", "gzip");
        }
    }
    answer.headers.emplace_back("ETag", etag);
    answer.headers.emplace_back("Vary", "Accept-Encoding");
    answer.headers.emplace_back("Cache-Control", cache_control);
    answer.headers.emplace_back("Content-Security-Policy", content_security_policy);
    answer.headers.emplace_back("Referrer-Policy", "no-referrer");
    answer.headers.emplace_back("X-Frame-Options", "DENY");
    call.reply.send(std::move(answer));
    return {};
}

}  // namespace postrider::api
