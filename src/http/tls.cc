#include "http/tls.h"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <ctime>
#include <fstream>

#include "base/check.h"
#include "model/limits.h"

namespace postrider::http {
namespace {

struct Deleter {
    void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
    void operator()(X509* certificate) const { X509_free(certificate); }
    void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
    void operator()(BIO* bio) const { BIO_free(bio); }
    void operator()(BIO_METHOD* method) const { BIO_meth_free(method); }
};
template <typename T>
using Owned = std::unique_ptr<T, Deleter>;

// OpenSSL's own socket BIO calls write(), which raises SIGPIPE when the peer has gone.
int descriptor_of(BIO* bio) {
    return static_cast<int>(reinterpret_cast<std::intptr_t>(BIO_get_data(bio)));
}

int socket_write(BIO* bio, const char* data, int size) {
    BIO_clear_retry_flags(bio);
    const auto count =
        ::send(descriptor_of(bio), data, static_cast<std::size_t>(size), MSG_NOSIGNAL);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) BIO_set_retry_write(bio);
    return static_cast<int>(count);
}

int socket_read(BIO* bio, char* data, int size) {
    BIO_clear_retry_flags(bio);
    const auto count = ::recv(descriptor_of(bio), data, static_cast<std::size_t>(size), 0);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) BIO_set_retry_read(bio);
    if (count == 0) BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
    return static_cast<int>(count);
}

long socket_control(BIO* bio, int command, long, void*) {
    if (command == BIO_CTRL_FLUSH) return 1;
    if (command == BIO_CTRL_EOF) return BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0;
    return 0;
}

const BIO_METHOD* socket_method() {
    static const Owned<BIO_METHOD> method = [] {
        Owned<BIO_METHOD> made(BIO_meth_new(BIO_TYPE_SOURCE_SINK, "socket without SIGPIPE"));
        CHECK(made != nullptr);
        BIO_meth_set_write(made.get(), socket_write);
        BIO_meth_set_read(made.get(), socket_read);
        BIO_meth_set_ctrl(made.get(), socket_control);
        return made;
    }();
    return method.get();
}

std::unexpected<Error> wrong(std::string sentence) {
    ERR_clear_error();
    return fail(ErrorCode::unavailable, std::move(sentence));
}

std::string openssl_reason() {
    const char* text = ERR_reason_error_string(ERR_peek_last_error());
    return text != nullptr ? text : "OpenSSL does not say why";
}

Result<std::string> read_file(const char* option, const std::string& path) {
    errno = 0;
    std::ifstream file(path, std::ios::binary);
    std::string text;
    if (file) {
        text.resize(limits::tls_file_bytes_max + 1);
        file.read(text.data(), static_cast<std::streamsize>(text.size()));
        text.resize(static_cast<std::size_t>(file.gcount()));
    }
    if (!file.is_open() || file.bad()) {
        return wrong(fmt::format("{} {} cannot be read: {}", option, path,
                                 errno != 0 ? std::strerror(errno) : "it is no file"));
    }
    if (text.size() > limits::tls_file_bytes_max) {
        return wrong(fmt::format("{} {} is no PEM file: it is too large", option, path));
    }
    return text;
}

/// Nobody is there to type one.
int no_passphrase(char*, int, int, void* was_asked) {
    *static_cast<bool*>(was_asked) = true;
    return 0;
}

Result<Owned<EVP_PKEY>> read_key(const std::string& path) {
    POSTRIDER_ASSIGN(const auto text, read_file("--tls-key", path));
    const Owned<BIO> bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
    bool was_asked = false;
    Owned<EVP_PKEY> key(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, &was_asked));
    if (key != nullptr) return key;
    if (was_asked) {
        return wrong(
            fmt::format("--tls-key {} is protected by a passphrase: give the key without "
                        "one (openssl pkey -in {} -out …)",
                        path, path));
    }
    return wrong(fmt::format("--tls-key {} holds no private key in PEM", path));
}

