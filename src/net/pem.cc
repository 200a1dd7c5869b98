#include "net/pem.h"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <cstring>

namespace postrider::net {
namespace {

std::unexpected<Error> wrong(std::string message) {
    ERR_clear_error();
    return fail(ErrorCode::invalid_argument, std::move(message));
}

SslPointer<BIO> reader_of(std::string_view text) {
    return SslPointer<BIO>(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

}  // namespace

Result<std::vector<PemBlock>> read_pem(std::string_view text, std::size_t count_max) {
    std::vector<PemBlock> blocks;
    const auto reader = reader_of(text);
    while (true) {
        char* name = nullptr;
        char* header = nullptr;
        unsigned char* data = nullptr;
        long size = 0;
        ERR_clear_error();
        if (PEM_read_bio(reader.get(), &name, &header, &data, &size) != 1) {
            const auto code = ERR_peek_last_error();
            const bool is_end =
                ERR_GET_LIB(code) == ERR_LIB_PEM && ERR_GET_REASON(code) == PEM_R_NO_START_LINE;
            if (!is_end) {
                return wrong(
                    fmt::format("has a block {} that is cut or is no base64: copy all of "
                                "it, from its line BEGIN to its line END",
                                blocks.size() + 1));
            }
            ERR_clear_error();
            return blocks;
        }
        PemBlock block{
            .label = name,
            .der = std::string(reinterpret_cast<const char*>(data), static_cast<std::size_t>(size)),
            .is_encrypted = std::strstr(header, "ENCRYPTED") != nullptr};
        OPENSSL_free(name);
        OPENSSL_free(header);
        OPENSSL_clear_free(data, static_cast<std::size_t>(size));
        if (blocks.size() == count_max) {
            return wrong(fmt::format("has more than {} blocks", count_max));
        }
        blocks.push_back(std::move(block));
    }
}

std::string to_pem(const PemBlock& block) {
    const SslPointer<BIO> writer(BIO_new(BIO_s_mem()));
    PEM_write_bio(writer.get(), block.label.c_str(), "",
                  reinterpret_cast<const unsigned char*>(block.der.data()),
                  static_cast<long>(block.der.size()));
    char* data = nullptr;
    const long size = BIO_get_mem_data(writer.get(), &data);
    return {data, static_cast<std::size_t>(size)};
}

SslPointer<X509> certificate_of(const std::string& der) {
    const auto* at = reinterpret_cast<const unsigned char*>(der.data());
    const auto* const end = at + der.size();
    SslPointer<X509> certificate(d2i_X509(nullptr, &at, static_cast<long>(der.size())));
    ERR_clear_error();
    if (at != end) return nullptr;
    return certificate;
}

SslPointer<EVP_PKEY> key_of(const std::string& der) {
    const auto* at = reinterpret_cast<const unsigned char*>(der.data());
    const auto* const end = at + der.size();
    SslPointer<EVP_PKEY> key(d2i_AutoPrivateKey(nullptr, &at, static_cast<long>(der.size())));
    ERR_clear_error();
    if (at != end) return nullptr;
    return key;
}

}  // namespace postrider::net
