#include "monitor/http_routes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace kaisar::monitor {
namespace {

using ::testing::HasSubstr;

constexpr char kToken[] = "0123456789abcdef0123456789abcdef";

HttpRoutes Routes(const std::string& token = "") {
  HttpRoutes routes(token);
  routes.Add("/figures", [](const HttpRequest& request) {
    HttpReply reply;
    reply.body = absl::StrCat("query=", request.query);
    return reply;
  });
  return routes;
}

HttpHead Get(const std::string& host = "127.0.0.1:9464", const std::string& authorization = "") {
  return {"GET", host, authorization};
}

TEST(HttpRoutes, AnswerExactPathsAlone) {
  const HttpRoutes routes = Routes();
  EXPECT_EQ(routes.Answer(Get(), {"/figures", "a=1"}).body, "query=a=1");
  for (const char* path : {"/", "/figures/", "/figures/x", "/Figures", "", "/../figures"}) {
    EXPECT_EQ(routes.Answer(Get(), {path, ""}).status, 404) << path;
  }
  EXPECT_THAT(routes.Answer(Get(), {"/", ""}).body, HasSubstr("there is /figures"));
}

TEST(HttpRoutes, ChangeNothing) {
  const HttpRoutes routes = Routes();
  EXPECT_EQ(routes.Answer({"HEAD", "localhost", ""}, {"/figures", ""}).status, 200);
  for (const char* method : {"POST", "PUT", "DELETE", "OPTIONS", "get", ""}) {
    EXPECT_EQ(routes.Answer({method, "localhost", ""}, {"/figures", ""}).status, 405) << method;
  }
}

TEST(HttpRoutes, ServeNoWebSiteThatPointsItsNameAtUs) {
  const HttpRoutes routes = Routes();
  for (const char* host : {"localhost", "LOCALHOST:9464", "127.0.0.1", "127.0.0.1:9464",
                           "[::1]:9464", "[::1", "10.0.0.7:80", ""}) {
    EXPECT_EQ(routes.Answer(Get(host), {"/figures", ""}).status, 200) << host;
  }
  for (const char* host : {"evil.example", "evil.example:9464", "localhost.evil.example", "[",
                           "127.0.0.1.evil.example", ":9464"}) {
    EXPECT_EQ(routes.Answer(Get(host), {"/figures", ""}).status, 403) << host;
  }
}

TEST(HttpRoutes, AskForTheToken) {
  const HttpRoutes routes = Routes(kToken);
  const auto status = [&](const std::string& authorization) {
    return routes.Answer(Get("kaisar.example", authorization), {"/figures", ""}).status;
  };
  EXPECT_EQ(status(absl::StrCat("Bearer ", kToken)), 200);
  EXPECT_EQ(status(absl::StrCat("Basic ", absl::Base64Escape(absl::StrCat("anybody:", kToken)))),
            200);
  for (const std::string& wrong :
       {std::string(), std::string("Bearer "), absl::StrCat("Bearer ", kToken, "x"),
        absl::StrCat("bearer", kToken), std::string(kToken), std::string("Basic ****"),
        absl::StrCat("Basic ", absl::Base64Escape(kToken)),
        absl::StrCat("Bearer ", std::string(kToken).substr(1))}) {
    EXPECT_EQ(status(wrong), 401) << wrong;
  }
}

TEST(HttpRoutes, TellNobodyWithoutTheTokenWhatThereIs) {
  const HttpReply reply = Routes(kToken).Answer(Get(), {"/nowhere", ""});
  EXPECT_EQ(reply.status, 401);
  EXPECT_THAT(reply.body, ::testing::Not(HasSubstr("/figures")));
}

TEST(HttpRoutes, SurviveAHandlerThatThrows) {
  HttpRoutes routes;
  routes.Add("/broken",
             [](const HttpRequest&) -> HttpReply { throw std::runtime_error("no luck"); });
  const HttpReply reply = routes.Answer(Get(), {"/broken", ""});
  EXPECT_EQ(reply.status, 500);
  EXPECT_EQ(reply.body, "no luck\n");
}

}  // namespace
}  // namespace kaisar::monitor
