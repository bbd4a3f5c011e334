#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""No include climbs a floor.

Each source file stands on a floor, and a floor may include only what HOUSE says: itself, the floors
under it, some public headers, some libraries. The compiler cannot see this, since a private header
of a higher floor is found as easily as one of a lower. Prints file:line for each that climbs.

    floors.py TREE          checks a tree
    floors.py --self-test   plants climbs in a tree of its own and expects each to be found
"""
import re
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

INCLUDE = re.compile(r'\s*#\s*include\s*(?:<([^>]+)>|"([^"]+)")')

# <sys/mman.h> belongs to the system; <boost/...>, or any other folder not named here, to a library.
SYSTEM = {"arpa", "asm", "bits", "ext", "linux", "net", "netinet", "sanitizer", "sys", "valgrind"}

# Public headers of words that every floor speaks.
VOCABULARY = {f"runtime/include/kin/{word}.hpp"
              for word in ("pid", "message", "exit_reason", "result", "time")}


@dataclass(frozen=True)
class Floor:
    """What the files of one floor may include. ANY means no limit."""
    own: str                    # where the floor's files are
    below: tuple = ()           # the floors it stands on
    faces: tuple = ()           # libraries whose public headers it may use
    vocabulary: bool = False    # the four public headers that all may use
    libraries: tuple = ()       # other people's headers, by how they begin
    roots: tuple = ()           # where a quoted include is looked for, beside the file's own folder


ANY = ("",)
RUNTIME, INSIDE, BEHAVIOURS = ("runtime/src",), ("runtime",), ("runtime", "behaviours")
NET, DIST = BEHAVIOURS + ("net",), BEHAVIOURS + ("net", "dist")

APPS = ("apps", "apps/kv", "apps/mail_server", "apps/ppool")
HOUSE = {
    "base": Floor("runtime/src/base/", vocabulary=True, roots=RUNTIME),
    "context": Floor("runtime/src/context/", ("base",), vocabulary=True,
                     libraries=("boost/context/",), roots=RUNTIME),
    "queue": Floor("runtime/src/queue/", ("base",), vocabulary=True,
                   libraries=("concurrentqueue/",), roots=RUNTIME),
    # These two implement what the runtime's public face declares, and so may see it.
    "process": Floor("runtime/src/process/", ("base", "context", "queue"), faces=INSIDE,
                     roots=RUNTIME),
    "scheduler": Floor("runtime/src/scheduler/", ("base", "context", "queue", "process"),
                       faces=INSIDE, libraries=("concurrentqueue/",), roots=RUNTIME),
    "sim": Floor("runtime/src/sim/", ("base", "context", "queue", "process", "scheduler", "api"),
                 faces=INSIDE, roots=RUNTIME),
    "api": Floor("runtime/src/api/", ("base", "context", "queue", "process", "scheduler"),
                 faces=INSIDE, roots=RUNTIME),
    "runtime's public face": Floor("runtime/include/", faces=INSIDE),
    "behaviours": Floor("behaviours/src/", faces=BEHAVIOURS, libraries=("toml++/",),
                        roots=("behaviours/src",)),
    "behaviours' public face": Floor("behaviours/include/", faces=BEHAVIOURS),
    "net": Floor("net/src/", faces=NET, roots=("net/src",)),
    "net's public face": Floor("net/include/", faces=NET),
    "dist": Floor("dist/src/", faces=DIST, roots=("dist/src",)),
    "dist's public face": Floor("dist/include/", faces=DIST),
    "narrator": Floor("apps/narrator/", faces=DIST, libraries=ANY, roots=("apps",)),
    "apps": Floor("apps/", ("narrator",), faces=DIST, libraries=ANY,
                  roots=APPS + ("apps/kin/template/src",)),
    "bench": Floor("bench/", faces=DIST, libraries=ANY, roots=("bench",)),
    "test support": Floor("tests/support/", ("base", "context", "queue", "process", "scheduler"),
                          faces=DIST, libraries=ANY, roots=("tests", "runtime/src")),
    "tests": Floor("tests/", ("test support",), faces=DIST, libraries=ANY, roots=("tests",)),
    # What stands in for a header of the runtime is found before it.
    "models": Floor("tests/model/", ("base", "queue", "process", "scheduler"), faces=DIST,
                    libraries=ANY, roots=("tests/model/stand_in", "tests", "runtime/src")),
    "fuzz": Floor("tests/fuzz/", ("test support", "apps"), faces=DIST, libraries=ANY,
                  roots=("tests", "apps/kin") + APPS),
    "tests of apps": Floor("tests/apps/", ("test support", "apps"), faces=DIST, libraries=ANY,
                           roots=("tests",) + APPS),
}

# A floor's tests see that floor's private headers, and whatever lies under it.
for tested, root in [
        (f, RUNTIME) for f in ("base", "context", "queue", "process", "scheduler", "api", "sim")] + [
        (f, (f"{f}/src",)) for f in ("behaviours", "net", "dist")]:
    HOUSE[f"tests of {tested}"] = Floor(
        f"tests/{tested}/", (tested, "test support") + HOUSE[tested].below, faces=DIST,
        libraries=ANY, roots=("tests",) + root)

# Libraries that have one door each, most in the public face; fmt is also at home in the runtime's .cpp.
DOORS = {"runtime/include/kin/print.hpp": "boost/pfr", "runtime/include/kin/fmt.hpp": "fmt/",
         "behaviours/include/kin/gtest.hpp": "gtest/",
         "behaviours/src/logger_sink.cpp": "spdlog/"}
ROOMS = ("runtime", "behaviours", "net", "dist", "apps", "bench", "tests")


def floor_of(path):
    """The name of the floor on which a file stands: of all that hold it, the innermost."""
    holding = [name for name, floor in HOUSE.items() if path.startswith(floor.own)]
    return max(holding, key=lambda name: len(HOUSE[name].own), default=None)


def same_app(path, other):
    return path.split("/")[1] == other.split("/")[1]


def library_fault(path, here, header):
    """Why the file may not include this header of somebody else's library, or None."""
    allowed = HOUSE[here].libraries
    if path in DOORS:
        allowed += (DOORS[path],)
    if path.startswith("runtime/src/") and here != "base" and path.endswith(".cpp"):
        allowed += ("fmt/",)
    if header.startswith(allowed):
        return None
    doors = [Path(door).name for door, library in DOORS.items() if header.startswith(library)]
    hint = f"; in public headers only kin/{doors[0]} does" if doors else ""
    return f"{here} does not use this library{hint}"


