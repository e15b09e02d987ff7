#include "monitor/http_server.h"

#include <civetweb.h>
#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace kaisar::monitor {
namespace {

constexpr int kNice = 10;  // of 19: behind everything that earns
constexpr std::chrono::seconds kTryAgain(10);
constexpr std::chrono::milliseconds kKnockAgain(20);  // at an end, which takes one or two of them
constexpr char kThreads[] = "8";       // half-open connections hold one each, for at most …
constexpr char kTimeoutMs[] = "2000";  // … this long
constexpr char kQueued[] = "16";       // accepted connections that wait for a thread
constexpr char kBacklog[] = "64";      // those that the system keeps waiting
constexpr char kMostHeaderBytes[] = "16384";

std::string HeaderOf(const mg_connection* connection, const char* name) {
  const char* value = mg_get_header(connection, name);
  return value == nullptr ? "" : value;
}

std::string TextOr(const char* text) {
  return text == nullptr ? "" : text;
}

void Send(mg_connection* connection, const HttpReply& reply, bool with_body) {
  std::string head = absl::StrCat(
      "HTTP/1.1 ", reply.status, " ", mg_get_response_code_text(connection, reply.status),
      "\r\nContent-Type: ", reply.content_type, "\r\nContent-Length: ", reply.body.size(),
      "\r\nConnection: close\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff"
      "\r\nReferrer-Policy: no-referrer\r\nCross-Origin-Resource-Policy: same-origin"
      "\r\nX-Frame-Options: DENY\r\nContent-Security-Policy: ",
      reply.content_security_policy, "\r\n");
  if (reply.status == 401) {
    absl::StrAppend(&head, "WWW-Authenticate: Basic realm=\"kaisar\", charset=\"UTF-8\"\r\n");
  }
  if (reply.status == 405) absl::StrAppend(&head, "Allow: GET, HEAD\r\n");
  absl::StrAppend(&head, "\r\n", with_body ? reply.body : "");
  mg_write(connection, head.data(), head.size());  // who does not take it has gone
}

/// The library looks every 2 s whether it is to stop, and when somebody connects: so somebody does.
void StopAtOnce(mg_context* context, absl::string_view host, int port) {
  std::atomic<bool> stopped = false;
  std::thread stopping([&] {
    mg_stop(context);
    stopped = true;
  });
  if (absl::ConsumePrefix(&host, "[")) absl::ConsumeSuffix(&host, "]");
  const std::string name(host);
  while (!stopped) {
    std::array<char, 256> error = {};
    mg_connection* knock = mg_connect_client(name.c_str(), port, 0, error.data(), error.size());
    if (knock != nullptr) mg_close_connection(knock);
    std::this_thread::sleep_for(kKnockAgain);
  }
  stopping.join();
}

/// The library's own lines go nowhere: peers could fill the log with them.
int Swallow(const mg_connection* /*connection*/, const char* /*message*/) {
  return 1;
}

}  // namespace

HttpServer::HttpServer(std::string address, HttpRoutes routes, OnListen on_listen)
    : wanted_(std::move(address)),
      routes_(std::move(routes)),
      on_listen_(std::move(on_listen)),
      thread_([this] { Work(); }) {
  pthread_setname_np(thread_.native_handle(), "http");
}

HttpServer::~HttpServer() {
  {
    MutexLock lock(mutex_);
    ending_ = true;
    changed_.SignalAll();
  }
  thread_.join();
}

std::string HttpServer::address() const {
  MutexLock lock(mutex_);
  return address_;
}

int HttpServer::OnRequest(mg_connection* connection) {
  const mg_request_info& info = *mg_get_request_info(connection);
  const auto* server = static_cast<const HttpServer*>(info.user_data);
  const HttpHead head = {TextOr(info.request_method), HeaderOf(connection, "Host"),
                         HeaderOf(connection, "Authorization")};
  const HttpReply reply =
      server->routes_.Answer(head, {TextOr(info.local_uri), TextOr(info.query_string)});
  Send(connection, reply, head.method != "HEAD");
  return reply.status;  // the request is done with
}

absl::StatusOr<mg_context*> HttpServer::Listen() {
  mg_callbacks callbacks = {};
  callbacks.begin_request = &HttpServer::OnRequest;
  callbacks.log_message = &Swallow;
  const std::array<const char*, 13> options = {
      "listening_ports",  wanted_.c_str(),    "num_threads", kThreads,         "request_timeout_ms",
      kTimeoutMs,         "connection_queue", kQueued,       "listen_backlog", kBacklog,
      "max_request_size", kMostHeaderBytes,   nullptr};
  mg_init_data start = {};
  start.callbacks = &callbacks;
  start.user_data = this;
  start.configuration_options = const_cast<const char**>(options.data());
  std::array<char, 256> text = {};
  mg_error_data error = {};
  error.text = text.data();
  error.text_buffer_size = text.size();
  mg_context* context = mg_start2(&start, &error);
  if (context != nullptr) return context;
  return absl::UnavailableError(absl::StrCat(
      "nothing is served at ", wanted_, " (", text.data(),
      "): if another program has the port (ss -ltnp), name another one in the config's "
      "monitor.listen, or off; it is tried again, and all else goes on"));
}

void HttpServer::Work() {
  // All that the library starts from here inherits it.
  setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), kNice);
  mg_init_library(MG_FEATURES_DEFAULT);
  absl::StatusOr<mg_context*> context;
  bool told = false;
  while (true) {
    context = Listen();
    if (context.ok()) break;
    if (!std::exchange(told, true)) on_listen_(context.status());
    MutexLock lock(mutex_);
    if (!ending_) changed_.WaitFor(mutex_, kTryAgain);
    if (ending_) break;
  }
  if (context.ok()) {
    mg_server_port port = {};
    mg_get_server_ports(*context, 1, &port);
    const std::string host = wanted_.substr(0, wanted_.rfind(':'));
    AwaitEnd(absl::StrCat(host, ":", port.port));
    StopAtOnce(*context, host, port.port);
  }
  mg_exit_library();
}

void HttpServer::AwaitEnd(const std::string& address) {
  {
    MutexLock lock(mutex_);
    address_ = address;
  }
  on_listen_(address);
  MutexLock lock(mutex_);
  while (!ending_) changed_.Wait(mutex_);
}

}  // namespace kaisar::monitor
