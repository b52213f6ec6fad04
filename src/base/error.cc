#include "base/error.h"

namespace tandem {

const char* errc_name(Errc code) {
  switch (code) {
    case Errc::invalid:
      return "invalid";
    case Errc::not_found:
      return "not_found";
    case Errc::already_exists:
      return "already_exists";
    case Errc::not_owner:
      return "not_owner";
    case Errc::in_use:
      return "in_use";
    case Errc::refused:
      return "refused";
    case Errc::move_in_flight:
      return "move_in_flight";
    case Errc::limit_exceeded:
      return "limit_exceeded";
    case Errc::denied:
      return "denied";
    case Errc::unauthenticated:
      return "unauthenticated";
    case Errc::log_full:
      return "log_full";
    case Errc::no_quorum:
      return "no_quorum";
    case Errc::unreachable:
      return "unreachable";
    case Errc::timed_out:
      return "timed_out";
    case Errc::shutting_down:
      return "shutting_down";
    case Errc::corrupt:
      return "corrupt";
    case Errc::internal:
      return "internal";
  }
  return "internal";
}

}  // namespace tandem
