"""The software hosts, the targets beside each other, and steady verdicts."""
import collections
import json
import os
import shlex
import statistics
import subprocess
import tempfile

from figure.common import (BARE, VMGAUGE, abba, bench_loop, median_interval,
                           pinned_cpu, run, timed)

HOST = os.path.join(os.path.dirname(__file__), "..", "host")
EXPECTED = os.path.join(os.path.dirname(__file__), "..", "expected")
RUN_LIMIT_S = 1800      # of one, on the slowest host
RUNS = int(os.environ.get("RUNS", "20"))    # fewer only to hunt for a flake


def host_info(host):
    """Boot, `vmgauge info`, and out again."""
    return lambda _: timed(HOST, host, "--", "info", ok=(0,),
                           env=dict(os.environ,
                                    VMGAUGE=os.path.abspath(VMGAUGE)))


def host_quick(_):
    with tempfile.TemporaryDirectory() as tmp:
        return timed(HOST, "svm", "--limit", "600", "--", "run", "--quick",
                     "-o", os.path.join(tmp, "run"), ok=(0, 1),
                     env=dict(os.environ, VMGAUGE=os.path.abspath(VMGAUGE)))


def conform_time(target):
    return lambda _: timed(VMGAUGE, "conform", "--target", target, ok=(0, 1))


def versus_qemu(item, mode):
    """
    Beside it, what a program of nothing but KVM_RUN reaches against the same
    QEMU: no VMM that answers in user space can have a smaller ratio.
    """
    def measure(name):
        cpu = pinned_cpu()
        ours = abba(lambda: bench_loop(item, "qemu:kvm", "1"),
                    lambda: bench_loop(item, "kvm", "1"))
        bare = abba(lambda: bench_loop(item, "qemu:kvm", "1"),
                    lambda: float(run(BARE, mode, cpu, "3000")))
        for who, values in (("vmgauge", ours), ("a bare program", bare)):
            low, high, level = median_interval(values)
            print(f"# {name}: {who} {statistics.median(values):.3f}, interval "
                  f"[{low:.3f}, {high:.3f}] at {level:.1%}, "
                  f"{len(values)} pairs")
        return statistics.median(ours)
    return measure


def unsteady(documents):
    """Items whose verdict is not the same in all documents."""
    seen = collections.defaultdict(collections.Counter)
    for results in documents:
        for r in results:
            ring = r.get("params", {}).get("ring")
            seen[f"{r['id']}@{ring}"][r["verdict"]] += 1
    return {item: dict(verdicts) for item, verdicts in seen.items()
            if len(verdicts) > 1 or sum(verdicts.values()) != len(documents)}


def verdicts_here(target, tmp):
    documents = []
    for i in range(RUNS):
        path = os.path.join(tmp, f"{i}.json")
        subprocess.run([VMGAUGE, "conform", "--target", target, "-o", path],
                       stdout=subprocess.DEVNULL, check=False)
        with open(path, encoding="utf-8") as f:
            documents.append(json.load(f)["results"])
    return documents


def items(name):
    """Those of a host that cannot end, or survive, all."""
    path = os.path.join(EXPECTED, f"{name}.items")
    if not os.path.exists(path):
        return []
    with open(path, encoding="utf-8") as f:
        return [line.strip() for line in f if not line.startswith("#")]


def verdicts_on_host(host, tmp):
    """All runs in one boot: what is asked is whether verdicts change."""
    target, listed = HOSTS[host]
    script = (f"i=0; while [ $i -lt {RUNS} ]; do "
              f"/tmp/vmgauge conform --target {target} -o $i.json "
              f"{shlex.join(items(listed))} >/dev/null; "
              "[ $? -le 1 ] || exit 1; i=$((i + 1)); done")
    run(HOST, host, "--limit", str(RUN_LIMIT_S * RUNS), "--out", tmp,
        "--file", f"{os.path.abspath(VMGAUGE)}:/tmp/vmgauge", "--",
        "-c", script, env=dict(os.environ, VMGAUGE="/bin/bash"))
    documents = []
    for i in range(RUNS):
        with open(os.path.join(tmp, f"{i}.json"), encoding="utf-8") as f:
            documents.append(json.load(f)["results"])
    return documents


def steady(collect, subject):
    def measure(name):
        with tempfile.TemporaryDirectory() as tmp:
            changed = unsteady(collect(subject, tmp))
        print(f"# {name}: {RUNS} runs")
        for item, verdicts in sorted(changed.items()):
            print(f"# {name}: {item}: {verdicts}")
        return len(changed)
    return measure


# The target there, and its list of items.
HOSTS = {"svm": ("kvm", "svm"), "vmx": ("kvm", "vmx"),
         "xen": ("xen:xl", "xen-xl")}
TARGETS = ["kvm", "native", "container:bwrap", "container:runc",
           "container:lxc", "qemu:tcg", "qemu:kvm", "bochs", "xen:svm",
           "xen:vmx"]

FIGURES = [
    ("host/svm_info", host_info("svm"), "s", 15),
    ("host/vmx_info", host_info("vmx"), "s", 90),
    ("host/svm_quick", host_quick, "s", 180),
    ("target/qemu_tcg_conform", conform_time("qemu:tcg"), "s", 60),
    ("target/pio_vs_qemu", versus_qemu("exit/pio_userspace", "pio"),
     "ratio", 0.5),
    ("target/mmio_vs_qemu", versus_qemu("exit/mmio_userspace", "mmio"),
     "ratio", 0.5),
] + [
    (f"verdicts/{name}", steady(verdicts_here, name), "changed", 0)
    for name in TARGETS
] + [
    (f"verdicts/host_{name}", steady(verdicts_on_host, name), "changed", 0)
    for name in HOSTS
]
