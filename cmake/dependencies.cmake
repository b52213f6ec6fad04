# What Debian 12 provides and script/bootstrap installs; nothing is fetched while configuring.

find_package(Threads REQUIRED)
find_package(fmt REQUIRED)
find_package(date REQUIRED)
find_package(Boost 1.81 REQUIRED COMPONENTS json url)
find_package(OpenSSL 3 REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(CLI11 REQUIRED)
if(TANDEM_IO)
  find_package(SQLite3 REQUIRED)
  find_package(CURL REQUIRED)
  find_package(spdlog REQUIRED)
  find_package(prometheus-cpp REQUIRED)
  find_library(TANDEM_ARGON2 argon2 REQUIRED)
  find_library(TANDEM_OATH oath REQUIRED)
  find_library(TANDEM_MAXMINDDB maxminddb REQUIRED)
  find_package(benchmark)
endif()
# The programs allocate with jemalloc where it is found: what one thread makes, another gives back. Sanitizers bring
# an allocator of their own. The library alone is needed, and redis-server brings it.
set(TANDEM_ALLOCATOR "")
if(NOT TANDEM_SANITIZE)
  find_library(TANDEM_JEMALLOC NAMES jemalloc libjemalloc.so.2)
  if(TANDEM_JEMALLOC)
    set(TANDEM_ALLOCATOR -Wl,--push-state,--no-as-needed ${TANDEM_JEMALLOC} -Wl,--pop-state)
  endif()
endif()
if(TANDEM_TESTS)
  find_package(GTest REQUIRED)
  find_package(Protobuf REQUIRED)
  find_package(rapidcheck)
  include(GoogleTest)
endif()

# Asio and Beast compiled once instead of in every file that includes them. The definitions must be the same in all of
# them, so they travel with the target.
if(TANDEM_IO)
  add_library(tandem_asio STATIC cmake/asio/asio.cc cmake/asio/asio_ssl.cc cmake/asio/beast.cc)
  target_compile_definitions(tandem_asio PUBLIC
    BOOST_ASIO_SEPARATE_COMPILATION BOOST_BEAST_SEPARATE_COMPILATION BOOST_ASIO_NO_DEPRECATED)
  target_link_libraries(tandem_asio PUBLIC Boost::headers OpenSSL::SSL OpenSSL::Crypto Threads::Threads)
endif()