Result<void> use_chain(SSL_CTX* context, const std::string& path) {
    POSTRIDER_ASSIGN(const auto text, read_file("--tls-cert", path));
    const Owned<BIO> bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
    const Owned<X509> own(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
    if (own == nullptr) {
        return wrong(fmt::format("--tls-cert {} holds no certificate in PEM", path));
    }
    ERR_clear_error();
    if (SSL_CTX_use_certificate(context, own.get()) != 1) {
        return wrong(fmt::format("the certificate in --tls-cert {} cannot be used: {}", path,
                                 openssl_reason()));
    }
    for (;;) {
        const Owned<X509> next(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
        if (next == nullptr) {
            // The end is told as an error too; a certificate that is cut off is another one.
            if (ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE) {
                return wrong(fmt::format("the chain in --tls-cert {} is broken: {}", path,
                                         openssl_reason()));
            }
            ERR_clear_error();
            return {};
        }
        if (SSL_CTX_add1_chain_cert(context, next.get()) != 1) {
            return wrong(fmt::format("the chain in --tls-cert {} cannot be used: {}", path,
                                     openssl_reason()));
        }
    }
}

int select_protocol(SSL*, const unsigned char** chosen, unsigned char* length,
                    const unsigned char* offered, unsigned int offered_length, void*) {
    static constexpr unsigned char ours[] = "\x08http/1.1";
    unsigned char* found = nullptr;
    if (SSL_select_next_proto(&found, length, ours, sizeof ours - 1, offered, offered_length) !=
        OPENSSL_NPN_NEGOTIATED) {
        return SSL_TLSEXT_ERR_ALERT_FATAL;  // RFC 7301, section 3.2
    }
    *chosen = found;
    return SSL_TLSEXT_ERR_OK;
}

Owned<SSL_CTX> make_context() {
    Owned<SSL_CTX> context(SSL_CTX_new(TLS_server_method()));
    CHECK(context != nullptr);
    SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
    SSL_CTX_set_mode(context.get(), SSL_MODE_ENABLE_PARTIAL_WRITE |
                                        SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                        SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_options(context.get(), SSL_OP_IGNORE_UNEXPECTED_EOF | SSL_OP_NO_RENEGOTIATION |
                                           SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE |
                                           SSL_OP_PRIORITIZE_CHACHA);
    // Sessions are resumed by tickets: nothing is kept for clients that do not come back.
    SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
    constexpr unsigned char id[] = "postrider";
    SSL_CTX_set_session_id_context(context.get(), id, sizeof id - 1);
    SSL_CTX_set_alpn_select_cb(context.get(), select_protocol, nullptr);
    return context;
}

Timestamp to_timestamp(const ASN1_TIME* time) {
    std::tm parts{};
    if (ASN1_TIME_to_tm(time, &parts) != 1) return Timestamp{};
    return Timestamp{std::chrono::seconds(::timegm(&parts))};
}

}  // namespace

Result<std::shared_ptr<const TlsIdentity>> TlsIdentity::load(const TlsFiles& files) {
    ERR_clear_error();
    auto context = make_context();
    POSTRIDER_TRY(use_chain(context.get(), files.certificate));
    POSTRIDER_ASSIGN(const auto key, read_key(files.key));
    if (SSL_CTX_use_PrivateKey(context.get(), key.get()) != 1 ||
        SSL_CTX_check_private_key(context.get()) != 1) {
        return wrong(
            fmt::format("the key in --tls-key {} does not match the certificate in --tls-cert {}: "
                        "the server's own certificate must be the first in its file",
                        files.key, files.certificate));
    }
    return std::make_shared<const TlsIdentity>(context.release());
}

TlsIdentity::TlsIdentity(ssl_ctx_st* context) : context_(context) {}
TlsIdentity::~TlsIdentity() { SSL_CTX_free(context_); }

Timestamp TlsIdentity::valid_from() const {
    return to_timestamp(X509_get0_notBefore(SSL_CTX_get0_certificate(context_)));
}
Timestamp TlsIdentity::valid_to() const {
    return to_timestamp(X509_get0_notAfter(SSL_CTX_get0_certificate(context_)));
}

TlsSession::TlsSession(const TlsIdentity& identity, int descriptor)
    : ssl_(SSL_new(identity.context())) {
    auto* bio = BIO_new(socket_method());
    if (ssl_ == nullptr || bio == nullptr) {
        BIO_free(bio);
        is_broken_ = true;
        return;
    }
    BIO_set_data(bio, reinterpret_cast<void*>(static_cast<std::intptr_t>(descriptor)));
    BIO_set_init(bio, 1);
    SSL_set_bio(ssl_, bio, bio);
    SSL_set_accept_state(ssl_);
}

TlsSession::~TlsSession() { SSL_free(ssl_); }

TlsSession::Need TlsSession::explain(int result) {
    switch (SSL_get_error(ssl_, result)) {
        case SSL_ERROR_WANT_READ:
            return Need::readable;
        case SSL_ERROR_WANT_WRITE:
            return Need::writable;
        case SSL_ERROR_ZERO_RETURN:
            return Need::closed;
        default:
            break;
    }
    is_broken_ = true;
    const auto code = ERR_peek_error();
    const bool is_http =
        ERR_GET_LIB(code) == ERR_LIB_SSL && ERR_GET_REASON(code) == SSL_R_HTTP_REQUEST;
    ERR_clear_error();
    return is_http ? Need::plain_http : Need::closed;
}

TlsSession::Need TlsSession::shake_hands() {
    if (is_broken_) return Need::closed;
    ERR_clear_error();
    const int result = SSL_do_handshake(ssl_);
    return result == 1 ? Need::nothing : explain(result);
}

TlsSession::Progress TlsSession::read(std::span<char> room) {
    if (is_broken_) return {Need::closed};
    ERR_clear_error();
    std::size_t bytes = 0;
    const int result = SSL_read_ex(ssl_, room.data(), room.size(), &bytes);
    if (result == 1) return {Need::nothing, bytes};
    return {explain(result)};
}

TlsSession::Progress TlsSession::write(std::string_view bytes) {
    if (is_broken_) return {Need::closed};
    ERR_clear_error();
    std::size_t written = 0;
    const int result = SSL_write_ex(ssl_, bytes.data(), bytes.size(), &written);
    if (result == 1) return {Need::nothing, written};
    return {explain(result)};
}

bool TlsSession::has_buffered() const { return !is_broken_ && SSL_has_pending(ssl_) == 1; }

void TlsSession::shut_down() {
    if (is_broken_ || SSL_is_init_finished(ssl_) != 1) return;
    ERR_clear_error();
    if (SSL_shutdown(ssl_) < 0) ERR_clear_error();
}

}  // namespace postrider::http
