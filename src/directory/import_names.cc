#include "directory/import_names.h"

#include <fmt/format.h>

#include "store/tables.h"

namespace postrider::directory {

Result<ClientId> ImportNames::client(std::string pointer, const std::string& client_id) {
    auto known = clients_.find(client_id);
    if (known == clients_.end()) {
        POSTRIDER_ASSIGN(const auto row,
                         store::clients_table::find_by_client_id(sql_, realm_, client_id));
        if (!row) {
            return fail_field(std::move(pointer),
                              fmt::format("there is no client \"{}\"", client_id));
        }
        known = clients_.emplace(client_id, row->id).first;
    }
    return known->second;
}

Result<const store::RoleRow*> ImportNames::role(std::optional<ClientId> client,
                                                const std::string& name) {
    auto known = roles_.find({client, name});
    if (known == roles_.end()) {
        POSTRIDER_ASSIGN(auto row, store::roles_table::find_by_name(sql_, realm_, client, name));
        if (!row) return nullptr;
        known = roles_.emplace(std::pair(client, name), std::move(*row)).first;
    }
    return &known->second;
}

}  // namespace postrider::directory
