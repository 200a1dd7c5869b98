#include "api/call.h"
#include "api/routes.h"
#include "store/tables.h"
#include "webhooks/recover.h"

namespace postrider::api {

namespace {

using store::OperationRow;

Answer operation_answer(const OperationRow& row) {
    std::string out;
    json::Writer writer(out);
    webhooks::write_operation(writer, row);
    return json_answer(200, std::move(out));
}

Result<void> list_operations(Context&, Call& call) {
    auto query = call.query();
    const Page page = query.page();
    POSTRIDER_TRY(query.finish());
    using Rows = store::List<OperationRow>;
    store::read<Rows>(
        call.store,
        [realm = call.realm, page, since = call.kept_since](store::sql::Connection& sql) {
            return store::operations_table::list(sql, realm, since, page.before_id<OperationId>(),
                                                 page.rows_wanted());
        },
        call.reply.with<Rows>([page](const Rows& rows) {
            return page.answer(
                rows, [](const OperationRow& row) { return row.id.uuid; },
                [](json::Writer& writer, const OperationRow& row) {
                    webhooks::write_operation(writer, row);
                });
        }));
    return {};
}

Result<void> get_operation(Context&, Call& call) {
    POSTRIDER_ASSIGN(const auto id, call.path_id<OperationId>("operation_id", "operation"));
    POSTRIDER_TRY(call.query().finish());
    store::read<OperationRow>(
        call.store,
        [realm = call.realm, id,
         kept_since = call.kept_since](store::sql::Connection& sql) -> Result<OperationRow> {
            POSTRIDER_ASSIGN(auto row, store::operations_table::find(sql, realm, id));
            if (!row || (row->state != OperationState::running && row->created_at < kept_since)) {
                return Call::not_found("operation", id.to_string());
            }
            return *std::move(row);
        },
        call.reply.with<OperationRow>(operation_answer));
    return {};
}

Result<void> cancel_operation(Context&, Call& call) {
    POSTRIDER_ASSIGN(const auto id, call.path_id<OperationId>("operation_id", "operation"));
    POSTRIDER_TRY(call.query().finish());
    store::write<OperationRow>(
        call.store.essential(),
        [realm = call.realm, id, actor = call.actor()](store::Transaction& tx) {
            return webhooks::cancel_operation(tx, realm, id, actor);
        },
        call.reply.with<OperationRow>(operation_answer));
    return {};
}

}  // namespace

RouteList operation_routes(Context& context) {
    const std::string all = "/api/v1/realms/{realm}/operations";
    const std::string one = all + "/{operation_id}";
    return {
        handle(context, {"GET", all, "list_operations"}, list_operations),
        handle(context, {"GET", one, "get_operation"}, get_operation),
        handle(context, {"DELETE", one, "cancel_operation"}, cancel_operation),
    };
}

}  // namespace postrider::api
