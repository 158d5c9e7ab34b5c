"""One run of a host: start the emulator, follow its frames, judge the end.

The emulator's standard output carries the bytes that agent.c writes to I/O
port 0xe9. What is not a frame there (firmware, the emulator itself) is
skipped. The frame "S" divides a run: before it, an end or a time-out is a
failed boot; after it, it is a result.
"""
import ctypes
import os
import selectors
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import time
import zlib

import image

MAGIC = b"\xf0VG\x0f"
HEADER = struct.Struct("<4scxHII")
LENGTH_MAX = 1 << 16
# The agent shows life once a second of the host's own time, which an emulator
# under load stretches to perhaps ten. The rest is room: who is taken for dead by
# mistake costs a whole run.
SILENCE_LIMIT_S = 300
QUIET_S = 10        # after so long, and again, a key is pressed: see Monitor
PR_SET_PDEATHSIG = 1


class BootFailed(Exception):
    """The program was never started."""


class Died(Exception):
    """The program was started, but its host did not live to report."""


class TimeLimit(Exception):
    """The program ran for longer than it may."""


class Monitor:
    """QEMU's monitor, to wake a host whose interrupt QEMU lost.

    QEMU 7.2 clears a bit of its CPU's interrupt_request at each #VMEXIT
    without its lock, in one instruction that is not atomic. Where the timer's
    thread sets another bit meanwhile, that one is lost: the interrupt stands
    in the local APIC's IRR, no priority is above it, and the CPU sleeps on.
    A kernel that waits for its one-shot timer then waits for ever: seen once
    in half an hour of guests. Any other interrupt makes QEMU look at the IRR
    again, and a key that means nothing to anybody brings one.
    """

    KEY = (b'{"execute":"send-key","arguments":{"keys":'
           b'[{"type":"qcode","data":"shift"}]}}')

    def __init__(self):
        self.ours, self.theirs = socket.socketpair()
        self.ours.sendall(b'{"execute":"qmp_capabilities"}')

    def options(self):
        return ["-chardev", f"socket,id=monitor,fd={self.theirs.fileno()}",
                "-mon", "chardev=monitor,mode=control"]

    def key_press(self):
        self.ours.sendall(self.KEY)

    def close(self):
        self.ours.close()
        self.theirs.close()


class Machine:
    """What a host's command() may use."""

    def __init__(self, host, kernel, job, options, work):
        self.kernel = kernel
        self.base = image.base_image(kernel, host)
        self.job = job
        self.memory_mib = options.memory_mib or host.MEMORY_MIB
        self.append = options.append
        self.work = work
        self.console = os.path.join(work, "console.log")
        self.log = os.path.join(work, "emulator.log")
        self.monitor = None
        self.fds = []           # that the emulator shares

    def monitor_options(self):
        """For the command line of a QEMU that may lose interrupts."""
        self.monitor = Monitor()
        self.fds = [self.monitor.theirs.fileno()]
        return self.monitor.options()

    def close(self):
        if self.monitor:
            self.monitor.close()

    def file(self, name, data):
        """Path of a new file that lives as long as the run."""
        path = os.path.join(self.work, name)
        with open(path, "wb") as f:
            f.write(data)
        return path

    def initrd(self):
        """Both archives in one file."""
        with open(self.base, "rb") as base:
            return self.file("initrd", base.read() + self.job)

    def tail(self, lines=12):
        """The last words of the kernel and of the emulator."""
        text = ""
        for path in (self.console, self.log):
            if os.path.exists(path):
                with open(path, errors="replace") as f:
                    text += "".join(f"  | {line.rstrip()}\n" for line in
                                    f.readlines()[-lines:] if line.strip())
        return text.rstrip() or "  | (no last words)"


class Frames:
    """Finds the frames in a stream that also holds other bytes."""

    def __init__(self):
        self.rest = b""

    def feed(self, data):
        self.rest += data
        while True:
            at = self.rest.find(MAGIC)
            if at < 0:
                self.rest = self.rest[-(len(MAGIC) - 1):]
                return
            self.rest = self.rest[at:]
            if len(self.rest) < HEADER.size:
                return
            _, kind, sequence, length, check = HEADER.unpack_from(self.rest)
            end = HEADER.size + length
            if length <= LENGTH_MAX and len(self.rest) < end:
                return
            payload = self.rest[HEADER.size:end]
            if length > LENGTH_MAX or zlib.adler32(payload) != check:
                self.rest = self.rest[1:]
                continue
            self.rest = self.rest[end:]
            yield kind.decode("latin-1"), sequence, payload