def angled_fault(tree, path, here, header):
    """Why <header> may not stand in this file, or None."""
    first, slash, _ = header.partition("/")
    if first != "kin":
        return library_fault(path, here, header) if slash and first not in SYSTEM else None
    owner = next((room for room in ROOMS if (tree / room / "include" / header).is_file()), None)
    if not owner:
        return "there is no such public header"
    if owner in HOUSE[here].faces:
        return None
    if HOUSE[here].vocabulary and f"{owner}/include/{header}" in VOCABULARY:
        return None
    return f"{here} may not use the public face of {owner}, which stands above it"


def quoted_fault(tree, path, here, header):
    """Why "header" may not stand in this file, or None."""
    if header.startswith("kin/"):
        return f"a public header is included as <{header}>"
    places = [(tree / path).parent] + [tree / root for root in HOUSE[here].roots]
    found = next((place / header for place in places if (place / header).is_file()), None)
    if not found:
        return f"{here} has no such file, nor has any floor that it may look into"
    target = found.resolve().relative_to(tree).as_posix()
    there = floor_of(target)
    if there == here == "apps" and not same_app(path, target):
        return "one app does not use another"
    if there == here or there in HOUSE[here].below:
        return None
    return f"{here} may not include {there}"


def climbs(tree):
    """All that is wrong in a tree, as (file, line, what)."""
    tree = tree.resolve()
    for file in sorted(f for room in ROOMS for f in (tree / room).rglob("*.[ch]pp")):
        path = file.relative_to(tree).as_posix()
        here = floor_of(path)
        if not here:
            yield path, 1, "this file stands on no floor"
            continue
        for number, line in enumerate(file.read_text().splitlines(), 1):
            if match := INCLUDE.match(line):
                angled, quoted = match.groups()
                why = (angled_fault(tree, path, here, angled) if angled else
                       quoted_fault(tree, path, here, quoted))
                if why:
                    yield path, number, f"{angled or quoted}: {why}"


