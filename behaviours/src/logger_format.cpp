// SPDX-License-Identifier: Apache-2.0
// logger_formatter: an event, piece by piece.
#include <kin/exit_reason.hpp>
#include <kin/logger_formatter.hpp>
#include <kin/report_taker.hpp>

#include "logger_filter.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <ctime>
#include <ostream>

namespace kin::logger {
namespace {

constexpr std::string_view cut_mark = "...";

// ---- time ---------------------------------------------------------------------------------------

bool is_utc(const std::string& offset) { return offset == "Z" || offset == "z"; }

// +02:00
std::optional<std::chrono::minutes> parse_offset(std::string_view offset) {
  constexpr std::size_t size = 6;
  if (offset.size() != size || offset[3] != ':' || (offset[0] != '+' && offset[0] != '-'))
    return std::nullopt;
  int hours = 0;
  int minutes = 0;
  const auto read = [](std::string_view two, int& into) {
    const auto done = std::from_chars(two.data(), two.data() + two.size(), into);
    return done.ec == std::errc() && done.ptr == two.data() + two.size() && into >= 0;
  };
  if (!read(offset.substr(1, 2), hours) || !read(offset.substr(4, 2), minutes) || minutes > 59)
    return std::nullopt;
  const auto ahead = std::chrono::hours(hours) + std::chrono::minutes(minutes);
  return offset[0] == '-' ? -ahead : ahead;
}

struct broken_time {
  tm parts{};
  std::string micros;
  std::chrono::minutes offset{0};
};

broken_time broken(std::chrono::system_clock::time_point time, const std::string& wanted) {
  broken_time made;
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time.time_since_epoch());
  const auto rest = time.time_since_epoch() - seconds;
  made.micros = std::to_string(std::chrono::duration_cast<std::chrono::microseconds>(rest).count());
  made.micros.insert(0, 6 - made.micros.size(), '0');
  std::time_t at = seconds.count();
  if (wanted.empty() && !kin::detail::is_simulated()) {
    localtime_r(&at, &made.parts);
    made.offset = std::chrono::duration_cast<std::chrono::minutes>(
        std::chrono::seconds(made.parts.tm_gmtoff));
    return made;
  }
  made.offset = parse_offset(wanted).value_or(std::chrono::minutes(0));
  at += std::chrono::seconds(made.offset).count();
  gmtime_r(&at, &made.parts);
  return made;
}

std::string stamp(const tm& parts, const char* how) {
  std::array<char, 64> text{};
  return {text.data(), std::strftime(text.data(), text.size(), how, &parts)};
}

std::string offset_text(std::chrono::minutes offset) {
  const auto ahead = std::abs(offset.count());
  const auto two = [](auto n) { return (n < 10 ? "0" : "") + std::to_string(n); };
  return (offset.count() < 0 ? "-" : "+") + two(ahead / 60) + ':' + two(ahead % 60);
}

// RFC 3339: 2026-11-22T10:12:07.123456+00:00
std::string time_text(const event& e, const formatter_options& how) {
  const broken_time t = broken(e.meta.time, how.time_offset);
  return stamp(t.parts, "%Y-%m-%d") + how.time_designator + stamp(t.parts, "%H:%M:%S") + '.' +
         t.micros + (is_utc(how.time_offset) ? "Z" : offset_text(t.offset));
}

// =ERROR REPORT==== 22-Nov-2026::10:12:07.123456 ===
std::string header(const event& e, const formatter_options& how) {
  std::string title = e.meta.title;
  if (title.empty()) {
    title = kin::to_string(e.level == level::notice && how.notice_is_info ? level::info : e.level);
    std::transform(title.begin(), title.end(), title.begin(),
                   [](char c) { return static_cast<char>(c - 'a' + 'A'); });
    title += " REPORT";
  }
  const broken_time t = broken(e.meta.time, how.time_offset);
  return '=' + title + "==== " + std::to_string(t.parts.tm_mday) +
         stamp(t.parts, "-%b-%Y::%H:%M:%S") + '.' + t.micros +
         (is_utc(how.time_offset) ? " UTC ===" : " ===");
}

// ---- what is known beside -----------------------------------------------------------------------

// a.b and a.c, asked for as a.
std::string all_below(const event& e, const std::string& name) {
  std::string all;
  const std::string prefix = name + '.';
  for (auto one = e.meta.more.lower_bound(prefix);
       one != e.meta.more.end() && one->first.starts_with(prefix); ++one)
    all += (all.empty() ? "[" : ", ") + one->first.substr(prefix.size()) + ": " + one->second;
  return all.empty() ? all : all + ']';
}

std::string value_of(const event& e, const std::string& name, const formatter_options& how) {
  const auto text = [](pid p) { return p ? kin::to_string(p) : std::string(); };
  if (name == "time") return time_text(e, how);
  if (name == "header") return header(e, how);
  if (name == "level") return kin::to_string(e.level);
  if (name == "pid") return text(e.meta.pid);
  if (name == "gl") return text(e.meta.gl);
  if (name == "registered_name") return e.meta.registered_name;
  if (name == "domain") return e.meta.domain;
  if (name == "title") return e.meta.title;
  if (name == "file") return e.meta.where.file;
  if (name == "line") return e.meta.where.line == 0 ? "" : std::to_string(e.meta.where.line);
  if (name == "mfa") return e.meta.where.function;
  const auto found = e.meta.more.find(name);
  return found == e.meta.more.end() ? all_below(e, name) : found->second;
}

// The pattern without the message, which is `hole` where it belongs.
void write_pieces(std::string& out, const std::vector<piece>& pieces, const event& e,
                  const formatter_options& how, std::vector<std::size_t>& holes) {
  for (const piece& p : pieces) {
    switch (p.what) {
      case piece::kind::text:
        out += p.word;
        break;
      case piece::kind::key:
        if (p.word == "msg") {
          holes.push_back(out.size());
        } else {
          out += value_of(e, p.word, how);
        }
        break;
      case piece::kind::when: {
        const bool has = p.word == "msg" || !value_of(e, p.word, how).empty();
        write_pieces(out, has ? p.present : p.absent, e, how, holes);
        break;
      }
    }
  }
}

// ---- what it says -------------------------------------------------------------------------------

std::string filled(const formatted& said, const report_layout& layout) {
  std::string text;
  std::size_t next = 0;
  const std::string_view in = said.format;
  for (std::size_t i = 0; i < in.size(); ++i) {
    const char follows = i + 1 < in.size() ? in[i + 1] : '\0';
    if (in[i] == '{' && follows == '}') {
      if (next < said.args.size()) text += kin::shortened(said.args[next], layout.depth, 0);
      ++next;
      ++i;
    } else {
      text += in[i];
      if ((in[i] == '{' || in[i] == '}') && follows == in[i]) ++i;
    }
  }
  if (next == said.args.size()) return text;
  text = "FORMAT ERROR: \"" + said.format + "\" - [";
  for (const std::string& a : said.args) text += (&a == said.args.data() ? "" : ", ") + a;
  return text + ']';
}

std::string line_a_field(const report& said, const report_layout& layout) {
  std::string text;
  for (const report_field& f : kin::shortened(said.fields, layout)) {
    if (!text.empty()) text += layout.single_line ? ", " : "\n";
    text += (layout.single_line ? "" : "    ") + f.key + ": " + f.value;
  }
  return text;
}

std::string text_of(const report& said, const report_layout& layout, const report_callback& make) {
  if (!make) return line_a_field(said, layout);
  std::string text;
  const auto why = detail::failure_of([&] { text = make(said, layout); });
  if (!why) return make.keeps_limits() ? text : kin::shortened(text, layout.depth, 0);
  return "REPORT_CB CRASH: " + line_a_field(said, {.single_line = true}) +
         "; Reason: " + kin::to_string(*why);
}

const std::vector<piece>& pattern_of(const formatter_options& how) {
  static const std::vector<piece> one_line{key("time"), " ", key("level"), ": ", key("msg"), "\n"};
  static const std::vector<piece> lines{key("time"), " ", key("level"), ":\n", key("msg"), "\n"};
  static const std::vector<piece> old_line{key("header"), "\n", key("msg"), "\n"};
  static const std::vector<piece> old_lines{key("header"), "\n", key("msg"), "\n\n"};
  if (!how.pattern.empty()) return how.pattern;
  if (how.legacy_header) return how.single_line ? old_line : old_lines;
  return how.single_line ? one_line : lines;
}

std::string within(std::string text, std::size_t most) {
  if (text.size() <= most) return text;
  const bool ends_line = text.ends_with('\n');
  text = kin::shortened(text, 0, std::max(most, cut_mark.size() + 1) - (ends_line ? 1 : 0));
  if (ends_line) text += '\n';
  return text;
}

bool has_empty_key(const std::vector<piece>& pieces) {
  return std::any_of(pieces.begin(), pieces.end(), [](const piece& p) {
    return p.what != piece::kind::text &&
           (p.word.empty() || has_empty_key(p.present) || has_empty_key(p.absent));
  });
}

}  // namespace

