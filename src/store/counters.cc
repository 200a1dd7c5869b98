#include "store/counters.h"

#include <algorithm>
#include <numeric>
#include <span>

namespace postrider::store {
namespace {

constexpr std::int64_t format_version = 1;

void put(std::string& out, std::int64_t value) {
    auto rest = static_cast<std::uint64_t>(value);
    while (rest >= 0x80) {
        out += static_cast<char>(rest | 0x80);
        rest >>= 7;
    }
    out += static_cast<char>(rest);
}

void put(std::string& out, std::string_view text) {
    put(out, static_cast<std::int64_t>(text.size()));
    out += text;
}

/// Reads forward; what is not there makes it `broken`, and reads as nothing.
class Reader {
 public:
    explicit Reader(std::string_view bytes) : rest_(bytes) {}

    bool at_end() const { return rest_.empty(); }
    bool is_broken() const { return broken_; }
    void spoil() { broken_ = true; }
    std::int64_t number() {
        std::uint64_t value = 0;
        for (unsigned shift = 0; shift < 63 && !rest_.empty(); shift += 7) {
            const auto byte = static_cast<unsigned char>(rest_.front());
            rest_.remove_prefix(1);
            value |= static_cast<std::uint64_t>(byte & 0x7F) << shift;
            if (byte < 0x80) return static_cast<std::int64_t>(value);
        }
        broken_ = true;
        return 0;
    }
    std::string_view take(std::size_t count) {
        if (count > rest_.size()) {
            broken_ = true;
            return {};
        }
        const auto taken = rest_.substr(0, count);
        rest_.remove_prefix(count);
        return taken;
    }
    Uuid uuid() {
        const auto raw = take(16);
        return broken_ ? Uuid{} : Uuid::from_bytes(raw);
    }
    /// Of the years that the store knows.
    Timestamp time(std::int64_t micros_each = 1) {
        const std::int64_t value = number();
        if (value >= 0 && value < 253'402'300'800'000'000 / micros_each) {
            return from_micros(value * micros_each);
        }
        broken_ = true;
        return {};
    }
    std::string_view text() { return take(static_cast<std::size_t>(number())); }

 private:
    std::string_view rest_;
    bool broken_ = false;
};

/// Its numbers in the order in which they are kept.
template <typename C, typename F>
void each_number(C& counts, F f) {
    for (auto& number : counts.numbers) f(number);
    for (auto& number : counts.attempts) f(number);
    for (auto& number : counts.waits) f(number);
}

/// Those that are not 0, each after its place.
void put_sparse(std::string& out, const Counts& counts) {
    std::int64_t used = 0;
    each_number(counts, [&](std::int64_t number) { used += number != 0 ? 1 : 0; });
    put(out, used);
    std::int64_t place = 0;
    each_number(counts, [&](std::int64_t number) {
        if (number != 0) {
            put(out, place);
            put(out, number);
        }
        ++place;
    });
}

constexpr std::size_t numbers_in_all = counted_kinds + attempt_buckets + wait_buckets;

void read_sparse(Reader& in, Counts& counts) {
    std::array<std::int64_t, numbers_in_all> numbers{};
    const std::int64_t used = in.number();
    for (std::int64_t i = 0; i < used && !in.is_broken(); ++i) {
        const auto place = static_cast<std::size_t>(in.number());
        const std::int64_t number = in.number();
        if (place >= numbers.size()) return in.spoil();
        numbers[place] = number;
    }
    std::size_t place = 0;
    each_number(counts, [&](std::int64_t& number) { number = numbers[place++]; });
}

constexpr std::int64_t has_success = 1;
constexpr std::int64_t has_failing = 2;
constexpr std::int64_t has_failure = 4;

void put_last(std::string& out, const LastResults& last) {
    put(out, (last.success_at ? has_success : 0) | (last.failing_since ? has_failing : 0) |
                 (last.failure_at ? has_failure : 0));
    if (last.success_at) put(out, to_micros(*last.success_at));
    if (last.failing_since) {
        put(out, to_micros(*last.failing_since));
        put(out, last.failures);
    }
    if (last.failure_at) {
        put(out, to_micros(*last.failure_at));
        put(out, to_string(last.reason));
        put(out, last.status);
    }
}

void read_last(Reader& in, LastResults& last) {
    const std::int64_t has = in.number();
    if ((has & has_success) != 0) last.success_at = in.time();
    if ((has & has_failing) != 0) {
        last.failing_since = in.time();
        last.failures = in.number();
    }
    if ((has & has_failure) == 0) return;
    last.failure_at = in.time();
    const auto reason = parse_outcome_reason(in.text());
    if (!reason) return in.spoil();
    last.reason = *reason;
    last.status = static_cast<int>(in.number());
}

std::size_t bucket_of(Duration duration) {
    std::size_t bucket = 0;
    while (bucket < duration_bounds && duration > duration_bound(bucket)) ++bucket;
    return bucket;
}

}  // namespace

Duration duration_bound(std::size_t bucket) {
    static constexpr std::array<std::int64_t, 3> steps{1, 2, 5};
    std::int64_t milliseconds = steps[bucket % 3];
    for (std::size_t i = 0; i < bucket / 3; ++i) milliseconds *= 10;
    return std::chrono::milliseconds{milliseconds};
}

std::int64_t Counts::attempts_in_all() const {
    return std::accumulate(numbers.begin(), numbers.begin() + counted_attempts, std::int64_t{0});
}

void Counts::add(const Counts& other) {
    for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] += other.numbers[i];
    for (std::size_t i = 0; i < attempts.size(); ++i) attempts[i] += other.attempts[i];
    for (std::size_t i = 0; i < waits.size(); ++i) waits[i] += other.waits[i];
}

