#include "io/http_client/client.h"

#include <curl/curl.h>
#include <pthread.h>

#include <csignal>
#include <deque>
#include <future>
#include <map>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "base/check.h"

namespace tandem::http {
namespace {

struct FreeEasy {
  void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};
struct FreeList {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

// One request under way. Its address is libcurl's handle to it.
struct Transfer {
  Fetch fetch;
  Client::Done done;
  Response response;
  bool too_big = false;
  char problem[CURL_ERROR_SIZE] = {};
  std::unique_ptr<curl_slist, FreeList> headers;
  std::unique_ptr<CURL, FreeEasy> easy;
};

std::size_t take_body(char* bytes, std::size_t, std::size_t count, void* user) {
  auto& transfer = *static_cast<Transfer*>(user);
  if (transfer.response.body.size() + count > transfer.fetch.response_bytes_max) {
    transfer.too_big = true;
    return 0;  // libcurl ends the transfer
  }
  transfer.response.body.append(bytes, count);
  return count;
}

std::size_t take_header(char* bytes, std::size_t, std::size_t count, void* user) {
  auto& transfer = *static_cast<Transfer*>(user);
  std::string_view line(bytes, count);
  while (!line.empty() && (line.back() == '\n' || line.back() == '\r')) line.remove_suffix(1);
  // A status line begins a new response: what an interim one (100) said is not the answer.
  if (line.starts_with("HTTP/")) transfer.response.headers.clear();
  const auto colon = line.find(':');
  if (colon == std::string_view::npos) return count;
  std::string name(line.substr(0, colon));
  for (char& c : name) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  std::string_view value = line.substr(colon + 1);
  while (!value.empty() && (value.front() == ' ' || value.front() == '\t')) value.remove_prefix(1);
  transfer.response.headers.emplace_back(std::move(name), std::string(value));
  return count;
}

Errc errc_of(CURLcode code) {
  switch (code) {
    case CURLE_OPERATION_TIMEDOUT:
      return Errc::timed_out;
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CACERT_BADFILE:
      return Errc::invalid;
    default:
      return Errc::unreachable;
  }
}

bool breaks_line(std::string_view text) { return text.find_first_of(std::string_view("\r\n\0", 3)) != text.npos; }

}  // namespace

struct Client::Impl {
  explicit Impl(ClientOptions o) : options(o), multi(curl_multi_init()) {
    TANDEM_CHECK(multi != nullptr);
    thread = std::thread([this] { run(); });
  }

  ~Impl() { curl_multi_cleanup(multi); }

