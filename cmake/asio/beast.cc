// The compiled half of Boost.Beast; see cmake/dependencies.cmake.
#include <boost/beast/src.hpp>
