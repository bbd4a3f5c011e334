// SPDX-License-Identifier: Apache-2.0
#include "base/symbols.hpp"

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cxxabi.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <filesystem>
#include <link.h>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <spawn.h>
#include <sstream>
#include <string_view>
#include <sys/types.h>
#include <sys/wait.h>
#include <system_error>
#include <unistd.h>
#include <utility>

extern char** environ;  // NOLINT(readability-redundant-declaration): not every libc declares it

namespace kin::detail {
namespace {

using places = std::vector<place>;

// An address as its library's file counts.
struct spot {
  std::string library;
  std::uintptr_t offset = 0;
  const char* nearest = nullptr;  // exported symbol
};

std::string to_hex(std::uintptr_t number) {
  std::ostringstream out;
  out << "0x" << std::hex << number;
  return std::move(out).str();
}

std::optional<spot> find_spot(const void* address) {
  Dl_info about{};
  link_map* library = nullptr;
  if (dladdr1(address, &about, reinterpret_cast<void**>(&library), RTLD_DL_LINKMAP) == 0 ||
      library == nullptr)
    return std::nullopt;
  // The program itself has no name there.
  const bool is_program = library->l_name == nullptr || *library->l_name == '\0';
  return spot{is_program ? "/proc/self/exe" : library->l_name,
              reinterpret_cast<std::uintptr_t>(address) - library->l_addr, about.dli_sname};
}

std::string readable(const char* mangled) {
  int status = 0;
  const std::unique_ptr<char, decltype(&std::free)> text(
      abi::__cxa_demangle(mangled, nullptr, nullptr, &status), &std::free);
  return status == 0 && text != nullptr ? text.get() : mangled;
}

// In namespace kin or std, or a local of a function there.
bool is_library_symbol(std::string_view mangled) {
  if (!mangled.starts_with("_Z")) return false;
  mangled.remove_prefix(2);
  while (mangled.starts_with('Z')) mangled.remove_prefix(1);
  if (mangled.starts_with("St")) return true;
  if (!mangled.starts_with('N')) return false;
  mangled.remove_prefix(1);
  if (mangled.starts_with('K')) mangled.remove_prefix(1);
  return mangled.starts_with("3kin") || mangled.starts_with("St");
}

// An inlined function of a local class has no symbol. Ours come from headers <kin/...>, or from the
// sources of the library.
bool is_library_file(std::string_view file) {
  constexpr std::string_view me = __FILE__;
  constexpr std::string_view sources = me.substr(0, me.size() - sizeof("base/symbols.cpp") + 1);
  return file.find("/include/kin/") != std::string_view::npos ||
         file.find("/include/c++/") != std::string_view::npos || file.starts_with(sources);
}

place place_without_tool(const spot& s) {
  std::error_code failed;
  const auto program = std::filesystem::read_symlink(s.library, failed);
  const std::filesystem::path library = failed ? std::filesystem::path(s.library) : program;
  const std::string name = library.filename().string() + '+' + to_hex(s.offset);
  place p;
  p.function = s.nearest == nullptr ? name : readable(s.nearest) + " (" + name + ')';
  p.is_users = s.nearest == nullptr || !is_library_symbol(s.nearest);
  return p;
}

// What a program says on its standard output; nothing if it cannot be started.
std::string output_of(std::vector<std::string> arguments) {
  std::array<int, 2> pipe_ends{};
  if (pipe2(pipe_ends.data(), O_CLOEXEC) != 0) return {};
  std::vector<char*> argv;
  for (std::string& a : arguments) argv.push_back(a.data());
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, pipe_ends[1], STDOUT_FILENO);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  pid_t child = 0;
  const bool started = posix_spawnp(&child, argv[0], &actions, nullptr, argv.data(), environ) == 0;
  posix_spawn_file_actions_destroy(&actions);
  close(pipe_ends[1]);
  std::string said;
  std::array<char, 4096> part{};
  for (ssize_t got = 0; started && (got = read(pipe_ends[0], part.data(), part.size())) != 0;) {
    if (got > 0) said.append(part.data(), static_cast<std::size_t>(got));
    if (got < 0 && errno != EINTR) break;
  }
  close(pipe_ends[0]);
  while (started && waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
  }
  return said;
}

// "file:line", "file:line (discriminator 3)", "??:0", "??:?".
void read_line_number(place& p, std::string text) {
  if (const auto more = text.find(" (discriminator"); more != std::string::npos) text.resize(more);
  const auto colon = text.rfind(':');
  if (colon == std::string::npos || text.starts_with("??")) return;
  const auto line = static_cast<unsigned>(std::strtoul(text.c_str() + colon + 1, nullptr, 10));
  if (line == 0) return;
  p.file = text.substr(0, colon);
  p.line = line;
}

// Of each address: its number, then two lines a function.
std::map<std::uintptr_t, places> ask_tool(const std::string& library,
                                          const std::vector<spot>& spots) {
  std::error_code failed;
  const auto real = std::filesystem::read_symlink(library, failed);  // of another process's view
  std::vector<std::string> command{"addr2line", "-a", "-f",
                                   "-i",        "-e", failed ? library : real.string()};
  for (const spot& s : spots) command.push_back(to_hex(s.offset));
  std::istringstream said(output_of(std::move(command)));
  std::map<std::uintptr_t, places> all;
  places* current = nullptr;
  std::string first;
  while (std::getline(said, first)) {
    if (first.starts_with("0x")) {
      current = &all[std::strtoull(first.c_str(), nullptr, 16)];
      continue;
    }
    std::string second;
    if (current == nullptr || !std::getline(said, second)) break;
    place p;
    p.function = first == "??" ? "" : readable(first.c_str());
    read_line_number(p, second);
    p.is_users = first != "make_fcontext" && !is_library_symbol(first) && !is_library_file(p.file);
    current->push_back(std::move(p));
  }
  return all;
}

// What was found out; programs have few places where processes wait.
struct known_places {
  std::mutex lock;
  std::map<const void*, places> at;
};
known_places& known() {
  static auto* const immortal = new known_places;
  return *immortal;
}

void find_out(known_places& all, std::span<const void* const> addresses) {
  std::map<std::string, std::vector<spot>> wanted;
  std::map<const void*, spot> spots;
  for (const void* address : addresses) {
    if (all.at.contains(address)) continue;
    // A return address may be the first of the next line, or function.
    auto found = find_spot(static_cast<const std::byte*>(address) - 1);
    if (!found) {
      all.at[address] = {place{.function = to_hex(reinterpret_cast<std::uintptr_t>(address))}};
      continue;
    }
    if (spots.emplace(address, *found).second) wanted[found->library].push_back(*found);
  }
  std::map<std::string, std::map<std::uintptr_t, places>> answers;
  for (const auto& [library, there] : wanted) answers[library] = ask_tool(library, there);
  for (const auto& [address, s] : spots) {
    places& here = all.at[address] = std::move(answers[s.library][s.offset]);
    if (here.empty() || here.front().function.empty()) here = {place_without_tool(s)};
  }
}

}  // namespace

std::string place::where() const {
  if (file.empty()) return function;
  std::error_code failed;
  const std::filesystem::path full(file);
  const auto current = std::filesystem::current_path(failed);
  const auto relative = failed ? full : full.lexically_relative(current);
  const bool below = !relative.empty() && !relative.native().starts_with("..");
  return (below ? relative : full.lexically_normal()).string() + ':' + std::to_string(line);
}

std::vector<std::vector<place>> places_of(std::span<const void* const> addresses) {
  known_places& all = known();
  const std::lock_guard hold(all.lock);
  find_out(all, addresses);
  std::vector<places> found;
  for (const void* address : addresses) found.push_back(all.at[address]);
  return found;
}

const place* users_place(const std::vector<std::vector<place>>& frames) {
  const place* last = nullptr;
  for (const places& frame : frames) {
    for (const place& p : frame) {
      if (p.is_users) return &p;
      if (p.function.starts_with("kin::") && !p.function.starts_with("kin::detail::")) last = &p;
    }
  }
  return last;
}

}  // namespace kin::detail
