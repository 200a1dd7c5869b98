#include "net/tls_context.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstdint>
#include <utility>

#include "base/check.h"
#include "model/limits.h"
#include "net/http_sender.h"
#include "net/pem.h"

namespace postrider::net {
namespace {

// OpenSSL's own socket BIO calls write(), which raises SIGPIPE when the peer has gone.
int fd_of(BIO* bio) { return static_cast<int>(reinterpret_cast<std::intptr_t>(BIO_get_data(bio))); }

int socket_write(BIO* bio, const char* data, int size) {
    BIO_clear_retry_flags(bio);
    const auto count = send(fd_of(bio), data, static_cast<std::size_t>(size), MSG_NOSIGNAL);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) BIO_set_retry_write(bio);
    return static_cast<int>(count);
}

int socket_read(BIO* bio, char* data, int size) {
    BIO_clear_retry_flags(bio);
    const auto count = recv(fd_of(bio), data, static_cast<std::size_t>(size), 0);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) BIO_set_retry_read(bio);
    if (count == 0) BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
    return static_cast<int>(count);
}

long socket_control(BIO* bio, int command, long, void*) {
    if (command == BIO_CTRL_FLUSH) return 1;
    if (command == BIO_CTRL_EOF) return BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0;
    return 0;
}

/// Where an SSL notes that the receiver asked for a client certificate.
int certificate_wanted_index() {
    static const int index = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
    return index;
}

/// Where an SSL has the number of the authorities that it was made with.
int authorities_index() {
    static const int index = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
    return index;
}

/// Notes the wish, and goes on without a certificate: many receivers ask for one and need none.
int on_certificate_wanted(SSL* ssl, X509** /*certificate*/, EVP_PKEY** /*key*/) {
    SSL_set_ex_data(ssl, certificate_wanted_index(), ssl);
    return 0;
}

/// False when this OpenSSL was built without such TLS.
bool offer_outdated(SSL* ssl) {
    return SSL_set_min_proto_version(ssl, TLS1_VERSION) == 1 &&
           SSL_set_max_proto_version(ssl, TLS1_1_VERSION) == 1 &&
           SSL_set_cipher_list(ssl, "DEFAULT:@SECLEVEL=0") == 1;
}

/// Alerts by which a receiver says that it does not accept the client's certificate, or wants one.
bool is_about_the_client(unsigned long code) {
    switch (ERR_GET_REASON(code)) {
        case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
        case SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE:
        case SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED:
        case SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED:
        case SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN:
        case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
        case SSL_R_TLSV1_ALERT_ACCESS_DENIED:
        case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED:
            return ERR_GET_LIB(code) == ERR_LIB_SSL;
        default:
            return false;
    }
}

std::string last_error_text() {
    const auto code = ERR_peek_last_error();
    if (code == 0) return "it closed the connection";
    const char* text = ERR_reason_error_string(code);
    return text != nullptr ? text : "protocol error";
}

/// What the client brings itself; false: it cannot be used.
bool apply(const ClientTls* client, SSL* ssl) {
    if (client == nullptr) return true;
    if (!client->authorities.empty() && !trust_authorities(ssl, client->authorities)) return false;
    return client->certificate.empty() ||
           use_certificate(ssl, client->certificate, client->key).empty();
}

}  // namespace

TlsContext::TlsContext(std::string ca_file)
    : socket_method_(BIO_meth_new(BIO_TYPE_SOURCE_SINK, "socket without SIGPIPE")),
      context_(SSL_CTX_new(TLS_client_method())),
      ca_file_(std::move(ca_file)) {
    CHECK(socket_method_ != nullptr && context_ != nullptr);
    BIO_meth_set_write(socket_method_.get(), socket_write);
    BIO_meth_set_read(socket_method_.get(), socket_read);
    BIO_meth_set_ctrl(socket_method_.get(), socket_control);

    auto* context = context_.get();
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
    // An operator's file may trust an intermediate authority alone.
    X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(context), X509_V_FLAG_PARTIAL_CHAIN);
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                  SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_client_cert_cb(context, on_certificate_wanted);
    // Many servers close without the closing alert. Where a body ends is told by its framing.
    SSL_CTX_set_options(
        context, SSL_OP_IGNORE_UNEXPECTED_EOF | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    constexpr unsigned char protocols[] = "\x08http/1.1";
    SSL_CTX_set_alpn_protos(context, protocols, sizeof protocols - 1);
    SSL_CTX_set_session_cache_mode(context,
                                   SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL_STORE);
    SSL_CTX_sess_set_new_cb(context, on_new_session);
    SSL_CTX_set_app_data(context, this);
}

const std::string& TlsContext::broken() {
    if (!is_loaded_) load_authorities();
    return broken_;
}

void TlsContext::load_authorities() {
    is_loaded_ = true;
    if (ca_file_.empty()) {
        if (SSL_CTX_set_default_verify_paths(context_.get()) != 1) {
            broken_ = "the system's certificate authorities cannot be read";
        }
    } else if (SSL_CTX_load_verify_file(context_.get(), ca_file_.c_str()) != 1) {
        broken_ = "the file of certificate authorities cannot be read: " + ca_file_;
    }
    ERR_clear_error();
}

