// The one place that speaks HTTP.

#include <curl/curl.h>

#include <functional>
#include <memory>
#include <mutex>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "base/mutex.h"
#include "chain/json_rpc_client.h"

namespace kaisar::chain {
namespace {

struct CloseHandle {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
};
using Handle = std::unique_ptr<CURL, CloseHandle>;

/// Handles that nobody uses at the moment. Each keeps its connections, so that requests do not pay
/// for a handshake every time; there are never more than requests at one time.
class IdleHandles {
 public:
  Handle Take() {
    {
      MutexLock lock(mutex_);
      if (!idle_.empty()) {
        Handle handle = std::move(idle_.back());
        idle_.pop_back();
        return handle;
      }
    }
    return Handle(curl_easy_init());
  }

  void Return(Handle handle) {
    curl_easy_reset(handle.get());  // keeps the connections
    MutexLock lock(mutex_);
    idle_.push_back(std::move(handle));
  }

 private:
  Mutex mutex_;
  std::vector<Handle> idle_ ABSL_GUARDED_BY(mutex_);
};

struct Received {
  std::string body;
  std::uint64_t most_bytes = 0;
  bool too_long = false;
};

std::size_t Receive(char* bytes, std::size_t, std::size_t count, void* to) {
  auto* received = static_cast<Received*>(to);
  if (count > received->most_bytes - received->body.size()) {
    received->too_long = true;
    return 0;  // ends the transfer
  }
  received->body.append(bytes, count);
  return count;
}

/// Asked by libcurl about once a second; anything but 0 breaks the transfer off.
int AskCancelled(void* cancelled, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return (*static_cast<const std::function<bool()>*>(cancelled))() ? 1 : 0;
}

struct FreeList {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

template <typename Value>
void Set(CURL* handle, CURLoption option, Value value) {
  KAISAR_CHECK(curl_easy_setopt(handle, option, value) == CURLE_OK);
}

void SetOptions(CURL* handle, const std::string& url, const std::string& body, curl_slist* headers,
                std::uint32_t timeout_ms, Received* received) {
  Set(handle, CURLOPT_URL, url.c_str());
  Set(handle, CURLOPT_PROTOCOLS_STR, "http,https");
  Set(handle, CURLOPT_FOLLOWLOCATION, 0L);
  // The configuration alone says who is asked, not the environment.
  Set(handle, CURLOPT_PROXY, "");
  Set(handle, CURLOPT_HTTPHEADER, headers);
  Set(handle, CURLOPT_POST, 1L);
  Set(handle, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
  Set(handle, CURLOPT_POSTFIELDS, body.c_str());
  Set(handle, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(timeout_ms));
  Set(handle, CURLOPT_TIMEOUT_MS, static_cast<long>(timeout_ms));
  Set(handle, CURLOPT_NOSIGNAL, 1L);  // threads
  Set(handle, CURLOPT_WRITEFUNCTION, &Receive);
  Set(handle, CURLOPT_WRITEDATA, static_cast<void*>(received));
}

absl::Status TransferError(CURLcode code, const char* words, const Received& received,
                           std::uint32_t timeout_ms) {
  if (received.too_long) {
    return absl::ResourceExhaustedError(
        absl::StrCat("response is longer than ", received.most_bytes, " bytes"));
  }
  if (code == CURLE_ABORTED_BY_CALLBACK) return absl::CancelledError("cancelled");
  if (code == CURLE_OPERATION_TIMEDOUT) {
    return absl::DeadlineExceededError(absl::StrCat("no answer within ", timeout_ms, " ms"));
  }
  return absl::UnavailableError(*words != '\0' ? words : curl_easy_strerror(code));
}

absl::StatusOr<std::string> Post(IdleHandles& handles, const std::function<bool()>& cancelled,
                                 const std::string& url, const std::string& body,
                                 std::uint32_t timeout_ms, std::uint64_t most_bytes) {
  if (cancelled()) return absl::CancelledError("cancelled");
  Handle handle = handles.Take();
  if (handle == nullptr) return absl::UnavailableError("cannot make an HTTP handle");
  std::unique_ptr<curl_slist, FreeList> headers(
      curl_slist_append(nullptr, "Content-Type: application/json"));
  Received received{{}, most_bytes, false};
  char words[CURL_ERROR_SIZE] = "";
  SetOptions(handle.get(), url, body, headers.get(), timeout_ms, &received);
  Set(handle.get(), CURLOPT_ERRORBUFFER, words);
  Set(handle.get(), CURLOPT_NOPROGRESS, 0L);
  Set(handle.get(), CURLOPT_XFERINFOFUNCTION, &AskCancelled);
  Set(handle.get(), CURLOPT_XFERINFODATA,
      static_cast<void*>(const_cast<std::function<bool()>*>(&cancelled)));
  const CURLcode code = curl_easy_perform(handle.get());
  long http_status = 0;
  curl_easy_getinfo(handle.get(), CURLINFO_RESPONSE_CODE, &http_status);
  handles.Return(std::move(handle));
  if (code != CURLE_OK) return TransferError(code, words, received, timeout_ms);
  // Some endpoints send their JSON-RPC errors with another status: what they say is worth more.
  if (http_status != 200 && received.body.rfind('{', 0) != 0) {
    return absl::UnavailableError(absl::StrCat("HTTP status ", http_status));
  }
  return std::move(received.body);
}

}  // namespace

HttpPost CurlPost() {
  return CurlPost([] { return false; });
}

HttpPost CurlPost(std::function<bool()> cancelled) {
  static std::once_flag initialized;
  std::call_once(initialized,
                 [] { KAISAR_CHECK(curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK); });
  return [handles = std::make_shared<IdleHandles>(), cancelled = std::move(cancelled)](
             const std::string& url, const std::string& body, std::uint32_t timeout_ms,
             std::uint64_t most_bytes) {
    return Post(*handles, cancelled, url, body, timeout_ms, most_bytes);
  };
}

}  // namespace kaisar::chain
