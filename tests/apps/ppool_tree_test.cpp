// SPDX-License-Identifier: Apache-2.0
#include "count/tree.hpp"
#include "ppool_grep.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <sys/stat.h>

namespace {

namespace fs = std::filesystem;
using ppool::test::scratch;

using names = std::vector<std::string>;

/// Everything a tree gives, in order of names; "!" stands before what came with an error.
names walked(std::vector<fs::path> paths) {
  names found;
  ppool::tree tree{std::move(paths)};
  while (const auto next = tree.next()) {
    found.push_back((next->error ? "!" : "") + next->path.native());
  }
  std::ranges::sort(found);
  return found;
}

TEST(tree, gives_all_files_below_a_directory) {
  const scratch dir;
  dir.file("a", "");
  dir.file("b/c", "");
  dir.file("b/d/.hidden", "");
  fs::create_directory(dir / "empty");

  EXPECT_EQ(walked({dir.path()}), (names{dir / "a", dir / "b/c", dir / "b/d/.hidden"}));
}

TEST(tree, gives_a_file_as_it_was_typed) {
  const scratch dir;
  dir.file("a", "");

  EXPECT_EQ(walked({dir / "./a"}), (names{dir.path().native() + "/./a"}));
}

TEST(tree, keeps_one_slash_at_the_end_of_what_was_typed) {
  const scratch dir;
  dir.file("a", "");

  EXPECT_EQ(walked({dir.path().native() + "///"}), (names{dir / "a"}));
}

TEST(tree, gives_a_path_twice_that_was_typed_twice) {
  const scratch dir;
  dir.file("a", "");

  EXPECT_EQ(walked({dir.path(), dir / "a"}), (names{dir / "a", dir / "a"}));
}

TEST(tree, follows_a_link_of_the_command_line_and_none_below) {
  const scratch dir;
  dir.file("real/a", "");
  fs::create_directory_symlink("real", dir / "link");
  fs::create_symlink("a", dir / "real/to_file");
  fs::create_directory_symlink(".", dir / "real/to_itself");

  EXPECT_EQ(walked({dir / "link"}), (names{dir / "link/a"}));
  EXPECT_EQ(walked({dir / "real/to_file"}), (names{dir / "real/to_file"}));
}

TEST(tree, passes_over_fifos_below_a_directory_but_not_on_the_command_line) {
  const scratch dir;
  ASSERT_EQ(::mkfifo((dir / "fifo").c_str(), 0600), 0);

  EXPECT_EQ(walked({dir.path()}), names{});
  EXPECT_EQ(walked({dir / "fifo"}), (names{dir / "fifo"}));
}

TEST(tree, reports_a_missing_path_and_goes_on) {
  const scratch dir;
  dir.file("a", "");
  fs::create_symlink("nowhere", dir / "broken");

  EXPECT_EQ(walked({dir / "gone", dir / "broken", dir.path()}),
            (names{"!" + (dir / "broken").native(), "!" + (dir / "gone").native(), dir / "a"}));
  EXPECT_EQ(ppool::tree{{dir / "gone"}}.next()->error, std::errc::no_such_file_or_directory);
}

TEST(tree, reports_a_directory_it_may_not_read_and_goes_on) {
  const scratch dir;
  dir.file("open/a", "");
  dir.file("shut/b", "");
  fs::permissions(dir / "shut", fs::perms::none);

  names found;
  {
    const ppool::test::as_nobody guard;
    found = walked({dir.path()});
  }
  fs::permissions(dir / "shut", fs::perms::owner_all);

  EXPECT_EQ(found, (names{"!" + (dir / "shut").native(), dir / "open/a"}));
}

TEST(tree, looks_at_a_directory_only_when_asked_for_the_next_file) {
  const scratch dir;
  dir.file("one/a", "");
  ppool::tree tree{{dir / "one", dir / "two"}};
  ASSERT_TRUE(tree.next());

  dir.file("two/made_later", "");

  EXPECT_EQ(tree.next()->path, dir / "two/made_later");
  EXPECT_EQ(tree.next(), std::nullopt);
}

}  // namespace
