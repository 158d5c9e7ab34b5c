"""What a virtio device costs beside QEMU's and a bare loop; and that it is right."""
import json
import os
import re
import statistics
import tempfile

from figure.common import (BARE, VMGAUGE, AtLeast, bench, pinned_cpu, ratio,
                           run)

# Each is a process of its own, and QEMU's boots before that.
ROUNDS = 6
TRIES = 20
BATCH_LEAST = 50
INTEGRITY_GOAL = 1_000_000
FRAMES_GOAL = 20_000
NULL = "io/blk_read_4k_null_q{}"
FILE = "io/blk_read_128k_{}_q32"


def bare():
    out = run(BARE, "doorbell", pinned_cpu(), "400")
    return statistics.median(float(x) for x in out.split())


def ours():
    """A busy host cuts batches down to one trip: as bare's, they are longer."""
    for _ in range(TRIES):
        result = bench("io/doorbell_round_trip")
        if min(result["ops"]) >= BATCH_LEAST:
            return statistics.median(x for instance in result["samples"]
                                     for x in instance)
    raise RuntimeError(f"no batch of {BATCH_LEAST} trips in {TRIES} tries: "
                       "this host is too busy")


def doorbell(name):
    """A store to an ioeventfd until a polling thread has answered."""
    return ratio(name, bare, ours)


def device_ns(item, target):
    """CPU time of all but the vCPU's thread, for a request."""
    return bench(item, target, "1")["load"]["device_ns"]


def request_ns(item, target):
    return bench(item, target, "1")["ns"]


def vs_qemu(measure, depth):
    """
    The same driver and image against QEMU's device, served by a thread of its
    own and by its main loop: what is less good for us counts. The driver is
    at CPL3, which every KVM lets the CPU itself run, this one included. What
    a request costs our device is nearly all cache lines that go from CPU to
    CPU: in a VM three times as much when its host has put the two far apart,
    which shows as two values of device_cpu_q32, 0.3 and 0.6.
    """
    item = NULL.format(depth)

    def compared(name):
        return max(ratio(f"{name}, {disk}",
                         lambda d=disk: measure(item, f"qemu:kvm,disk={d}"),
                         lambda: measure(item, "kvm"), ROUNDS)
                   for disk in ("iothread", "main"))
    return compared


def vs_loop(backend, key):
    """
    The same io_uring loop on the same file in a plain process, beside the
    device: `device_ns` is the device's own part, its CPU time for a request;
    `ns` is what both sides take together, by the clock. The shares of the
    time in which device and vCPU were busy are said beside it: on a busy
    host both wait for their CPUs.

    By O_DIRECT the device's part is short of the goal on a host of two CPUs.
    As perf has it (cpu-clock, of the device's thread and of the loop), 57 to
    89 percent of its time is in io_uring_enter(), as is the loop's, and there
    the kernel's pinning of the guest's pages is 24 to 34 percent, of the
    loop's own pages 22 to 23: the pages are dearer. Rings, headers and
    answers are 5 percent. The rest is its looking for more before it sleeps,
    more of it the longer somebody else has the vCPU's CPU.
    """
    item = FILE.format(backend)

    def taken(target, seen):
        result = bench(item, target, "1")
        seen.append(result)
        return result["ns"] if key == "ns" else result["load"][key]

    def compared(name):
        host, guest = [], []
        value = ratio(name, lambda: taken("native", host),
                      lambda: taken("kvm", guest), ROUNDS)
        for who, seen in ("loop", host), ("device", guest):
            print(f"# {name}: the {who} {median(seen, 'mib_per_s'):.0f} "
                  f"MiB/s for {median(seen, 'device_ns'):.0f} ns of CPU time "
                  "a request")
        print(f"# {name}: the guest's vCPU {median(guest, 'vcpu_ns'):.0f} ns")
        return value
    return compared


