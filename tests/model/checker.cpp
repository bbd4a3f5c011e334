// SPDX-License-Identifier: Apache-2.0
#include "model/checker.hpp"

#include <boost/context/detail/fcontext.hpp>

#include <algorithm>
#include <array>
#include <iomanip>
#include <iterator>
#include <memory>
#include <new>
#include <sstream>
#include <stdexcept>
#include <unordered_set>

namespace kin::model {

bool kernel_has_membarrier = true;

namespace {

constexpr std::size_t places_most = 64;
constexpr std::size_t threads_most = 4;
constexpr std::size_t stack_bytes = std::size_t{1} << 17U;

using stamp = std::uint16_t;

// What a thread has seen, or a store hands on (I1, I2).
struct view {
  std::array<stamp, places_most> at{};      // of each atomic: the oldest store that may be read
  std::array<stamp, threads_most> epoch{};  // of each thread: up to where it is ordered before (I4)

  void join_stores(const view& other, std::size_t places) {
    for (std::size_t p = 0; p < places; ++p) at[p] = std::max(at[p], other.at[p]);
  }
  void join(const view& other, std::size_t places) {
    join_stores(other, places);
    for (std::size_t t = 0; t < threads_most; ++t) epoch[t] = std::max(epoch[t], other.epoch[t]);
  }
};

struct message {
  std::uint64_t value;
  view released;
  std::uint64_t cause = 0;  // what its writer had read
};
struct atomic_place {
  std::vector<message> all;  // in their order
  stamp last_seq_cst = 0;
  [[nodiscard]] stamp latest() const { return static_cast<stamp>(all.size() - 1); }
};
struct plain_place {
  std::uint64_t value = 0;
  std::size_t writer = 0;
  stamp written = 0;  // in the writer's epoch
  std::array<stamp, threads_most> read{};
  bool touched = false;
};

struct thread_state {
  view seen;
  operation next;
  outcome result;
  std::uint64_t history = 0;
  std::uint64_t before_load = 0;
  struct read {
    std::uint16_t place;
    stamp which;
  };
  std::vector<read> reads;         // of each place the first since it last went round
  std::uint64_t to_interrupt = 0;  // membarrier: threads that have not had their fence
  bool interrupts = false;
  bool asleep = false;
  bool woken = false;
  bool timed_out = false;
  bool over = false;
  std::int64_t time = 0;
  boost::context::detail::fcontext_t context = nullptr;
};

struct event {
  std::size_t thread;
  operation what;
  outcome result;
  unsigned late;  // how many newer stores it did not read
};

std::uint64_t mixed(std::uint64_t hash, std::uint64_t more) {
  hash = (hash ^ more) * 0x9e37'79b9'7f4a'7c15U;
  return hash ^ hash >> 29U;
}

struct key {
  std::uint64_t a = 0x1234'5678'9abc'def1U;
  std::uint64_t b = 0xfeed'beef'cafe'0007U;
  void mix(std::uint64_t more) {
    a = mixed(a, more);
    b = (b + more) * 0xd6e8'feb8'6659'fd93U;
    b ^= b >> 32U;
  }
  friend bool operator==(const key&, const key&) = default;
};
struct hash_of_key {
  std::size_t operator()(const key& k) const { return k.a; }
};

bool acquires(std::memory_order o) {
  return o == std::memory_order_acquire || o == std::memory_order_acq_rel ||
         o == std::memory_order_seq_cst;
}
bool releases(std::memory_order o) {
  return o == std::memory_order_release || o == std::memory_order_acq_rel ||
         o == std::memory_order_seq_cst;
}
bool is_write(act a) {
  return a == act::store || a == act::exchange || a == act::add || a == act::compare;
}
const char* name_of(std::memory_order o) {
  switch (o) {
    case std::memory_order_relaxed:
      return "relaxed";
    case std::memory_order_acquire:
      return "acquire";
    case std::memory_order_release:
      return "release";
    case std::memory_order_acq_rel:
      return "acq_rel";
    default:
      return "seq_cst";
  }
}
const char* name_of(act a) {
  constexpr std::array names{"load", "store",  "exchange", "add",        "compare",
                             "lock", "unlock", "fence",    "membarrier", "sleep",
                             "wake", "pause",  "choose"};
  return names[static_cast<std::size_t>(a)];
}
std::string file_of(const site& at) {
  const std::string path = at.file;
  return path.substr(path.rfind('/') + 1);
}
std::memory_order without_acquire(std::memory_order o) {
  return o == std::memory_order_acquire ? std::memory_order_relaxed : std::memory_order_release;
}
std::memory_order without_release(std::memory_order o) {
  return o == std::memory_order_release ? std::memory_order_relaxed : std::memory_order_acquire;
}

void start_of_thread(boost::context::detail::transfer_t from);

// One run of a world, and the search over all of them.
class engine {
 public:
  engine(const maker& make, const settings& how)
      : make_(make), how_(how), memory_(new (std::align_val_t{64}) std::byte[world_bytes]) {
    for (auto& s : stacks_) s = std::make_unique<std::byte[]>(stack_bytes);
  }
  engine(const engine&) = delete;
  engine& operator=(const engine&) = delete;
  ~engine() { ::operator delete[](memory_, std::align_val_t{64}); }

