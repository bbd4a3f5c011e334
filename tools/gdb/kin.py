# SPDX-License-Identifier: Apache-2.0
"""kin's processes in gdb, of a program that runs or of a core dump.

    (gdb) source kin.py
    (gdb) kin processes          all processes of all machines, and where each waits
    (gdb) kin bt PID             the stack that a process waits on: kin bt 12, kin bt <0.12.0>
    (gdb) kin events [WORKER]    what the workers have done last

Where things lie in memory is read from a table in the program itself (kin_debug_layout), so that
kin needs no debug information. Files and lines need that of the user's code; names need symbols.
The registers of a process that waits lie on its stack. gdb unwinds from there by its own means: for
a moment an unwinder says that the selected thread's newest frame was called by the process. No
register of the program is changed, so that it works on core dumps too.
"""
import re

import gdb
from gdb.unwinder import Unwinder

POINTER = 8
TAG_MASK = 0xFFFF << 48
DEAD, IDLE, AWAKE = 0, 1, 2
MAILBOX_MAX = 10_000_000
FIRST = "make_fcontext"  # called by nobody
DEEDS = ("", "starts as {type}", "handles {type}", "goes on where it waited", "ends", "is woken",
         "goes to kin::blocking", "is what a timer fires for", "it takes {who} from another worker",
         "it is given processes", "it sleeps: nothing to do", "it gets up", "")
WORKERS_OWN = (8, 9, 10, 11)  # deeds that no process does


class Trouble(gdb.GdbError):
    """Said to the user as it is."""


class Memory:
    """Numbers in the program's memory, and what the table says of their places."""

    def __init__(self):
        self.inferior = gdb.selected_inferior()
        if not self.inferior.pid and not gdb.selected_thread():
            raise Trouble("No program runs here, and no core dump is open.")
        self.layout = self.read_layout()
        if self["format"] != 1:
            raise Trouble(f"This kin.py knows format 1; the program has {self['format']}.")

    def __getitem__(self, name):
        try:
            return self.layout[name]
        except KeyError:
            raise Trouble(f"The program's kin says nothing of '{name}': is kin.py of that version?")

    def number(self, address, size=POINTER):
        return int.from_bytes(self.inferior.read_memory(address, size), "little")

    def text(self, address, length=None):
        if length is not None:
            return bytes(self.inferior.read_memory(address, length)).decode(errors="replace")
        found = b""
        while b"\0" not in found and len(found) < 4096:
            found += bytes(self.inferior.read_memory(address + len(found), 16))
        return found.split(b"\0")[0].decode(errors="replace")

    def read_layout(self):
        at, table = symbol_address("kin_debug_layout"), {}
        while name := self.number(at):
            table[self.text(name)] = self.number(at + POINTER)
            at += 2 * POINTER
        return table


def symbol_address(name):
    try:
        return int(gdb.parse_and_eval(f"(unsigned long)&{name}"))
    except gdb.error:
        raise Trouble(f"This program has no {name}: it does not contain kin, or an older one; or it is "
                      "stripped.")


class Process:
    """A control block that is in use."""

    def __init__(self, memory, block):
        self.memory, self.block = memory, block

    def field(self, name, size=POINTER):
        return self.memory.number(self.block + self.memory["block." + name], size)

    def has(self, flag):
        return self.field("flags", 4) & self.memory["flag." + flag] != 0

    @property
    def word(self):
        return self.field("word") & ~TAG_MASK

    @property
    def number(self):
        return self.field("number", 4)

    @property
    def pid(self):
        serial = self.field("serial", 4)
        return f"<{serial >> 16}.{self.number}.{serial & 0xFFFF}>"

    @property
    def name(self):
        extra = self.field("extra")
        entry = self.memory.number(extra + self.memory["extras.name"]) if extra else 0
        if not entry:
            return ""
        text = entry + self.memory["name.text"]  # std::string: where, how long
        return self.memory.text(self.memory.number(text), self.memory.number(text + POINTER))

    @property
    def subject(self):
        """What it runs: the parameter of the template that its behaviour is made from."""
        body = self.field("body")
        if not body or self.has("exiting"):
            return ""
        symbol = symbol_at(self.memory.number(body))
        if match := re.match(r"vtable for (.*)", symbol):
            behaviour = match[1]
            inner = re.match(r"kin::detail::\w+<(.*)>$", behaviour)
            return shorten(inner[1] if inner else behaviour)
        return ""

    @property
    def mailbox(self):
        count, seen = 0, self.field("queue_first")
        while seen and count < MAILBOX_MAX:
            count, seen = count + 1, self.memory.number(seen + self.memory["signal.next"])
        seen, in_hand = self.word if self.word > AWAKE else 0, self.field("in_hand")
        while seen and count < MAILBOX_MAX:
            kind = self.memory.number(seen + self.memory["signal.kind"], 1)
            count += kind <= self.memory["signal.last_mail"] and seen != in_hand
            seen = self.memory.number(seen + self.memory["signal.next"])
        return count

    @property
    def stack(self):
        """Of one that waits in the middle of a function; else 0."""
        return self.field("stopped_on")

    def state(self, running):
        if self.block in running:
            return f"runs on worker {running[self.block]}"
        if self.has("exiting"):
            return "ends"
        if self.has("suspended"):
            return "is suspended"
        if self.stack and (wait := self.field("waiting")):
            kind = self.memory.number(wait + self.memory["wait.kind"], 1)
            for word, said in (("message", "waits in kin::receive"), ("reply", "waits in kin::call"),
                               ("time", "waits in kin::sleep"),
                               ("blocking", "waits in kin::blocking"), ("turn", "has given way")):
                if kind == self.memory["wait." + word]:
                    return said
        if self.has("fresh"):
            return "hibernates" if self.has("hibernates") else "has not started"
        return "waits for its next message" if self.word == IDLE else "can run"


