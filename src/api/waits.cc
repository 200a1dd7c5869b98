#include "api/waits.h"

#include <utility>

#include "delivery/engine.h"
#include "model/order_limits.h"

namespace postrider::api {

void look_at_waits(const Context& context, const std::vector<const store::DeliveryRow*>& rows,
                   std::function<void(std::vector<std::optional<delivery::Wait>>)> then) {
    const Timestamp now = context.clock.now();
    std::vector<std::optional<delivery::Wait>> waits(rows.size());
    std::vector<std::size_t> due;
    std::vector<delivery::Asked> asked;
    for (std::size_t i = 0; i < rows.size(); ++i) {
        const auto& row = *rows[i];
        if (row.state != DeliveryState::pending) continue;
        if (row.due_at == limits::parked_due) {
            waits[i] = delivery::Wait{delivery::WaitsFor::order};
        } else if (row.due_at > now) {
            waits[i] = delivery::Wait{delivery::WaitsFor::retry, row.due_at};
        } else {
            due.push_back(i);
            asked.push_back({row.webhook, row.id});
        }
    }
    if (asked.empty()) return then(std::move(waits));
    context.engine.look(std::move(asked),
                        [due = std::move(due), waits = std::move(waits), then = std::move(then)](
                            std::vector<std::optional<delivery::Wait>> answers) {
                            auto all = waits;
                            for (std::size_t i = 0; i < due.size(); ++i) all[due[i]] = answers[i];
                            then(std::move(all));
                        });
}

}  // namespace postrider::api
