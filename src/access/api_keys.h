#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "access/principal.h"
#include "base/mutex.h"
#include "base/random.h"
#include "base/result.h"
#include "base/time.h"
#include "store/rows.h"

namespace postrider::access {

/// A new key: `prk_` + base64url of 256 random bits. Only its SHA-256 is ever stored.
std::string make_api_key(Random& random);

/// When a key was last used, for the store.
struct ApiKeyUse {
    RealmId realm;
    ApiKeyId id;
    Timestamp at;
};

/// The committed API keys, by the hash of the key. A look-up hashes what it was given and asks a
/// hash table for the digest, so its time tells nothing about any stored key. Thread-safety: any
/// thread.
class ApiKeys {
 public:
    /// `authorization` is the header's value, nullptr when there is none.
    /// Errors: unauthenticated.
    Result<SharedPrincipal> authenticate(const std::string* authorization, Timestamp now) const;

    /// Takes in a committed row, in place of the key with its id. Permissions that this binary does
    /// not know are ignored.
    void put(const store::ApiKeyRow& row, const RealmId& master);
    /// Forgets a key that was revoked: it is refused from now on.
    void remove(const ApiKeyId& id);
    /// Every committed row, in place of all that was known; uses that were not told yet stay.
    void replace(const std::vector<store::ApiKeyRow>& rows, const RealmId& master);
    /// Forgets every key of a realm that was deleted.
    void remove_all(const RealmId& realm);
    /// The keys that were used since the last call: written once in a while, as a request need not
    /// wait for it.
    std::vector<ApiKeyUse> take_uses();

 private:
    struct Entry {
        SharedPrincipal principal;
        std::shared_ptr<std::atomic<std::int64_t>> used_at;  ///< µs since the epoch; 0: told
    };
    using Index = std::unordered_map<std::string, Entry>;
    static Entry make_entry(const store::ApiKeyRow& row, const RealmId& master);
    void erase_if(const std::function<bool(const Principal&)>& condition);

    mutable Mutex mutex_;
    std::shared_ptr<const Index> by_hash_ GUARDED_BY(mutex_) = std::make_shared<const Index>();
};

/// The token of "Bearer <token>"; empty when it is something else. The scheme has no case.
std::string_view bearer_token(std::string_view authorization);

/// One answer for every token that does not let in.
std::unexpected<Error> unknown_token();

/// The value of WWW-Authenticate for a 401. Source: RFC 6750, section 3.
std::string authenticate_challenge(const std::string* authorization);

}  // namespace postrider::access
