#pragma once

#include "base/uuid.h"

namespace postrider {

using RealmId = Id<struct RealmTag>;
using EventId = Id<struct EventTag>;
using WebhookId = Id<struct WebhookTag>;
using DeliveryId = Id<struct DeliveryTag>;
using ApiKeyId = Id<struct ApiKeyTag>;
using OperationId = Id<struct OperationTag>;
using UserId = Id<struct UserTag>;
using RoleId = Id<struct RoleTag>;
using ClientId = Id<struct ClientTag>;  ///< of the resource; what OAuth calls client_id is text
using RedirectUriId = Id<struct RedirectUriTag>;
using CredentialId = Id<struct CredentialTag>;
using SessionId = Id<struct SessionTag>;
using OauthTokenId = Id<struct OauthTokenTag>;
/// The resource that an event is about: any kind of resource, so any UUID.
using ResourceId = Id<struct ResourceTag>;

}  // namespace postrider
