// Follows a realm's log with many consumers, each of which waits for the next events: one thread on
// epoll, in plain sockets, so that it takes little from the cores that it shares with the server.
//   bench_follow PORT TOKEN PATH [--followers 100] [--seconds 5]
// Begins with what is committed from now on. Every event has "sent", as bench_load writes it.
// Prints one line of JSON: calls, events of all followers together, the fewest and the most that
// one got, and the time from when an event was due to be published until a follower had it.
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace {

struct Follower {
    int fd = -1;
    std::string in;
    std::string after = "newest";
    std::size_t events = 0;
    bool is_done = false;
};

std::int64_t nanoseconds_now() {
    return std::chrono::steady_clock::now().time_since_epoch().count();
}

[[noreturn]] void die(const char* what) {
    std::perror(what);
    std::exit(1);
}

class Followers {
 public:
    Followers(int port, std::string token, std::string path, std::size_t count, double seconds)
        : token_(std::move(token)), path_(std::move(path)), seconds_(seconds), all_(count) {
        for (std::size_t i = 0; i < count; ++i) {
            all_[i].fd = ::socket(AF_INET, SOCK_STREAM, 0);
            sockaddr_in address{};
            address.sin_family = AF_INET;
            address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
            address.sin_port = htons(static_cast<std::uint16_t>(port));
            if (::connect(all_[i].fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
                die("connect");
            int on = 1;
            ::setsockopt(all_[i].fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
            epoll_event event{.events = EPOLLIN, .data = {.u64 = i}};
            ::epoll_ctl(poller_, EPOLL_CTL_ADD, all_[i].fd, &event);
        }
    }

    int run() {
        for (Follower& follower : all_) ask(follower);
        const auto end = nanoseconds_now() + static_cast<std::int64_t>(seconds_ * 1e9);
        while (nanoseconds_now() < end) {
            epoll_event events[256];
            const int count = ::epoll_wait(poller_, events, 256, 50);
            for (int i = 0; i < count; ++i) read(all_[events[i].data.u64]);
        }
        print();
        return 0;
    }

 private:
    void ask(const Follower& follower) {
        const std::string request = "GET " + path_ + "?limit=1000&after=" + follower.after +
                                    (follower.after == "newest" ? "" : "&wait=30s") +
                                    " HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer " + token_ +
                                    "\r\n\r\n";
        if (::send(follower.fd, request.data(), request.size(), MSG_NOSIGNAL) !=
            static_cast<ssize_t>(request.size()))
            die("send");
    }

    void read(Follower& follower) {
        const auto got = ::recv(follower.fd, buffer_, sizeof buffer_, MSG_DONTWAIT);
        if (got == 0 || (got < 0 && errno != EAGAIN)) die("the server closed a connection");
        if (got < 0) return;
        follower.in.append(buffer_, static_cast<std::size_t>(got));
        const auto head = follower.in.find("\r\n\r\n");
        if (head == std::string::npos) return;
        const auto body = body_behind(std::string_view(follower.in).substr(0, head + 4),
                                      std::string_view(follower.in).substr(head + 4));
        if (!body) return;
        if (!follower.in.starts_with("HTTP/1.1 200")) {
            std::fprintf(stderr, "%s\n", follower.in.c_str());
            std::exit(1);
        }
        ++calls_;
        take(follower, *body);
        follower.in.clear();
        ask(follower);
    }

    /// nullopt: it is not all there.
    static std::optional<std::string_view> body_behind(std::string_view head,
                                                       std::string_view rest) {
        constexpr std::string_view length = "Content-Length: ";
        const auto field = head.find(length);
        if (field == head.npos) return std::nullopt;
        const auto size = std::strtoul(head.data() + field + length.size(), nullptr, 10);
        if (rest.size() < size) return std::nullopt;
        return rest.substr(0, size);
    }

    void take(Follower& follower, std::string_view body) {
        const auto now = nanoseconds_now();
        constexpr std::string_view sent = R"("sent":)", position = R"("position":")";
        for (auto at = body.find(sent); at != std::string_view::npos;
             at = body.find(sent, at + sent.size())) {
            ++follower.events;
            latencies_.push_back(now - std::strtoll(body.data() + at + sent.size(), nullptr, 10));
        }
        const auto last = body.rfind(position) + position.size();
        follower.after = body.substr(last, body.find('"', last) - last);
    }

    void print() {
        std::ranges::sort(latencies_);
        const auto quantile = [&](double q) {
            if (latencies_.empty()) return 0.0;
            return static_cast<double>(latencies_[static_cast<std::size_t>(
                       q * static_cast<double>(latencies_.size() - 1))]) /
                   1e6;
        };
        const auto [least, most] = std::ranges::minmax(all_, {}, &Follower::events);
        std::printf(R"({"followers":%zu,"calls":%zu,"events":%zu,"least":%zu,"most":%zu,)"
                    R"("p50_ms":%.3f,"p99_ms":%.3f})"
                    "\n",
                    all_.size(), calls_, latencies_.size(), least.events, most.events,
                    quantile(0.5), quantile(0.99));
    }

    const std::string token_, path_;
    const double seconds_;
    std::vector<Follower> all_;
    std::vector<std::int64_t> latencies_;
    std::size_t calls_ = 0;
    int poller_ = ::epoll_create1(0);
    char buffer_[256 * 1024];
};

}  // namespace

int main(int argc, char** argv) {
    std::size_t followers = 100;
    double seconds = 5;
    bool is_known = argc >= 4 && argc % 2 == 0;
    for (int i = 4; is_known && i < argc; i += 2) {
        const std::string_view name = argv[i];
        if (name == "--followers")
            followers = static_cast<std::size_t>(std::atoi(argv[i + 1]));
        else if (name == "--seconds")
            seconds = std::atof(argv[i + 1]);
        else
            is_known = false;
    }
    if (!is_known || followers == 0) {
        std::fprintf(stderr, "usage: bench_follow PORT TOKEN PATH [--followers N] [--seconds S]\n");
        return 2;
    }
    return Followers(std::atoi(argv[1]), argv[2], argv[3], followers, seconds).run();
}
