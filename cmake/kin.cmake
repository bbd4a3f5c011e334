# SPDX-License-Identifier: Apache-2.0
# How the house builds a thing: kin_library, kin_program, kin_app, kin_test, kin_tests.
# No warnings here: they are a developer's wish, not a user's, and live in CMakePresets.json.
include(GoogleTest OPTIONAL)

# kin_library(kin_<floor> HEADERS... SOURCES... PUBLIC targets... PRIVATE targets...)
#
# The target kin_<floor>, alias kin::<floor>. HEADERS are public, below include/; SOURCES see src/
# as their root. Without SOURCES it is a library of headers only.
function(kin_library name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "HEADERS;SOURCES;PUBLIC;PRIVATE")
  set(scope PUBLIC)
  if(NOT arg_SOURCES)
    set(scope INTERFACE)
  endif()
  string(REGEX REPLACE "^kin_" "" floor "${name}")

  if(scope STREQUAL "INTERFACE")
    add_library(${name} INTERFACE)
  else()
    add_library(${name} ${arg_SOURCES})
    target_include_directories(${name} PRIVATE src)
    target_link_libraries(${name} PRIVATE ${arg_PRIVATE})
    # A process may wake on another thread: thread_locals are found from fs, never through a call
    # whose result the compiler may keep. A shared kin that comes late, with a plugin, takes them
    # from what the loader kept free for such: 512 bytes (glibc.rtld.optional_static_tls) for all
    # libraries together. kin has 24 bytes; keep them few.
    target_compile_options(${name} PRIVATE -ftls-model=initial-exec)
    # Shared: shown is what public headers declare (kin/export.hpp); bound at start, see kin_program.
    set_target_properties(${name} PROPERTIES
      CXX_VISIBILITY_PRESET hidden
      VERSION ${PROJECT_VERSION}
      SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})
    target_link_options(${name} PRIVATE LINKER:-z,now,-z,defs)
  endif()
  add_library(kin::${floor} ALIAS ${name})

  target_sources(${name} ${scope} FILE_SET HEADERS BASE_DIRS include FILES ${arg_HEADERS})
  target_compile_features(${name} ${scope} cxx_std_20)
  target_link_libraries(${name} ${scope} ${arg_PUBLIC})
  set_target_properties(${name} PROPERTIES
    EXPORT_NAME ${floor}
    VERIFY_INTERFACE_HEADER_SETS ${PROJECT_IS_TOP_LEVEL})
endfunction()

# What every program of ours shares. Bound at start, because the lazy resolver would take 3 KB of
# the first stack that throws: with it a small process no longer fits in one page.
function(kin_program name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;LIBRARIES")
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE ${arg_LIBRARIES})
  target_link_options(${name} PRIVATE LINKER:-z,now)
endfunction()

# kin_app(name SOURCES... LIBRARIES...) makes build/<preset>/apps/<name>/<name>.
function(kin_app name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;LIBRARIES")
  kin_program(${name} SOURCES ${arg_SOURCES} LIBRARIES kin::kin ${arg_LIBRARIES})
  set_target_properties(${name} PROPERTIES
    RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/apps/${name}")
endfunction()

# kin_test(name SOURCES... LIBRARIES...) makes one test binary; each TEST in it is a ctest test.
function(kin_test name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;LIBRARIES")
  kin_program(${name} SOURCES ${arg_SOURCES} LIBRARIES kin_test_support ${arg_LIBRARIES})
  # The tests' own code, unoptimised: a sanitizer's checks take twice as long to compile with -O1.
  target_compile_options(${name} PRIVATE ${KIN_TEST_OPTIONS})
  if(KIN_TEST_PRECOMPILED)
    target_precompile_headers(${name} REUSE_FROM kin_test_headers)
    # g++ 12 warns of its own std::string, and knows no more that what it has read is the system's.
    target_compile_options(${name} PRIVATE $<$<CXX_COMPILER_ID:GNU>:-Wno-array-bounds -Wno-restrict>)
  endif()
  gtest_discover_tests(${name}
    TEST_PREFIX "${name}."
    DISCOVERY_MODE PRE_TEST
    DISCOVERY_TIMEOUT 60
    PROPERTIES TIMEOUT 120)
endfunction()

# kin_tests(folder [SEES floor] names...) is kin_test(<name> SOURCES <folder>/<name>.cpp) for each
# name. SEES opens the private headers of a library: "queue/inbox.hpp" for SEES runtime. A shared
# library does not show what is behind them, so there these tests are left out.
function(kin_tests folder)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "SEES" "")
  if(arg_SEES AND BUILD_SHARED_LIBS)
    return()
  endif()
  foreach(name IN LISTS arg_UNPARSED_ARGUMENTS)
    kin_test(${name} SOURCES ${folder}/${name}.cpp)
    if(arg_SEES)
      target_include_directories(${name} PRIVATE "${PROJECT_SOURCE_DIR}/${arg_SEES}/src")
      target_link_libraries(${name} PRIVATE
        $<GENEX_EVAL:$<TARGET_PROPERTY:kin_${arg_SEES},LINK_LIBRARIES>>)  # private headers need them
    endif()
  endforeach()
endfunction()
