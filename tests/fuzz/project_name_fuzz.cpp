// SPDX-License-Identifier: Apache-2.0
// The names that `kin new` takes: a project is made in a folder of that name and nowhere else, or an
// error says why not and nothing is made.
#include "fuzz/claim.hpp"
#include "new_project.hpp"

#include <filesystem>
#include <iterator>
#include <stdexcept>
#include <string>
#include <string_view>
#include <unistd.h>

namespace {

namespace fs = std::filesystem;

fs::path fresh_folder() {
  const fs::path shared = fs::exists("/dev/shm") ? "/dev/shm" : fs::temp_directory_path();
  const fs::path folder = shared / ("kin_fuzz_" + std::to_string(getpid()));
  fs::create_directories(folder);
  return folder;
}

std::ptrdiff_t entries(const fs::path& folder) {
  return std::distance(fs::directory_iterator(folder), fs::directory_iterator());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view name(reinterpret_cast<const char*>(data), size);
  const fs::path folder = fresh_folder();
  try {
    kin_tool::new_project(folder, name);
    CLAIM(entries(folder) == 1);
    CLAIM(fs::is_directory(folder / name));
    CLAIM((folder / name).parent_path() == folder);
  } catch (const std::runtime_error& refused) {
    CLAIM(!std::string_view(refused.what()).empty());
    // A name longer than the file system has room for is refused when its folder is made.
    CLAIM(entries(folder) == 0);
  }
  fs::remove_all(folder);
  return 0;
}
