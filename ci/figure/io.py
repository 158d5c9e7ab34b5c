"""What a virtio device costs: beside QEMU's, a bare loop and a bare program."""
import statistics

from figure.common import BARE, bench, pinned_cpu, ratio, run

# Each is a process of its own, and QEMU's boots before that.
ROUNDS = 6
TRIES = 20
BATCH_LEAST = 50
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
    at CPL3, which every KVM lets the CPU itself run, this one included.
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


def median(results, key):
    return statistics.median(x["load"][key] for x in results)


# name, how, unit, goal: all are "at most".
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
]
