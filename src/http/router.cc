#include "http/router.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <ranges>

#include "base/check.h"
#include "http/target.h"
#include "model/limits.h"

namespace postrider::http {

/// A place in the tree: what follows it, and the routes that end here.
struct Router::Node {
    std::vector<std::pair<std::string, std::unique_ptr<Node>>> named;
    std::unique_ptr<Node> any;   ///< under a {name}
    std::unique_ptr<Node> rest;  ///< under a {name*}
    /// Their names in the routes' templates may differ: {id} here, {user_id} there.
    struct End {
        std::size_t route;
        std::vector<std::string> names;
    };
    std::vector<End> ends;
};

namespace {

std::vector<std::string_view> split(std::string_view path) {
    std::vector<std::string_view> segments;
    path.remove_prefix(1);  // the slash that it begins with
    while (true) {
        const auto slash = path.find('/');
        segments.push_back(path.substr(0, slash));
        if (slash == std::string_view::npos) return segments;
        path.remove_prefix(slash + 1);
    }
}

/// `lacks_realm`: the segments of a path that would be one below a realm.
std::unexpected<Error> no_such_route(const std::vector<std::string>* lacks_realm = nullptr) {
    if (lacks_realm != nullptr) {
        return fail(ErrorCode::not_found,
                    fmt::format("there is no such path here: what belongs to a realm is below the "
                                "realm, /api/v1/realms/master/{} for example",
                                fmt::join(*lacks_realm | std::views::drop(2), "/")));
    }
    return fail(ErrorCode::not_found, "there is no such path here; the API begins with /api/v1");
}

}  // namespace

Router::Router(std::vector<Route> routes)
    : routes_(std::move(routes)), root_(std::make_unique<Node>()) {
    for (std::size_t i = 0; i < routes_.size(); ++i) add(i);
}

Router::~Router() = default;

void Router::add(std::size_t index) {
    const Route& route = routes_[index];
    CHECK(route.path.starts_with('/') && !route.method.empty() && route.handler);
    Node* node = root_.get();
    std::vector<std::string> names;
    bool ended = false;
    for (auto segment : split(route.path)) {
        CHECK(!ended);  // a {name*} takes all that follows
        std::unique_ptr<Node>* next = nullptr;
        if (segment.starts_with('{') && segment.ends_with("*}")) {
            names.emplace_back(segment.substr(1, segment.size() - 3));
            next = &node->rest;
            ended = true;
        } else if (segment.starts_with('{') && segment.ends_with('}')) {
            names.emplace_back(segment.substr(1, segment.size() - 2));
            next = &node->any;
        } else {
            auto child = std::find_if(node->named.begin(), node->named.end(),
                                      [&](const auto& entry) { return entry.first == segment; });
            if (child == node->named.end()) {
                child = node->named.emplace(child, std::string(segment), nullptr);
            }
            next = &child->second;
        }
        if (!*next) *next = std::make_unique<Node>();
        node = next->get();
    }
    for (const auto& end : node->ends) CHECK(routes_[end.route].method != route.method);
    node->ends.push_back({index, std::move(names)});
}

/// Depth first: a segment in full, then {name}, then {name*}. `bound` holds the segments that names
/// stand for. The tree is ours and small, and a path has few segments: the search is bounded.
const Router::Node* Router::walk(const Node& node, const Segments& segments, std::size_t at,
                                 std::vector<std::size_t>& bound) const {
    if (at == segments.size()) return node.ends.empty() ? nullptr : &node;
    const std::string& text = segments[at];
    for (const auto& [name, child] : node.named) {
        if (name == text) {
            if (const Node* found = walk(*child, segments, at + 1, bound)) return found;
            break;
        }
    }
    if (node.any && !text.empty()) {
        bound.push_back(at);
        if (const Node* found = walk(*node.any, segments, at + 1, bound)) return found;
        bound.pop_back();
    }
    if (node.rest) {
        bound.push_back(at);
        return node.rest.get();
    }
    return nullptr;
}

bool Router::lacks_realm(const Segments& segments) const {
    if (segments.size() < 3 || segments[0] != "api" || segments[1] != "v1") return false;
    Segments below{"api", "v1", "realms", "master"};
    below.insert(below.end(), segments.begin() + 2, segments.end());
    std::vector<std::size_t> bound;
    return walk(*root_, below, 0, bound) != nullptr;
}

Result<Router::Match> Router::find(Request& request) const {
    const auto slashes = std::count(request.path.begin(), request.path.end(), '/');
    if (static_cast<std::size_t>(slashes) > limits::path_segments_max) return no_such_route();
    Segments segments;
    segments.reserve(static_cast<std::size_t>(slashes));
    for (auto encoded : split(request.path)) {
        auto text = percent_decode(encoded);
        if (!text) {
            return fail(ErrorCode::invalid_argument, "the path is not percent-encoded UTF-8",
                        "malformed-request");
        }
        // No resource is called so, and whoever serves files must never see them.
        if (*text == "." || *text == "..") return no_such_route();
        segments.push_back(std::move(*text));
    }
    std::vector<std::size_t> bound;
    const Node* node = walk(*root_, segments, 0, bound);
    if (node == nullptr) return no_such_route(lacks_realm(segments) ? &segments : nullptr);

    const Node::End* chosen = nullptr;
    Match match;
    for (const auto& end : node->ends) {
        const std::string& method = routes_[end.route].method;
        if (method == request.method) chosen = &end;
        if (method == "GET" && request.method == "HEAD" && chosen == nullptr) chosen = &end;
    }
    if (chosen == nullptr) {
        for (const auto& end : node->ends) {
            const std::string& method = routes_[end.route].method;
            match.allow += (match.allow.empty() ? "" : ", ") + method;
            if (method == "GET") match.allow += ", HEAD";
        }
        return match;
    }
    match.route = &routes_[chosen->route];
    for (std::size_t i = 0; i < bound.size(); ++i) {
        std::string& value = segments[bound[i]];
        // A {name*} is always the last one, and takes all that follows.
        const bool rest = i + 1 == bound.size() && match.route->path.ends_with("*}");
        for (std::size_t at = bound[i] + 1; rest && at < segments.size(); ++at) {
            value += '/';
            value += segments[at];
        }
        request.path_parameters.emplace_back(chosen->names[i], std::move(value));
    }
    return match;
}

}  // namespace postrider::http
