#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/uuid.h"
#include "cli/sample.h"
#include "cli/signature.h"
#include "net/http_sender.h"

/// `postrider probe`: whether a receiver does what docs/receiving.md asks of it. A table of checks,
/// each some requests and what must come of them; nothing here sends.
namespace postrider::cli {

/// How long a receiver may take to answer. Storing an event takes milliseconds; one that takes
/// longer works before it answers, and will one day be slower than the webhook's timeout.
inline constexpr Duration probe_patience = 2s;
/// After that an answer is not waited for: enough to see how slow a slow one is.
inline constexpr Duration probe_timeout = 5s;
/// The whole probe ends by then; what has not begun when one more timeout would go beyond it is not
/// run. A receiver that works needs some milliseconds a check, and 1.3 s for the pauses of two.
inline constexpr Duration probe_budget = 30s;
inline constexpr Duration probe_body_pause = 1s;             ///< within the body that comes slowly
inline constexpr Duration probe_reuse_pause = 300ms;         ///< for what is unasked for to arrive
inline constexpr std::size_t probe_unread_bytes = 8 * 1024;  ///< refused; sent in one go everywhere
inline constexpr std::size_t probe_requests_max = 64;        ///< of one run, in all

enum class Expected {
    accepted,  ///< 2xx
    refused,   ///< 4xx, not 410
    answered,  ///< anything but 5xx (501 counts): only that it copes
    no_tls,    ///< the handshake fails
};

/// One request of a check.
struct ProbeRequest {
    Expected expected = Expected::accepted;
    std::string what = {};  ///< what is special about it among the check's: "with the old secret"
    std::string_view method = "POST";
    Headers headers = {};
    std::string body = {};
    net::SendRequest::Afterwards afterwards = net::SendRequest::Afterwards::keep;
    net::TlsOffer tls = net::TlsOffer::current;
    Duration body_pause{0};
    Duration pause_before{0};
    /// What carries it: a new connection, or that of the last request if it was kept.
    enum class Connection { fresh, last } connection = Connection::fresh;
};

/// What came of a request.
struct ProbeAnswer {
    AttemptResult result;
    net::ConnectionUse use;
};

/// Sends the requests at the same moment, and gives what came of each, in order.
using SendAll = std::function<std::vector<ProbeAnswer>(std::span<const ProbeRequest>)>;

/// Makes the requests: events with new ids, signed or wrongly signed.
class RequestMaker {
 public:
    struct Options {
        SigningKey key;
        std::string event;  ///< of the samples
        std::string data;   ///< a JSON object, compact
        Headers headers;    ///< that every request has beside
    };
    RequestMaker(Options options, const Clock& clock, Random& random)
        : options_(std::move(options)), clock_(clock), random_(random), ids_(random) {}

    /// A webhook before it is signed.
    struct Draft {
        std::string id;
        std::int64_t timestamp = 0;  ///< seconds since the epoch
        std::string body;
    };
    SampleEvent event();
    /// With a member `probe` beside those of the sample's data. `value`: JSON.
    SampleEvent event_with(std::string_view value);
    Draft draft() { return draft(event()); }
    Draft draft(const SampleEvent& event);

    std::string signature(const Draft& draft) const;
    /// By a key that the receiver does not have, in the same scheme.
    std::string strange_signature(const Draft& draft);
    /// That looks like one of the other scheme.
    std::string other_scheme();
    ProbeRequest signed_request(const Draft& draft) const {
        return request(draft, signature(draft));
    }
    /// An empty signature: no such header.
    ProbeRequest request(const Draft& draft, std::string_view signature) const;

    const Options& options() const { return options_; }
    Timestamp now() const { return clock_.now(); }

 private:
    Options options_;
    const Clock& clock_;
    Random& random_;
    UuidMinter ids_;
};

/// What is looked at. `name` is persistent: scripts know it from --json.
struct Check {
    std::string_view name;
    std::string_view title;   ///< what a right receiver does
    std::string_view change;  ///< what to change in the code of another one
    /// Checks, separated by spaces, whose fault explains one of this: then this one is not run.
    std::string_view after = {};
    enum class Sequence { one_by_one, at_once } sequence = Sequence::one_by_one;
    std::vector<ProbeRequest> (*make)(RequestMaker&) = nullptr;
    /// What is wrong although every request met what was expected of it; "" for nothing.
    std::string (*look)(std::span<const ProbeAnswer>) = nullptr;
};
/// In the order in which they run. The first one decides whether there is a receiver at all.
std::span<const Check> probe_checks();

enum class Verdict { passed, fault, not_run };
std::string_view to_string(Verdict verdict);

struct Finding {
    const Check* check = nullptr;
    Verdict verdict = Verdict::not_run;
    std::string detail;  ///< what was seen, or why it was not run
};

struct ProbeReport {
    std::vector<Finding> findings;  ///< one for each check, in order
    std::vector<std::string> accepted_ids,
        refused_ids;  ///< webhook-ids, for a look at what was done
    std::size_t requests = 0;
    Duration took{0};
    bool passed() const;
};

/// How the receiver's URL has it: http or https.
enum class Transport { plain, tls };
/// Runs the checks.
ProbeReport run_probe(RequestMaker& maker, const SendAll& send_all, Transport transport);

}  // namespace postrider::cli
