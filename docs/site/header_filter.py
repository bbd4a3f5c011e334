#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What Doxygen reads of a public header: header_filter.py FILE. Lines keep their numbers.

The essay at the top is the file's; labels (Returns, Throws, ...) stand on lines of their own, in bold. What is kin's own
(detail) is left out, and so are members without a comment that say no more than what every value can: be
compared, printed, copied, moved.
"""
import re
import sys

LABELS = "Returns|Throws|Waits|Thread|Context|Cost|See|Source"
DETAIL = re.compile(r"^namespace (kin::)?detail \{")
UNTOLD = re.compile(
    r"^ *(\[\[nodiscard\]\] )?("
    r"(friend )?.*operator(==|<=>|<<)\("  # equality, order, print
    r"|(inline )?(\w+::)?(\w+& operator=|\w+)\((const )?(\w+)&{0,2} other\)"  # copy and move
    r"|\w+\(.*\) ?->.*;"  # deduction guide
    r"|struct std::hash<"
    r"|[^{]*\bdetail::)")  # a door of kin's own
TYPE = re.compile(r"^ *(using|class|struct(?! std::hash)|template|requires) ")


def labelled(line):
    line = re.sub(r"^( *///)   (?=\S)", r"\1     ", line)  # code, if a blank line is before it
    line = re.sub(rf"^( *///) ({LABELS})  +", r"\1 @n **\2** ", line)
    return re.sub(rf"\.   ?({LABELS})  +", r". @n **\1** ", line)


def is_untold(line, before):
    goes_on = before.strip() and not before.strip().startswith("template") and before.strip()[-1] not in ";{}:"
    ends_another = line.count("}") > line.count("{")
    return UNTOLD.match(line) and not TYPE.match(line) and not goes_on and not ends_another


def filtered(lines):
    in_essay, in_detail, told, depth = True, 0, False, None
    for before, line in zip(["", *lines], lines):
        if in_essay:
            in_essay = not line.startswith("#pragma once")
            yield "/// @file" if "SPDX" in line else labelled(re.sub(r"^//", "///", line))
        elif in_detail or DETAIL.match(line):
            in_detail += line.count("{") - line.count("}")
            yield ""
        elif depth is not None or (not told and is_untold(line, before.split("  //")[0])):
            depth = (depth or 0) + line.count("{") - line.count("}")
            if depth == 0 and line.rstrip().split("  //")[0][-1:] in ";}":
                depth = None
            yield ""
        else:
            told = line.lstrip().startswith(("///", "template", "requires")) and (told or "///" in line)
            yield labelled(line)


with open(sys.argv[1], encoding="utf-8") as header:
    print("\n".join(filtered(header.read().splitlines())))
