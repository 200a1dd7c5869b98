#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "http/server.h"

namespace postrider::http {

/// Finds the route of a path: a tree of segments. Immutable once made.
class Router {
 public:
    /// Requires: templates as Route says, no two routes with one method that match the same paths.
    explicit Router(std::vector<Route> routes);
    ~Router();

    struct Match {
        const Route* route = nullptr;
        std::string allow;  ///< when no route of that path has the method: those that it has
    };
    /// Looks at `request.method` and `request.path`, and fills `request.path_parameters`.
    /// Errors: not_found; "malformed-request" (400) when the path cannot be decoded.
    Result<Match> find(Request& request) const;

 private:
    struct Node;
    using Segments = std::vector<std::string>;  ///< of a request's path, decoded

    void add(std::size_t index);
    const Node* walk(const Node& node, const Segments& segments, std::size_t at,
                     std::vector<std::size_t>& bound) const;
    /// Whether "/api/v1/webhooks" would be a path below a realm.
    bool lacks_realm(const Segments& segments) const;

    std::vector<Route> routes_;
    std::unique_ptr<Node> root_;
};

}  // namespace postrider::http
