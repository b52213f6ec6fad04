// The compiled half of Boost.Asio's TLS; see cmake/dependencies.cmake.
#include <boost/asio/ssl/impl/src.hpp>
