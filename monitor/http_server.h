#pragma once

#include <functional>
#include <string>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "base/mutex.h"
#include "monitor/http_routes.h"

struct mg_context;
struct mg_connection;

namespace kaisar::monitor {

/// Serves routes over HTTP/1.1 at one address, one request a connection. Whatever peers do, it
/// takes at most 8 threads (at nice 10, so that challenges go first) and 16 kB a request; a
/// connection on which nothing moves for 2 s is closed.
///
/// An address that is taken is no error: it is told once, and tried again every 10 s.
///
/// Threads:  address from any thread.
/// Liveness: the thread "http" and those of the library end in the destructor, after the requests
///           under way; half-open connections hold it up for 2 s at most.
class HttpServer {
 public:
  /// IP:port where it listens, or why it does not and what to do.
  using OnListen = std::function<void(const absl::StatusOr<std::string>&)>;

  /// `address` is IP:port as ReadMonitorConfig takes it; port 0: the system's choice. `routes` is
  /// complete. `on_listen` runs on the thread "http".
  HttpServer(std::string address, HttpRoutes routes, OnListen on_listen);
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  /// Where it listens, with the real port; empty while it does not.
  std::string address() const;

 private:
  void Work();
  void AwaitEnd(const std::string& address);
  /// Errors: Unavailable, with what to do, when the address cannot be had.
  absl::StatusOr<mg_context*> Listen();
  static int OnRequest(mg_connection* connection);

  const std::string wanted_;
  const HttpRoutes routes_;
  const OnListen on_listen_;
  mutable Mutex mutex_;
  CondVar changed_;
  std::string address_ ABSL_GUARDED_BY(mutex_);
  bool ending_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace kaisar::monitor