def die_with_parent():
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def chunks(process, deadline):
    """The emulator's output; ends with it, TimeoutError at deadline().

    Nothing at all comes after QUIET_S without output.
    """
    fd = process.stdout.fileno()
    with selectors.DefaultSelector() as selector:
        selector.register(fd, selectors.EVENT_READ)
        while True:
            left_s = deadline() - time.monotonic()
            if left_s <= 0:
                raise TimeoutError
            if not selector.select(min(left_s, QUIET_S)):
                if left_s > QUIET_S:
                    yield b""
                continue
            data = os.read(fd, 1 << 16)
            if not data:
                return
            yield data


class Run:
    """One boot. After follow(): .end is "exit N" or "signal N"."""

    def __init__(self, machine, command, options, sink):
        self.machine = machine
        self.command = command
        self.boot_limit_s = options.boot_limit_s
        self.run_limit_s = options.run_limit_s
        self.silence_limit_s = options.silence_limit_s
        self.say = options.say
        self.sink = sink            # sink(kind, bytes) takes O, E and T
        self.heard_s = None         # when the last frame came
        self.woken_s = None         # ... before a key was pressed
        self.begin_s = time.monotonic()
        self.started_s = None
        self.next_sequence = 0
        self.end = None

    def deadline(self):
        if self.started_s is None:
            return self.begin_s + self.boot_limit_s
        return min(self.started_s + self.run_limit_s,
                   self.heard_s + self.silence_limit_s)

    def silent(self):
        return (self.heard_s is not None and
                time.monotonic() - self.heard_s >= self.silence_limit_s)

    def wake(self):
        if self.started_s is None or not self.machine.monitor:
            return
        self.machine.monitor.key_press()
        if self.woken_s != self.heard_s:
            self.woken_s = self.heard_s
            self.say(f"no sign of life for {QUIET_S} s: pressed a key, in "
                     "case QEMU lost an interrupt")

    def failure(self, text):
        """The exception for a run that ends here without a result."""
        if self.started_s is None:
            return BootFailed(text)
        return Died(text)

    def take(self, kind, sequence, payload):
        if kind == "F":
            raise self.failure(payload.decode(errors="replace"))
        if sequence != self.next_sequence:
            raise self.failure("rebooted" if kind == "S" else
                               "part of the output was lost")
        self.next_sequence = (sequence + 1) & 0xffff
        self.heard_s = time.monotonic()
        if kind == "S":
            self.started_s = time.monotonic()
        elif kind == "X":
            self.end = payload.decode()
        elif kind != "H":
            self.sink(kind, payload)

    def follow(self, process):
        frames = Frames()
        try:
            for data in chunks(process, self.deadline):
                if not data:
                    self.wake()
                for frame in frames.feed(data):
                    self.take(*frame)
                    if self.end:
                        return
        except TimeoutError:
            if self.silent():
                raise Died("its kernel stood still, no sign of life for "
                           f"{self.silence_limit_s:g} s") from None
            if self.started_s:
                raise TimeLimit(f"time limit of {self.run_limit_s:g} s "
                                "reached, killed") from None
            raise BootFailed("no program after "
                             f"{self.boot_limit_s:g} s") from None
        raise self.failure("the emulator ended\n" + self.machine.tail())

    def execute(self):
        with open(self.machine.log, "wb") as log:
            process = subprocess.Popen(
                self.command, stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE, stderr=log,
                pass_fds=self.machine.fds,
                start_new_session=True, preexec_fn=die_with_parent)
        try:
            self.follow(process)
        finally:
            # Its disks are only in memory: there is nothing to shut down.
            process.kill()
            process.wait()
            process.stdout.close()


def run(host, kernel, job, options, sink):
    """Boot once, and once more if that failed; the finished Run."""
    failed = None
    for attempt in (1, 2):
        with tempfile.TemporaryDirectory(prefix="vmgauge-host-") as work:
            machine = Machine(host, kernel, job, options, work)
            one = Run(machine, host.command(machine), options, sink)
            try:
                one.execute()
                return one
            except BootFailed as why:
                failed = why
                if attempt == 1:
                    options.say(f"boot failed once, retried ({why})")
            finally:
                machine.close()
                if options.console and os.path.exists(machine.console):
                    shutil.copyfile(machine.console, options.console)
    raise failed