def rows(items, budget, *more):
    """Results of items at CPL3, whatever their verdicts are."""
    with tempfile.TemporaryDirectory() as tmp:
        path = os.path.join(tmp, "r.json")
        run(VMGAUGE, "bench", *items, "--ring", "3", "--budget", budget,
            "--deadline", "20000", "-o", path, *more, ok=(0, 1))
        with open(path, encoding="utf-8") as f:
            return [r for r in json.load(f)["results"]
                    if r["verdict"] != "skip"]


def runs(result):
    """In the timed blocks, of which each instance has some."""
    return sum(ops * len(blocks)
               for ops, blocks in zip(result["ops"], result["samples"]))


def operations(results, path, constant):
    """Of rows of integrity, which all have passed: that nothing was wrong."""
    with open(path, encoding="utf-8") as f:
        a_run = int(re.search(rf"#define {constant}\s+(\d+)", f.read())[1])
    done = 0
    for r in results:
        if r["verdict"] != "pass":
            raise RuntimeError(f"{r['id']}: {r['verdict']}: {r['reason']}")
        done += runs(r) * a_run
    return done


def integrity(items, budget, goal, *source):
    """By every row of them, until there are enough; `source` has a run's."""
    def checked(name):
        done = 0
        for _ in range(TRIES):
            results = rows([items], budget, "--instances", "4")
            done += operations(results, *source)
            print(f"# {name}: {done} by {len(results)} backends and forms")
            if done >= goal:
                break
        return done
    return checked


def between_vms(count):
    """Frames lost, out of order or with another number end their row."""
    def wrong(name):
        results = rows([f"io/net_vm_ping_{count}", f"io/net_vm_stream_{count}"],
                       "4", "--instances", "3")
        bad = [r for r in results if r["verdict"] != "pass"]
        for r in bad:
            print(f"# {name}: {r['id']}: {r['verdict']}: {r['reason']}")
        for r in results:
            if r not in bad:
                print(f"# {name}: {r['id']}: {runs(r)} runs, "
                      f"{r['ns']:.0f} ns a {r['per']}")
        return len(bad) + 2 - len(results)
    return wrong


def median(results, key):
    return statistics.median(x["load"][key] for x in results)


# name, how, unit, goal: all but the one are "at most".
FIGURES = [
    ("io/doorbell_vs_bare", doorbell, "ratio", 1.05),
    ("io/device_cpu_q1_vs_qemu", vs_qemu(device_ns, 1), "ratio", 0.5),
    ("io/device_cpu_q32_vs_qemu", vs_qemu(device_ns, 32), "ratio", 0.5),
    ("io/latency_q1_vs_qemu", vs_qemu(request_ns, 1), "ratio", 1.0),
    # 1.5 times QEMU's IOPS.
    ("io/iops_q32_vs_qemu", vs_qemu(request_ns, 32), "ratio", 0.667),
    # 0.9 of the loop's MiB/s, for the device's part and for all.
    ("io/direct_device_vs_loop", vs_loop("direct", "device_ns"), "ratio",
     1.111),
    ("io/file_device_vs_loop", vs_loop("file", "device_ns"), "ratio", 1.111),
    ("io/direct_vs_loop", vs_loop("direct", "ns"), "ratio", 1.111),
    ("io/integrity_operations",
     integrity("io/integrity_*", "60", INTEGRITY_GOAL,
               "microbench/io/integrity.c", "OPS"), "operations",
     AtLeast(INTEGRITY_GOAL)),
    # Of 64 to 9,014 bytes, each of which is checked.
    ("io/net_frames_checked",
     integrity("io/net_integrity_*", "8", FRAMES_GOAL,
               "microbench/io/net_queues.c", "CHECKED_FRAMES"), "frames",
     AtLeast(FRAMES_GOAL)),
    ("io/net_2_vms", between_vms(2), "rows that failed", 0),
    ("io/net_8_vms", between_vms(8), "rows that failed", 0),
]
