"""Exits and a VM's life beside a bare program, and the time of the commands."""
import json
import os
import shutil
import statistics
import tempfile

from figure.common import (BARE, INSTANCE, VMGAUGE, bench_loop, pinned_cpu,
                           ratio, run, timed)


def versus_bare(name, item, mode):
    cpu = pinned_cpu()
    return ratio(name, lambda: float(run(BARE, mode, cpu, "3000")),
                 lambda: bench_loop(item))


def pio(name):
    return versus_bare(name, "exit/pio_userspace", "pio")


def mmio(name):
    return versus_bare(name, "exit/mmio_userspace", "mmio")


def life(*argv):
    return statistics.median(float(x) for x in run(*argv).split())


def instance(name):
    cpu = pinned_cpu()
    return ratio(name, lambda: life(BARE, "instance", cpu, "41"),
                 lambda: life(INSTANCE, "life", "41"))


def memory(_):
    """Peak RSS of a process with one VM: not even its RAM is taken off."""
    pid = os.posix_spawn(INSTANCE, [INSTANCE, "life", "3"], os.environ,
                         file_actions=[(os.POSIX_SPAWN_OPEN, 1, "/dev/null",
                                        os.O_WRONLY, 0)])
    _, status, usage = os.wait4(pid, 0)
    if status:
        raise RuntimeError(f"{INSTANCE}: status {status}")
    return usage.ru_maxrss / 1024


def hang(_):
    return float(run(INSTANCE, "hang", "2000")) / 1000


def suite(*options):
    with tempfile.TemporaryDirectory() as tmp:
        directory = os.path.join(tmp, "run")
        spent = timed(VMGAUGE, "run", *options, "-o", directory, ok=(0, 1))
        with open(os.path.join(directory, "result.json"),
                  encoding="utf-8") as f:
            results = json.load(f)["results"]
    missing = [r["id"] for r in results if not r.get("verdict")]
    if missing:
        raise RuntimeError(f"no verdict: {missing}")
    return spent


def quick(_):
    return suite("--quick")


def full(_):
    return suite()


def build(_):
    tmp = tempfile.mkdtemp()
    try:
        return timed("make", "-s", "-j2", f"BUILD={tmp}/build", "all",
                     ok=(0,))
    finally:
        shutil.rmtree(tmp)


# name, how, unit, goal: all are "at most".
FIGURES = [
    ("exit/pio_userspace_vs_bare", pio, "ratio", 1.05),
    ("exit/mmio_userspace_vs_bare", mmio, "ratio", 1.05),
    ("vm/instance_vs_bare", instance, "ratio", 1.25),
    ("vm/instance_peak_rss", memory, "MiB", 16),
    ("run/hang", hang, "s", 2.1),
    ("run/quick", quick, "s", 60),
    ("run/full", full, "s", 300),
    ("build/clean_j2", build, "s", 20),
]
