#include "http/router.h"

#include <gtest/gtest.h>

#include "http/target.h"

namespace postrider::http {
namespace {

Route route(const char* method, const char* path) {
    return {.method = method,
            .path = path,
            .operation = std::string(method) + ' ' + path,
            .handler = [](Request&, Responder) {}};
}

const Router& router() {
    static const Router made([] {
        std::vector<Route> routes;
        routes.push_back(route("GET", "/"));
        routes.push_back(route("GET", "/api/users"));
        routes.push_back(route("POST", "/api/users"));
        routes.push_back(route("POST", "/api/users/bulk-delete"));
        routes.push_back(route("GET", "/api/users/{id}"));
        routes.push_back(route("DELETE", "/api/users/{user}"));
        routes.push_back(route("GET", "/api/users/{id}/roles/{role_id}"));
        routes.push_back(route("HEAD", "/api/head"));
        routes.push_back(route("GET", "/api/head"));
        routes.push_back(route("GET", "/assets/{file*}"));
        routes.push_back(route("GET", "/assets/index"));
        return routes;
    }());
    return made;
}

/// "operation name=value…", the Allow header, or the error's status word.
std::string find(std::string method, std::string path) {
    Request request;
    request.method = std::move(method);
    request.path = std::move(path);
    auto match = router().find(request);
    if (!match) return match.error().code == ErrorCode::not_found ? "none" : "malformed";
    if (match->route == nullptr) return "allow " + match->allow;
    std::string out = match->route->operation;
    for (const auto& [name, value] : request.path_parameters) out += " " + name + "=" + value;
    return out;
}

TEST(Router, SaysWhereTheRealmBelongs) {
    Route route;
    route.method = "GET";
    route.path = "/api/v1/realms/{realm}/webhooks/{id}";
    route.operation = "get_webhook";
    route.handler = [](Request&, const Responder&) {};
    const Router router({route});
    const auto message = [&](std::string path) {
        Request request;
        request.method = "GET";
        request.path = std::move(path);
        return router.find(request).error().message;
    };
    EXPECT_NE(message("/api/v1/webhooks/7").find("/api/v1/realms/master/webhooks/7"),
              std::string::npos);
    EXPECT_EQ(message("/api/v1/nothing").find("master"), std::string::npos);
    EXPECT_EQ(message("/webhooks/7").find("master"), std::string::npos);
}

TEST(Router, FindsRoutes) {
    const std::tuple<const char*, const char*, const char*> rows[] = {
        {"GET", "/", "GET /"},
        {"GET", "/api/users", "GET /api/users"},
        {"POST", "/api/users", "POST /api/users"},
        {"GET", "/api/users/7", "GET /api/users/{id} id=7"},
        {"DELETE", "/api/users/7", "DELETE /api/users/{user} user=7"},
        {"POST", "/api/users/bulk-delete", "POST /api/users/bulk-delete"},
        {"GET", "/api/users/bulk-delete/roles/9",
         "GET /api/users/{id}/roles/{role_id} id=bulk-delete role_id=9"},
        {"GET", "/api/users/a%20b%2Fc", "GET /api/users/{id} id=a b/c"},
        {"GET", "/api/%75sers", "GET /api/users"},
        {"HEAD", "/api/users", "GET /api/users"},
        {"HEAD", "/api/head", "HEAD /api/head"},
        {"GET", "/assets/a/b.js", "GET /assets/{file*} file=a/b.js"},
        {"GET", "/assets/", "GET /assets/{file*} file="},
        {"GET", "/assets/index", "GET /assets/index"},
        {"GET", "/assets/index/x", "GET /assets/{file*} file=index/x"},
        {"PUT", "/api/users/7", "allow GET, HEAD, DELETE"},
        {"GET", "/api/users/bulk-delete", "allow POST"},
        {"GET", "/assets", "none"},
        {"GET", "/api", "none"},
        {"GET", "/api/users/", "none"},
        {"GET", "/api//users", "none"},
        {"GET", "/api/users/7/roles", "none"},
        {"GET", "/API/users", "none"},
        {"GET", "/assets/../api/users", "none"},
        {"GET", "/assets/%2e%2E/x", "none"},
        {"GET", "/api/users/%", "malformed"},
        {"GET", "/api/users/%0", "malformed"},
        {"GET", "/api/users/%00", "malformed"},
        {"GET", "/api/users/%c3", "malformed"},
    };
    for (auto [method, path, expected] : rows) {
        EXPECT_EQ(find(method, path), expected) << method << ' ' << path;
    }
    EXPECT_EQ(find("GET", "/assets" + std::string(5000, '/')), "none");
}

TEST(RouterDeathTest, RefusesTwoRoutesForOneRequest) {
    auto twice = [] {
        std::vector<Route> routes;
        routes.push_back(route("GET", "/a/{x}"));
        routes.push_back(route("GET", "/a/{y}"));
        Router made(std::move(routes));
    };
    EXPECT_DEATH(twice(), "check failed");
}

TEST(Target, IsTakenApart) {
    const std::tuple<const char*, const char*, const char*> rows[] = {
        {"/a/b", "/a/b", ""},
        {"/a?", "/a", ""},
        {"/a?x=1&y=2", "/a", "x=1;y=2;"},
        {"/a?x", "/a", "x=;"},
        {"/a?x=1=2", "/a", "x=1=2;"},
        {"/a?&&x=1&", "/a", "x=1;"},
        {"/a?a+b=c%2Bd", "/a", "a b=c+d;"},
        {"/a?x=%E2%82%AC", "/a", "x=€;"},
        {"/a?u=http://b/c", "/a", "u=http://b/c;"},
        {"/a#f", "/a", ""},
        {"http://host:1/a?x=1", "/a", "x=1;"},
        {"https://host", "/", ""},
    };
    for (auto [target, path, query] : rows) {
        Request request;
        ASSERT_TRUE(read_target(target, request)) << target;
        EXPECT_EQ(request.path, path) << target;
        std::string seen;
        for (const auto& [name, value] : request.query) seen += name + "=" + value + ";";
        EXPECT_EQ(seen, query) << target;
    }
    for (const char* target :
         {"", "a", "*", "host:80", "?x", "http://host?x=%", "/a?%zz=1", "/a?x=%ff"}) {
        Request request;
        EXPECT_FALSE(read_target(target, request)) << target;
    }
}

}  // namespace
}  // namespace postrider::http
