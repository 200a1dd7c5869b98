#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <string>
#include <thread>

#include "base/mutex.h"
#include "http/server.h"

namespace postrider::http {

/// What a raw client reads; names in lower case.
struct RawAnswer {
    int status = 0;
    std::map<std::string, std::string> headers;
    std::string body;

    std::string header(const std::string& name) const {
        auto found = headers.find(name);
        return found == headers.end() ? "" : found->second;
    }
};

/// A bare socket: what it sends is what the test says, and nothing else. Blocks for at most 20 s.
class RawClient {
 public:
    /// `from`: the last part of its own address, 127.0.0.<from>.
    explicit RawClient(std::uint16_t port, std::uint32_t from = 1)
        : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
        sockaddr_in own{};
        own.sin_family = AF_INET;
        own.sin_addr.s_addr = htonl((INADDR_LOOPBACK & ~0xffU) | from);
        EXPECT_EQ(::bind(socket_, reinterpret_cast<sockaddr*>(&own), sizeof own), 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        timeval patience{.tv_sec = 20, .tv_usec = 0};
        setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        int on = 1;
        setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        EXPECT_EQ(::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    }
    ~RawClient() { close(); }
    RawClient(const RawClient&) = delete;
    RawClient& operator=(const RawClient&) = delete;

    void close() {
        if (socket_ >= 0) ::close(socket_);
        socket_ = -1;
    }
    void shutdown_send() { ::shutdown(socket_, SHUT_WR); }
    bool send(std::string_view text) {
        while (!text.empty()) {
            auto sent = ::send(socket_, text.data(), text.size(), MSG_NOSIGNAL);
            if (sent <= 0) return false;
            text.remove_prefix(static_cast<std::size_t>(sent));
        }
        return true;
    }
    /// One answer; status 0 when the connection ends before it. `head_only`: it answers a HEAD.
    RawAnswer read(bool head_only = false) {
        std::size_t end;
        while ((end = buffer_.find("\r\n\r\n")) == std::string::npos) {
            if (!receive()) return {};
        }
        RawAnswer answer = parse_head(buffer_.substr(0, end + 2));
        buffer_.erase(0, end + 4);
        std::size_t length = 0;
        if (auto text = answer.header("content-length"); !text.empty() && !head_only) {
            length = std::stoul(text);
        }
        while (buffer_.size() < length) {
            if (!receive()) return {};
        }
        answer.body = buffer_.substr(0, length);
        buffer_.erase(0, length);
        return answer;
    }
    RawAnswer ask(std::string_view request) {
        EXPECT_TRUE(send(request));
        return read();
    }
    /// What comes up to and with `end`; all until the server closes when that comes first.
    std::string until(std::string_view end) {
        std::size_t at;
        while ((at = buffer_.find(end)) == std::string::npos) {
            if (!receive()) return std::exchange(buffer_, {});
        }
        std::string text = buffer_.substr(0, at + end.size());
        buffer_.erase(0, text.size());
        return text;
    }
    /// Whether the server has closed its side, with nothing left to read.
    bool is_closed() { return buffer_.empty() && !receive(); }
    int descriptor() const { return socket_; }

 private:
    bool receive() {
        char bytes[16 * 1024];
        auto count = ::recv(socket_, bytes, sizeof bytes, 0);
        if (count <= 0) return false;
        buffer_.append(bytes, static_cast<std::size_t>(count));
        return true;
    }
    static RawAnswer parse_head(const std::string& head) {
        RawAnswer answer;
        answer.status = std::atoi(head.substr(9, 3).c_str());
        std::size_t at = head.find("\r\n") + 2;
        while (at < head.size()) {
            auto end = head.find("\r\n", at);
            auto colon = head.find(": ", at);
            std::string name = head.substr(at, colon - at);
            std::transform(name.begin(), name.end(), name.begin(), ::tolower);
            answer.headers[name] = head.substr(colon + 2, end - colon - 2);
            at = end + 2;
        }
        return answer;
    }

    int socket_;
    std::string buffer_;
};

/// A server with a few routes, on a free port.
class ServerTest : public testing::Test {
 protected:
    void start(ServerOptions options = {}) {
        options.port = 0;
        server_ = make_server(
            clock_, std::move(options), routes(),
            [this](const Request& request, const Route&, std::function<void(Verdict)> say) {
                gate(request, std::move(say));
            });
        auto started = server_->start();
        ASSERT_TRUE(started) << started.error().message;
    }
    void TearDown() override {
        held_.clear();
        for (auto& thread : threads_) thread.join();
    }
    std::uint16_t port() const { return server_->port(); }

    /// Waits until `count` requests to /hold are in their handler or past it.
    std::vector<Responder> held(std::size_t count) {
        MutexLock lock(mutex_);
        while (held_.size() < count) held_changed_.wait(mutex_);
        return held_;
    }

