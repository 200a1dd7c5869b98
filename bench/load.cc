// Publishes real traffic: random resource ids, data of a given size, several types. It is one
// thread on epoll, in plain sockets, so that it takes little from the cores that it shares with
// what it measures.
//   bench_load PORT TOKEN PATH [--connections 64] [--seconds 5] [--types 8] [--data 512]
//              [--batch 0] [--keys 0|1] [--rate 0]
// Without --rate each connection publishes as soon as its last request was answered (closed loop).
// With --rate so many requests are due each second whether or not earlier ones were answered
// (open loop); "sent" in `data` is then when the request was due, so waiting for a free connection
// counts. Prints one line of JSON.
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
#include <cstring>
#include <deque>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace {

struct Options {
    int port = 0;
    std::string token, path;
    std::size_t connections = 64, types = 8, data_bytes = 512, batch = 0;
    double seconds = 5, rate = 0;
    bool keys = false;
};

std::int64_t nanoseconds_now() {
    return std::chrono::steady_clock::now().time_since_epoch().count();
}

[[noreturn]] void die(const char* what) {
    std::perror(what);
    std::exit(1);
}

/// Makes the requests. The text of `data` is random, so that nothing along the way compresses it.
class Requests {
 public:
    explicit Requests(const Options& options) : options_(options) {
        for (auto& c : text_) c = static_cast<char>('a' + random_() % 26);
        head_ = "POST " + options.path + " HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer " +
                options.token + "\r\nContent-Type: application/json\r\n";
    }

    std::string make(std::int64_t sent) {
        std::string body;
        if (options_.batch == 0) {
            body = event(sent);
        } else {
            body = R"({"events":[)";
            for (std::size_t i = 0; i < options_.batch; ++i) {
                body += (i == 0 ? "" : ",") + event(sent);
            }
            body += "]}";
        }
        std::string request = head_;
        if (options_.keys) request += "Idempotency-Key: " + uuid() + "\r\n";
        return request + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
    }

 private:
    std::string event(std::int64_t sent) {
        const auto type = count_++ % options_.types;
        std::string data = R"({"sent":)" + std::to_string(sent) + R"(,"text":")";
        const auto length = options_.data_bytes - std::min(options_.data_bytes, data.size() + 2);
        data += std::string_view(text_).substr(random_() % (text_.size() - length), length);
        return R"({"event":"bench.tick)" + std::to_string(type) + R"(","resource_id":")" + uuid() +
               R"(","data":)" + data + R"("}})";
    }

    std::string uuid() {
        char text[40];
        std::snprintf(text, sizeof text, "%08x-%04x-4%03x-a%03x-%012llx",
                      static_cast<unsigned>(random_()), static_cast<unsigned>(random_() & 0xffff),
                      static_cast<unsigned>(random_() & 0xfff),
                      static_cast<unsigned>(random_() & 0xfff),
                      static_cast<unsigned long long>(random_() & 0xffffffffffffULL));
        return text;
    }

    const Options& options_;
    std::mt19937_64 random_{std::random_device{}()};
    std::string text_ = std::string(1 << 20, ' ');
    std::string head_;
    std::size_t count_ = 0;
};

struct Connection {
    int fd = -1;
    std::int64_t sent = 0;  ///< when its request was due; 0: it has none
    std::string in;
};

int connect_to(int port) {
    const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0) die("socket");
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    if (::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) die("connect");
    int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return fd;
}

class Load {
 public:
    explicit Load(const Options& options)
        : options_(options), requests_(options), connections_(options.connections) {
        for (std::size_t i = 0; i < connections_.size(); ++i) {
            connections_[i].fd = connect_to(options.port);
            epoll_event event{.events = EPOLLIN, .data = {.u64 = i}};
            ::epoll_ctl(poller_, EPOLL_CTL_ADD, connections_[i].fd, &event);
            idle_.push_back(i);
        }
    }