piece key(std::string name) {
  piece made(std::move(name));
  made.what = piece::kind::key;
  return made;
}

piece when(std::string name, std::vector<piece> present, std::vector<piece> absent) {
  piece made(std::move(name));
  made.what = piece::kind::when;
  made.present = std::move(present);
  made.absent = std::move(absent);
  return made;
}

std::ostream& operator<<(std::ostream& out, const invalid_formatter& f) {
  return out << "{invalid_formatter_config, {" << f.option << ", " << f.value << "}}";
}

std::optional<invalid_formatter> check(const formatter_options& options) {
  if (options.depth == 0) return invalid_formatter{"depth", "0"};
  if (options.chars_limit == 0) return invalid_formatter{"chars_limit", "0"};
  if (options.max_size == 0) return invalid_formatter{"max_size", "0"};
  if (!options.time_offset.empty() && !is_utc(options.time_offset) &&
      !parse_offset(options.time_offset))
    return invalid_formatter{"time_offset", options.time_offset};
  if (has_empty_key(options.pattern)) return invalid_formatter{"pattern", "a key without a name"};
  return std::nullopt;
}

std::string message_of(const event& e, const report_layout& layout,
                       const report_callback& instead) {
  std::string text;
  if (const auto* said = std::get_if<report>(&e.msg)) {
    text = text_of(*said, layout, instead ? instead : said->text ? said->text : e.meta.report_text);
  } else if (const auto* made = std::get_if<formatted>(&e.msg)) {
    text = filled(*made, layout);
  } else {
    text = kin::shortened(std::get<std::string>(e.msg), layout.depth, 0);
  }
  if (layout.single_line) text = kin::on_one_line(text);
  return kin::shortened(text, 0, layout.chars_limit);
}

