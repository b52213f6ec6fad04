// A signed request of the Connect API.
#pragma once

#include <string>

#include "codec/sigv4.h"
#include "io/http_client/client.h"

namespace tandem::cli {

// `gateway`: http://host:port; `region`: that it is signed for.
[[nodiscard]] http::Fetch signed_request(const std::string& gateway, const std::string& region,
                                         const sigv4::Credentials& credentials, const std::string& method,
                                         const std::string& target, const std::string& body);

}  // namespace tandem::cli
