#pragma once

#include <functional>
#include <map>
#include <string>

#include "absl/strings/string_view.h"

namespace kaisar::monitor {

/// What a handler is told of a request.
struct HttpRequest {
  std::string path;   // decoded, without the query
  std::string query;  // as it came, without the question mark
};

/// What a handler answers.
struct HttpReply {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
  /// What a page may load and run; a page with a script of its own names the script's hash here.
  std::string content_security_policy = "default-src 'none'; frame-ancestors 'none'";
};

/// A reply of JSON: 200 when all is `good`, else 503.
HttpReply JsonReply(bool good, std::string body);

/// Answers at once from what is known: no handler waits for anybody, so a page that is to stay
/// current asks again.
///
/// Threads: several at once.
using HttpHandler = std::function<HttpReply(const HttpRequest&)>;

/// What decides whether and by whom a request is answered.
struct HttpHead {
  std::string method;
  std::string host;           // empty: the header is missing
  std::string authorization;  // empty: the header is missing
};

/// The paths that are served, and who may ask. Only GET and HEAD; only exact paths.
///
/// Threads: Add before any Answer; Answer from any thread.
class HttpRoutes {
 public:
  /// With a token, each request must bring it: `Authorization: Bearer TOKEN`, or Basic with any
  /// user and the token as password, which is what browsers can do. Without one, the Host must be
  /// an IP address or localhost, so that no web site can read us through a name of its own.
  explicit HttpRoutes(std::string token = "") : token_(std::move(token)) {}

  void Add(const std::string& path, HttpHandler handler) { handlers_[path] = std::move(handler); }

  /// Result: the handler's; else 401, 403, 404 or 405, or 500 when the handler threw.
  HttpReply Answer(const HttpHead& head, const HttpRequest& request) const;

 private:
  bool Authorized(absl::string_view authorization) const;

  const std::string token_;
  std::map<std::string, HttpHandler> handlers_;
};

}  // namespace kaisar::monitor