std::unique_ptr<SSL, SslDeleter> TlsContext::make(const Order& order, const std::string& key,
                                                  int fd) {
    const Url& url = order.url;
    std::unique_ptr<SSL, SslDeleter> ssl(SSL_new(context_.get()));
    auto* bio = BIO_new(socket_method_.get());
    if (ssl == nullptr || bio == nullptr) {
        BIO_free(bio);
        return nullptr;
    }
    BIO_set_data(bio, reinterpret_cast<void*>(static_cast<std::intptr_t>(fd)));
    BIO_set_init(bio, 1);
    SSL_set_bio(ssl.get(), bio, bio);
    const bool is_current = order.offer == TlsOffer::current;
    if (!is_current && !offer_outdated(ssl.get())) return nullptr;
    SSL_set_ex_data(ssl.get(), authorities_index(), reinterpret_cast<void*>(authorities_number_));
    if (!apply(order.client, ssl.get())) {
        ERR_clear_error();
        return nullptr;
    }
    SSL_set_app_data(ssl.get(), is_current ? const_cast<std::string*>(&key) : nullptr);
    auto* parameters = SSL_get0_param(ssl.get());
    // A name in the Common Name alone does not count: RFC 9525 section 2.
    X509_VERIFY_PARAM_set_hostflags(
        parameters, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
    const bool is_set =
        url.is_ip_literal
            ? X509_VERIFY_PARAM_set1_ip_asc(parameters, url.host.c_str()) == 1
            : X509_VERIFY_PARAM_set1_host(parameters, url.host.data(), url.host.size()) == 1 &&
                  SSL_set_tlsext_host_name(ssl.get(), url.host.c_str()) == 1;
    if (!is_set) return nullptr;
    if (const auto session = sessions_.find(key); is_current && session != sessions_.end()) {
        SSL_set_session(ssl.get(), session->second.get());
    }
    SSL_set_connect_state(ssl.get());
    return ssl;
}

int TlsContext::on_new_session(SSL* ssl, SSL_SESSION* session) {
    auto& self = *static_cast<TlsContext*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
    // A session is resumed without another look at the certificate.
    if (SSL_get_app_data(ssl) == nullptr || !self.is_current(ssl)) return 0;
    const auto& key = *static_cast<const std::string*>(SSL_get_app_data(ssl));
    auto& sessions = self.sessions_;
    if (sessions.size() >= limits::tls_sessions_max && !sessions.contains(key)) {
        sessions.erase(sessions.begin());  // any: it costs that origin one full handshake
    }
    sessions[key].reset(session);
    return 1;  // we keep the reference
}

std::string TlsContext::explain_failure(SSL* ssl, const std::string& key) {
    sessions_.erase(key);
    std::string reason;
    const bool has_certificate = SSL_get_certificate(ssl) != nullptr;
    const auto verified = SSL_get_verify_result(ssl);
    if (verified != X509_V_OK) {
        reason = std::string("its certificate is not accepted: ") +
                 X509_verify_cert_error_string(verified);
    } else if (SSL_get_ex_data(ssl, certificate_wanted_index()) != nullptr) {
        reason = (has_certificate
                      ? "it wants a client certificate of another kind than the webhook has ("
                      : "it wants a client certificate, and the webhook has none to show (") +
                 last_error_text() + ")";
    } else if (has_certificate && is_about_the_client(ERR_peek_last_error())) {
        reason = "it does not accept the webhook's client certificate (" + last_error_text() + ")";
    } else {
        reason = last_error_text();
    }
    ERR_clear_error();
    return reason;
}

bool TlsContext::is_current(const SSL* ssl) const {
    return reinterpret_cast<std::uintptr_t>(SSL_get_ex_data(ssl, authorities_index())) ==
           authorities_number_;
}

void TlsContext::set_authorities(const Authorities& authorities) {
    X509_STORE* store = authorities != nullptr ? authorities.get() : X509_STORE_new();
    CHECK(store != nullptr);
    if (authorities != nullptr) X509_STORE_up_ref(store);
    SSL_CTX_set_cert_store(context_.get(), store);  // takes it
    sessions_.clear();
    ca_file_.clear();
    broken_.clear();
    is_loaded_ = authorities != nullptr;
    ++authorities_number_;
}

Result<void> check_ca_file(const std::string& path) {
    POSTRIDER_TRY(load_authorities(path));
    return {};
}

Result<Authorities> load_authorities(const std::string& path) {
    Authorities store(X509_STORE_new(), X509_STORE_free);
    const bool is_readable =
        store != nullptr && X509_STORE_load_file(store.get(), path.c_str()) == 1;
    ERR_clear_error();
    if (is_readable) return store;
    return fail(ErrorCode::unavailable, "the file of certificate authorities " + path +
                                            " cannot be read, or holds no certificate in PEM");
}

}  // namespace postrider::net