    static Response text(std::string body) {
        return {
            .status = 200, .content_type = "text/plain", .body = std::move(body), .headers = {}};
    }

    const SystemClock clock_;
    std::unique_ptr<Server> server_;
    std::vector<std::thread> threads_;
    std::function<std::shared_ptr<BodySource>()> make_source_;  ///< of /stream
    std::string last_gate_path_;

 private:
    std::vector<Route> routes();
    /// X-Refuse refuses, X-Later makes the verdict come from another thread, X-Silent none at all.
    void gate(const Request& request, std::function<void(Verdict)> say) {
        last_gate_path_ = request.path;
        Verdict verdict{.admission = std::make_shared<const std::string>("admitted")};
        if (request.header("x-refuse") != nullptr) {
            verdict = {
                .refused = Response{
                    .status = 401, .content_type = "text/plain", .body = "no", .headers = {}}};
        }
        if (request.header("x-silent") != nullptr) return;
        if (request.header("x-later") == nullptr) return say(std::move(verdict));
        threads_.emplace_back(
            [say = std::move(say), verdict = std::move(verdict)] { say(verdict); });
    }

    Mutex mutex_;
    Condition held_changed_;
    std::vector<Responder> held_;
};

inline std::vector<Route> ServerTest::routes() {
    std::vector<Route> routes;
    auto add = [&](const char* method, const char* path, std::size_t body_max, Handler handler) {
        routes.push_back({.method = method,
                          .path = path,
                          .operation = std::string(method) + path,
                          .body_bytes_max = body_max,
                          .handler = std::move(handler)});
    };
    add("GET", "/hello", 0, [](Request&, Responder r) {
        r.send({.status = 200, .content_type = "application/json", .body = "{}", .headers = {}});
    });
    add("POST", "/echo", 1000, [](Request& q, Responder r) { r.send(text(std::move(q.body))); });
    add("POST", "/big", 10 << 20, [](Request& q, Responder r) {
        r.send(text(std::to_string(q.body.size()) + (q.body.empty() ? "" : q.body.substr(0, 3))));
    });
    add("POST", "/thread", 10 << 20, [](Request&, Responder r) {
        r.send(text(std::to_string(std::hash<std::thread::id>()(std::this_thread::get_id()))));
    });
    add("POST", "/nothing", 0, [](Request& q, Responder r) { r.send(text("[" + q.body + "]")); });
    add("GET", "/items/{id}", 0, [](Request& q, Responder r) {
        std::string out = q.path_parameter("id");
        for (auto& [name, value] : q.query) out += "|" + name + "=" + value;
        r.send(text(out));
    });
    add("DELETE", "/items/{id}", 0, [](Request&, Responder r) {
        r.send({.status = 204, .content_type = "", .body = "", .headers = {}});
    });
    add("GET", "/id", 0, [](Request& q, Responder r) { r.send(text(q.id)); });
    add("GET", "/remote", 0, [](Request& q, Responder r) { r.send(text(q.remote)); });
    add("GET", "/large", 0,
        [](Request&, Responder r) { r.send(text(std::string(32 << 20, 'x'))); });
    add("GET", "/shared", 0, [](Request&, Responder r) {
        Response response = text("before ");
        response.shared = std::make_shared<const std::string>(32 << 20, 's');
        response.behind = " behind";
        r.send(std::move(response));
    });
    add("GET", "/stream", 0, [this](Request&, Responder r) {
        Response response = text("");
        response.source = make_source_();
        r.send(std::move(response));
    });
    add("GET", "/drop", 0, [](Request&, Responder) {});
    add("GET", "/twice", 0, [](Request&, Responder r) {
        r.send(text("first"));
        r.send(text("second"));
    });
    add("GET", "/headers", 0, [](Request&, Responder r) {
        r.send({.status = 200,
                .content_type = "application/json",
                .body = "1",
                .headers = {{"Cache-Control", "max-age=5"}, {"X-Bad", "a\r\nInjected: 1"}}});
    });
    add("POST", "/later", 1000, [this](Request& q, Responder r) {
        threads_.emplace_back([r, body = q.body] { r.send(text("later " + body)); });
    });
    add("GET", "/hold", 0, [this](Request&, Responder r) {
        MutexLock lock(mutex_);
        held_.push_back(std::move(r));
        held_changed_.notify_all();
    });
    return routes;
}

/// "POST /path" with a JSON body.
inline std::string post(std::string_view path, std::string_view body, std::string_view more = "") {
    return "POST " + std::string(path) +
           " HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n" + std::string(more) +
           "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}
inline std::string get(std::string_view target, std::string_view more = "") {
    return "GET " + std::string(target) + " HTTP/1.1\r\nHost: h\r\n" + std::string(more) + "\r\n";
}

}  // namespace postrider::http
