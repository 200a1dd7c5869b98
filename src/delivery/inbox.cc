#include "delivery/inbox.h"

#include "model/limits.h"

namespace postrider::delivery {

void Inbox::put(Message message) {
    bool wake = false;
    {
        MutexLock lock(mutex_);
        messages_.push_back(std::move(message));
        wake = !std::exchange(waking_, true);
    }
    if (wake) wake_();
}

void Inbox::offer(events::Offer offer) {
    bool wake = false;
    {
        MutexLock lock(mutex_);
        if (offers_ < limits::offer_queue_max && offered_bytes_ < limits::held_bytes_max) {
            ++offers_;
            offered_bytes_ += offer.event->size();
            messages_.push_back(std::move(offer));
        } else {
            auto& refused = refused_[offer.row.webhook];
            refused = {offer.row.realm, offer.row.webhook, offer.commit};
        }
        wake = !std::exchange(waking_, true);
    }
    if (wake) wake_();
}

Inbox::Content Inbox::take() {
    Content content;
    MutexLock lock(mutex_);
    content.messages.swap(messages_);
    content.refused.reserve(refused_.size());
    for (auto& [webhook, refused] : refused_) content.refused.push_back(refused);
    refused_.clear();
    offers_ = 0;
    offered_bytes_ = 0;
    waking_ = false;
    return content;
}

}  // namespace postrider::delivery
