#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How many of the cases in cases.txt hold.

A case is a test of its name in <suite>_test.cpp, or in <suite>_<part>_test.cpp of a long suite; it
has passed if that test has, in every world it is played in, and in one at least: a world that the
test itself leaves out (GTEST_SKIP) does not count. Listed without a test is missing; marked with an
x, not applicable.

    scoreboard.py PRESET        runs the conformance tests of build/PRESET and counts; 1 if any failed
    scoreboard.py --check       no test here without a listed case, none of a case with an x, and one
                                of each other
    scoreboard.py --self-test   counts a planted list and checks planted sources
"""
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as xml
from collections import Counter
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
CASES = 514  # as many as the specification lists

PASSED, FAILED, MISSING, NOT_APPLICABLE = "passed", "failed", "missing", "not applicable"
OUTCOMES = (PASSED, FAILED, MISSING, NOT_APPLICABLE)

CASE_LINE = re.compile(r"(\w+\.\w+)(?: x (\S.*))?")
TEST_IN_SOURCE = re.compile(
    r"^(?:TEST(?:_F|_P)?|KIN(?:_SIM|_THREAD)?_TEST)\(\s*(\w+)\s*,\s*(\w+)\s*[,)]", re.MULTILINE)
# conformance_process.process.yield, conformance_process.workers/process.yield/4
TEST_IN_CTEST = re.compile(r"conformance_\w+\.(?:\w+/)?(\w+\.\w+)(?:/.*)?")


def read_cases(text):
    """The listed cases in their order, each with why it is not applicable, or None."""
    cases = {}
    for line in text.splitlines():
        if not line or line.startswith("#"):
            continue
        found = CASE_LINE.fullmatch(line)
        if not found:
            raise ValueError(f"neither 'suite.case' nor 'suite.case x why': {line}")
        if found[1] in cases:
            raise ValueError(f"listed twice: {found[1]}")
        cases[found[1]] = found[2]
    return cases


def read_junit(text):
    """What ctest has run: by case, whether its test passed in all worlds that it does not leave out."""
    worlds = {}
    for test in xml.fromstring(text).iter("testcase"):
        found = TEST_IN_CTEST.fullmatch(test.get("name"))
        if found:
            worlds.setdefault(found[1], set()).add(how_it_ended(test))
    return {case: ended - {"left out"} == {"run"} for case, ended in worlds.items()}


def how_it_ended(test):
    skipped = test.find("skipped")
    if skipped is not None and skipped.get("message") == "SKIP_REGULAR_EXPRESSION_MATCHED":
        return "left out"
    return test.get("status")


def outcomes(cases, results):
    def outcome(case, why_not):
        if why_not:
            return NOT_APPLICABLE
        if case not in results:
            return MISSING
        return PASSED if results[case] else FAILED
    return {case: outcome(case, why_not) for case, why_not in cases.items()}


def scoreboard(by_case):
    """The lines to print; the last one is the sum."""
    suites = {}
    for case, outcome in by_case.items():
        suites.setdefault(case.partition(".")[0], Counter())[outcome] += 1
    lines = [f"{'suite':<18}{'cases':>7}" + "".join(f"{name:>{len(name) + 3}}" for name in OUTCOMES)]
    for suite, count in suites.items():
        lines.append(f"{suite:<18}{count.total():>7}"
                     + "".join(f"{count[name]:>{len(name) + 3}}" for name in OUTCOMES))
    lines += [f"failed: {case}" for case, outcome in by_case.items() if outcome == FAILED]
    total = sum(suites.values(), Counter())
    lines.append(f"conformance: {total.total()} cases, "
                 + ", ".join(f"{total[name]} {name}" for name in OUTCOMES))
    return lines


def strays(cases, sources):
    """Tests that no case asks for: (file, what is wrong)."""
    for file, text in sources.items():
        for suite, case in TEST_IN_SOURCE.findall(text):
            name = f"{suite}.{case}"
            if name not in cases:
                yield file, f"{name} is no listed case"
            elif cases[name]:
                yield file, f"{name} is marked as not applicable"
            elif not re.fullmatch(f"{suite}(_\\w+)?_test.cpp", file):
                yield file, f"{name} belongs into {suite}_test.cpp"


def untested(cases, sources):
    """The listed cases that should have a test in some file and have none."""
    there = {f"{suite}.{case}" for text in sources.values()
             for suite, case in TEST_IN_SOURCE.findall(text)}
    return [case for case, why_not in cases.items() if not why_not and case not in there]


def run(preset):
    cases = read_cases((HERE / "cases.txt").read_text())
    folder = ROOT / "build" / preset
    junit, log = folder / "conformance.xml", folder / "conformance.log"
    junit.unlink(missing_ok=True)
    with log.open("w") as out:
        subprocess.run(["ctest", "--preset", preset, "--tests-regex", "^conformance_",
                        "--parallel", str(os.cpu_count()), "--output-junit", junit],
                       cwd=ROOT, stdout=out, stderr=out, check=False)
    if not junit.exists():
        sys.exit(f"ctest did not run: {log}")
    by_case = outcomes(cases, read_junit(junit.read_text()))
    lines = scoreboard(by_case)
    if FAILED in by_case.values():
        lines.insert(-1, f"what they said: {log}")
    print("\n".join(lines))
    return FAILED not in by_case.values()


def check():
    cases = read_cases((HERE / "cases.txt").read_text())
    sources = {path.name: path.read_text() for path in sorted(HERE.glob("*.cpp"))}
    wrong = [f"{file}: {what}" for file, what in strays(cases, sources)]
    wrong += [f"{case} has no test" for case in untested(cases, sources)]
    if len(cases) != CASES:
        wrong.append(f"cases.txt: lists {len(cases)} cases, not {CASES}")
    print("\n".join(wrong) or f"{len(cases)} cases, each with its test, and no test beside them")
    return not wrong


# ---- self-test ------------------------------------------------------------------------------------

PLANTED_CASES = """\
# words
tea.hot
tea.strong
tea.sweet
tea.iced
tea.green

