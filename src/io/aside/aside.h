// Computes bytes from the state of this process as it is now, without holding it up: in a copy of the process.
#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <thread>

#include "base/error.h"

namespace tandem::aside {

class Aside {
 public:
  using Compute = std::function<std::string()>;
  using Done = std::function<void(Result<std::string>)>;

  Aside() = default;
  Aside(const Aside&) = delete;
  Aside& operator=(const Aside&) = delete;
  // Ends what is under way; its `done` is called first, with shutting_down or what was computed just before.
  ~Aside();

  // `compute` runs where only the calling thread exists: it may read and allocate, and must take no lock, open no file
  // and start no thread. `done` is called on another thread, once, and must not call `run`. The caller's thread must
  // outlive the work, which ends with it. Where no copy can be made, `compute` runs here, and `done` is called before
  // the return. Errors: refused (another is under way), internal (the copy ended early), shutting_down.
  void run(const Compute& compute, Done done);

 private:
  void collect(int from, const Done& done);

  std::thread collector_;
  std::atomic<bool> busy_ = false;
  std::atomic<bool> stopping_ = false;
  std::atomic<int> child_ = 0;
};

}  // namespace tandem::aside
