#pragma once

#include <arpa/inet.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "net/ip_address.h"

namespace postrider::net {

/// A name server on a UDP socket of 127.0.0.1, for tests: answers what it was told, stays silent,
/// or holds its answer until it is released.
class FakeDns {
 public:
    struct Answer {
        std::vector<std::string> addresses;  ///< both families
        unsigned ttl = 0;
        int code = 0;  ///< 3: no such name, 2: server failure, 5: refused
        enum class Behaviour { answer, silent, silent_for_v6, hold } behaviour = Behaviour::answer;
    };

    FakeDns() {
        fd_ = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        bind(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address);
        socklen_t size = sizeof address;
        getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size);
        port_ = ntohs(address.sin_port);
        wake_ = eventfd(0, EFD_CLOEXEC);
        thread_ = std::thread([this] { serve(); });
    }
    ~FakeDns() {
        eventfd_write(wake_, 1);
        thread_.join();
        close(fd_);
        close(wake_);
    }
    FakeDns(const FakeDns&) = delete;
    FakeDns& operator=(const FakeDns&) = delete;

    std::string servers() const { return "127.0.0.1:" + std::to_string(port_); }

    /// What is said of `name`; of all others, that they do not exist.
    void set(const std::string& name, Answer answer) {
        MutexLock lock(mutex_);
        answers_[name] = std::move(answer);
        changed_.notify_all();
    }

    int queries_for(const std::string& name) {
        MutexLock lock(mutex_);
        return queries_[name];
    }
    void wait_for_queries(const std::string& name, int count) {
        MutexLock lock(mutex_);
        while (queries_[name] < count) changed_.wait(mutex_);
    }
    /// Answers what is held, as `set` says now.
    void release() {
        std::vector<std::pair<std::string, sockaddr_in>> held;
        {
            MutexLock lock(mutex_);
            held.swap(held_);
        }
        for (const auto& [packet, from] : held) handle(packet, from);
    }

 private:
    void serve() {
        while (true) {
            pollfd waits[] = {{fd_, POLLIN, 0}, {wake_, POLLIN, 0}};
            poll(waits, 2, -1);
            if (waits[1].revents != 0) return;
            char buffer[1500];
            sockaddr_in from{};
            socklen_t size = sizeof from;
            const auto count =
                recvfrom(fd_, buffer, sizeof buffer, 0, reinterpret_cast<sockaddr*>(&from), &size);
            if (count < 17) continue;
            const std::string packet(buffer, static_cast<std::size_t>(count));
            {
                MutexLock lock(mutex_);
                ++queries_[name_of(packet)];
                changed_.notify_all();
            }
            handle(packet, from);
        }
    }

    static std::string name_of(const std::string& packet) {
        std::string name;
        for (std::size_t at = 12; packet.at(at) != 0;
             at += 1 + static_cast<unsigned char>(packet[at])) {
            if (!name.empty()) name += '.';
            name += packet.substr(at + 1, static_cast<unsigned char>(packet[at]));
        }
        return name;
    }

    void handle(const std::string& packet, const sockaddr_in& from) {
        const auto name = name_of(packet);
        const bool asks_v6 = packet.at(12 + name.size() + 2 + 1) == 28;
        Answer answer{{}, 0, 3, Answer::Behaviour::answer};
        {
            MutexLock lock(mutex_);
            if (answers_.contains(name)) answer = answers_[name];
            using Behaviour = Answer::Behaviour;
            if (answer.behaviour == Behaviour::silent) return;
            if (answer.behaviour == Behaviour::silent_for_v6 && asks_v6) return;
            if (answer.behaviour == Behaviour::hold) {
                held_.emplace_back(packet, from);
                return;
            }
        }
        const auto reply = reply_to(packet, name, asks_v6, answer);
        sendto(fd_, reply.data(), reply.size(), 0, reinterpret_cast<const sockaddr*>(&from),
               sizeof from);
    }

    static void put16(std::string& out, unsigned value) {
        out += static_cast<char>(value >> 8);
        out += static_cast<char>(value);
    }

    static std::string reply_to(const std::string& packet, const std::string& name, bool asks_v6,
                                const Answer& answer) {
        std::string records;
        unsigned count = 0;
        for (const auto& text : answer.addresses) {
            const auto address = IpAddress::parse(text);
            if (!address || address->is_v6 != asks_v6) continue;
            ++count;
            put16(records, 0xc00c);  // the name of the question
            put16(records, asks_v6 ? 28 : 1);
            put16(records, 1);
            put16(records, answer.ttl >> 16);
            put16(records, answer.ttl & 0xffff);
            const std::size_t size = asks_v6 ? 16 : 4;
            put16(records, static_cast<unsigned>(size));
            records.append(reinterpret_cast<const char*>(address->bytes.data()), size);
        }
        std::string reply = packet.substr(0, 2);
        put16(reply, 0x8180u | static_cast<unsigned>(answer.code));
        put16(reply, 1);
        put16(reply, count);
        put16(reply, 0);
        put16(reply, 0);
        reply += packet.substr(12, name.size() + 2 + 4);
        return reply + records;
    }

    int fd_ = -1;
    int wake_ = -1;
    int port_ = 0;
    Mutex mutex_;
    Condition changed_;
    std::map<std::string, Answer> answers_ GUARDED_BY(mutex_);
    std::map<std::string, int> queries_ GUARDED_BY(mutex_);
    std::vector<std::pair<std::string, sockaddr_in>> held_ GUARDED_BY(mutex_);
    std::thread thread_;
};

}  // namespace postrider::net