def symbol_at(address):
    try:
        said = gdb.execute(f"info symbol {address:#x}", to_string=True)
    except gdb.error:
        return ""
    return re.sub(r"( \+ \d+)?( in section .*)?$", "", said.strip()) if "No symbol" not in said else ""


def shorten(name, most=60):
    return name if len(name) <= most else name[:most - 3] + "..."


def machines(memory):
    first = symbol_address("kin_debug_machines")
    for i in range(memory["machines"]):
        if machine := memory.number(first + i * POINTER):
            yield machine


def workers(memory, machine):
    count = memory.number(machine + memory["machine.worker_count"], 4)
    for i in range(count):
        if worker := memory.number(machine + memory["machine.workers"] + i * POINTER):
            yield worker


def processes(memory, machine):
    found = []
    chunk = memory.number(machine + memory["machine.chunks"])
    while chunk:
        for i in range(memory.number(chunk + memory["chunk.used"], 4)):
            p = Process(memory, chunk + memory["chunk.blocks"] + i * memory["block.bytes"])
            if p.word != DEAD:
                found.append(p)
        chunk = memory.number(chunk + memory["chunk.older"])
    return sorted(found, key=lambda p: (p.field("serial", 4), p.number))


def running(memory, machine):
    """Who runs on which worker."""
    who = {}
    for worker in workers(memory, machine):
        if block := memory.number(worker + memory["worker.current"]):
            who[block] = memory.number(worker + memory["worker.index"], 4)
    return who


class FrameId:
    def __init__(self, sp, pc):
        self.sp, self.pc = sp, pc


class Elsewhere(Unwinder):
    """While `registers` is set, the newest frame of the selected thread was called with those."""

    def __init__(self):
        super().__init__("kin")
        self.registers = None
        self.newest = None

    def __call__(self, pending):
        if self.registers is None or int(pending.read_register("rsp")) != self.newest[0] \
                or int(pending.read_register("rip")) != self.newest[1]:
            return None
        # Its own place is below the frames to come: gdb takes a stack that grows upwards for broken.
        info = pending.create_unwind_info(
            FrameId(gdb.Value(self.registers["rsp"] - 16), gdb.Value(self.registers["rip"])))
        for name, value in self.registers.items():
            like = pending.read_register(name)
            info.add_saved_register(name, gdb.Value(value).cast(like.type))
        return info

    def frames(self, process, most=200):
        """The frames of a process that waits, innermost first, as (function, file, line, address)."""
        memory = process.memory
        if "context.rip" not in memory.layout:
            raise Trouble("Stacks can be shown on x86-64 only.")
        context = memory.number(process.stack + memory["stack.context"])
        if not context:
            raise Trouble(f"{process.pid} has just been entered: its registers are a thread's.")
        registers = {name: memory.number(context + memory["context." + name])
                     for name in ("rip", "rbx", "rbp", "r12", "r13", "r14", "r15")}
        registers["rsp"] = context + memory["context.bytes"]
        gdb.invalidate_cached_frames()
        newest = gdb.newest_frame()
        self.newest = (int(newest.read_register("rsp")), int(newest.read_register("rip")))
        self.registers = registers
        try:
            gdb.invalidate_cached_frames()
            frame = gdb.newest_frame()
            while frame is not None and frame.type() == gdb.INLINE_FRAME:
                frame = frame.older()
            frame, found = frame and frame.older(), []
            while frame is not None and frame.name() != FIRST and len(found) < most:
                sal = frame.find_sal()
                found.append((frame.name() or "??", sal.symtab.filename if sal.symtab else "",
                              sal.line, frame.pc()))
                frame = frame.older()
            return found
        finally:
            self.registers = None
            gdb.invalidate_cached_frames()


