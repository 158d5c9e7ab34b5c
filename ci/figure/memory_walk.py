"""The same loads in a guest and in a plain process, where both hit the TLB."""
import json
import os
import statistics
import tempfile

from figure.common import VMGAUGE, abba, median_interval, run


def load(item, target):
    """Cycles of one load at CPL3, in a fresh VM or process."""
    with tempfile.TemporaryDirectory() as tmp:
        path = os.path.join(tmp, "r.json")
        run(VMGAUGE, "bench", item, "--ring", "3", "--instances", "1",
            "--budget", "0.3", "--target", target, "-o", path, ok=(0, 1))
        with open(path, encoding="utf-8") as f:
            result = json.load(f)["results"][0]
    if result["verdict"] != "pass":
        raise RuntimeError(f"{item} on {target}: {result['verdict']}: "
                           f"{result['reason']}")
    return result["median"]


def guest_vs_native(item):
    """How far the ratio is from 1: proof that the loop measures memory."""
    def measure(name):
        ratios = abba(lambda: load(item, "native"), lambda: load(item, "kvm"))
        low, high, level = median_interval(ratios)
        median = statistics.median(ratios)
        print(f"# {name}: ratio {median:.3f}, interval [{low:.3f}, "
              f"{high:.3f}] at {level:.1%}, {len(ratios)} pairs")
        return abs(median - 1)
    return measure


FIGURES = [
    ("memory/chase_16k_guest_vs_native", guest_vs_native("memory/chase_16k"),
     "off", 0.05),
]
