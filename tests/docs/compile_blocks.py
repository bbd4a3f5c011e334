#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a Markdown file shows is true: compile_blocks.py [--run LINKED...] --with COMPILER... -- FILE...

Each ```cpp block is a program. It compiles; with --run it also runs, ends with 0 within 20 s, and prints what the ```text
block after it shows (```text stderr: on standard error). Times and pids are not compared.
"""
import pathlib
import re
import subprocess
import sys
import tempfile

BLOCK = re.compile(r"^```(cpp|text|text stderr)\n(.*?)^```", re.MULTILINE | re.DOTALL)
CHANGES = [(re.compile(r"\d\d-\w{3}-\d{4}::[\d:.]+"), "TIME"), (re.compile(r"<0\.\d+\.0>"), "PID")]


def examples(text):
    """Of each program: its text, and what it prints where ({} if nothing is shown)."""
    found = []
    for kind, block in BLOCK.findall(text):
        if kind == "cpp":
            found.append((block, {}))
        elif found:
            found[-1][1].setdefault("stderr" if kind.endswith("stderr") else "stdout", block)
    return found


def without_chance(text):
    for pattern, word in CHANGES:
        text = pattern.sub(word, text)
    return text.strip()


def complaint(program, shown, compiler, linked, folder):
    """What is wrong with it, or nothing."""
    if "int main(" not in program:
        return "is none: it has no main"
    source = pathlib.Path(folder, "program.cpp")
    source.write_text(program, encoding="utf-8")
    binary = pathlib.Path(folder, "program")
    how = ["-o", binary, *linked] if linked else ["-fsyntax-only"]
    done = subprocess.run([*compiler, "-std=c++20", source, *how], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        return f"does not compile:\n{done.stderr}"
    if not linked:
        return ""
    done = subprocess.run([binary], capture_output=True, text=True, check=False, timeout=20)
    if done.returncode != 0:
        return f"ends with {done.returncode}:\n{done.stdout}{done.stderr}"
    for where, text in shown.items():
        printed = getattr(done, where)
        if without_chance(printed) != without_chance(text):
            return f"prints on {where}:\n{printed}"
    return ""


def main():
    lists = {"--run": [], "--with": [], "--": []}  # argparse cannot: a compiler's options begin with a dash too
    here = ""
    for word in sys.argv[1:]:
        here = word if word in lists else here
        if word != here:
            lists[here].append(word)
    if not lists["--with"] or not lists["--"]:
        sys.exit(__doc__)
    count = failed = 0
    for file in lists["--"]:
        programs = examples(pathlib.Path(file).read_text(encoding="utf-8"))
        if not programs:
            sys.exit(f"{file} shows no program")
        for number, (program, shown) in enumerate(programs, 1):
            count += 1
            with tempfile.TemporaryDirectory() as folder:
                wrong = complaint(program, shown, lists["--with"], lists["--run"], folder)
            if wrong:
                failed += 1
                print(f"{file}: program {number} {wrong}")
    print(f"{count} programs, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
