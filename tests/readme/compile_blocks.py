#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compiles every ```cpp block of a Markdown file that has a main function: compile_blocks.py FILE CXX INCLUDE..."""
import re
import subprocess
import sys
import tempfile

markdown, compiler, *includes = sys.argv[1:]
with open(markdown, encoding="utf-8") as file:
    blocks = re.findall(r"^```cpp\n(.*?)^```", file.read(), re.MULTILINE | re.DOTALL)
programs = [block for block in blocks if "int main(" in block]
if not programs:
    sys.exit(f"{markdown} shows no program")

failed = 0
for number, program in enumerate(programs, 1):
    with tempfile.NamedTemporaryFile("w", suffix=".cpp") as source:
        source.write(program)
        source.flush()
        command = [compiler, "-std=c++20", "-Wall", "-Wextra", "-Wpedantic", "-Wshadow", "-Wconversion", "-Werror",
                   "-fsyntax-only", *[f"-I{include}" for include in includes], source.name]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        failed += 1
        print(f"{markdown}: program {number} does not compile:\n{done.stderr}")
print(f"{len(programs)} programs, {failed} failed")
sys.exit(1 if failed else 0)