  void run() {
    sigset_t pipe;
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
    pthread_setname_np(pthread_self(), "http-client");
    while (take_waiting()) {
      int running = 0;
      curl_multi_perform(multi, &running);
      int left = 0;
      while (const CURLMsg* message = curl_multi_info_read(multi, &left)) {
        if (message->msg == CURLMSG_DONE) finish(message->easy_handle, message->data.result);
      }
      if (!has_room_and_work()) curl_multi_poll(multi, nullptr, 0, 60'000, nullptr);
    }
    while (!active.empty()) {
      auto transfer = std::move(active.begin()->second);
      active.erase(active.begin());
      curl_multi_remove_handle(multi, transfer->easy.get());
      transfer->done(fail(Errc::shutting_down, "the client stops"));
    }
    std::deque<std::unique_ptr<Transfer>> rest;
    {
      const std::lock_guard lock(mutex);
      rest.swap(waiting);
    }
    for (auto& transfer : rest) transfer->done(fail(Errc::shutting_down, "the client stops"));
  }

  // Queues the transfer, or leaves it to the caller and says why.
  std::optional<Error> admit(std::unique_ptr<Transfer>& transfer) {
    const std::lock_guard lock(mutex);
    if (stopping) return Error{Errc::shutting_down, "the client stops"};
    if (waiting.size() >= options.waiting_max) return Error{Errc::limit_exceeded, "too many requests wait"};
    waiting.push_back(std::move(transfer));
    return std::nullopt;
  }

  bool has_room_and_work() {
    const std::lock_guard lock(mutex);
    return stopping || (!waiting.empty() && active.size() < options.concurrent_max);
  }

  // False: the client stops.
  bool take_waiting() {
    while (active.size() < options.concurrent_max) {
      std::unique_ptr<Transfer> transfer;
      {
        const std::lock_guard lock(mutex);
        if (stopping) return false;
        if (waiting.empty()) return true;
        transfer = std::move(waiting.front());
        waiting.pop_front();
      }
      begin(std::move(transfer));
    }
    const std::lock_guard lock(mutex);
    return !stopping;
  }

  void begin(std::unique_ptr<Transfer> transfer) {
    const Fetch& fetch = transfer->fetch;
    transfer->easy.reset(curl_easy_init());
    CURL* const easy = transfer->easy.get();
    TANDEM_CHECK(easy != nullptr);
    bool clean = !breaks_line(fetch.url) && !breaks_line(fetch.method) && !fetch.method.empty();
    for (const auto& [name, value] : fetch.headers) {
      clean = clean && !breaks_line(name) && !breaks_line(value);
      // libcurl sends a header without a value only when it ends in a semicolon.
      const std::string line = value.empty() ? name + ";" : name + ": " + value;
      transfer->headers.reset(curl_slist_append(transfer->headers.release(), line.c_str()));
    }
    if (!clean) {
      transfer->done(fail(Errc::invalid, "a line break in the request to " + fetch.url));
      return;
    }
    // No wait for "100 Continue", and no content type that nobody asked for.
    for (const char* name : {"expect", "content-type", "accept"}) {
      if (find(fetch.headers, name) == nullptr) {
        transfer->headers.reset(curl_slist_append(transfer->headers.release(), (std::string(name) + ":").c_str()));
      }
    }
    curl_easy_setopt(easy, CURLOPT_URL, fetch.url.c_str());
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    curl_easy_setopt(easy, CURLOPT_PROXY, "");  // the environment's proxies are for people
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(fetch.timeout.count()));
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(fetch.timeout.count()));
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, transfer->headers.get());
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer.get());
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, transfer.get());
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer->problem);
    curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);  // a signed path must not be tidied
    curl_easy_setopt(easy, CURLOPT_TCP_NODELAY, 1L);
    if (fetch.method == "HEAD") {
      curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
    } else {
      const bool sends = !fetch.body.empty() || fetch.method == "POST" || fetch.method == "PUT";
      if (sends) {
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, fetch.body.c_str());
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(fetch.body.size()));
      }
      curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, fetch.method.c_str());
    }
    if (!fetch.ca_file.empty()) curl_easy_setopt(easy, CURLOPT_CAINFO, fetch.ca_file.c_str());
    if (!fetch.cert_file.empty()) {
      curl_easy_setopt(easy, CURLOPT_SSLCERT, fetch.cert_file.c_str());
      curl_easy_setopt(easy, CURLOPT_SSLKEY, fetch.key_file.c_str());
    }
    if (curl_multi_add_handle(multi, easy) != CURLM_OK) {
      transfer->done(fail(Errc::internal, "libcurl took no more transfers"));
      return;
    }
    active.emplace(easy, std::move(transfer));
  }

  void finish(CURL* easy, CURLcode code) {
    curl_multi_remove_handle(multi, easy);
    auto node = active.extract(easy);
    TANDEM_CHECK(!node.empty());
    const std::unique_ptr<Transfer> transfer = std::move(node.mapped());
    if (code == CURLE_OK) {
      long status = 0;
      curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
      transfer->response.status = static_cast<int>(status);
      transfer->done(std::move(transfer->response));
      return;
    }
    if (transfer->too_big) {
      transfer->done(fail(Errc::limit_exceeded, transfer->fetch.url + ": the response exceeds " +
                                                    std::to_string(transfer->fetch.response_bytes_max) + " bytes"));
      return;
    }
    const std::string words = transfer->problem[0] != '\0' ? transfer->problem : curl_easy_strerror(code);
    transfer->done(fail(errc_of(code), transfer->fetch.url + ": " + words));
  }

  const ClientOptions options;
  CURLM* const multi;
  std::mutex mutex;
  std::deque<std::unique_ptr<Transfer>> waiting;  // under the mutex
  bool stopping = false;                          // likewise
  std::map<CURL*, std::unique_ptr<Transfer>> active;
  std::thread thread;
};

Client::Client(ClientOptions options) {
  static const CURLcode ready = curl_global_init(CURL_GLOBAL_DEFAULT);
  TANDEM_CHECK(ready == CURLE_OK);
  impl_ = std::make_unique<Impl>(options);
}

Client::~Client() { stop(); }

void Client::fetch(Fetch fetch, Done done) {
  auto transfer = std::make_unique<Transfer>();
  transfer->fetch = std::move(fetch);
  transfer->done = std::move(done);
  if (const auto refused = impl_->admit(transfer)) {
    transfer->done(std::unexpected(*refused));
    return;
  }
  curl_multi_wakeup(impl_->multi);
}

void Client::stop() {
  if (!impl_->thread.joinable()) return;
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->stopping = true;
  }
  curl_multi_wakeup(impl_->multi);
  impl_->thread.join();
}

Result<Response> fetch_now(Client& client, Fetch fetch) {
  auto answered = std::make_shared<std::promise<Result<Response>>>();
  auto answer = answered->get_future();
  client.fetch(std::move(fetch), [answered](Result<Response> response) { answered->set_value(std::move(response)); });
  return answer.get();
}

}  // namespace tandem::http
