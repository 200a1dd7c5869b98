#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "model/limits.h"
#include "net/response_reader.h"

namespace {

using namespace postrider;
using State = net::ResponseReader::State;

State read_in_pieces(std::string_view text, std::size_t piece_bytes, AttemptResult& result) {
    net::ResponseReader reader(result);
    while (!text.empty()) {
        CHECK(reader.room() > 0);
        const auto piece = text.substr(0, std::min(piece_bytes, reader.room()));
        const auto state = reader.take(piece);
        if (state == State::broken) CHECK(!reader.problem().empty());
        if (state != State::reading) return state;
        text.remove_prefix(piece.size());
    }
    return reader.has_bytes() ? reader.end() : State::reading;
}

}  // namespace

/// A hostile answer stays within the limits, and reads the same however its bytes are cut up.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    AttemptResult whole;
    const auto state = read_in_pieces(text, text.size(), whole);
    CHECK(whole.response_body.size() <= limits::response_bytes_kept_max);
    CHECK(whole.response_headers.size() <= limits::response_headers_kept_max);
    if (state == State::complete) CHECK(whole.status >= 200 && whole.status <= 999);
    for (const std::size_t piece_bytes : {std::size_t{1}, std::size_t{7}}) {
        AttemptResult pieces;
        const auto again = read_in_pieces(text, piece_bytes, pieces);
        CHECK(again == state);
        if (state == State::broken) continue;
        CHECK(pieces.status == whole.status);
        CHECK(pieces.response_headers == whole.response_headers);
        CHECK(pieces.response_body == whole.response_body);
        CHECK(pieces.response_truncated == whole.response_truncated);
    }
    return 0;
}
