#include "access/api_keys.h"

#include "base/crypto.h"
#include "base/encoding.h"

namespace postrider::access {

namespace {

constexpr std::size_t key_bytes = 32;

}  // namespace

std::string_view bearer_token(std::string_view authorization) {
    constexpr std::string_view scheme = "bearer ";
    if (authorization.size() <= scheme.size()) return {};
    for (std::size_t i = 0; i < scheme.size(); ++i) {
        char c = authorization[i];
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
        if (c != scheme[i]) return {};
    }
    authorization.remove_prefix(scheme.size());
    while (authorization.starts_with(' ')) authorization.remove_prefix(1);
    while (authorization.ends_with(' ')) authorization.remove_suffix(1);
    return authorization;
}

std::unexpected<Error> unknown_token() {
    return fail(ErrorCode::unauthenticated, "the token is unknown, expired or revoked");
}

std::string make_api_key(Random& random) {
    return "prk_" + base64url_encode(random.bytes(key_bytes));
}

Result<SharedPrincipal> ApiKeys::authenticate(const std::string* authorization,
                                              Timestamp now) const {
    if (authorization == nullptr) {
        return fail(ErrorCode::unauthenticated,
                    "this needs a token: send Authorization: Bearer <token>");
    }
    const std::string_view token = bearer_token(*authorization);
    if (token.empty()) {
        return fail(ErrorCode::unauthenticated,
                    "the Authorization header must read: Bearer <token>");
    }
    std::shared_ptr<const Index> index;
    {
        MutexLock lock(mutex_);
        index = by_hash_;
    }
    const auto found = index->find(sha256(token));
    const bool expired = found != index->end() && found->second.principal->expires_at &&
                         *found->second.principal->expires_at <= now;
    if (found == index->end() || expired) {
        return unknown_token();
    }
    found->second.used_at->store(now.time_since_epoch().count(), std::memory_order_relaxed);
    return found->second.principal;
}

ApiKeys::Entry ApiKeys::make_entry(const store::ApiKeyRow& row, const RealmId& master) {
    return {SharedPrincipal(Principal{.kind = Principal::Kind::api_key,
                                      .id = row.id.uuid,
                                      .name = row.name,
                                      .realm = row.realm,
                                      .of_master = row.realm == master,
                                      .permissions = from_json(row.permissions),
                                      .expires_at = row.expires_at}),
            std::make_shared<std::atomic<std::int64_t>>(0)};
}

void ApiKeys::replace(const std::vector<store::ApiKeyRow>& rows, const RealmId& master) {
    MutexLock lock(mutex_);
    auto index = std::make_shared<Index>();
    for (const store::ApiKeyRow& row : rows) {
        Entry entry = make_entry(row, master);
        const auto known = by_hash_->find(row.hash);
        if (known != by_hash_->end()) entry.used_at = known->second.used_at;
        index->insert_or_assign(row.hash, std::move(entry));
    }
    by_hash_ = std::move(index);
}

void ApiKeys::put(const store::ApiKeyRow& row, const RealmId& master) {
    MutexLock lock(mutex_);
    auto index = std::make_shared<Index>(*by_hash_);
    std::erase_if(*index,
                  [&](const auto& entry) { return entry.second.principal->id == row.id.uuid; });
    index->insert_or_assign(row.hash, make_entry(row, master));
    by_hash_ = std::move(index);
}

void ApiKeys::remove(const ApiKeyId& id) {
    erase_if([&](const Principal& principal) { return principal.id == id.uuid; });
}

void ApiKeys::remove_all(const RealmId& realm) {
    erase_if([&](const Principal& principal) { return principal.realm == realm; });
}

void ApiKeys::erase_if(const std::function<bool(const Principal&)>& condition) {
    MutexLock lock(mutex_);
    auto index = std::make_shared<Index>(*by_hash_);
    std::erase_if(*index, [&](const auto& entry) { return condition(*entry.second.principal); });
    by_hash_ = std::move(index);
}

std::vector<ApiKeyUse> ApiKeys::take_uses() {
    std::shared_ptr<const Index> index;
    {
        MutexLock lock(mutex_);
        index = by_hash_;
    }
    std::vector<ApiKeyUse> uses;
    for (const auto& [hash, entry] : *index) {
        const auto at = entry.used_at->exchange(0, std::memory_order_relaxed);
        if (at == 0) continue;
        uses.push_back(
            {entry.principal->realm, ApiKeyId{entry.principal->id}, Timestamp(Duration(at))});
    }
    return uses;
}

std::string authenticate_challenge(const std::string* authorization) {
    if (authorization == nullptr) return "Bearer realm=\"postrider\"";
    if (bearer_token(*authorization).empty()) {
        return "Bearer realm=\"postrider\", error=\"invalid_request\"";
    }
    return "Bearer realm=\"postrider\", error=\"invalid_token\"";
}

}  // namespace postrider::access
