#pragma once

#include "base/json.h"
#include "directory/realm_index.h"
#include "store/rows.h"

namespace postrider::api {

/// The members of an API key as every answer shows them; never the key itself.
void write_api_key_members(json::Writer& writer, const store::ApiKeyRow& row);
void write_api_key(json::Writer& writer, const store::ApiKeyRow& row);
/// The same with the name of its realm, for lists that have keys of several.
void write_realm_api_key(json::Writer& writer, const directory::RealmIndex& realms,
                         const store::ApiKeyRow& row);

}  // namespace postrider::api
