// SPDX-License-Identifier: Apache-2.0
// How reports become text: in several lines or in one, whole or cut.
#include <kin/report.hpp>

#include <algorithm>
#include <sstream>
#include <utility>

namespace kin {
namespace {

constexpr std::string_view cut_mark = "...";

template <class T>
std::string text_of(const T& value) {
  std::ostringstream out;
  out << value;
  return std::move(out).str();
}
template <class Items>
std::string list_of(const Items& items) {
  std::ostringstream out;
  out << '[';
  const char* between = "";
  for (const auto& item : items) out << std::exchange(between, ", ") << item;
  out << ']';
  return std::move(out).str();
}
std::string or_none(const std::string& name) { return name.empty() ? "[]" : name; }
std::string truth(bool is) { return is ? "true" : "false"; }

// In quotes a bracket is a letter.
std::string without_depths(std::string_view value, std::size_t depth) {
  std::string shown;
  std::size_t level = 0;
  bool quoted = false;
  for (const char c : value) {
    if (c == '"') quoted = !quoted;
    const bool closes = !quoted && level != 0 && (c == '}' || c == ']');
    if (closes) --level;
    if (level <= depth) shown += c;
    if (quoted || (c != '{' && c != '[')) continue;
    if (++level == depth + 1) shown += cut_mark;
  }
  return shown;
}

// The text up to a byte where no letter is cut in two.
std::string_view head_of(std::string_view text, std::size_t most) {
  constexpr unsigned char top_bits = 0xC0;
  constexpr unsigned char goes_on = 0x80;
  while (most != 0 && (static_cast<unsigned char>(text[most]) & top_bits) == goes_on) --most;
  return text.substr(0, most);
}

// ---- the crash of a process ---------------------------------------------------------------------

std::vector<report_field> fields_of(const process_info& p) {
  return {{"pid", text_of(p.pid)},
          {"registered_name", or_none(p.registered_name)},
          {"initial call", p.subject},
          {"current_function", or_none(p.current_function)},
          {"ancestors", list_of(p.ancestors)},
          {"message_queue_len", text_of(p.message_queue_len)},
          {"links", list_of(p.links)},
          {"trap_exit", truth(p.traps_exits)},
          {"status", text_of(p.status)},
          {"reductions", text_of(p.reductions)}};
}

std::vector<report_field> fields_of(const crash_report& crash) {
  std::vector<report_field> all{
      {"initial call", crash.subject},
      {"pid", text_of(crash.pid)},
      {"registered_name", or_none(crash.registered_name)},
      {crash.exception_type.empty() ? "exception exit" : "exception error", text_of(crash.reason)},
      {"ancestors", list_of(crash.ancestors)}};
  if (!crash.last_message.empty()) all.push_back({"last message", crash.last_message});
  if (!crash.client.empty()) all.push_back({"client", crash.client});
  if (!crash.state.empty()) all.push_back({"state", crash.state});
  if (!crash.log.empty()) all.push_back({"log", list_of(crash.log)});
  all.push_back({"links", list_of(crash.links)});
  all.push_back({"message_queue_len", text_of(crash.mailbox_length)});
  all.push_back({"trap_exit", truth(crash.traps_exits)});
  if (!crash.neighbours.empty()) all.push_back({"neighbours", ""});
  for (const process_info& p : crash.neighbours) {
    all.push_back({"neighbour", ""});
    for (report_field& f : fields_of(p)) all.push_back(std::move(f));
  }
  return all;
}

// Heads stand alone, and what belongs to them is further in.
std::string lay_out_crash(const report& r, const report_layout& layout) {
  std::string text = layout.single_line ? "crasher: " : "  crasher:";
  std::string indent = "    ";
  bool begins = true;
  for (const report_field& f : shortened(r.fields, layout)) {
    const bool is_head = f.key == "neighbours" || f.key == "neighbour";
    if (layout.single_line) {
      text += begins ? "" : is_head && f.key == "neighbours" ? "; " : ", ";
      text += f.key + ": " + on_one_line(f.value);
      begins = is_head;
      if (is_head) text.pop_back(), text += ' ';
      continue;
    }
    if (f.key == "neighbours") indent = "  ";
    if (f.key == "neighbour") indent = "    ";
    text += '\n' + indent + f.key + ':';
    if (!is_head) text += ' ' + f.value;
    if (is_head) indent = "      ";
  }
  return text;
}

}  // namespace

// ---- limits -------------------------------------------------------------------------------------

std::string shortened(std::string_view value, std::size_t depth, std::size_t most) {
  std::string shown = depth == 0 ? std::string(value) : without_depths(value, depth);
  if (most == 0 || shown.size() <= most) return shown;
  const std::size_t kept = most > cut_mark.size() ? most - cut_mark.size() : 0;
  return std::string(head_of(shown, kept)) + std::string(cut_mark);
}

std::string on_one_line(std::string_view text) {
  constexpr std::string_view blank = " \t\r\n";
  std::string line;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view part = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    part.remove_prefix(std::min(part.find_first_not_of(blank), part.size()));
    part = part.substr(0, part.find_last_not_of(blank) + 1);
    if (part.empty()) continue;
    if (!line.empty()) line += line.ends_with(',') ? " " : ", ";
    line += part;
  }
  return line;
}

std::vector<report_field> shortened(std::vector<report_field> fields, const report_layout& layout) {
  std::vector<std::size_t> shortest_first(fields.size());
  for (std::size_t i = 0; i < fields.size(); ++i) {
    fields[i].value = shortened(fields[i].value, layout.depth, 0);
    shortest_first[i] = i;
  }
  if (layout.chars_limit == 0) return fields;
  std::stable_sort(shortest_first.begin(), shortest_first.end(), [&](std::size_t a, std::size_t b) {
    return fields[a].value.size() < fields[b].value.size();
  });
  constexpr std::size_t around_value = 8;  // indent, colon, line end
  std::size_t left = layout.chars_limit;
  for (const report_field& f : fields) left -= std::min(left, f.key.size() + around_value);
  std::size_t waiting = fields.size();
  for (const std::size_t i : shortest_first) {
    const std::size_t share = std::max(left / waiting--, cut_mark.size());
    fields[i].value = shortened(fields[i].value, 0, share);
    left -= std::min(left, fields[i].value.size());
  }
  return fields;
}

// ---- reports ------------------------------------------------------------------------------------

std::string to_text(const report& r, const report_layout& layout) {
  if (r.lay_out != nullptr) return r.lay_out(r, layout);
  return shortened(layout.single_line ? on_one_line(r.text) : r.text, layout.depth,
                   layout.chars_limit);
}

report laid_out(report r) {
  r.text = to_text(r, {});
  return r;
}

report report_of(const crash_report& crash) {
  return laid_out({.severity = severity::error,
                   .title = "CRASH REPORT",
                   .label = "proc_lib crash",
                   .domain = "otp.sasl",
                   .fields = fields_of(crash),
                   .lay_out = &lay_out_crash});
}

std::string to_text(const crash_report& crash) { return report_of(crash).text; }

}  // namespace kin