  verdict search();

  // Called by what runs in the world.
  std::uint16_t new_place(std::uint64_t value) {
    if (places_ == places_most) too_much("more than 64 atomics");
    atomic_place& p = atomics_[places_];
    p.all.clear();
    p.all.push_back({value, {}});
    p.last_seq_cst = 0;
    return static_cast<std::uint16_t>(places_++);
  }
  std::uint16_t new_plain(std::uint64_t value) {
    plains_.push_back({});
    plains_.back().value = value;
    return static_cast<std::uint16_t>(plains_.size() - 1);
  }
  outcome perform(operation next);
  void read_plain(std::uint16_t place);
  void write_plain(std::uint16_t place, std::uint64_t value);
  void touch(std::uint16_t place) {
    if (std::exchange(plains_[place].touched, true)) return;
    touched_.insert(std::upper_bound(touched_.begin(), touched_.end(), place), place);
  }
  void fail(const std::string& what);
  void only_knows(std::uint64_t state) {
    if (running_ == nullptr) return;
    running_->history = mixed(7, state);
    running_->reads.clear();
  }
  unsigned this_thread() {
    return running_ == nullptr ? 0 : static_cast<unsigned>(running_ - threads_.data());
  }
  std::int64_t later() { return running_ == nullptr ? 0 : running_->time += how_.clock_step; }
  void run_thread(std::size_t t) {
    world_->run(static_cast<unsigned>(t));
    threads_[t].over = true;
  }

  boost::context::detail::fcontext_t back = nullptr;  // to the search

 private:
  struct choice {
    std::uint8_t thread;
    std::uint8_t option;
  };
  struct branch {
    std::vector<choice> choices;
    std::size_t taken = 0;
  };

  [[noreturn]] static void too_much(const char* what) {
    throw std::runtime_error(std::string("the model is too large: ") + what);
  }
  void begin();
  void finish();
  void step(choice c);
  void resume(std::size_t t);
  void resume_with(std::size_t t, outcome result, unsigned late = 0);
  [[nodiscard]] unsigned options(std::size_t t) const;
  [[nodiscard]] std::vector<choice> all_choices() const;
  [[nodiscard]] key state_key() const;
  [[nodiscard]] std::string story() const;
  void weaken(operation& next) const;
  void note_orderings(const operation& next);
  std::string at_rest();

  // Of one operation.
  [[nodiscard]] stamp oldest(const thread_state& t, std::uint16_t place,
                             std::memory_order order) const;
  outcome load(thread_state& t, std::uint16_t place, stamp which, std::memory_order order);
  outcome store(thread_state& t, const operation& o, std::uint64_t value, bool modifies);
  void fence(thread_state& t);
  void interrupt(thread_state& t, unsigned option);
  outcome wake(const operation& o, unsigned option);
  void at_once(const operation& next, outcome& result);

  const maker& make_;
  const settings& how_;
  std::byte* memory_;
  std::array<std::unique_ptr<std::byte[]>, threads_most> stacks_;

