// Receives Postrider's webhooks: verifies, drops duplicates, answers, then works.
// One file, plain sockets and OpenSSL: g++ -std=c++20 -O2 -o receiver receiver.cc -lcrypto
#include <arpa/inet.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <deque>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <thread>

constexpr std::size_t head_bytes_max = 32 * 1024;
constexpr std::size_t body_bytes_max = 2 * 1024 * 1024;
constexpr long tolerance_seconds = 5 * 60;

std::string key;  // the decoded secret
std::mutex seen_mutex;
std::set<std::string> seen;  // a real receiver keeps the ids in its database, beside its work
std::deque<std::string> seen_order;

bool first_time(const std::string& id) {
    std::lock_guard lock(seen_mutex);
    if (!seen.insert(id).second) return false;
    seen_order.push_back(id);
    if (seen_order.size() > 10'000) {
        seen.erase(seen_order.front());
        seen_order.pop_front();
    }
    return true;
}

std::string base64_decode(std::string text) {
    std::string bytes(text.size(), '\0');
    const int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                                     reinterpret_cast<const unsigned char*>(text.data()),
                                     static_cast<int>(text.size()));
    std::size_t padding = 0;
    while (padding < text.size() && text[text.size() - 1 - padding] == '=') ++padding;
    if (size < 0 || padding > 2) return "";
    bytes.resize(static_cast<std::size_t>(size) - padding);
    return bytes;
}

/// Standard Webhooks: HMAC-SHA256 over "<id>.<timestamp>.<body>", any `v1,` entry may match.
bool verify(std::map<std::string, std::string>& headers, const std::string& body) {
    const std::string& id = headers["webhook-id"];
    const std::string& timestamp = headers["webhook-timestamp"];
    const long age = std::time(nullptr) - std::strtol(timestamp.c_str(), nullptr, 10);
    if (id.empty() || age > tolerance_seconds || age < -tolerance_seconds) return false;
    const std::string content = id + "." + timestamp + "." + body;
    unsigned char digest[32];
    HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
         reinterpret_cast<const unsigned char*>(content.data()), content.size(), digest, nullptr);
    std::string_view rest = headers["webhook-signature"];
    while (!rest.empty()) {
        const std::string_view entry = rest.substr(0, rest.find(' '));
        rest.remove_prefix(std::min(rest.size(), entry.size() + 1));
        if (!entry.starts_with("v1,")) continue;
        const std::string given = base64_decode(std::string(entry.substr(3)));
        if (given.size() == 32 && CRYPTO_memcmp(given.data(), digest, 32) == 0) return true;
    }
    return false;
}

/// Reads until `buffer` holds `size` bytes or, with `size` 0, a whole head.
bool fill(int connection, std::string& buffer, std::size_t size) {
    while (size > 0 ? buffer.size() < size : buffer.find("\r\n\r\n") == std::string::npos) {
        char chunk[16 * 1024];
        const ssize_t count = recv(connection, chunk, sizeof chunk, 0);
        if (count <= 0 || (size == 0 && buffer.size() > head_bytes_max)) return false;
        buffer.append(chunk, static_cast<std::size_t>(count));
    }
    return true;
}

int handle(const std::string& head, std::map<std::string, std::string>& headers,
           const std::string& body) {
    if (!head.starts_with("POST /webhook HTTP/1.1\r\n")) return 404;
    if (!verify(headers, body)) return 401;
    if (first_time(headers["webhook-id"])) {  // the work goes here: hand it to another thread
        std::printf("%s %s\n", headers["webhook-id"].c_str(), body.c_str());
        std::fflush(stdout);
    }
    return 204;
}

void serve(int connection) {
    std::string buffer;
    while (fill(connection, buffer, 0)) {
        const std::size_t head_size = buffer.find("\r\n\r\n") + 4;
        const std::string head = buffer.substr(0, head_size);
        std::map<std::string, std::string> headers;
        for (std::size_t at = head.find("\r\n") + 2; at + 2 < head.size();) {
            const std::size_t end = head.find("\r\n", at);
            const std::size_t colon = head.find(':', at);
            if (colon < end) {
                std::string name = head.substr(at, colon - at);
                for (char& c : name)
                    c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
                const std::size_t value = std::min(head.find_first_not_of(" \t", colon + 1), end);
                headers[name] = head.substr(value, end - value);
            }
            at = end + 2;
        }
        const std::size_t body_size = std::strtoul(headers["content-length"].c_str(), nullptr, 10);
        if (body_size > body_bytes_max || !fill(connection, buffer, head_size + body_size)) break;
        const int status = handle(head, headers, buffer.substr(head_size, body_size));
        buffer.erase(0, head_size + body_size);
        const std::string answer = "HTTP/1.1 " + std::to_string(status) + " -\r\n" +
                                   (status == 204 ? "" : "content-length: 0\r\n") + "\r\n";
        if (send(connection, answer.data(), answer.size(), MSG_NOSIGNAL) < 0) break;
    }
    close(connection);
}

int main() {
    std::string secret = std::getenv("WEBHOOK_SECRET") ? std::getenv("WEBHOOK_SECRET") : "";
    if (secret.starts_with("whsec_")) key = base64_decode(secret.substr(6));
    if (key.empty()) return std::fputs("set WEBHOOK_SECRET to the webhook's secret\n", stderr), 2;
    const char* port = std::getenv("PORT");
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port ? std::atoi(port) : 3000));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    const int on = 1;
    const int listener = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(listener, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
        listen(listener, 128) != 0)
        return std::perror("listen"), 1;
    getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size);
    std::printf("listening on http://127.0.0.1:%d/webhook\n", ntohs(address.sin_port));
    std::fflush(stdout);
    for (;;) {
        const int connection = accept(listener, nullptr, nullptr);
        if (connection < 0) continue;
        const timeval silence{.tv_sec = 75, .tv_usec = 0};
        setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &silence, sizeof silence);
        std::thread(serve, connection).detach();
    }
}
