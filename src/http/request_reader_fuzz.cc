// Requests read from bytes are the same requests wherever the bytes are cut, their bodies never
// pass the limit, and every path finds its way through the router. The first byte says how to cut.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "base/check.h"
#include "base/encoding.h"
#include "http/request_reader.h"
#include "http/router.h"
#include "http/target.h"
#include "model/limits.h"

using namespace postrider;
using namespace postrider::http;

namespace {

constexpr std::size_t body_bytes_max = 300;

const Router& router() {
    static const Router made([] {
        std::vector<Route> routes;
        for (const char* path : {"/", "/a", "/a/{x}", "/a/{x}/b/{y}", "/a/b/{y}", "/f/{rest*}"}) {
            for (const char* method : {"GET", "POST"}) {
                routes.push_back({.method = method,
                                  .path = path,
                                  .operation = path,
                                  .handler = [](Request&, Responder) {}});
            }
        }
        return routes;
    }());
    return made;
}

std::string describe(Request& request, const RequestReader& reader) {
    std::string out = request.method + ' ' + std::string(reader.target());
    for (const auto& [name, value] : request.headers) out += '\n' + name + ": " + value;
    if (!read_target(reader.target(), request)) return out + "\n(no target)";
    auto match = router().find(request);
    if (match && match->route != nullptr) {
        out += "\n-> " + match->route->path;
        for (const auto& [name, value] : request.path_parameters) {
            CHECK(is_utf8(value) && value.find('\0') == std::string::npos);
            CHECK(value != ".." && value != ".");
            out += ' ' + name + '=' + value;
        }
    }
    return out;
}

/// The requests that are read from `bytes` when at most `piece` of them arrive at a time. How it
/// ends does not count: what is wrong with half a request may be seen now or with the next bytes.
std::string transcript(std::string_view bytes, std::size_t piece) {
    std::string out, buffer;
    Request request;
    RequestReader reader;
    reader.begin(request);
    while (true) {
        const std::size_t used = reader.feed(buffer);
        CHECK(used <= buffer.size());
        buffer.erase(0, used);
        CHECK(request.body.size() <= body_bytes_max);
        switch (reader.state()) {
            case RequestReader::State::head_done:
                out += describe(request, reader);
                if (request.method == "SKIP") {
                    reader.skip_body(body_bytes_max);
                } else {
                    reader.read_body(body_bytes_max);
                }
                break;
            case RequestReader::State::done:
                if (auto length = reader.content_length(); length && request.method != "SKIP") {
                    CHECK(request.body.size() == *length);
                }
                out += "\n\n" + request.body + "\n====\n";
                reader.begin(request);
                break;
            case RequestReader::State::failed:
                return out;
            case RequestReader::State::head:
            case RequestReader::State::body:
                if (used > 0 && !buffer.empty()) break;
                if (bytes.empty()) return out;
                buffer += bytes.substr(0, piece);
                bytes.remove_prefix(std::min(piece, bytes.size()));
                break;
        }
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    // Longer ones may be refused for a line whose end has not come yet.
    if (size == 0 || size > limits::request_header_bytes_max) return 0;
    std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
    const std::size_t piece = data[0] % 64 + 1;
    CHECK(transcript(bytes, bytes.size() + 1) == transcript(bytes, piece));
    return 0;
}