  world* world_ = nullptr;
  std::size_t places_ = 0;
  std::array<atomic_place, places_most> atomics_;
  std::vector<plain_place> plains_;
  std::vector<std::uint16_t> touched_;  // of those: by threads, in order
  std::array<thread_state, threads_most> threads_;
  std::size_t count_ = 0;
  std::size_t last_ = 0;  // who has made the last step, if that matters
  unsigned switches_ = 0;
  view fences_;  // what seq_cst fences have passed on
  thread_state* running_ = nullptr;
  std::string wrong_;
  std::vector<event> events_;
  std::vector<branch> path_;
  std::vector<weakening> orderings_;
  std::unordered_set<std::uint64_t> noted_;  // where they stand
};

engine* current = nullptr;

void start_of_thread(boost::context::detail::transfer_t from) {
  current->back = from.fctx;
  current->run_thread(reinterpret_cast<std::size_t>(from.data));
  boost::context::detail::jump_fcontext(current->back, nullptr);
}

// ---- one operation --------------------------------------------------------------------------------

stamp engine::oldest(const thread_state& t, std::uint16_t place, std::memory_order order) const {
  stamp from = t.seen.at[place];
  if (order == std::memory_order_seq_cst)
    from = std::max({from, atomics_[place].last_seq_cst, fences_.at[place]});
  return from;
}

outcome engine::load(thread_state& t, std::uint16_t place, stamp which, std::memory_order order) {
  const message& m = atomics_[place].all[which];
  if (acquires(order)) t.seen.join(m.released, places_);
  t.seen.at[place] = std::max(t.seen.at[place], which);
  if (std::none_of(t.reads.begin(), t.reads.end(), [&](const auto& r) { return r.place == place; }))
    t.reads.push_back({place, which});
  if (how_.by_causes) t.history = mixed(t.history, m.cause);
  return {m.value, true};
}

// With `modifies` it also hands on what the store before it does (I2).
outcome engine::store(thread_state& t, const operation& o, std::uint64_t value, bool modifies) {
  atomic_place& p = atomics_[o.place];
  const message& before = p.all.back();
  const outcome was{before.value, true};
  const stamp mine = static_cast<stamp>(p.latest() + 1);
  const bool acquires_too = modifies && acquires(o.order);
  if (acquires_too) t.seen.join(before.released, places_);
  t.seen.at[o.place] = mine;
  message fresh{value & o.mask, {}};
  if (modifies) fresh.released = before.released;
  if (releases(o.order)) {
    fresh.released.join(t.seen, places_);
    ++t.seen.epoch[static_cast<std::size_t>(&t - threads_.data())];
  }
  fresh.released.at[o.place] = mine;
  if (how_.by_causes) {
    if (modifies) t.history = mixed(t.history, before.cause);
    fresh.cause = t.history;
  }
  p.all.push_back(fresh);
  if (o.order == std::memory_order_seq_cst) p.last_seq_cst = mine;
  return was;
}

void engine::fence(thread_state& t) {
  t.seen.join_stores(fences_, places_);
  for (std::size_t p = 0; p < places_; ++p)
    t.seen.at[p] = std::max(t.seen.at[p], atomics_[p].last_seq_cst);
  fences_.join_stores(t.seen, places_);
}

unsigned engine::options(std::size_t i) const {
  const thread_state& t = threads_[i];
  const operation& o = t.next;
  if (t.over) return 0;
  if (t.asleep) return t.woken || (o.timed && !t.timed_out) ? 1 : 0;
  const atomic_place& p = atomics_[o.place];
  switch (o.what) {
    case act::load:
      return 1U + p.latest() - oldest(t, o.place, o.order);
    case act::compare: {
      unsigned count = p.all.back().value == o.expected ? 1 : 0;
      for (unsigned at = oldest(t, o.place, o.order_failed); at <= p.latest(); ++at)
        count += p.all[at].value != o.expected ? 1 : 0;
      return count;
    }
    case act::lock:
      return p.all.back().value == 0 ? 1 : 0;
    case act::pause:
      return std::any_of(t.reads.begin(), t.reads.end(),
                         [&](const auto& r) { return atomics_[r.place].latest() > r.which; })
                 ? 1
                 : 0;
    case act::membarrier:
      return t.interrupts ? static_cast<unsigned>(std::popcount(t.to_interrupt)) : 1U;
    case act::wake: {
      unsigned sleepers = 0;
      for (std::size_t s = 0; s < count_; ++s)
        sleepers += threads_[s].asleep && !threads_[s].woken && threads_[s].next.place == o.place;
      return std::max(sleepers, 1U);
    }
    case act::choose:
      return static_cast<unsigned>(o.operand);
    default:
      return 1;
  }
}

// I3. The caller's own fences are before the first and after the last. Who has ended is past its
// own.
void engine::interrupt(thread_state& t, unsigned option) {
  if (!t.interrupts) {
    t.interrupts = true;
    t.to_interrupt = (std::uint64_t{1} << count_) - 1;
    t.to_interrupt &= ~(std::uint64_t{1} << static_cast<std::size_t>(&t - threads_.data()));
  } else {
    std::uint64_t left = t.to_interrupt;
    for (; option > 0; --option) left &= left - 1;
    fence(threads_[static_cast<std::size_t>(std::countr_zero(left))]);
    t.to_interrupt &= ~(left & (~left + 1));
  }
  for (std::size_t s = 0; s < count_; ++s) {
    const std::uint64_t bit = std::uint64_t{1} << s;
    if (!threads_[s].over || (t.to_interrupt & bit) == 0) continue;
    fence(threads_[s]);
    t.to_interrupt &= ~bit;
  }
  fence(t);
}

outcome engine::wake(const operation& o, unsigned option) {
  for (std::size_t s = 0; s < count_; ++s) {
    thread_state& sleeper = threads_[s];
    if (!sleeper.asleep || sleeper.woken || sleeper.next.place != o.place) continue;
    if (option-- == 0) {
      sleeper.woken = true;
      return {1, true};
    }
  }
  return {0, false};
}

// NOLINTNEXTLINE(readability-function-size): a case an operation
void engine::step(choice c) {
  if (how_.most_switches != ~0U) {
    if (c.thread != last_ && options(last_) > 0) ++switches_;
    last_ = c.thread;
  }
  thread_state& t = threads_[c.thread];
  const operation& o = t.next;
  if (t.asleep) {
    t.timed_out = t.timed_out || !t.woken;
    t.asleep = t.woken = false;
    return resume_with(c.thread, {1, true});
  }
  atomic_place& p = atomics_[o.place];
  switch (o.what) {
    case act::load: {
      t.before_load = t.history;
      const auto which = static_cast<stamp>(p.latest() - c.option);
      return resume_with(c.thread, load(t, o.place, which, o.order), c.option);
    }
    case act::store:
      return resume_with(c.thread, store(t, o, o.operand, false));
    case act::unlock: {
      operation release = o;
      release.order = std::memory_order_release;
      return resume_with(c.thread, store(t, release, 0, false));
    }
    case act::exchange:
      return resume_with(c.thread, store(t, o, o.operand, true));
    case act::add:
      return resume_with(c.thread, store(t, o, p.all.back().value + o.operand, true));
    case act::lock: {
      operation acquire = o;
      acquire.order = std::memory_order_acquire;
      return resume_with(c.thread, store(t, acquire, 1, true));
    }
    case act::compare: {
      unsigned option = c.option;
      if (p.all.back().value == o.expected && option-- == 0) {
        const outcome was = store(t, o, o.operand, true);
        return resume_with(c.thread, {was.value, true});
      }
      t.before_load = t.history;
      stamp which = p.latest();
      for (;; --which) {
        if (p.all[which].value != o.expected && option-- == 0) break;
      }
      const outcome read = load(t, o.place, which, o.order_failed);
      return resume_with(c.thread, {read.value, false}, p.latest() - which);
    }
    case act::fence:
      fence(t);
      return resume_with(c.thread, {});
    case act::membarrier:
      interrupt(t, c.option);
      if (t.to_interrupt != 0) return;
      t.interrupts = false;
      return resume_with(c.thread, {});
    case act::pause:
      t.history = t.before_load;
      // It reads something newer next time: to read the same once more leads nowhere.
      if (t.reads.size() == 1) {
        stamp& from = t.seen.at[t.reads[0].place];
        from = std::max(from, static_cast<stamp>(t.reads[0].which + 1));
      }
      t.reads.clear();
      events_.push_back({c.thread, o, {}, 0});
      return resume(c.thread);
    case act::sleep:
      if (p.all.back().value != o.expected) return resume_with(c.thread, {0, false});
      t.asleep = true;
      events_.push_back({c.thread, o, {}, 0});
      return;
    case act::wake:
      return resume_with(c.thread, wake(o, c.option));
    case act::choose:
      return resume_with(c.thread, {c.option, true});
  }
}

void engine::resume_with(std::size_t i, outcome result, unsigned late) {
  thread_state& t = threads_[i];
  events_.push_back({i, t.next, result, late});
  t.result = result;
  t.history = mixed(mixed(t.history, result.value), result.done ? 3 : 5);
  if (const std::uint64_t print = world_->fingerprint(); print != 0)
    t.history = mixed(t.history, print);
  resume(i);
}

void engine::resume(std::size_t i) {
  thread_state& t = threads_[i];
  running_ = &t;
  const auto arrival = boost::context::detail::jump_fcontext(t.context, reinterpret_cast<void*>(i));
  t.context = arrival.fctx;
  running_ = nullptr;
}

// Before the threads start and after they have ended, in one thread.
void engine::at_once(const operation& o, outcome& result) {
  atomic_place& p = atomics_[o.place];
  std::uint64_t& value = p.all.back().value;
  result = {value, true};
  switch (o.what) {
    case act::store:
    case act::exchange:
      value = o.operand & o.mask;
      break;
    case act::add:
      value = (value + o.operand) & o.mask;
      break;
    case act::compare:
      result.done = value == o.expected;
      if (result.done) value = o.operand;
      break;
    case act::lock:
      value = 1;
      break;
    case act::unlock:
      value = 0;
      break;
    default:
      break;
  }
}

outcome engine::perform(operation next) {
  if (running_ == nullptr) {
    outcome result;
    at_once(next, result);
    return result;
  }
  note_orderings(next);
  if (how_.weaker) {
    weaken(next);
    if (next.what == act::choose && next.operand == 0) return {};  // gone
  }
  thread_state& t = *running_;
  t.next = next;
  const auto arrival = boost::context::detail::jump_fcontext(back, nullptr);
  back = arrival.fctx;
  return t.result;
}

void engine::weaken(operation& next) const {
  const weakening& w = *how_.weaker;
  if (w.what != next.what || (w.line != 0 && w.line != next.at.line)) return;
  if (w.function != next.at.function || w.file != file_of(next.at)) return;
  switch (w.into) {
    case weakening::no_acquire:
      next.order = without_acquire(next.order);
      break;
    case weakening::no_release:
      next.order = without_release(next.order);
      break;
    case weakening::no_seq_cst:
      next.order = next.what == act::load    ? std::memory_order_acquire
                   : next.what == act::store ? std::memory_order_release
                                             : std::memory_order_acq_rel;
      break;
    case weakening::gone:
      next = {.what = act::choose, .operand = 0};
      break;
  }
}

void engine::note_orderings(const operation& next) {
  const auto here = mixed(mixed(reinterpret_cast<std::uintptr_t>(next.at.file), next.at.line),
                          static_cast<std::uint64_t>(next.what));
  if (!noted_.insert(here).second) return;
  const auto note = [&](weakening::how into) {
    orderings_.push_back({file_of(next.at), next.at.line, next.at.function, next.what, into});
  };
  const bool stores = is_write(next.what);
  const bool loads = next.what == act::load || (stores && next.what != act::store);
  if (next.what == act::fence || next.what == act::membarrier) note(weakening::gone);
  if (!stores && !loads) return;
  if (next.order == std::memory_order_seq_cst) {
    note(weakening::no_seq_cst);
  } else {
    if (loads && acquires(next.order)) note(weakening::no_acquire);
    if (stores && releases(next.order)) note(weakening::no_release);
  }
}

// ---- data that is not atomic ----------------------------------------------------------------------

void engine::read_plain(std::uint16_t place) {
  if (running_ == nullptr) return;
  plain_place& p = plains_[place];
  const auto me = static_cast<std::size_t>(running_ - threads_.data());
  if (p.writer != me && running_->seen.epoch[p.writer] < p.written)
    return fail("a race: it reads data " + std::to_string(place) + " that thread " +
                std::to_string(p.writer) + " writes");
  p.read[me] = running_->seen.epoch[me];
  touch(place);
  running_->history = mixed(running_->history, p.value);
}

void engine::write_plain(std::uint16_t place, std::uint64_t value) {
  plain_place& p = plains_[place];
  p.value = value;
  if (running_ == nullptr) return;
  const auto me = static_cast<std::size_t>(running_ - threads_.data());
  const auto& epoch = running_->seen.epoch;
  if (p.writer != me && epoch[p.writer] < p.written)
    return fail("a race: it writes data " + std::to_string(place) + " that thread " +
                std::to_string(p.writer) + " writes");
  for (std::size_t t = 0; t < count_; ++t) {
    if (t != me && epoch[t] < p.read[t])
      return fail("a race: it writes data " + std::to_string(place) + " that thread " +
                  std::to_string(t) + " reads");
  }
  touch(place);
  p.writer = me;
  p.written = epoch[me];
  p.read = {};
}

void engine::fail(const std::string& what) {
  if (wrong_.empty()) wrong_ = what;
  if (running_ != nullptr) boost::context::detail::jump_fcontext(back, nullptr);  // for good
}

// ---- the search -----------------------------------------------------------------------------------

void engine::begin() {
  places_ = 0;
  plains_.clear();
  touched_.clear();
  fences_ = {};
  last_ = 0;
  switches_ = 0;
  events_.clear();
  wrong_.clear();
  running_ = nullptr;
  kernel_has_membarrier = how_.has_membarrier;
  world_ = make_(memory_);
  count_ = world_->threads();
  for (std::size_t t = 0; t < count_; ++t) {
    threads_[t] = {};
    threads_[t].history = mixed(0, t);
    threads_[t].seen.epoch[t] = 1;
    threads_[t].context = boost::context::detail::make_fcontext(stacks_[t].get() + stack_bytes,
                                                                stack_bytes, &start_of_thread);
  }
  for (std::size_t t = 0; t < count_ && wrong_.empty(); ++t) resume(t);
}

void engine::finish() {
  std::destroy_at(world_);
  world_ = nullptr;
}

std::vector<engine::choice> engine::all_choices() const {
  std::vector<choice> all;
  const bool stays = switches_ >= how_.most_switches && options(last_) > 0;
  for (std::size_t t = 0; t < count_; ++t) {
    const unsigned count = stays && t != last_ ? 0 : options(t);
    for (unsigned o = 0; o < count; ++o)
      all.push_back({static_cast<std::uint8_t>(t), static_cast<std::uint8_t>(o)});
  }
  return all;
}

key engine::state_key() const {
  key k;
  k.mix(last_ + (std::uint64_t{switches_} << 8U));
  std::array<stamp, places_most> base{};
  for (std::size_t p = 0; p < places_; ++p) {
    base[p] = atomics_[p].latest();
    for (std::size_t t = 0; t < count_; ++t) {
      if (!threads_[t].over) base[p] = std::min(base[p], threads_[t].seen.at[p]);
    }
  }
  const auto since = [&](std::size_t p, stamp s) -> std::uint64_t {
    return s > base[p] ? s - base[p] : 0;
  };
  // Whether what is seen covers each access to plain data is all that matters of epochs.
  const auto mix_view = [&](const view& v) {
    std::uint64_t packed = 0;
    for (std::size_t p = 0; p < places_; ++p) {
      packed = packed << 8U | since(p, v.at[p]);
      if (p % 8 == 7) k.mix(std::exchange(packed, 0));
    }
    k.mix(packed);
    for (const std::uint16_t at : touched_) {
      const plain_place& p = plains_[at];
      std::uint64_t covered = v.epoch[p.writer] >= p.written ? 1 : 0;
      for (std::size_t t = 0; t < count_; ++t)
        covered = covered << 1U | (v.epoch[t] >= p.read[t] ? 1U : 0U);
      k.mix(covered);
    }
  };
  for (std::size_t p = 0; p < places_; ++p) {
    const atomic_place& place = atomics_[p];
    k.mix(std::uint64_t{place.latest()} - base[p] + (since(p, place.last_seq_cst) << 16U) +
          (since(p, fences_.at[p]) << 32U));
    for (std::size_t m = base[p]; m <= place.latest(); ++m) {
      k.mix(place.all[m].value);
      k.mix(place.all[m].cause);
      mix_view(place.all[m].released);
    }
  }
  for (const std::uint16_t at : touched_) k.mix(at + (plains_[at].value << 16U));
  for (std::size_t i = 0; i < count_; ++i) {
    const thread_state& t = threads_[i];
    k.mix(t.over ? 1 : 2);
    if (t.over) continue;
    k.mix(t.history);
    k.mix((t.asleep ? 1U : 0U) | (t.woken ? 2U : 0U) | (t.timed_out ? 4U : 0U) |
          (t.interrupts ? 8U : 0U) | t.to_interrupt << 8U);
    k.mix(t.next.at.line + (static_cast<std::uint64_t>(t.next.what) << 32U));  // where it spins
    if (t.next.what == act::pause) {
      for (const auto& r : t.reads) k.mix(since(r.place, r.which) + 77U * r.place);
    }
    mix_view(t.seen);
  }
  k.mix(world_->fingerprint());
  return k;
}

std::string engine::at_rest() {
  std::vector<rest> all;
  for (std::size_t i = 0; i < count_; ++i) {
    const thread_state& t = threads_[i];
    const bool for_a_time = t.asleep && t.next.timed;
    all.push_back(t.over ? rest::over : for_a_time ? rest::sleeps_for_a_time : rest::waits);
  }
  return world_->at_rest(all);
}

std::string engine::story() const {
  std::ostringstream out;
  for (const event& e : events_) {
    const operation& o = e.what;
    out << "\n  thread " << e.thread << "  " << std::left << std::setw(28)
        << file_of(o.at) + ':' + std::to_string(o.at.line) << std::setw(11) << name_of(o.what);
    const bool has_place = o.what <= act::unlock || o.what == act::sleep || o.what == act::wake;
    if (has_place) {
      out << std::setw(12)
          << (o.place < how_.names.size() ? how_.names[o.place] : '#' + std::to_string(o.place));
    }
    const auto number = [&](std::uint64_t n) -> std::ostream& {
      return out << std::hex << n << std::dec;
    };
    if (o.what == act::load) number(e.result.value);
    if (o.what == act::store) number(o.operand);
    if (o.what == act::exchange || (o.what == act::compare && e.result.done)) {
      number(e.result.value) << " -> ";
      number(o.operand);
    } else if (o.what == act::add) {
      number(e.result.value) << " -> ";
      number((e.result.value + o.operand) & o.mask);
    } else if (o.what == act::compare) {
      number(e.result.value) << ", not ";
      number(o.expected);
    } else if (o.what == act::choose) {
      number(e.result.value);
    }
    if (o.what <= act::compare) out << "  " << name_of(o.order);
    if (e.late != 0) out << "  (late by " << e.late << ')';
  }
  return out.str();
}

verdict engine::search() {
  std::unordered_set<key, hash_of_key> known;
  verdict v;
  for (;;) {
    begin();
    for (const branch& b : path_) {
      if (wrong_.empty()) step(b.choices[b.taken]);
    }
    while (wrong_.empty() && known.insert(state_key()).second) {
      branch next{all_choices()};
      if (next.choices.empty()) {
        wrong_ = at_rest();
        break;
      }
      v.steps += next.choices.size();
      path_.push_back(std::move(next));
      step(path_.back().choices[0]);
    }
    if (wrong_.empty() && known.size() > how_.most_states) wrong_ = "too many states";
    if (!wrong_.empty()) v.wrong = wrong_ + story();
    finish();
    while (!path_.empty() && ++path_.back().taken == path_.back().choices.size()) path_.pop_back();
    if (!v.wrong.empty() || path_.empty()) break;
  }
  v.states = known.size();
  v.orderings = orderings_;
  return v;
}

}  // namespace

std::uint16_t new_place(std::uint64_t value) { return current->new_place(value); }
std::uint16_t new_plain(std::uint64_t value) { return current->new_plain(value); }
outcome perform(const operation& next) { return current->perform(next); }
void read_plain(std::uint16_t place) { current->read_plain(place); }
void write_plain(std::uint16_t place, std::uint64_t value) { current->write_plain(place, value); }
void fail(const std::string& what) { current->fail(what); }
void only_knows(std::uint64_t local_state) { current->only_knows(local_state); }
unsigned this_thread() { return current->this_thread(); }
std::int64_t later() { return current->later(); }
unsigned choose(unsigned count) {
  return static_cast<unsigned>(perform({.what = act::choose, .operand = count}).value);
}

std::string to_string(const weakening& w) {
  constexpr std::array into{"without acquire", "without release", "without seq_cst", "gone"};
  return w.file + ' ' + w.function + ": " + name_of(w.what) + ' ' + into[w.into];
}

std::string world::at_rest(const std::vector<rest>& threads) {
  for (std::size_t t = 0; t < threads.size(); ++t) {
    if (threads[t] != rest::over) return "thread " + std::to_string(t) + " waits for ever";
  }
  return {};
}

verdict explore(const maker& make, const settings& how) {
  engine all(make, how);
  engine* const before = std::exchange(current, &all);
  verdict v = all.search();
  current = before;
  return v;
}

}  // namespace kin::model