def is_library(frame):
    function, file = frame[0], frame[1]
    return (function.startswith(("kin::", "std::")) or "/include/kin/" in file
            or "/include/c++/" in file or "/runtime/src/" in file or "/behaviours/src/" in file
            or function == "jump_fcontext")


def place(frame):
    function, file, line, address = frame
    return f"{function} at {file}:{line}" if file else f"{function} ({address:#x})"


def where(process):
    """The user's frame it waits in; without one, the function of kin's that the worker has called."""
    frames = elsewhere.frames(process)
    outermost = [f for f in frames if f[0].startswith("kin::") and "kin::detail::" not in f[0]][-1:]
    return next((f for f in frames if not is_library(f)), outermost[0] if outermost else None)


def find(memory, text):
    match = re.fullmatch(r"<?(?:(\d+)\.)?(\d+)(?:\.(\d+))?>?", text.strip())
    if not match:
        raise Trouble(f"'{text}' is no process: kin bt 12, or kin bt <0.12.0>.")
    wanted = f"<{match[1] or 0}.{match[2]}.{match[3] or 0}>"
    for machine in machines(memory):
        for p in processes(memory, machine):
            if p.pid == wanted:
                return p, running(memory, machine)
    raise Trouble(f"No process {wanted} lives.")


class Kin(gdb.Command):
    """Look at kin's processes: kin processes, kin bt PID, kin events [WORKER]."""

    def __init__(self):
        super().__init__("kin", gdb.COMMAND_STACK, prefix=True)


class Processes(gdb.Command):
    """All processes: pid, name, what it runs, what it does, messages that wait; where it waits."""

    def invoke(self, argument, from_tty):
        memory, any_machine = Memory(), False
        for machine in machines(memory):
            any_machine = True
            who_runs = running(memory, machine)
            for p in processes(memory, machine):
                self.show(p, who_runs)
        if not any_machine:
            print("No machine lives.")

    @staticmethod
    def show(p, who_runs):
        line = p.pid
        for more in (p.name and f"registered as {p.name}", p.subject):
            line += f" {more}" if more else ""
        line += f": {p.state(who_runs)}"
        if count := p.mailbox:
            line += f"; {count} in its mailbox"
        print(line)
        if p.block not in who_runs and p.stack and (frame := where(p)):
            print(f"    waits at {place(frame)}")


class Backtrace(gdb.Command):
    """The stack of a process that waits in the middle of a function: kin bt 12, kin bt <0.12.0>."""

    def invoke(self, argument, from_tty):
        memory = Memory()
        p, who_runs = find(memory, argument)
        if p.block in who_runs:
            raise Trouble(f"{p.pid} runs: see the thread named kin/{who_runs[p.block]}.")
        if not p.stack:
            raise Trouble(f"{p.pid} {p.state(who_runs)}: it holds no stack"
                          + (f"; it runs {p.subject}." if p.subject else "."))
        print(f"{p.pid} {p.state(who_runs)}")
        for i, frame in enumerate(elsewhere.frames(p)):
            print(f"#{i:<3} {place(frame)}")


class Events(gdb.Command):
    """What each worker has done last, oldest first; or only that worker: kin events 0."""

    def invoke(self, argument, from_tty):
        memory = Memory()
        for machine in machines(memory):
            for i, worker in enumerate(workers(memory, machine)):
                if not argument.strip() or argument.strip() == str(i):
                    print(f"worker {i}")
                    self.show(memory, worker + memory["worker.recorder"])

    @staticmethod
    def show(memory, recorder):
        capacity, size = memory["recorder.capacity"], memory["recorder.bytes"]
        end = memory.number(recorder + memory["recorder.next"], 4)
        for i in range(capacity):
            entry = recorder + memory["recorder.ring"] + (end + i) % capacity * size
            what = memory.number(entry + memory["recorder.what"], 4)
            who = memory.number(entry + memory["recorder.who"], 4)
            said = DEEDS[what] if what < len(DEEDS) else ""
            if not said:
                continue
            if "{type}" in said:
                name = symbol_at(memory.number(entry + memory["recorder.type"]))
                said = said.replace("{type}", name.replace("typeinfo for ", "") or "?")
            said = said.replace("{who}", str(who))
            print(f"  {said}" if what in WORKERS_OWN else f"  {who} {said}")


elsewhere = Elsewhere()
gdb.unwinder.register_unwinder(None, elsewhere, replace=True)
Kin()
for name, command in (("kin processes", Processes), ("info kin", Processes), ("kin bt", Backtrace),
                      ("kin events", Events)):
    command(name, gdb.COMMAND_STACK)
