# SPDX-License-Identifier: Apache-2.0
# What find_package(kin) and pkg-config find: the same kin:: targets that add_subdirectory and
# FetchContent give. Two components: kin_lib is what a built program needs, kin_dev the rest.
include(CMakePackageConfigHelpers)
include(GNUInstallDirs)
set(kin_config_dir "${CMAKE_INSTALL_LIBDIR}/cmake/kin")

install(TARGETS kin_runtime kin_behaviours kin_kin EXPORT kin
  LIBRARY COMPONENT kin_lib NAMELINK_COMPONENT kin_dev
  ARCHIVE COMPONENT kin_dev
  FILE_SET HEADERS COMPONENT kin_dev)
install(EXPORT kin NAMESPACE kin:: FILE kinTargets.cmake DESTINATION "${kin_config_dir}"
  COMPONENT kin_dev)

configure_package_config_file(cmake/kinConfig.cmake.in kinConfig.cmake
  INSTALL_DESTINATION "${kin_config_dir}"
  NO_SET_AND_CHECK_MACRO
  NO_CHECK_REQUIRED_COMPONENTS_MACRO)
write_basic_package_version_file(kinConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES
    "${CMAKE_CURRENT_BINARY_DIR}/kinConfig.cmake"
    "${CMAKE_CURRENT_BINARY_DIR}/kinConfigVersion.cmake"
  DESTINATION "${kin_config_dir}"
  COMPONENT kin_dev)

# Looking into programs: docs/guide/debugging.md.
install(FILES "${CMAKE_CURRENT_SOURCE_DIR}/tools/gdb/kin.py"
  DESTINATION "${CMAKE_INSTALL_DATADIR}/kin/gdb"
  COMPONENT kin_dev)

# kin.pc finds its prefix from where it lies. A static libkin is always linked with what it needs;
# a shared one has it.
file(RELATIVE_PATH kin_pc_to_prefix
  "/${CMAKE_INSTALL_LIBDIR}/pkgconfig" "/")
string(REGEX REPLACE "/$" "" kin_pc_to_prefix "${kin_pc_to_prefix}")
get_target_property(kin_type kin_runtime TYPE)
if(kin_type STREQUAL "STATIC_LIBRARY")
  set(kin_pc_needs " -Wl,--push-state,--as-needed -lspdlog -lfmt -Wl,--pop-state")  # of a logger
  string(APPEND kin_pc_needs " -lboost_context -pthread")
endif()
configure_file(cmake/kin.pc.in kin.pc @ONLY)
install(FILES "${CMAKE_CURRENT_BINARY_DIR}/kin.pc"
  DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig"
  COMPONENT kin_dev)
