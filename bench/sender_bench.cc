// How much CPU the sender needs per request: it POSTs to a forked epoll receiver over keep-alive
// connections. Usage: sender_bench [requests] [concurrency] [body bytes]
#include <arpa/inet.h>
#include <fmt/format.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <string>
#include <unordered_map>

#include "net/event_loop.h"
#include "net/http_sender.h"
#include "net/resolver.h"

using namespace postrider;

namespace {

int listen_on_loopback(int& port) {
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0 || bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
        listen(fd, 1024) != 0) {
        fmt::print(stderr, "sender_bench: cannot listen on 127.0.0.1\n");
        std::exit(1);
    }
    socklen_t size = sizeof address;
    getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
    port = ntohs(address.sin_port);
    return fd;
}

/// Answers 200 as soon as a request of `request_bytes` or more is there; the sizes are all alike.
[[noreturn]] void receive(int listener, std::size_t body_bytes) {
    const int epoll = epoll_create1(0);
    epoll_event add{};
    add.events = EPOLLIN;
    add.data.fd = listener;
    epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &add);
    std::unordered_map<int, std::size_t> seen;
    static char buffer[1 << 20];
    const std::string answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nServer: bench\r\n\r\nok";
    while (true) {
        epoll_event events[256];
        const int count = epoll_wait(epoll, events, 256, -1);
        for (int i = 0; i < count; ++i) {
            const int fd = events[i].data.fd;
            if (fd == listener) {
                add.data.fd = accept(listener, nullptr, nullptr);
                epoll_ctl(epoll, EPOLL_CTL_ADD, add.data.fd, &add);
                continue;
            }
            const auto got = recv(fd, buffer, sizeof buffer, 0);
            if (got <= 0) {
                close(fd);
                continue;
            }
            auto& bytes = seen[fd];
            bytes += static_cast<std::size_t>(got);
            if (bytes < body_bytes) continue;
            bytes = 0;
            send(fd, answer.data(), answer.size(), MSG_NOSIGNAL);
        }
    }
}

double cpu_seconds() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    const auto of = [](timeval t) {
        return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
    };
    return of(usage.ru_utime) + of(usage.ru_stime);
}

}  // namespace

int main(int argc, char** argv) {
    const long requests = argc > 1 ? std::atol(argv[1]) : 200'000;
    const long concurrency = argc > 2 ? std::atol(argv[2]) : 64;
    const std::size_t body_bytes = argc > 3 ? std::strtoul(argv[3], nullptr, 10) : 300;
    int port = 0;
    const int listener = listen_on_loopback(port);
    const auto child = fork();
    if (child == 0) receive(listener, body_bytes);

    const SystemClock clock;
    net::EventLoop loop(clock);
    auto resolver = net::make_resolver(loop, {});
    auto sender = net::make_http_sender(loop, *resolver, {"", "Postrider/bench"});
    net::SendRequest request;
    request.url = std::make_shared<const net::Url>(
        *net::parse_url(fmt::format("http://127.0.0.1:{}/hook", port)));
    request.headers =
        "Content-Type: application/json\r\n"
        "webhook-id: 0193a5f0-0000-7000-8000-000000000000\r\n"
        "webhook-timestamp: 1700000000\r\n"
        "webhook-signature: v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=\r\n";
    request.body = std::make_shared<const std::string>(body_bytes, 'x');
    request.timeout = 15s;
    auto policy = std::make_shared<net::EgressPolicy>();
    policy->allowed_networks.push_back(*net::Cidr::parse("127.0.0.0/8"));
    request.policy = policy;

    long started = 0, ended = 0, accepted = 0;
    std::function<void(AttemptResult)> done;
    const auto send_one = [&] {
        ++started;
        sender->send(request, [&](AttemptResult result) { done(std::move(result)); });
    };
    done = [&](AttemptResult result) {
        ++ended;
        if (result.reason == OutcomeReason::accepted) ++accepted;
        if (started < requests) return send_one();
        if (ended == requests) loop.stop();
    };
    const auto begin = std::chrono::steady_clock::now();
    const auto cpu_begin = cpu_seconds();
    loop.post([&] {
        for (long i = 0; i < concurrency; ++i) send_one();
    });
    loop.run();
    const double seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    const double cpu = cpu_seconds() - cpu_begin;
    fmt::print("{} of {} accepted in {:.2f} s: {:.0f}/s, {:.2f} us CPU per request\n", accepted,
               requests, seconds, static_cast<double>(requests) / seconds,
               cpu * 1e6 / static_cast<double>(requests));
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    sender.reset();
    resolver.reset();
    return accepted == requests ? 0 : 1;
}
