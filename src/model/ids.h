#pragma once

#include "base/uuid.h"

namespace postrider {

using RealmId = Id<struct RealmTag>;
using EventId = Id<struct EventTag>;
using WebhookId = Id<struct WebhookTag>;
using DeliveryId = Id<struct DeliveryTag>;
using ApiKeyId = Id<struct ApiKeyTag>;
using OperationId = Id<struct OperationTag>;
/// The resource that an event is about: any kind of resource, so any UUID.
using ResourceId = Id<struct ResourceTag>;

}  // namespace postrider
