#include "webhooks/held_memory.h"

#include <fmt/format.h>

#include "model/webhook_limits.h"

namespace postrider::webhooks {

Result<void> HeldMemory::check(const Target& target) const {
    std::size_t others = 0;
    std::size_t before = 0;
    {
        const MutexLock lock(mutex_);
        if (const auto realm = realms_.find(target.realm); realm != realms_.end()) {
            others = realm->second;
        }
        if (const auto own = webhooks_.find(target.webhook); own != webhooks_.end()) {
            before = own->second.bytes;
            others -= before;
        }
    }
    const std::size_t now = target.memory.all();
    if (now <= before || others + now <= limits::webhook_memory_per_realm_max) return {};
    constexpr double mib = 1024.0 * 1024.0;
    return fail_field(
        target.memory.headers >= target.memory.body_template ? "#/headers" : "#/template",
        fmt::format("is too much: the headers, credentials and templates of this realm's webhooks "
                    "would take {:.2f} MiB of the server's memory, and {:.0f} MiB is the most; "
                    "shorten those of this webhook or of others, or move webhooks to another realm",
                    static_cast<double>(others + now) / mib,
                    static_cast<double>(limits::webhook_memory_per_realm_max) / mib));
}

void HeldMemory::put(const Target& target) {
    const MutexLock lock(mutex_);
    forget(target.webhook);
    const std::size_t bytes = target.memory.all();
    if (bytes == 0) return;
    webhooks_[target.webhook] = {target.realm, bytes};
    realms_[target.realm] += bytes;
}

void HeldMemory::remove(const WebhookId& webhook) {
    const MutexLock lock(mutex_);
    forget(webhook);
}

void HeldMemory::forget(const WebhookId& webhook) {
    const auto found = webhooks_.find(webhook);
    if (found == webhooks_.end()) return;
    const auto realm = realms_.find(found->second.realm);
    realm->second -= found->second.bytes;
    if (realm->second == 0) realms_.erase(realm);
    webhooks_.erase(found);
}

}  // namespace postrider::webhooks
