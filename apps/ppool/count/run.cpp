// SPDX-License-Identifier: Apache-2.0
#include "count/run.hpp"

#include <kin/kin.hpp>

#include "count/file_reader.hpp"
#include "count/matcher.hpp"
#include "count/print.hpp"
#include "count/progress_bar.hpp"
#include "count/report.hpp"
#include "count/text.hpp"
#include "count/tree.hpp"
#include "pool/application.hpp"
#include "pool/ppool.hpp"

#include <chrono>
#include <iostream>
#include <memory>
#include <stop_token>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace ppool {
namespace {

using namespace kin::literals;
using std::filesystem::path;

constexpr std::size_t walked_at_once = 64;
constexpr auto redraw_every = 100ms;

/// The worker: one file, read where reading may block.
class count_task {
 public:
  count_task(std::shared_ptr<const matcher> what, std::stop_token stop, path where)
      : what_(std::move(what)), stop_(std::move(stop)), where_(std::move(where)) {}
  file_count operator()() {
    return kin::blocking([this] { return count_file(*what_, where_, stop_); });
  }

 private:
  std::shared_ptr<const matcher> what_;
  std::stop_token stop_;
  path where_;
};
using count_pool = pool<count_task, path>;

/// The process that walks the tree, deals the files to the pools, and collects what comes back.
class run_of_count {
 public:
  explicit run_of_count(const count_options& options)
      : options_(options),
        report_(options.regex, pool_reports(options)),
        tree_(options.paths),
        bar_(2, options.progress) {
    for (const auto& pool : options.pools) {
      names_.emplace_back(kin::intern(pool.name));
      open_tasks_max_ += 4 * static_cast<std::size_t>(pool.limit);
    }
  }

  report run(const std::shared_ptr<const matcher>& what) {
    const auto start = std::chrono::steady_clock::now();
    kin::trap_exits();  // Ctrl-C comes as a message
    kin::app::start_link();
    kin::app::start(application, kin::permanent);  // that they give up is heard over the link
    for (std::size_t i = 0; i < names_.size(); ++i) {
      const auto limit = static_cast<std::size_t>(options_.pools[i].limit);
      start_pool(names_[i], limit, what, stop_.get_token());
    }
    while (!stopped_ && !(walked_ && tasks_.empty())) {
      const bool enough = walked_ || tasks_.size() >= open_tasks_max_;
      if (!enough) walk_on();
      take_one(enough ? redraw_every : 0ms);
      bar_.update(
          {report_.sum().files, found_, walked_, report_.sum().bytes, report_.sum().matches});
    }
    bar_.erase();
    report_.finish(std::chrono::duration_cast<std::chrono::milliseconds>(
                       std::chrono::steady_clock::now() - start),
                   stopped_);
    return std::move(report_);
  }

 private:
  struct task {
    path file;
    std::size_t pool;
  };

  static std::vector<pool_report> pool_reports(const count_options& options) {
    std::vector<pool_report> all;
    for (const auto& pool : options.pools) all.push_back({pool.name, pool.limit});
    return all;
  }

  void walk_on() {
    const auto entries = kin::blocking([this] {
      std::vector<entry> some;
      while (some.size() < walked_at_once) {
        auto next = tree_.next();
        if (!next) break;
        some.push_back(*std::move(next));
      }
      return some;
    });
    walked_ = entries.size() < walked_at_once;
    for (const entry& e : entries) {
      if (e.error) {
        report_.add(failure{e.path, reason(e.error)});
      } else {
        deal(e.path);
      }
    }
  }

  void deal(const path& file) {
    const std::size_t pool = found_++ % names_.size();
    tasks_.emplace(async_queue(names_[pool], file), task{file, pool});
  }

  void take_one(kin::duration limit) {
    kin::receive([this](done<file_count> end) { take(std::move(end)); },
                 [this](kin::exited /*interrupt, or the pools gave up*/) {
                   stopped_ = true;
                   stop_.request_stop();
                 },
                 kin::after(limit, [] {}));
  }

  void take(done<file_count> end) {
    const auto found = tasks_.find(end.task);
    if (end.outcome) {
      report_.add(*std::move(end.outcome), found->second.pool);
    } else {
      report_.add(failure{found->second.file, kin::to_string(end.outcome.error())});
    }
    tasks_.erase(found);
  }

  const count_options& options_;
  report report_;
  tree tree_;
  progress_bar bar_;
  std::vector<kin::name<count_pool>> names_;
  std::size_t open_tasks_max_ = 0;  // enough that no worker waits; not the whole tree
  std::unordered_map<kin::ref, task> tasks_;
  std::uint64_t found_ = 0;
  bool walked_ = false;
  bool stopped_ = false;
  std::stop_source stop_;
};

}  // namespace

int count(const count_options& options) {
  std::shared_ptr<const matcher> what;
  try {
    what = std::make_shared<const matcher>(options.regex, encoding_of_environment());
  } catch (const bad_regex& wrong) {
    std::cerr << "ppool count: " << wrong.what() << '\n';
    return 2;
  }
  int exit_code = 2;
  const int ended = kin::run([&] {
    const report all = run_of_count(options).run(what);
    kin::blocking([&] {  // a pager reads as slowly as its user
      std::cout << (options.json ? json(all) : listing(all, options.all)) << std::flush;
      std::cerr << summary(all);
    });
    exit_code = all.exit_code();
    if (all.stopped()) kin::exit(kin::shutdown);
  });
  return ended == 0 ? exit_code : ended;
}

}  // namespace ppool
