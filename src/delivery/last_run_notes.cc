#include "delivery/last_run_notes.h"

#include <future>
#include <utility>

#include "store/counters_table.h"
#include "store/tables.h"
#include "store/wait.h"

namespace postrider::delivery {
namespace {

constexpr Duration look_again_after = std::chrono::seconds(5);

}  // namespace

Result<std::vector<WebhookId>> LastRunNotes::recall(const FlightLog::LastRun& last) {
    auto left = std::make_shared<Left>();
    left->to_blame = last.to_blame;
    const auto last_run = store_.last_run();
    if (last_run && clock_.now() > *last_run) left->down = clock_.now() - *last_run;
    std::promise<Result<void>> done;
    note(left, [&done](Result<void> result) { done.set_value(std::move(result)); });
    const Result<void> noted = done.get_future().get();
    if (!noted && noted.error().code != ErrorCode::resource_exhausted) {
        return std::unexpected(noted.error());
    }
    if (!noted) loop_.post([this, left] { note_later(left); });
    using Rows = store::List<store::WebhookHealthRow>;
    POSTRIDER_ASSIGN(const Rows failing,
                     store::read_now<Rows>(store_, [](store::sql::Connection& sql) {
                         return store::webhook_health_table::all(sql);
                     }));
    std::vector<WebhookId> webhooks;
    for (const auto& row : failing) webhooks.push_back(row.webhook);
    return webhooks;
}

void LastRunNotes::stop() {
    is_stopped_ = true;
    timer_.reset();
}

void LastRunNotes::note(std::shared_ptr<const Left> left, std::function<void(Result<void>)> done) {
    store_.write(
        store::Turn::server(), store::WriteClass::outcomes,
        [left = std::move(left)](store::Transaction& tx) -> Result<void> {
            POSTRIDER_TRY(store::counters_table::begin(tx));
            for (const auto& entry : left->to_blame) {
                POSTRIDER_TRY(
                    store::deliveries_table::count_crash(tx, entry.delivery, entry.realm));
            }
            if (left->down > Duration{}) {
                POSTRIDER_TRY(store::webhook_health_table::shift_all(tx, left->down));
            }
            return {};
        },
        std::move(done));
}

void LastRunNotes::note_later(const std::shared_ptr<const Left>& left) {
    if (is_stopped_) return;
    timer_ = loop_.make_timer();
    timer_->expire_at(clock_.monotonic() + look_again_after, [this, left] {
        note(left, [this, left](const Result<void>& result) {
            if (!result) loop_.post([this, left] { note_later(left); });
        });
    });
}

}  // namespace postrider::delivery
