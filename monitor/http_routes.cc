#include "monitor/http_routes.h"

#include <arpa/inet.h>

#include <exception>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "base/bytes.h"
#include "base/sha256.h"

namespace kaisar::monitor {
namespace {

HttpReply Error(int status, const std::string& why) {
  HttpReply reply;
  reply.status = status;
  reply.body = absl::StrCat(why, "\n");
  return reply;
}

/// Digests are compared, so that how long it takes says nothing of the secret.
bool SameSecret(absl::string_view given, absl::string_view expected) {
  return Sha256(ViewOf(given)) == Sha256(ViewOf(expected));
}

bool IsAddressOrLocalhost(const std::string& host_header) {
  std::string host = host_header;
  if (!host.empty() && host.front() == '[') {
    host = host.substr(1, host.find(']') - 1);
  } else {
    host = host.substr(0, host.find(':'));
  }
  in_addr v4;
  in6_addr v6;
  return absl::EqualsIgnoreCase(host, "localhost") || inet_pton(AF_INET, host.c_str(), &v4) == 1 ||
         inet_pton(AF_INET6, host.c_str(), &v6) == 1;
}

}  // namespace

HttpReply JsonReply(bool good, std::string body) {
  HttpReply reply;
  reply.status = good ? 200 : 503;
  reply.content_type = "application/json";
  reply.body = std::move(body);
  return reply;
}

bool HttpRoutes::Authorized(absl::string_view authorization) const {
  if (absl::ConsumePrefix(&authorization, "Bearer ")) return SameSecret(authorization, token_);
  std::string user_and_password;
  if (!absl::ConsumePrefix(&authorization, "Basic ") ||
      !absl::Base64Unescape(authorization, &user_and_password)) {
    return false;
  }
  const std::size_t colon = user_and_password.find(':');
  return colon != std::string::npos &&
         SameSecret(absl::string_view(user_and_password).substr(colon + 1), token_);
}

HttpReply HttpRoutes::Answer(const HttpHead& head, const HttpRequest& request) const {
  if (!token_.empty() && !Authorized(head.authorization)) {
    return Error(401, "the token is missing or wrong: Authorization: Bearer TOKEN");
  }
  // HTTP/1.0 knows no Host, and no browser speaks it.
  if (token_.empty() && !head.host.empty() && !IsAddressOrLocalhost(head.host)) {
    return Error(403, "ask by IP address or as localhost: without a token no other name is served");
  }
  if (head.method != "GET" && head.method != "HEAD") {
    return Error(405, "only GET is served: nothing can be changed here");
  }
  const auto handler = handlers_.find(request.path);
  if (handler == handlers_.end()) {
    std::string paths;
    for (const auto& [path, unused] : handlers_) absl::StrAppend(&paths, " ", path);
    return Error(404, absl::StrCat("nothing is served here; there is", paths));
  }
  try {
    return handler->second(request);
  } catch (const std::exception& error) {
    return Error(500, error.what());
  }
}

}  // namespace kaisar::monitor
