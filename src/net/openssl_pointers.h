#pragma once

#include <openssl/ssl.h>

#include <memory>

namespace postrider::net {

struct SslDeleter {
    void operator()(SSL* ssl) const { SSL_free(ssl); }
    void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
    void operator()(SSL_SESSION* session) const { SSL_SESSION_free(session); }
    void operator()(BIO_METHOD* method) const { BIO_meth_free(method); }
    void operator()(BIO* bio) const { BIO_free(bio); }
    void operator()(X509* certificate) const { X509_free(certificate); }
    void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
    void operator()(X509_STORE* store) const { X509_STORE_free(store); }
};
template <typename T>
using SslPointer = std::unique_ptr<T, SslDeleter>;

}  // namespace postrider::net
