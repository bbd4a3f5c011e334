// SPDX-License-Identifier: Apache-2.0
#include "ppool_grep.hpp"

#include "count/file_reader.hpp"
#include "count/tree.hpp"

#include <cstdlib>
#include <fstream>
#include <set>
#include <stdexcept>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace ppool::test {
namespace {

constexpr uid_t nobody = 65534;

/// What a program writes to stdout; its stderr is not ours to show.
std::string output_of(std::vector<std::string> words, const char* locale) {
  std::vector<char*> argv;
  argv.reserve(words.size() + 1);
  for (auto& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);

  int ends[2];
  if (::pipe(ends) != 0) throw std::runtime_error("no pipe");
  const pid_t child = ::fork();
  if (child < 0) throw std::runtime_error("no fork");
  if (child == 0) {
    ::setenv("LC_ALL", locale, 1);  // NOLINT(concurrency-mt-unsafe): a child has one thread
    ::dup2(ends[1], STDOUT_FILENO);
    ::close(ends[0]);
    ::close(ends[1]);
    ::close(STDERR_FILENO);
    ::execvp(argv[0], argv.data());
    ::_exit(127);
  }
  ::close(ends[1]);
  std::string output;
  char block[4096];
  for (ssize_t got; (got = ::read(ends[0], block, sizeof block)) > 0;) {
    output.append(block, static_cast<std::size_t>(got));
  }
  ::close(ends[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  if (WEXITSTATUS(status) == 127) throw std::runtime_error("no " + words[0] + " installed");
  return output;
}

}  // namespace

scratch::scratch() {
  std::string name = (fs::temp_directory_path() / "ppool_test_XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no scratch directory");
  path_ = name;
  ::chmod(path_.c_str(), 0755);  // nobody, whose group may still be root's, is to get in
}

scratch::~scratch() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

fs::path scratch::file(std::string_view name, std::string_view content) const {
  fs::path path = path_ / name;
  fs::create_directories(path.parent_path());
  std::ofstream{path, std::ios::binary}.write(content.data(),
                                              static_cast<std::streamsize>(content.size()));
  return path;
}

as_nobody::as_nobody() {
  if (::geteuid() == 0 && ::seteuid(nobody) != 0) throw std::runtime_error("cannot become nobody");
}

as_nobody::~as_nobody() {
  if (::getuid() == 0 && ::seteuid(0) != 0) std::abort();
}

counts grep_counts(const std::string& regex, const std::vector<fs::path>& paths, encoding text) {
  // -H: a name even for a single file. -Z: a NUL behind the name, for names with colons in them.
  std::vector<std::string> words{"grep", "-rcEHZ", "--", regex};
  words.insert(words.end(), paths.begin(), paths.end());
  const std::string output = output_of(words, text == encoding::utf8 ? "C.UTF-8" : "C");

  counts found;
  for (std::size_t at = 0; at < output.size();) {
    const auto nul = output.find('\0', at);
    const auto newline = output.find('\n', nul);
    found[output.substr(at, nul - at)] = std::stoull(output.substr(nul + 1, newline - nul));
    at = newline + 1;
  }
  return found;
}

counts ppool_counts(const std::string& regex, const std::vector<fs::path>& paths, encoding text) {
  const matcher compiled{regex, text};
  counts found;
  tree files{paths};
  while (const auto next = files.next()) {
    if (next->error) continue;
    const auto counted = count_file(compiled, next->path, {});
    if (!counted.error) found[counted.path.native()] = counted.matches;
  }
  return found;
}

std::string differences(const counts& grep, const counts& ours) {
  const auto number = [](const counts& from, const std::string& path) {
    const auto found = from.find(path);
    return found == from.end() ? std::string{"nothing"} : std::to_string(found->second);
  };
  std::set<std::string> paths;
  for (const auto& [path, count] : grep) paths.insert(path);
  for (const auto& [path, count] : ours) paths.insert(path);

  std::string text;
  for (const auto& path : paths) {
    const auto wanted = number(grep, path);
    const auto got = number(ours, path);
    if (wanted == got) continue;
    text.append(path).append(": grep ").append(wanted).append(", ppool ").append(got) += '\n';
  }
  return text;
}

}  // namespace ppool::test
