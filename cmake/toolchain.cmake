# Language, warnings, optimisation, sanitizers, and the tools that make building faster when they are there.

set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)

# No NDEBUG in any build type: what is checked while testing is checked in service.
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -g1")
set(CMAKE_CXX_FLAGS_DEBUG "-O0 -g")
set(CMAKE_CXX_FLAGS_SANITIZE "-O1 -g1 -fno-omit-frame-pointer")

add_compile_options(
  -Wall -Wextra -Wpedantic -Wshadow -Werror
  # Aggregates are filled by designated initializers; a member left out has its default on purpose.
  -Wno-missing-field-initializers)
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  # libstdc++ 12 marks a part of its own std::stable_sort as deprecated, and clang reports that to us.
  add_compile_options(-Wno-missing-designated-field-initializers -Wno-deprecated-declarations)
else()
  # g++ 12 warns falsely here: `"literal" + std::string` (restrict, stringop-overflow, array-bounds, all from inlined
  # string code), std::optional and std::expected held in coroutine frames and variants (maybe-uninitialized), and the
  # allocation of coroutine frames (mismatched-new-delete). clang looks at the same code in other presets.
  add_compile_options(
    -Wno-restrict -Wno-stringop-overflow -Wno-stringop-overread -Wno-array-bounds -Wno-maybe-uninitialized
    -Wno-mismatched-new-delete)
  if(TANDEM_UNITY)
    # A pimpl defined in its .cc with members from that file's anonymous namespace is sound, but inside a unity batch
    # it looks to g++ like something from a header.
    add_compile_options(-Wno-subobject-linkage)
  endif()
endif()

if(TANDEM_SANITIZE STREQUAL "address")
  add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=all)
  add_link_options(-fsanitize=address,undefined)
elseif(TANDEM_SANITIZE STREQUAL "thread")
  add_compile_options(-fsanitize=thread)
  add_link_options(-fsanitize=thread)
elseif(TANDEM_SANITIZE)
  message(FATAL_ERROR "TANDEM_SANITIZE is address, thread or empty, not ${TANDEM_SANITIZE}")
endif()
if(TANDEM_FUZZ)
  if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    message(FATAL_ERROR "the fuzzers need clang: use the preset fuzz or asan")
  endif()
  # Coverage counters in every library, so that the fuzzers see which input reaches new code.
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()

find_program(TANDEM_MOLD mold)
if(TANDEM_MOLD)
  add_link_options(-fuse-ld=mold)
endif()
find_program(TANDEM_CCACHE ccache)
if(TANDEM_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # Clones and worktrees of one machine share what they compile.
  set(CMAKE_CXX_COMPILER_LAUNCHER
    ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1 ${TANDEM_CCACHE})
endif()

set(THREADS_PREFER_PTHREAD_FLAG ON)
include_directories(${CMAKE_SOURCE_DIR}/src)
enable_testing()
