# SPDX-License-Identifier: Apache-2.0
# toml++, of which kin uses the headers alone: <toml++/toml.h>. Debian's own CMake config wants a
# shared library linked.
find_path(tomlplusplus_INCLUDE_DIR toml++/toml.h)
mark_as_advanced(tomlplusplus_INCLUDE_DIR)

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(tomlplusplus REQUIRED_VARS tomlplusplus_INCLUDE_DIR)

if(tomlplusplus_FOUND AND NOT TARGET tomlplusplus::headers)
  add_library(tomlplusplus::headers INTERFACE IMPORTED)
  target_include_directories(tomlplusplus::headers INTERFACE "${tomlplusplus_INCLUDE_DIR}")
endif()