void Counts::add_attempt(OutcomeReason reason, int status, Duration duration) {
    switch (kind_of(reason)) {
        case OutcomeKind::internal:
            ++of(Counted::internal);
            break;
        case OutcomeKind::transport:
            ++of(is_timeout(reason) ? Counted::timeout : Counted::transport);
            break;
        case OutcomeKind::response: {
            const int status_class =
                reason == OutcomeReason::accepted ? 2 : std::clamp(status / 100, 1, 5);
            ++numbers[static_cast<std::size_t>(status_class - 1)];
            break;
        }
    }
    ++attempts[std::min(bucket_of(duration), attempt_buckets - 1)];
}

void Counts::add_delivered(Duration wait) {
    ++of(Counted::delivered);
    ++waits[bucket_of(wait)];
}

std::optional<Duration> percentile(std::span<const std::int64_t> buckets, unsigned percent) {
    const auto total = std::accumulate(buckets.begin(), buckets.end(), std::int64_t{0});
    if (total == 0) return std::nullopt;
    const std::int64_t rank = std::max<std::int64_t>(1, (total * percent + 99) / 100);
    std::int64_t below = 0;
    for (std::size_t i = 0; i < buckets.size(); ++i) {
        if (below + buckets[i] < rank) {
            below += buckets[i];
            continue;
        }
        const Duration low = i == 0 ? Duration{0} : duration_bound(i - 1);
        if (i + 1 == buckets.size()) return low;
        return low + (duration_bound(i) - low) * (rank - below) / buckets[i];
    }
    return std::nullopt;
}

void LastResults::add_attempt(Timestamp at, OutcomeReason outcome, int answered) {
    if (outcome == OutcomeReason::accepted) {
        success_at = at;
        failing_since.reset();
        failures = 0;
        return;
    }
    if (!failing_since) failing_since = at;
    ++failures;
    failure_at = at;
    reason = outcome;
    status = answered;
}

void LastResults::add(const LastResults& later) {
    if (later.success_at) {
        success_at = later.success_at;
        failing_since.reset();
        failures = 0;
    }
    if (!failing_since) failing_since = later.failing_since;
    failures += later.failures;
    if (!later.failure_at) return;
    failure_at = later.failure_at;
    reason = later.reason;
    status = later.status;
}

Timestamp begin_of_span(Timestamp time, Duration length) {
    const std::int64_t micros = to_micros(time);
    const std::int64_t over = ((micros % length.count()) + length.count()) % length.count();
    return from_micros(micros - over);
}

Counting& Tally::at(const RealmId& realm, const WebhookId& webhook, Timestamp at) {
    const Timestamp minute = begin_of_span(at, length(Grain::minute));
    auto& place = places_[{realm, webhook, minute}];
    place.realm = realm;
    place.webhook = webhook;
    place.minute = minute;
    return place;
}

std::vector<Counting> Tally::take() {
    std::vector<Counting> taken;
    taken.reserve(places_.size());
    for (auto& [key, counting] : places_) taken.push_back(counting);
    places_.clear();
    return taken;
}

std::string to_bytes(const Counts& counts) {
    std::string out;
    put(out, format_version);
    put_sparse(out, counts);
    return out;
}

std::optional<Counts> counts_of(std::string_view bytes) {
    Reader in(bytes);
    Counts counts;
    if (in.number() != format_version) return std::nullopt;
    read_sparse(in, counts);
    if (in.is_broken() || !in.at_end()) return std::nullopt;
    return counts;
}

std::string to_bytes(const std::vector<Counting>& countings) {
    std::string out;
    put(out, format_version);
    for (const Counting& each : countings) {
        std::string entry;
        entry += each.webhook.view();
        put(entry, to_micros(each.minute) / length(Grain::minute).count());
        put_sparse(entry, each.counts);
        put_last(entry, each.last);
        out += each.realm.view();
        put(out, entry);
    }
    return out;
}

std::optional<std::vector<Counting>> countings_of(std::string_view bytes,
                                                  std::optional<RealmId> realm) {
    Reader in(bytes);
    if (in.number() != format_version) return std::nullopt;
    std::vector<Counting> countings;
    while (!in.at_end() && !in.is_broken()) {
        Counting counting{
            .realm = RealmId{in.uuid()}, .webhook = {}, .minute = {}, .counts = {}, .last = {}};
        Reader entry(in.text());
        if (realm && *realm != counting.realm) continue;
        counting.webhook = WebhookId{entry.uuid()};
        counting.minute = entry.time(length(Grain::minute).count());
        read_sparse(entry, counting.counts);
        read_last(entry, counting.last);
        if (entry.is_broken() || !entry.at_end()) return std::nullopt;
        countings.push_back(std::move(counting));
    }
    if (in.is_broken()) return std::nullopt;
    return countings;
}

}  // namespace postrider::store
