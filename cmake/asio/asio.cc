// The compiled half of Boost.Asio; see cmake/dependencies.cmake.
#include <boost/asio/impl/src.hpp>
