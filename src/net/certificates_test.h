#pragma once

#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string>

namespace postrider::net {

struct OpensslDeleter {
    void operator()(X509* certificate) const { X509_free(certificate); }
    void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
    void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};

/// A certificate and its key, made for one test.
struct Certificate {
    std::unique_ptr<EVP_PKEY, OpensslDeleter> key;
    std::unique_ptr<X509, OpensslDeleter> certificate;
};

struct CertificateOptions {
    std::string subject = "test";
    std::string alternative_names = "";   ///< "DNS:a.example,IP:127.0.0.1"
    const Certificate* issuer = nullptr;  ///< nullptr: signs itself
    bool is_authority = false;
    long valid_from = -3600;  ///< seconds from now
    long valid_to = 3600;
};

inline void add_extension(X509* certificate, X509* issuer, int id, const std::string& value) {
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    auto* extension = X509V3_EXT_conf_nid(nullptr, &context, id, value.c_str());
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
}

inline Certificate make_certificate(const CertificateOptions& options) {
    static long serial = 1;
    Certificate made;
    made.key.reset(EVP_EC_gen("P-256"));
    made.certificate.reset(X509_new());
    auto* certificate = made.certificate.get();
    X509_set_version(certificate, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), serial++);
    X509_gmtime_adj(X509_getm_notBefore(certificate), options.valid_from);
    X509_gmtime_adj(X509_getm_notAfter(certificate), options.valid_to);
    X509_set_pubkey(certificate, made.key.get());
    X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>(options.subject.c_str()), -1,
                               -1, 0);
    auto* issuer = options.issuer != nullptr ? options.issuer->certificate.get() : certificate;
    X509_set_issuer_name(certificate, X509_get_subject_name(issuer));
    add_extension(certificate, issuer, NID_basic_constraints,
                  options.is_authority ? "critical,CA:TRUE" : "CA:FALSE");
    if (!options.alternative_names.empty()) {
        add_extension(certificate, issuer, NID_subject_alt_name, options.alternative_names);
    }
    auto* signer = options.issuer != nullptr ? options.issuer->key.get() : made.key.get();
    X509_sign(certificate, signer, EVP_sha256());
    return made;
}

inline std::unique_ptr<SSL_CTX, OpensslDeleter> make_server(const Certificate& certificate) {
    std::unique_ptr<SSL_CTX, OpensslDeleter> context(SSL_CTX_new(TLS_server_method()));
    SSL_CTX_use_certificate(context.get(), certificate.certificate.get());
    SSL_CTX_use_PrivateKey(context.get(), certificate.key.get());
    constexpr unsigned char id[] = "test";
    SSL_CTX_set_session_id_context(context.get(), id, sizeof id);
    return context;
}

/// Takes clients alone that show a certificate of this authority.
inline void want_clients_of(SSL_CTX* server, const Certificate& authority) {
    auto* store = X509_STORE_new();
    X509_STORE_add_cert(store, authority.certificate.get());
    SSL_CTX_set1_verify_cert_store(server, store);
    X509_STORE_free(store);
    SSL_CTX_set_verify(server, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
}

inline std::string text_of(BIO* bio) {
    char* data = nullptr;
    const long size = BIO_get_mem_data(bio, &data);
    std::string text(data, static_cast<std::size_t>(size));
    BIO_free(bio);
    return text;
}

inline std::string pem_of(const Certificate& certificate) {
    auto* bio = BIO_new(BIO_s_mem());
    PEM_write_bio_X509(bio, certificate.certificate.get());
    return text_of(bio);
}

inline std::string key_pem_of(EVP_PKEY* key) {
    auto* bio = BIO_new(BIO_s_mem());
    PEM_write_bio_PrivateKey(bio, key, nullptr, nullptr, 0, nullptr, nullptr);
    return text_of(bio);
}

inline void write_pem(const Certificate& certificate, const std::string& path) {
    auto* file = BIO_new_file(path.c_str(), "w");
    PEM_write_bio_X509(file, certificate.certificate.get());
    BIO_free(file);
}

}  // namespace postrider::net
