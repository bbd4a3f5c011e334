# SPDX-License-Identifier: Apache-2.0
# `cpack` in the build folder makes libkin-dev.deb, and libkin0.1.deb if libkin is shared: its name
# bears the version of the shared objects, so that two versions live side by side. To have libraries
# where Debian has them, configure with -DCMAKE_INSTALL_PREFIX=/usr.
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME kin)
set(CPACK_PACKAGE_VERSION "${PROJECT_VERSION}")
set(CPACK_PACKAGE_CONTACT 
  "The kin maintainers <maintainers@users.noreply.h-seed-38e79829.example>")
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "actor runtime for C++20 with OTP's behaviours")
set(kin_description "Processes that share nothing, talk by messages and look after one another:
links, monitors and supervisors, as Erlang has them.")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS  # whatever the umask of who calls
  OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_INSTALL_CMAKE_PROJECTS "${CMAKE_BINARY_DIR};${CMAKE_PROJECT_NAME};ALL;/")

set(kin_soversion "${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR}")
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_COMPONENTS_GROUPING IGNORE)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_ENABLE_COMPONENT_DEPENDS OFF)

set(CPACK_COMPONENTS_ALL kin_dev)
set(CPACK_COMPONENT_KIN_DEV_DESCRIPTION "${kin_description}
This package has what a program is built with.")
set(CPACK_DEBIAN_KIN_DEV_PACKAGE_NAME libkin-dev)
set(CPACK_DEBIAN_KIN_DEV_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_KIN_DEV_PACKAGE_SHLIBDEPS ON)  # of bin/kin
set(CPACK_DEBIAN_KIN_DEV_PACKAGE_DEPENDS
  "libboost1.81-dev, libboost-context1.81-dev, libspdlog-dev, libc6-dev")
if(kin_type STREQUAL "SHARED_LIBRARY")
  list(APPEND CPACK_COMPONENTS_ALL kin_lib)
  set(CPACK_COMPONENT_KIN_LIB_DESCRIPTION "${kin_description}
This package has what a built program needs.")
  set(CPACK_DEBIAN_KIN_LIB_PACKAGE_NAME "libkin${kin_soversion}")
  set(CPACK_DEBIAN_KIN_LIB_PACKAGE_SECTION libs)
  set(CPACK_DEBIAN_KIN_LIB_PACKAGE_SHLIBDEPS ON)
  set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS ON)
  set(CPACK_DEBIAN_KIN_LIB_PACKAGE_CONTROL_EXTRA "${PROJECT_SOURCE_DIR}/packaging/debian/triggers")
  string(PREPEND CPACK_DEBIAN_KIN_DEV_PACKAGE_DEPENDS
    "libkin${kin_soversion} (= ${PROJECT_VERSION}-1), ")
endif()

# What Debian wants to read beside each package.
configure_file(packaging/debian/changelog.in changelog.Debian @ONLY)
configure_file(CHANGELOG.md changelog COPYONLY)
execute_process(COMMAND gzip -9nfk changelog changelog.Debian
  WORKING_DIRECTORY "${PROJECT_BINARY_DIR}" COMMAND_ERROR_IS_FATAL ANY)
foreach(component IN LISTS CPACK_COMPONENTS_ALL)
  string(TOUPPER "${component}" component_name)
  install(FILES
      packaging/debian/copyright
      "${PROJECT_BINARY_DIR}/changelog.gz"
      "${PROJECT_BINARY_DIR}/changelog.Debian.gz"
    DESTINATION "share/doc/${CPACK_DEBIAN_${component_name}_PACKAGE_NAME}"
    COMPONENT ${component})
endforeach()

include(CPack)
