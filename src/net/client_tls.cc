#include "net/client_tls.h"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <ctime>

#include "base/check.h"
#include "base/crypto.h"
#include "model/tls_limits.h"
#include "net/pem.h"

namespace postrider::net {
namespace {

std::unexpected<Error> wrong(std::string message) {
    ERR_clear_error();
    return fail(ErrorCode::invalid_argument, std::move(message));
}

bool is_key(std::string_view label) { return label.ends_with("PRIVATE KEY"); }

/// What is wrong with a block that is to be a certificate.
std::string label_problem(const PemBlock& block) {
    if (block.label == "CERTIFICATE") return {};
    if (is_key(block.label)) {
        return "has a private key among the certificates: it belongs into client_key alone";
    }
    return fmt::format("has a block {} where only those of a CERTIFICATE may stand", block.label);
}

struct Bounds {
    std::size_t bytes;
    std::size_t count;
};

/// The certificates of a text, in one form, and parsed.
struct Certificates {
    std::string pem;
    std::vector<SslPointer<X509>> all;
};

Result<Certificates> read_certificates(std::string_view text, const Bounds& bounds) {
    if (text.size() > bounds.bytes) {
        return wrong(fmt::format("must be at most {} bytes", bounds.bytes));
    }
    POSTRIDER_ASSIGN(const auto blocks, read_pem(text, bounds.count));
    if (blocks.empty()) {
        return wrong("holds no certificate: PEM begins with -----BEGIN CERTIFICATE-----");
    }
    Certificates read;
    for (const PemBlock& block : blocks) {
        if (auto problem = label_problem(block); !problem.empty()) return wrong(std::move(problem));
        auto certificate = certificate_of(block.der);
        if (certificate == nullptr || X509_get0_pubkey(certificate.get()) == nullptr) {
            return wrong(
                fmt::format("has a certificate {} that cannot be read", read.all.size() + 1));
        }
        read.all.push_back(std::move(certificate));
        read.pem += to_pem(block);
    }
    ERR_clear_error();
    return read;
}

/// What is wrong with a key's kind or size.
std::string kind_problem(const EVP_PKEY* key) {
    constexpr std::string_view kinds =
        "RSA of 2048 to 4096 bits, ECDSA on P-256, P-384 or P-521, and Ed25519 are taken";
    const int bits = EVP_PKEY_get_bits(key);
    if (EVP_PKEY_is_a(key, "RSA") == 1) {
        if (bits >= limits::tls_rsa_bits_min && bits <= limits::tls_rsa_bits_max) return {};
        return fmt::format("is an RSA key of {} bits; {}", bits, kinds);
    }
    if (EVP_PKEY_is_a(key, "ED25519") == 1) return {};
    std::array<char, 64> group{};
    const bool is_named = EVP_PKEY_is_a(key, "EC") == 1 &&
                          EVP_PKEY_get_group_name(key, group.data(), group.size(), nullptr) == 1;
    constexpr std::array<std::string_view, 3> curves{"prime256v1", "secp384r1", "secp521r1"};
    if (is_named && std::ranges::find(curves, std::string_view(group.data())) != curves.end()) {
        return {};
    }
    return fmt::format("is a key of another kind; {}", kinds);
}

std::string reason_of_openssl() {
    const char* text = ERR_reason_error_string(ERR_peek_last_error());
    return text != nullptr ? text : "no reason given";
}

Timestamp time_of(const ASN1_TIME* time) {
    std::tm parts{};
    if (ASN1_TIME_to_tm(time, &parts) != 1) return Timestamp{};
    return Timestamp{std::chrono::seconds(timegm(&parts))};
}

}  // namespace

std::shared_ptr<const ClientTls> make_client_tls(std::string authorities, std::string certificate,
                                                 std::string key) {
    auto digest = sha256(fmt::format("{}\n{}\n{}", sha256(authorities), sha256(certificate), key));
    return std::make_shared<const ClientTls>(ClientTls{.authorities = std::move(authorities),
                                                       .certificate = std::move(certificate),
                                                       .key = std::move(key),
                                                       .digest = std::move(digest)});
}

Result<std::string> read_authorities(std::string_view pem) {
    POSTRIDER_ASSIGN(auto read, read_certificates(pem, {limits::tls_authorities_bytes_max,
                                                        limits::tls_authorities_max}));
    return std::move(read.pem);
}

Result<std::string> read_certificate_chain(std::string_view pem) {
    POSTRIDER_ASSIGN(auto read, read_certificates(pem, {limits::tls_chain_bytes_max,
                                                        limits::tls_chain_certificates_max}));
    for (std::size_t i = 1; i < read.all.size(); ++i) {
        if (X509_check_issued(read.all[i].get(), read.all[i - 1].get()) == X509_V_OK) continue;
        return wrong(
            fmt::format("has a certificate {} that did not issue the one before it: the "
                        "client's own comes first, then those that issued it, in order",
                        i + 1));
    }
    return std::move(read.pem);
}

Result<std::string> read_private_key(std::string_view pem) {
    if (pem.size() > limits::tls_key_bytes_max) {
        return wrong(fmt::format("must be at most {} bytes", limits::tls_key_bytes_max));
    }
    POSTRIDER_ASSIGN(auto blocks, read_pem(pem, 3));
    // "openssl ecparam -genkey" writes them before the key.
    std::erase_if(blocks, [](const PemBlock& block) { return block.label == "EC PARAMETERS"; });
    if (blocks.empty()) {
        return wrong("holds no private key: PEM begins with -----BEGIN PRIVATE KEY-----");
    }
    if (blocks.size() > 1) return wrong("holds more than a private key");
    const PemBlock& block = blocks.front();
    if (!is_key(block.label)) {
        return wrong(fmt::format("holds a block {} and no private key", block.label));
    }
    if (block.is_encrypted || block.label == "ENCRYPTED PRIVATE KEY") {
        return wrong("has a passphrase: give it without, as `openssl pkey -in key.pem` writes it");
    }
    const auto key = key_of(block.der);
    if (key == nullptr) return wrong("is a private key that cannot be read");
    if (auto problem = kind_problem(key.get()); !problem.empty()) return wrong(std::move(problem));
    ERR_clear_error();
    return to_pem(block);
}

Result<void> check_pair(const std::string& certificate, const std::string& key) {
    const SslPointer<SSL_CTX> context(SSL_CTX_new(TLS_client_method()));
    const SslPointer<SSL> ssl(context != nullptr ? SSL_new(context.get()) : nullptr);
    CHECK(ssl != nullptr);
    ERR_clear_error();
    auto problem = use_certificate(ssl.get(), certificate, key);
    ERR_clear_error();
    if (!problem.empty()) return wrong(std::move(problem));
    return {};
}

std::string use_certificate(SSL* ssl, const std::string& certificate, const std::string& key) {
    const auto certificates = read_certificates(
        certificate, {limits::tls_chain_bytes_max, limits::tls_chain_certificates_max});
    const auto blocks = read_pem(key, 1);
    const auto private_key =
        blocks && blocks->size() == 1 ? key_of(blocks->front().der) : SslPointer<EVP_PKEY>();
    if (!certificates || private_key == nullptr) return "cannot be read";
    const auto& all = certificates->all;
    if (X509_check_private_key(all.front().get(), private_key.get()) != 1) {
        return "is not the key of client_certificate";
    }
    bool is_taken = SSL_use_certificate(ssl, all.front().get()) == 1 &&
                    SSL_use_PrivateKey(ssl, private_key.get()) == 1;
    for (std::size_t i = 1; is_taken && i < all.size(); ++i) {
        is_taken = SSL_add1_chain_cert(ssl, all[i].get()) == 1;
    }
    if (is_taken) return {};
    return fmt::format("cannot be used with its certificate: {}", reason_of_openssl());
}

bool trust_authorities(SSL* ssl, const std::string& authorities) {
    const auto certificates = read_certificates(
        authorities, {limits::tls_authorities_bytes_max, limits::tls_authorities_max});
    const SslPointer<X509_STORE> store(X509_STORE_new());
    if (!certificates || store == nullptr) return false;
    for (const auto& each : certificates->all) {
        if (X509_STORE_add_cert(store.get(), each.get()) != 1) return false;
    }
    return SSL_set1_verify_cert_store(ssl, store.get()) == 1;
}

CertificateFacts facts_of(const std::string& certificate) {
    const auto read = read_certificates(
        certificate, {limits::tls_chain_bytes_max, limits::tls_chain_certificates_max});
    CHECK(read.has_value());
    const X509* first = read->all.front().get();
    const SslPointer<BIO> writer(BIO_new(BIO_s_mem()));
    X509_NAME_print_ex(writer.get(), X509_get_subject_name(first), 0, XN_FLAG_RFC2253);
    char* data = nullptr;
    const auto size = static_cast<std::size_t>(BIO_get_mem_data(writer.get(), &data));
    return {.subject = std::string(data, std::min(size, limits::tls_subject_bytes_max)),
            .expires_at = time_of(X509_get0_notAfter(first))};
}

}  // namespace postrider::net
