// What the exit status of `tandem` means. Documented in docs/cli.md.
#pragma once

namespace tandem::cli {

inline constexpr int kDone = 0;
inline constexpr int kProblems = 1;    // the answer is bad news: problems, lost contacts, a damaged log
inline constexpr int kUsage = 2;       // the arguments make no sense
inline constexpr int kNotRunning = 3;  // no node answers, or there is no centre in the directory
inline constexpr int kRefused = 4;     // a node answered no: not found, not allowed
inline constexpr int kFailed = 5;      // something on this machine is in the way: a port, a file, a program that ended

inline constexpr int kAborted = 6;  // a drill met real trouble: its faults were taken back at once
inline constexpr int kCannot = 7;   // this machine does not let us make the fault

}  // namespace tandem::cli