cake.round
cake.square x no such tin
cake.gone
"""
PLANTED_JUNIT = """\
<testsuite name="Linux">
  <testcase name="conformance_tea.tea.hot" status="run"/>
  <testcase name="conformance_tea.workers/tea.strong/1" status="run"/>
  <testcase name="conformance_tea.workers/tea.strong/4" status="fail"/>
  <testcase name="conformance_tea.workers/tea.strong/8" status="run"/>
  <testcase name="conformance_tea.worlds/tea.iced/simulated" status="notrun">
    <skipped message="SKIP_REGULAR_EXPRESSION_MATCHED"/>
  </testcase>
  <testcase name="conformance_tea.worlds/tea.iced/on_2_workers" status="run"/>
  <testcase name="conformance_tea.worlds/tea.green/simulated" status="notrun">
    <skipped message="SKIP_REGULAR_EXPRESSION_MATCHED"/>
  </testcase>
  <testcase name="conformance_cake.table/cake.round/plain" status="run"/>
  <testcase name="conformance_cake.cake.gone" status="notrun"/>
  <testcase name="tea_test.tea.sweet" status="run"/>
</testsuite>
"""
PLANTED_BOARD = """\
suite               cases   passed   failed   missing   not applicable
tea                     5        2        2         1                0
cake                    3        1        1         0                1
failed: tea.strong
failed: tea.green
failed: cake.gone
conformance: 8 cases, 3 passed, 3 failed, 1 missing, 1 not applicable"""
PLANTED_SOURCES = {
    "tea_test.cpp": "TEST(tea, hot) {\n}\nTEST_P(tea,\n       strong) {\n}\nTEST(tea, cold) {\n}\n",
    "tea_time_test.cpp": "KIN_TEST(tea, sweet) {\nKIN_SIM_TEST(tea, bitter, {.seeds = 3}) {\n",
    "cake_test.cpp": "TEST_F(cake, round) {\nTEST(cake, square) {\n// TEST(cake, burnt)\nTEST(tea, sweet) {\n",
}
PLANTED_STRAYS = [
    ("tea_test.cpp", "tea.cold is no listed case"),
    ("tea_time_test.cpp", "tea.bitter is no listed case"),
    ("cake_test.cpp", "cake.square is marked as not applicable"),
    ("cake_test.cpp", "tea.sweet belongs into tea_test.cpp"),
]
MALFORMED_LISTS = ["tea.hot\ntea.hot", "tea", "tea.hot x", "tea.hot because"]


def self_test():
    cases = read_cases(PLANTED_CASES)
    found = {
        "board": ("\n".join(scoreboard(outcomes(cases, read_junit(PLANTED_JUNIT)))), PLANTED_BOARD),
        "strays": (list(strays(cases, PLANTED_SOURCES)), PLANTED_STRAYS),
        "untested": (untested(cases, PLANTED_SOURCES), ["tea.iced", "tea.green", "cake.gone"]),
    }
    for text in MALFORMED_LISTS:
        try:
            found[repr(text)] = (read_cases(text), "an error")
        except ValueError:
            pass
    wrong = {name: pair for name, pair in found.items() if pair[0] != pair[1]}
    for name, (got, expected) in wrong.items():
        print(f"{name}: got\n{got}\nexpected\n{expected}")
    return not wrong


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    commands = {"--check": check, "--self-test": self_test}
    command = commands.get(sys.argv[1], lambda: run(sys.argv[1]))
    sys.exit(0 if command() else 1)
