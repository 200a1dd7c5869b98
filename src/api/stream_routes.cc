#include <map>

#include "api/call.h"
#include "api/routes.h"
#include "base/mutex.h"
#include "base/shares.h"
#include "store/counters_table.h"
#include "store/tables.h"

/// Server-sent events: a realm's pulse, whenever it changes. It says that there is something to ask
/// for, and never what: who listens asks the other routes, with their permissions.
namespace postrider::api {

namespace {

/// What has changed when it has changed. An attempt that fails while its delivery stays pending
/// changes nothing of the row: it is counted.
struct Beat {
    store::PulseRow row;
    std::int64_t attempts = 0;
    bool operator==(const Beat&) const = default;
};

Result<Beat> read_beat(store::sql::Connection& sql, const RealmId& realm, Timestamp now) {
    Beat beat;
    POSTRIDER_ASSIGN(beat.row, store::read_pulse(sql, realm, limits::pulse_count_max));
    POSTRIDER_ASSIGN(beat.attempts, store::counters_table::attempts_lately(sql, realm, now));
    return beat;
}

template <typename IdType>
void write_id(json::Writer& writer, std::string_view name, const std::optional<IdType>& id) {
    if (id) {
        writer.member(name, id->to_string());
    } else {
        writer.member_null(name);
    }
}

std::string pulse_event(const Beat& beat) {
    const store::PulseRow& row = beat.row;
    std::string out = "event: pulse\ndata: ";
    json::Writer writer(out);
    writer.begin_object();
    write_id(writer, "newest_event", row.newest_event);
    write_id(writer, "newest_delivery", row.newest_delivery);
    write_id(writer, "newest_change", row.newest_change);
    writer.member("pending", row.pending);
    writer.member("failed", row.failed);
    writer.member("count_max", limits::pulse_count_max);
    writer.member("attempts", beat.attempts);
    writer.end_object();
    return out + "\n\n";
}

/// What all streams of a realm share: one look at the store an interval, however many listen.
/// Thread-safety: any thread.
class Pulse : public std::enable_shared_from_this<Pulse> {
 public:
    Pulse(const store::RealmStore& store, const Clock& clock, const RealmId& realm)
        : store_(store), clock_(clock), realm_(realm) {}

    /// The latest pulse's number, and its text when it is newer than `seen`. Looks at the store
    /// when the last look is an interval old.
    std::pair<std::uint64_t, std::string> since(std::uint64_t seen) {
        bool is_due = false;
        std::pair<std::uint64_t, std::string> latest;
        {
            MutexLock lock(mutex_);
            latest = {number_, number_ > seen ? text_ : std::string()};
            const auto now = clock_.monotonic();
            is_due = !is_looking_ && (!looked_at_ || now - *looked_at_ >= limits::stream_interval);
            if (is_due) {
                is_looking_ = true;
                looked_at_ = now;
            }
        }
        if (is_due) look();
        return latest;
    }

 private:
    void look() {
        store::read<Beat>(
            store_,
            [realm = realm_, now = clock_.now()](store::sql::Connection& sql) {
                return read_beat(sql, realm, now);
            },
            [self = shared_from_this()](Result<Beat> beat) { self->told(beat); });
    }
    /// An error is no pulse: the heartbeat goes on, and the next look may succeed.
    void told(const Result<Beat>& beat) {
        MutexLock lock(mutex_);
        is_looking_ = false;
        if (!beat || (number_ > 0 && *beat == beat_)) return;
        beat_ = *beat;
        text_ = pulse_event(beat_);
        ++number_;
    }

    const store::RealmStore store_;
    const Clock& clock_;
    const RealmId realm_;
    Mutex mutex_;
    bool is_looking_ GUARDED_BY(mutex_) = false;
    std::optional<Monotonic> looked_at_ GUARDED_BY(mutex_);
    Beat beat_ GUARDED_BY(mutex_);
    std::string text_ GUARDED_BY(mutex_);
    std::uint64_t number_ GUARDED_BY(mutex_) = 0;
};

/// The pulses that somebody listens to. Thread-safety: the HTTP server's thread.
class Pulses {
 public:
    std::shared_ptr<Pulse> of(const Clock& clock, const Call& call) {
        std::erase_if(pulses_, [](const auto& entry) { return entry.second.expired(); });
        std::weak_ptr<Pulse>& known = pulses_[call.realm];
        auto pulse = known.lock();
        if (!pulse) {
            pulse = std::make_shared<Pulse>(call.store, clock, call.realm);
            known = pulse;
        }
        return pulse;
    }

    /// By key and by realm. Also for when the last holder of one is another thread.
    const std::shared_ptr<Shares> streams = std::make_shared<Shares>(limits::streams_max);

 private:
    std::map<RealmId, std::weak_ptr<Pulse>> pulses_;
};

class Stream final : public http::BodySource {
 public:
    Stream(Shares::Hold hold, std::shared_ptr<Pulse> pulse, const Clock& clock)
        : hold_(std::move(hold)), pulse_(std::move(pulse)), clock_(clock) {}

    std::optional<std::string> next() override {
        const auto now = clock_.monotonic();
        if (now - begun_ >= limits::stream_lifetime) return std::nullopt;
        auto [number, text] = pulse_->since(seen_);
        seen_ = number;
        // A first line at once: a proxy that waits for a body passes the head on.
        if (text.empty() && now - said_ < limits::stream_heartbeat) return "";
        said_ = now;
        return text.empty() ? ":\n\n" : std::move(text);
    }

 private:
    const Shares::Hold hold_;
    const std::shared_ptr<Pulse> pulse_;
    const Clock& clock_;
    const Monotonic begun_ = clock_.monotonic();
    Monotonic said_ = begun_ - limits::stream_heartbeat;
    std::uint64_t seen_ = 0;
};

}  // namespace

RouteList stream_routes(Context& context) {
    auto get_stream = [pulses = std::make_shared<Pulses>()](Context& with,
                                                            Call& call) -> Result<void> {
        POSTRIDER_TRY(call.query().finish());
        Shares::Hold hold(pulses->streams, {"key " + call.principal->id.to_string(),
                                            "realm " + call.realm.to_string()});
        const auto room = hold.take(1);
        if (room == Shares::Answer::over_share) {
            return fail(ErrorCode::resource_exhausted,
                        "this key or its realm listens to as many streams as it may while others "
                        "need some; the lists still answer");
        }
        if (room == Shares::Answer::full) {
            return fail(ErrorCode::unavailable,
                        "too many browsers look on; the lists still answer");
        }
        Answer answer;
        answer.content_type = "text/event-stream";
        answer.headers.emplace_back("Cache-Control", "no-store");
        answer.source =
            std::make_shared<Stream>(std::move(hold), pulses->of(with.clock, call), with.clock);
        call.reply.send(std::move(answer));
        return {};
    };
    return {handle(context, {"GET", "/api/v1/realms/{realm}/stream", "get_stream"}, get_stream)};
}

}  // namespace postrider::api