# A small house. A line that ends in `climbs` must be found, and no other.
PLANTED = {
    "runtime/src/base/clock.hpp": """
        #include <chrono>
        #include <sys/mman.h>
        #include <fmt/core.h>                      // climbs
        #include <kin/spawn.hpp>                   // climbs
        #include "queue/inbox.hpp"                 // climbs
        """,
    "runtime/src/base/clock.cpp": """
        #include "base/clock.hpp"
        #include "clock.hpp"
        #include <fmt/core.h>                      // climbs
        """,
    "runtime/src/context/stack.hpp": """
        #include "base/clock.hpp"
        #include <boost/context/detail/fcontext.hpp>
        #include <boost/pfr.hpp>                   // climbs
        #include "queue/inbox.hpp"                 // climbs
        """,
    "runtime/src/queue/inbox.hpp": """
        #include "base/clock.hpp"
        #include <kin/message.hpp>
        #include <kin/spawn.hpp>                   // climbs
        #include <concurrentqueue/concurrentqueue.h>
        #include "../process/table.hpp"            // climbs
        """,
    "runtime/src/process/table.hpp": """
        #include "context/stack.hpp"
        #include "queue/inbox.hpp"
        #include <fmt/core.h>                      // climbs
        # include "scheduler/worker.hpp"           // climbs
        """,
    "runtime/src/scheduler/worker.hpp": """
        #include "process/table.hpp"
        #include "api/spawn.hpp"                   // climbs
        """,
    "runtime/src/api/spawn.hpp": """
        #include <kin/spawn.hpp>
        #include "scheduler/worker.hpp"
        #include <kin/gen_server.hpp>              // climbs
        """,
    "runtime/src/api/spawn.cpp": """
        #include "api/spawn.hpp"
        #include <fmt/core.h>
        #include "api/gone.hpp"                    // climbs
        """,
    "runtime/src/astray.cpp": "#include <vector>   // climbs",
    "runtime/include/kin/pid.hpp": """
        #include <compare>
        #include "base/clock.hpp"                  // climbs
        #include "../../src/base/clock.hpp"        // climbs
        """,
    "runtime/include/kin/message.hpp": """
        #include <kin/print.hpp>
        #include <boost/pfr.hpp>                   // climbs
        #include <fmt/core.h>                      // climbs
        """,
    "runtime/include/kin/print.hpp": "#include <boost/pfr.hpp>",
    "runtime/include/kin/fmt.hpp": "#include <fmt/core.h>",
    "runtime/include/kin/spawn.hpp": """
        #include <kin/pid.hpp>
        #include "kin/pid.hpp"                     // climbs
        #include "../../include/kin/pid.hpp"
        #include <kin/gen_server.hpp>              // climbs
        """,
    "behaviours/include/kin/gen_server.hpp": """
        #include <kin/spawn.hpp>
        #include "server_loop.hpp"                 // climbs
        """,
    "behaviours/src/server_loop.hpp": "#include <kin/gen_server.hpp>",
    "behaviours/src/server_loop.cpp": """
        #include "server_loop.hpp"
        #include "base/clock.hpp"                  // climbs
        #include <fmt/core.h>                      // climbs
        """,
    "apps/shop/main.cpp": """
        #include <kin/gen_server.hpp>
        #include <CLI/CLI.hpp>
        #include "cart.hpp"
        #include "pool/lease.hpp"                  // climbs
        #include "process/table.hpp"               // climbs
        """,
    "apps/shop/cart.hpp": "#pragma once",
    "apps/pool/lease.hpp": "#pragma once",
    "bench/ring_bench.cpp": """
        #include <kin/spawn.hpp>
        #include <benchmark/benchmark.h>
        #include "base/clock.hpp"                  // climbs
        """,
    "tests/support/expect.hpp": "#include <gtest/gtest.h>",
    "tests/queue/inbox_test.cpp": """
        #include "queue/inbox.hpp"
        #include "support/expect.hpp"
        #include "base/clock.hpp"
        #include "process/table.hpp"               // climbs
        """,
    "tests/runtime/spawn_test.cpp": """
        #include <kin/spawn.hpp>
        #include "process/table.hpp"               // climbs
        """,
    "tests/apps/shop_test.cpp": '#include "shop/cart.hpp"',
}


def self_test():
    with tempfile.TemporaryDirectory() as folder:
        expected = set()
        for path, text in PLANTED.items():
            file = Path(folder, path)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
            expected |= {(path, number) for number, line in enumerate(text.splitlines(), 1)
                         if line.endswith("// climbs")}
        found = {(path, number): what for path, number, what in climbs(Path(folder))}
    for path, number in sorted(expected - found.keys()):
        print(f"{path}:{number}: climbs, and was not found")
    for path, number in sorted(found.keys() - expected):
        print(f"{path}:{number}: is lawful, and was reported: {found[path, number]}")
    print(f"planted {len(expected)} climbs, found {len(expected & found.keys())}")
    return found.keys() == expected


def check(tree):
    found = list(climbs(tree))
    for path, number, what in found:
        print(f"{path}:{number}: {what}")
    return not found


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    passed = self_test() if sys.argv[1] == "--self-test" else check(Path(sys.argv[1]))
    sys.exit(0 if passed else 1)
