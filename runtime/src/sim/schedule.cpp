// SPDX-License-Identifier: Apache-2.0
#include "sim/schedule.hpp"

#include <kin/exit_reason.hpp>

#include <algorithm>
#include <charconv>
#include <optional>

namespace kin::detail {
namespace {

constexpr std::string_view plain = "plain";

// The letter of a kind; none for what comes next.
constexpr std::string_view letters = " ckdtsfa";

std::string word_for(const choice& c) {
  std::string word = std::to_string(c.step) + ':';
  if (c.kind != choice_kind::next) word += letters[static_cast<std::size_t>(c.kind)];
  switch (c.kind) {
    case choice_kind::next:
      word += std::to_string(c.who.to);
      if (!c.who.is_turn) {
        word += (c.who.from & from_outside) == 0 ? "<" : "<x";
        word += std::to_string(c.who.from & ~from_outside);
      }
      break;
    case choice_kind::cut:
      word += std::to_string(c.amount);
      break;
    case choice_kind::kill:
      word += std::to_string(c.who.to);
      break;
    case choice_kind::delay:
    case choice_kind::late_timer:
      word += std::to_string(c.nth) + '+' + std::to_string(c.amount);
      break;
    case choice_kind::failed_spawn:
    case choice_kind::full_mailbox:
    case choice_kind::failed_allocation:
      word += std::to_string(c.nth);
      break;
  }
  return word;
}

// Takes what it reads off the front.
class reader {
 public:
  explicit reader(std::string_view text) : rest_(text) {}

  bool sees(char c) {
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  std::optional<std::uint64_t> number() {
    std::uint64_t value = 0;
    const auto [end, fault] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), value);
    if (fault != std::errc()) return std::nullopt;
    rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
    return value;
  }
  choice_kind kind() {
    const std::size_t found = rest_.empty() ? letters.npos : letters.find(rest_.front(), 1);
    if (found == letters.npos) return choice_kind::next;
    rest_.remove_prefix(1);
    return static_cast<choice_kind>(found);
  }
  [[nodiscard]] bool is_at_end() const { return rest_.empty(); }

 private:
  std::string_view rest_;
};

bool read_next(reader& from, choice& c) {
  if (!from.sees('<')) return true;
  const std::uint64_t kind_of_sender = from.sees('x') ? from_outside : 0;
  const auto sender = from.number();
  if (!sender) return false;
  c.who.from = *sender | kind_of_sender;
  c.who.is_turn = false;
  return true;
}

bool read_amount(reader& from, choice& c) {
  if (!from.sees('+')) return false;
  const auto amount = from.number();
  c.amount = amount.value_or(0);
  return amount.has_value();
}

std::optional<choice> choice_of(std::string_view word) {
  reader from(word);
  choice c;
  const auto step = from.number();
  if (!step || !from.sees(':')) return std::nullopt;
  c.step = *step;
  c.kind = from.kind();
  const auto number = from.number();
  if (!number) return std::nullopt;
  bool is_whole = true;
  switch (c.kind) {
    case choice_kind::next:
      c.who.to = *number;
      is_whole = read_next(from, c);
      break;
    case choice_kind::kill:
      c.who.to = *number;
      break;
    case choice_kind::cut:
      c.amount = *number;
      break;
    case choice_kind::delay:
    case choice_kind::late_timer:
      c.nth = *number;
      is_whole = read_amount(from, c);
      break;
    case choice_kind::failed_spawn:
    case choice_kind::full_mailbox:
    case choice_kind::failed_allocation:
      c.nth = *number;
      break;
  }
  return is_whole && from.is_at_end() ? std::optional(c) : std::nullopt;
}

std::string_view take_word(std::string_view& text) {
  const std::string_view word = text.substr(0, text.find(' '));
  text.remove_prefix(std::min(text.size(), word.size() + 1));
  return word;
}

}  // namespace

std::string text_of(const choice_list& choices) {
  std::string text(plain);
  for (const choice& c : choices) text += ' ' + word_for(c);
  return text;
}

choice_list schedule_of(std::string_view text) {
  const auto refuse = [](std::string_view what) {
    throw error(badarg, "a schedule of kin::sim begins with `plain` and has words like `9:4<2`; '" +
                            std::string(what) + "' is none");
  };
  choice_list all;
  if (const auto first = take_word(text); first != plain) refuse(first);
  while (!text.empty()) {
    const std::string_view word = take_word(text);
    const auto read = choice_of(word);
    if (!read) refuse(word);
    all.push_back(*read);
  }
  return all;
}

}  // namespace kin::detail