formatter::formatter(formatter_options options) : options_(std::move(options)) {
  if (auto wrong = check(options_))
    throw kin::error(exit_reason(*wrong), "kin::logger::formatter: " + kin::to_string(*wrong));
}

std::string formatter::format(const event& e) const {
  if (e.level == level::none || e.level == level::all)
    throw kin::error(badarg, "kin::logger: an event has a level from emergency to debug");
  std::string why_not;
  if (own_) {
    std::string text;
    const auto why = detail::failure_of([&] { text = own_(e); });
    if (!why) return text;
    why_not = "FORMATTER CRASH: " + kin::to_string(*why) + ": ";
  }
  std::string text;
  std::vector<std::size_t> holes;
  write_pieces(text, pattern_of(options_), e, options_, holes);
  report_layout layout{.single_line = options_.single_line, .depth = options_.depth.value_or(0)};
  if (options_.chars_limit)
    layout.chars_limit = std::max(*options_.chars_limit, text.size() + 1) - text.size();
  const std::string said =
      holes.empty() ? std::string() : why_not + message_of(e, layout, options_.report_text);
  for (std::size_t i = holes.size(); i-- > 0;) text.insert(holes[i], said);
  return options_.max_size ? within(std::move(text), *options_.max_size) : text;
}

}  // namespace kin::logger
