# SPDX-License-Identifier: Apache-2.0
# All that kin is built from. Found here, at the top, so that every folder sees the same targets.
list(APPEND CMAKE_MODULE_PATH "${CMAKE_CURRENT_LIST_DIR}")
set(CMAKE_FIND_PACKAGE_TARGETS_GLOBAL ON)  # a parent project links what kin::kin links

# The library. A user of an installed kin needs the first three (kinConfig.cmake.in), a builder all.
find_package(Threads REQUIRED)
find_package(Boost 1.81 CONFIG REQUIRED COMPONENTS headers context)
find_package(spdlog CONFIG REQUIRED)
find_package(concurrentqueue MODULE REQUIRED)
find_package(tomlplusplus MODULE REQUIRED)

# kin/fmt.hpp is for who includes it: the library is built, and used, without fmt.
if(KIN_BUILD_APPS OR KIN_BUILD_TESTS OR KIN_BUILD_BENCH)
  find_package(fmt REQUIRED)
endif()
if(KIN_BUILD_APPS)
  find_package(CLI11 CONFIG REQUIRED)
  find_package(nlohmann_json CONFIG REQUIRED)
  find_package(PkgConfig REQUIRED)
  pkg_check_modules(re2 REQUIRED IMPORTED_TARGET re2)  # Debian's RE2 has no CMake config
  add_library(re2::re2 ALIAS PkgConfig::re2)
endif()
if(KIN_BUILD_TESTS)
  find_package(GTest CONFIG REQUIRED)
  find_package(Python3 REQUIRED COMPONENTS Interpreter)
endif()
if(KIN_BUILD_BENCH)
  find_package(benchmark CONFIG REQUIRED)
endif()
