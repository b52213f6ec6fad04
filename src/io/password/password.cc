#include "io/password/password.h"

#include <argon2.h>

#include <condition_variable>
#include <deque>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "codec/crypto.h"

namespace tandem::password {
namespace {

constexpr std::size_t kSaltBytes = 16;
constexpr std::size_t kHashBytes = 32;
constexpr std::uint32_t kLanes = 1;
constexpr std::size_t kEncodedBytesMax = 512;

Error too_many() { return {Errc::limit_exceeded, "too many passwords are being checked; try again"}; }

}  // namespace

Result<std::string> hash_now(const std::string& password, Options options) {
  const std::string salt = crypto::random_bytes(kSaltBytes);
  std::string encoded(argon2_encodedlen(options.passes, options.memory_kib, kLanes, kSaltBytes, kHashBytes, Argon2_id),
                      '\0');
  const int failed = argon2id_hash_encoded(options.passes, options.memory_kib, kLanes, password.data(), password.size(),
                                           salt.data(), salt.size(), kHashBytes, encoded.data(), encoded.size());
  if (failed != ARGON2_OK) return fail(Errc::internal, std::string("argon2: ") + argon2_error_message(failed));
  encoded.resize(encoded.find('\0'));
  return encoded;
}

bool verify_now(const std::string& encoded, const std::string& password, Options options) {
  // The parameters come with the encoded form: one that nobody here wrote must not choose how much memory is taken.
  const bool ours = encoded.starts_with("$argon2id$") && encoded.size() <= kEncodedBytesMax;
  if (!ours) {
    static_cast<void>(hash_now(password, options));
    return false;
  }
  return argon2id_verify(encoded.c_str(), password.data(), password.size()) == ARGON2_OK;
}

struct Hasher::Impl {
  struct Job {
    std::function<void()> run;
    std::function<void(Error)> refuse;  // when it is never run
    std::chrono::steady_clock::time_point since = std::chrono::steady_clock::now();
  };

  explicit Impl(Options chosen) : options(chosen), worker([this] { work(); }) {}

  // False: not taken, and the caller is to be refused.
  bool push(Job job) {
    {
      const std::lock_guard lock(mutex);
      if (jobs.size() >= options.waiting_max) return false;
      jobs.push_back(std::move(job));
    }
    wake.notify_one();
    return true;
  }

  void work() {
    for (;;) {
      Job job;
      {
        std::unique_lock lock(mutex);
        wake.wait(lock, [this] { return stopping || !jobs.empty(); });
        if (stopping) return;
        job = std::move(jobs.front());
        jobs.pop_front();
      }
      if (std::chrono::steady_clock::now() - job.since > options.wait_max) {
        job.refuse(too_many());
      } else {
        job.run();
      }
    }
  }

  void stop() {
    {
      const std::lock_guard lock(mutex);
      stopping = true;
    }
    wake.notify_one();
    worker.join();
    for (const Job& job : jobs) job.refuse(Error{Errc::shutting_down, "the process is stopping"});
    jobs.clear();
  }

  const Options options;
  std::mutex mutex;
  std::condition_variable wake;
  std::deque<Job> jobs;
  bool stopping = false;
  std::thread worker;  // last: it uses all of the above
};

Hasher::Hasher(Options options) : impl_(std::make_unique<Impl>(options)) {}
Hasher::~Hasher() { impl_->stop(); }

void Hasher::hash(std::string password, std::function<void(Result<std::string>)> done) {
  const bool taken = impl_->push({
      .run = [options = impl_->options, password = std::move(password), done] { done(hash_now(password, options)); },
      .refuse = [done](Error why) { done(std::unexpected(std::move(why))); },
  });
  if (!taken) done(std::unexpected(too_many()));
}

void Hasher::verify(std::string encoded, std::string password, std::function<void(Result<bool>)> done) {
  const bool taken = impl_->push({
      .run = [options = impl_->options, encoded = std::move(encoded), password = std::move(password),
              done] { done(verify_now(encoded, password, options)); },
      .refuse = [done](Error why) { done(std::unexpected(std::move(why))); },
  });
  if (!taken) done(std::unexpected(too_many()));
}

}  // namespace tandem::password