    int run() {
        const auto begin = nanoseconds_now();
        const auto end = begin + static_cast<std::int64_t>(options_.seconds * 1e9);
        std::int64_t due_count = 0;
        for (auto now = begin; now < end || busy_ > 0; now = nanoseconds_now()) {
            if (now > end + 30'000'000'000) break;  // answers that never come
            if (now < end && options_.rate == 0) {
                while (!idle_.empty()) start(nanoseconds_now());
            }
            if (options_.rate > 0) {
                while (now < end && due_at(begin, due_count) <= now) {
                    waiting_.push_back(due_at(begin, due_count++));
                }
                while (!idle_.empty() && !waiting_.empty()) {
                    start(waiting_.front());
                    waiting_.pop_front();
                }
            }
            wait(options_.rate > 0 && now < end ? 0 : 50);
        }
        print(static_cast<double>(nanoseconds_now() - begin) / 1e9);
        return busy_ == 0 ? 0 : 1;
    }

 private:
    std::int64_t due_at(std::int64_t begin, std::int64_t number) const {
        return begin + static_cast<std::int64_t>(static_cast<double>(number) * 1e9 / options_.rate);
    }

    void start(std::int64_t sent) {
        auto& connection = connections_[idle_.front()];
        idle_.pop_front();
        ++busy_;
        connection.sent = sent;
        const auto request = requests_.make(sent);
        std::size_t at = 0;
        while (at < request.size()) {
            const auto put =
                ::send(connection.fd, request.data() + at, request.size() - at, MSG_NOSIGNAL);
            if (put <= 0) die("send");
            at += static_cast<std::size_t>(put);
        }
    }

    /// With a time-out of 0 it sleeps for 50 µs when nothing has come: a loop that spins would take
    /// a core from what is measured.
    void wait(int timeout_ms) {
        epoll_event events[256];
        const int count = ::epoll_wait(poller_, events, 256, timeout_ms);
        if (count == 0 && timeout_ms == 0) ::usleep(50);
        for (int i = 0; i < count; ++i) read(events[i].data.u64);
    }

    void read(std::size_t index) {
        auto& connection = connections_[index];
        char buffer[64 * 1024];
        const auto got = ::recv(connection.fd, buffer, sizeof buffer, MSG_DONTWAIT);
        if (got == 0 || (got < 0 && errno != EAGAIN)) die("the server closed a connection");
        if (got < 0) return;
        connection.in.append(buffer, static_cast<std::size_t>(got));
        const auto head = connection.in.find("\r\n\r\n");
        if (head == std::string::npos) return;
        const auto field = connection.in.find("Content-Length: ");
        const auto length =
            field < head ? std::strtoul(connection.in.c_str() + field + 16, nullptr, 10) : 0;
        if (connection.in.size() < head + 4 + length) return;
        (connection.in.starts_with("HTTP/1.1 202") ? accepted_ : refused_) += 1;
        answers_.push_back(nanoseconds_now() - connection.sent);
        connection.in.clear();
        --busy_;
        idle_.push_back(index);
    }

    void print(double seconds) {
        std::ranges::sort(answers_);
        auto quantile = [&](double q) {
            if (answers_.empty()) return 0.0;
            return static_cast<double>(answers_[static_cast<std::size_t>(
                       q * static_cast<double>(answers_.size() - 1))]) /
                   1e6;
        };
        std::printf(R"({"accepted":%zu,"refused":%zu,"unsent":%zu,"seconds":%.3f,)"
                    R"("p50_ms":%.3f,"p99_ms":%.3f})"
                    "\n",
                    accepted_, refused_, waiting_.size(), seconds, quantile(0.5), quantile(0.99));
    }

    const Options& options_;
    Requests requests_;
    std::vector<Connection> connections_;
    std::deque<std::size_t> idle_;
    std::deque<std::int64_t> waiting_;
    std::vector<std::int64_t> answers_;
    std::size_t busy_ = 0, accepted_ = 0, refused_ = 0;
    int poller_ = ::epoll_create1(0);
};

bool read_options(int argc, char** argv, Options& options) {
    if (argc < 4 || argc % 2 != 0) return false;
    options.port = std::atoi(argv[1]);
    options.token = argv[2];
    options.path = argv[3];
    for (int i = 4; i < argc; i += 2) {
        const std::string_view name = argv[i];
        const double value = std::atof(argv[i + 1]);
        const auto count = static_cast<std::size_t>(value);
        if (name == "--connections")
            options.connections = count;
        else if (name == "--seconds")
            options.seconds = value;
        else if (name == "--types")
            options.types = count;
        else if (name == "--data")
            options.data_bytes = count;
        else if (name == "--batch")
            options.batch = count;
        else if (name == "--keys")
            options.keys = value != 0;
        else if (name == "--rate")
            options.rate = value;
        else
            return false;
    }
    return options.connections > 0 && options.types > 0 && options.data_bytes < (1 << 20);
}

}  // namespace

int main(int argc, char** argv) {
    Options options;
    if (!read_options(argc, argv, options)) {
        std::fprintf(stderr,
                     "usage: bench_load PORT TOKEN PATH [--connections N] [--seconds S] "
                     "[--types N] [--data BYTES] [--batch N] [--keys 0|1] [--rate N]\n");
        return 2;
    }
    return Load(options).run();
}
