#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The program kv: what it says to commands, and how it ends. kv_program_test.py KV [unittest's arguments]

The sessions beside this file are what would be seen on a terminal: a line behind `>` is typed, the others are said.
"""
import os
import pathlib
import pty
import signal
import subprocess
import sys
import unittest

KV = sys.argv.pop(1)
HERE = pathlib.Path(__file__).parent
PATIENCE = 60  # seconds; nothing here takes one


def played(session):
    typed, said = [], []
    for line in (HERE / session).read_text().splitlines():
        if line.startswith(">"):
            typed.append(line[1:].removeprefix(" "))
        else:
            said.append(line)
    return "\n".join(typed), "\n".join(said) + "\n"


def run(text, *options):
    return subprocess.run([KV, *options], input=text, text=True, capture_output=True, timeout=PATIENCE)


class Kv(unittest.TestCase):
    maxDiff = None

    def ends_in_order(self, done, code=0):
        self.assertEqual(done.returncode, code, done.stderr)
        self.assertNotIn("did not stop", done.stderr)

    def test_answers_every_command(self):
        typed, said = played("kv_session.txt")
        done = run(typed)  # its last line has no end
        self.assertEqual(done.stdout, said)
        self.ends_in_order(done)
        self.assertIn("the bucket leaks", done.stderr)

    def test_starts_nothing_by_itself_if_told_so(self):
        typed, said = played("kv_session_no_start.txt")
        done = run(typed, "--no-start")
        self.assertEqual(done.stdout, said)
        self.ends_in_order(done)

    def test_says_nothing_when_there_is_no_input(self):
        for options in ([], ["--no-start"]):
            done = run("", *options)
            self.assertEqual(done.stdout, "")
            self.ends_in_order(done)

    def test_ends_when_its_input_was_closed(self):
        done = subprocess.run(["sh", "-c", '"$0" <&-', KV], text=True, capture_output=True, timeout=PATIENCE)
        self.assertEqual(done.stdout, "")
        self.ends_in_order(done)

    def test_takes_bytes_that_are_no_text(self):
        typed = b"CREATE \xff\x00\r\nLIST\r\n"
        done = subprocess.run([KV], input=typed, capture_output=True, timeout=PATIENCE)
        self.assertEqual(done.stdout, b"OK\n* \xff\x00 is there\n\xff\x00\nOK\n")

    def test_takes_a_long_line(self):
        value = "x" * 1_000_000
        done = run(f"CREATE a\nPUT a b {value}\nGET a b\n")
        self.assertEqual(done.stdout.splitlines(), ["OK", "* a is there", "OK", value, "OK"])

    def test_refuses_what_is_no_option(self):
        done = run("", "--start")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("--start", done.stderr)

    def test_ends_in_order_while_it_waits_for_a_line(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            with subprocess.Popen([KV], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                  text=True) as kv:
                kv.stdin.write("LIST\n")
                kv.stdin.flush()
                self.assertEqual(kv.stdout.readline(), "OK\n")
                kv.send_signal(number)
                said, errors = kv.communicate(timeout=PATIENCE)
            self.assertEqual(said, "")
            self.assertNotIn("did not stop", errors)
            self.assertEqual(kv.returncode, 128 + number)

    def test_prompts_on_a_terminal(self):
        ours, its = pty.openpty()
        kv = subprocess.Popen([KV], stdin=its, stdout=its, stderr=subprocess.PIPE, start_new_session=True)
        os.close(its)

        def read_until(end):
            text = b""
            while not text.endswith(end):
                text += os.read(ours, 4096)
            return text.replace(b"\r", b"").decode()

        self.assertEqual(read_until(b"> "), "HELP lists the commands, Ctrl-D ends.\n> ")
        os.write(ours, b"CREATE a\n")
        self.assertEqual(read_until(b"there\r\n> "), "CREATE a\nOK\n* a is there\n> ")
        os.write(ours, b"\x04")
        self.assertEqual(kv.wait(PATIENCE), 0)
        kv.stderr.close()
        os.close(ours)


if __name__ == "__main__":
    unittest.main()
