# SPDX-License-Identifier: Apache-2.0
# moodycamel's queue, as Debian installs it: <concurrentqueue/concurrentqueue.h>, no CMake config.
find_path(concurrentqueue_INCLUDE_DIR concurrentqueue/concurrentqueue.h)
mark_as_advanced(concurrentqueue_INCLUDE_DIR)

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(concurrentqueue REQUIRED_VARS concurrentqueue_INCLUDE_DIR)

if(concurrentqueue_FOUND AND NOT TARGET concurrentqueue::concurrentqueue)
  add_library(concurrentqueue::concurrentqueue INTERFACE IMPORTED)
  target_include_directories(concurrentqueue::concurrentqueue
    INTERFACE "${concurrentqueue_INCLUDE_DIR}")
endif()
