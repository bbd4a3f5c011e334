# SPDX-License-Identifier: Apache-2.0
# An overlay port of the tree it lies in: vcpkg install kin --overlay-ports=packaging/vcpkg/ports
# A port in a registry would get the source by vcpkg_from_git here, and keep the rest.
get_filename_component(SOURCE_PATH "${CURRENT_PORT_DIR}/../../../.." ABSOLUTE)

vcpkg_cmake_configure(
  SOURCE_PATH "${SOURCE_PATH}"
  OPTIONS
    -DKIN_BUILD_APPS=OFF
    -DKIN_BUILD_TESTS=OFF
    -DKIN_BUILD_BENCH=OFF
    -DKIN_PACKAGE=OFF)
vcpkg_cmake_install()
vcpkg_cmake_config_fixup(CONFIG_PATH lib/cmake/kin)
vcpkg_fixup_pkgconfig()

file(REMOVE_RECURSE "${CURRENT_PACKAGES_DIR}/debug/include")
vcpkg_install_copyright(FILE_LIST "${SOURCE_PATH}/LICENSE")
