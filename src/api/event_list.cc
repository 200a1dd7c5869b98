#include "api/event_list.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "base/mutex.h"
#include "events/view.h"
#include "model/limits.h"

namespace postrider::api {

namespace {

using store::EventPage;
using store::EventRow;

/// What is asked for.
struct Asked {
    RealmId realm;
    store::EventFilter filter;
    Page page;
};

/// The body of a long page, piece by piece. Each piece is read in a snapshot of its own, from the
/// last event of the one before: as if the page were several. Thread-safety: any thread.
class EventPieces final : public http::BodySource,
                          public std::enable_shared_from_this<EventPieces> {
 public:
    EventPieces(store::RealmStore store, std::size_t event_bytes_max, Asked asked,
                const EventPage& first)
        : store_(std::move(store)), event_bytes_max_(event_bytes_max), asked_(std::move(asked)) {
        const MutexLock lock(mutex_);
        ready_ = R"({"items":[)";
        take(first, asked_.page.rows_wanted());
    }

    std::optional<std::string> next() override {
        {
            const MutexLock lock(mutex_);
            if (!ready_.empty()) return std::exchange(ready_, {});
            if (is_done_ || is_broken_) return std::nullopt;
            if (is_reading_) return "";
            is_reading_ = true;
        }
        read();
        return "";
    }
    void on_more(std::function<void()> wake) override {
        const MutexLock lock(mutex_);
        wake_ = std::move(wake);
    }
    bool is_finite() const override { return true; }
    bool is_broken() const override {
        const MutexLock lock(mutex_);
        return is_broken_;
    }
    std::size_t bytes_held_max() const override {
        return limits::answer_piece_bytes + event_bytes_max_;
    }

 private:
    void read() {
        std::optional<EventId> before;
        std::size_t rows = 0;
        {
            const MutexLock lock(mutex_);
            before = EventId{last_};
            // Not the whole rest each time: on PostgreSQL all that is asked for comes.
            rows = std::min(asked_.page.limit - sent_ + 1, 2 * last_rows_ + 2);
        }
        store::read<EventPage>(
            store_,
            [asked = asked_, before, rows](store::sql::Connection& sql) {
                return store::events_table::page(sql, asked.realm, asked.filter, before, rows,
                                                 limits::answer_piece_bytes);
            },
            [self = shared_from_this(), rows](Result<EventPage> page) { self->told(page, rows); });
    }

    void told(const Result<EventPage>& page, std::size_t rows) {
        std::function<void()> wake;
        {
            const MutexLock lock(mutex_);
            is_reading_ = false;
            if (page) {
                take(*page, rows);
            } else {
                is_broken_ = true;
            }
            wake = wake_;
        }
        if (wake) wake();
    }

    void take(const EventPage& page, std::size_t wanted) REQUIRES_LOCK(mutex_) {
        const std::size_t count = std::min(page.rows.size(), asked_.page.limit - sent_);
        for (std::size_t i = 0; i < count; ++i) {
            if (sent_ + i > 0) ready_ += ',';
            json::Writer writer(ready_);
            events::write_event(writer, page.rows[i]);
        }
        sent_ += count;
        last_rows_ = count;
        unreadable_ += page.rows.unreadable;
        const bool is_full = page.rows.size() > count;
        const Uuid before = last_;
        if (is_full && count > 0) last_ = page.rows[count - 1].id.uuid;
        if (!is_full) last_ = page.rows.last.value_or(last_);
        const bool has_more = page.is_cut || page.rows.read() == wanted;
        if (!is_full && has_more && last_ != before) return;
        is_done_ = true;
        ready_ += R"(],"next_cursor":)";
        ready_ += is_full ? '"' + asked_.page.cursor_after(last_) + '"' : "null";
        if (unreadable_ > 0) ready_ += R"(,"unreadable":)" + std::to_string(unreadable_);
        ready_ += "}\n";
    }

    const store::RealmStore store_;
    const std::size_t event_bytes_max_;
    const Asked asked_;
    mutable Mutex mutex_;
    std::function<void()> wake_ GUARDED_BY(mutex_);
    std::string ready_ GUARDED_BY(mutex_);
    std::size_t sent_ GUARDED_BY(mutex_) = 0;
    std::size_t last_rows_ GUARDED_BY(mutex_) = 0;
    std::size_t unreadable_ GUARDED_BY(mutex_) = 0;
    Uuid last_ GUARDED_BY(mutex_);
    bool is_reading_ GUARDED_BY(mutex_) = false;
    bool is_done_ GUARDED_BY(mutex_) = false;
    bool is_broken_ GUARDED_BY(mutex_) = false;
};

Answer answer_of(const store::RealmStore& store, std::size_t event_bytes_max, const Asked& asked,
                 const EventPage& first) {
    if (!first.is_cut) {
        return asked.page.answer(
            first.rows, [](const EventRow& row) { return row.id.uuid; },
            [](json::Writer& writer, const EventRow& row) { events::write_event(writer, row); });
    }
    Answer answer;
    answer.source = std::make_shared<EventPieces>(store, event_bytes_max, asked, first);
    return answer;
}

}  // namespace

void answer_events(Context& context, const Call& call, const store::EventFilter& filter,
                   const Page& page) {
    Asked asked{.realm = call.realm, .filter = filter, .page = page};
    store::read<EventPage>(
        call.store,
        [asked](store::sql::Connection& sql) {
            return store::events_table::page(sql, asked.realm, asked.filter,
                                             asked.page.before_id<EventId>(),
                                             asked.page.rows_wanted(), limits::answer_piece_bytes);
        },
        call.reply.with<EventPage>(
            [store = call.store, bytes_max = context.settings.payload_bytes_max,
             asked](const EventPage& first) { return answer_of(store, bytes_max, asked, first); }));
}

}  // namespace postrider::api
