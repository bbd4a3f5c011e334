#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Each kin::name of a page stands in a public header: names_there_are.py PAGE INCLUDE..."""
import pathlib
import re
import sys

page, *folders = map(pathlib.Path, sys.argv[1:])
words = {word for folder in folders for header in folder.rglob("*.hpp")
         for word in re.findall(r"\w+", header.read_text())}
named = {name for path in re.findall(r"kin::([\w:]+)", page.read_text()) for name in path.strip(":").split("::")}
unknown = sorted(named - words)
if unknown or not named:
    sys.exit(f"{page.name} names what no public header has: {', '.join(unknown) or 'nothing at all'}")
