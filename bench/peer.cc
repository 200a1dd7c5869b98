// The other end of the benchmark, in plain sockets so that it costs next to nothing:
//   bench_peer receive            a receiver on a free port (printed); answers every POST with 204,
//                                 GET /stats with what it saw since the last GET /reset
// A body with `"sent":<nanoseconds>` is measured from there to here, on the monotonic clock.
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace {

std::int64_t nanoseconds_now() {
    return std::chrono::steady_clock::now().time_since_epoch().count();
}

[[noreturn]] void die(const char* what) {
    std::perror(what);
    std::exit(1);
}

struct Stats {
    std::int64_t received = 0;
    std::int64_t first = 0;
    std::int64_t last = 0;
    std::vector<std::int64_t> latencies;

    void note(std::string_view body) {
        auto now = nanoseconds_now();
        if (received++ == 0) first = now;
        last = now;
        constexpr std::string_view key = "\"sent\":";
        auto at = body.find(key);
        if (at == std::string_view::npos) return;
        std::int64_t sent = 0;
        std::from_chars(body.data() + at + key.size(), body.data() + body.size(), sent);
        latencies.push_back(now - sent);
    }

    std::string json() {
        std::ranges::sort(latencies);
        auto quantile = [&](double q) {
            if (latencies.empty()) return 0.0;
            auto index = static_cast<std::size_t>(q * static_cast<double>(latencies.size() - 1));
            return static_cast<double>(latencies[index]) / 1e6;
        };
        char text[256];
        std::snprintf(
            text, sizeof text,
            R"({"received":%lld,"seconds":%.6f,"p50_ms":%.3f,"p99_ms":%.3f,"max_ms":%.3f})",
            static_cast<long long>(received), static_cast<double>(last - first) / 1e9,
            quantile(0.5), quantile(0.99), quantile(1.0));
        return text;
    }
};

/// One connection's unread bytes; answers every complete request in them with one write.
struct Connection {
    std::string in;

    bool serve(int fd, Stats& stats) {
        char buffer[64 * 1024];
        auto got = ::recv(fd, buffer, sizeof buffer, 0);
        if (got <= 0) return got < 0 && errno == EAGAIN;
        in.append(buffer, static_cast<std::size_t>(got));
        std::string out;
        std::size_t used = 0;
        while (answer_one(std::string_view(in).substr(used), used, out, stats)) {
        }
        in.erase(0, used);
        return out.empty() ||
               ::send(fd, out.data(), out.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(out.size());
    }

    static bool answer_one(std::string_view rest, std::size_t& used, std::string& out,
                           Stats& stats) {
        auto end = rest.find("\r\n\r\n");
        if (end == std::string_view::npos) return false;
        auto head = rest.substr(0, end);
        std::size_t length = 0;
        for (auto name : {"Content-Length: ", "content-length: "}) {
            auto at = head.find(name);
            if (at == std::string_view::npos) continue;
            std::from_chars(head.data() + at + 16, head.data() + head.size(), length);
        }
        if (rest.size() < end + 4 + length) return false;
        used += end + 4 + length;
        if (head.starts_with("GET ")) {
            if (head.starts_with("GET /reset")) stats = {};
            auto body = stats.json();
            out += "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) +
                   "\r\n\r\n" + body;
        } else {
            stats.note(rest.substr(end + 4, length));
            out += "HTTP/1.1 204 No Content\r\n\r\n";
        }
        return true;
    }
};

int receive() {
    int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (listener < 0) die("socket");
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (::bind(listener, reinterpret_cast<sockaddr*>(&address), size) != 0) die("bind");
    if (::listen(listener, 4096) != 0) die("listen");
    ::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size);
    std::printf("%d\n", ntohs(address.sin_port));
    std::fflush(stdout);

    int poller = ::epoll_create1(0);
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = listener;
    ::epoll_ctl(poller, EPOLL_CTL_ADD, listener, &event);
    std::unordered_map<int, Connection> connections;
    Stats stats;
    std::vector<epoll_event> events(256);
    while (true) {
        int count = ::epoll_wait(poller, events.data(), static_cast<int>(events.size()), -1);
        for (int i = 0; i < count; ++i) {
            int fd = events[static_cast<std::size_t>(i)].data.fd;
            if (fd == listener) {
                int accepted = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK);
                if (accepted < 0) continue;
                int on = 1;
                ::setsockopt(accepted, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
                event.events = EPOLLIN;
                event.data.fd = accepted;
                ::epoll_ctl(poller, EPOLL_CTL_ADD, accepted, &event);
                connections[accepted] = {};
            } else if (!connections[fd].serve(fd, stats)) {
                ::close(fd);
                connections.erase(fd);
            }
        }
    }
}

}  // namespace

int main(int argc, char** argv) {
    std::string mode = argc > 1 ? argv[1] : "";
    if (mode == "receive" && argc == 2) return receive();
    std::fprintf(stderr, "usage: bench_peer receive\n");
    return 2;
}
