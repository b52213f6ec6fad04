#include "app/client/signed_request.h"

#include <chrono>

namespace tandem::cli {

http::Fetch signed_request(const std::string& gateway, const std::string& region, const sigv4::Credentials& credentials,
                           const std::string& method, const std::string& target, const std::string& body) {
  http::Request request;
  request.method = method;
  request.target = target;
  request.body = body;
  const std::string host = gateway.substr(gateway.find("://") + 3);
  request.headers = {{"host", host}, {"content-type", "application/json"}};
  const auto utc = std::chrono::system_clock::now().time_since_epoch();
  const auto ms = static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(utc).count());
  sigv4::sign(request, credentials, region, "connect", Hlc::at(ms));
  http::Fetch out;
  out.url = gateway + target;
  out.method = method;
  out.headers = std::move(request.headers);
  out.body = body;
  return out;
}

}  // namespace tandem::cli
