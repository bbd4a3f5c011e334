// SPDX-License-Identifier: Apache-2.0
#include "report_lines.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

namespace kin::detail {
namespace {

/// A field's key, and what people read in its place.
struct wording {
  std::string_view key;
  std::string_view on_many_lines;
  std::string_view on_one_line;
};

constexpr std::array<wording, 20> words{{
    {"supervisor", "supervisor:", "Supervisor:"},
    {"errorContext", "errorContext:", "Context:"},
    {"reason", "reason:", "Reason:"},
    {"offender", "offender:", "Offender:"},
    {"started", "started:", "Started:"},
    {"application", "application:", "Application:"},
    {"started_at", "started_at:", "Started at:"},
    {"exited", "exited:", "Exited:"},
    {"type", "type:", "Type:"},
    {"installed in", "Was installed in", "Was installed in"},
    {"last event", "Last event =", "Last event:"},
    {"last handler event", "Last event was:", "Last event:"},
    {"handler state", "When handler state ==", "Handler state:"},
    {"handler reason", "Reason ==", "Reason:"},
    {"server state", "When server state =", "State:"},
    {"termination", "Reason for termination =", "Reason:"},
    {"callback modules", "Callback modules =", "Callback modules:"},
    {"callback mode", "Callback mode =", "Callback mode:"},
    {"time-outs", "Time-outs =", "Time-outs:"},
    {"unhandled", "Unhandled message:", "Unhandled message:"},
}};

// What is not in the table reads as its key: Queued, Postponed, Log.
std::string word_for(const std::string& key, const report_layout& layout, std::string_view ends) {
  const auto* found =
      std::find_if(words.begin(), words.end(), [&](const wording& w) { return w.key == key; });
  if (found == words.end()) return key + (layout.single_line ? ":" : std::string(ends));
  return std::string(layout.single_line ? found->on_one_line : found->on_many_lines);
}

std::string ended(std::string line) {
  return line.ends_with('.') ? std::move(line) : std::move(line) + '.';
}

}  // namespace

std::string lay_out_colons(const report& r, const report_layout& layout) {
  std::string text;
  for (const report_field& f : shortened(r.fields, layout)) {
    const std::string word = word_for(f.key, layout, ":");
    if (!text.empty()) text += layout.single_line ? " " : "\n";
    text += layout.single_line ? ended(word + ' ' + on_one_line(f.value))
                               : "    " + word + ' ' + f.value;
  }
  return text;
}

std::string lay_out_stars(const report& r, const report_layout& layout) {
  std::string text;
  for (const report_field& f : shortened(r.fields, layout)) {
    const bool is_first = text.empty();
    const std::string line =
        is_first ? f.key + ' ' + f.value : word_for(f.key, layout, " =") + ' ' + f.value;
    if (!is_first) text += layout.single_line ? " " : "\n";
    text += layout.single_line ? ended(on_one_line(line)) : "** " + line;
  }
  return text;
}

}  // namespace kin::detail
