# SPDX-License-Identifier: Apache-2.0
# What find_package(kin) finds: the same kin:: targets that add_subdirectory and FetchContent give.
include(CMakePackageConfigHelpers)
include(GNUInstallDirs)
set(kin_config_dir "${CMAKE_INSTALL_LIBDIR}/cmake/kin")

install(TARGETS kin_runtime kin_behaviours kin_kin EXPORT kin FILE_SET HEADERS)
install(EXPORT kin NAMESPACE kin:: FILE kinTargets.cmake DESTINATION "${kin_config_dir}")

configure_package_config_file(cmake/kinConfig.cmake.in kinConfig.cmake
  INSTALL_DESTINATION "${kin_config_dir}")
write_basic_package_version_file(kinConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES
    "${CMAKE_CURRENT_BINARY_DIR}/kinConfig.cmake"
    "${CMAKE_CURRENT_BINARY_DIR}/kinConfigVersion.cmake"
    cmake/Findconcurrentqueue.cmake
  DESTINATION "${kin_config_dir}")
