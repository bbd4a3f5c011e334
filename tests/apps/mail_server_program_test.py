#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The narrated run of mail_server says what it should: mail_server_program_test.py MAIL_SERVER

What differs from run to run is left out: pids, how much is in a mailbox at a crash, and that a busy computer was slow.
"""
import difflib
import pathlib
import re
import subprocess
import sys

EXPECTED = pathlib.Path(__file__).parent / "mail_server_run.txt"


def same_each_time(text):
    text = re.sub(r"<\d+\.\d+\.\d+>", "<PID>", text)
    text = re.sub(r"message_queue_len: \d+", "message_queue_len: N", text)
    return re.sub(r"      \| LONG SCHEDULE\n(      \|  .*\n)+", "", text)


done = subprocess.run([sys.argv[1]], capture_output=True, text=True, timeout=60)
told = same_each_time(done.stdout)
sys.stdout.writelines(difflib.unified_diff(EXPECTED.read_text().splitlines(True), told.splitlines(True),
                                           "expected", "told"))
sys.stdout.write(done.stderr)
sys.exit(told != EXPECTED.read_text() or done.returncode != 0)
