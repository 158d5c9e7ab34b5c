"""Many vCPUs: that all rows are measured, what the harness takes, and 1,024."""
import json
import math
import os
import subprocess
import tempfile
import time

from figure.common import VMGAUGE, run

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
HOST = os.path.join(ROOT, "ci", "host")


def document(*argv, host=None, env=None):
    """The result document of a bench, on this host or a software one."""
    with tempfile.TemporaryDirectory() as tmp:
        if host:
            argv = (HOST, host, "--", "bench", *argv, "-o", "r.json")
        else:
            argv = (VMGAUGE, "bench", *argv, "-o", "r.json")
        argv = (os.path.abspath(argv[0]), *argv[1:])
        run(*argv, ok=(0, 1), cwd=tmp,
            env={**os.environ, "VMGAUGE": os.path.abspath(VMGAUGE),
                 **(env or {})})
        with open(os.path.join(tmp, "r.json"), encoding="utf-8") as f:
            return json.load(f)


def unmeasured(host, *options, globs=("scale/*",)):
    def measure(name):
        d = document(*globs, *options, host=host)
        rows = [x for x in d["results"] if x["id"].startswith("scale/")]
        if not rows:
            raise RuntimeError("there are no rows")
        # A part of 256 MiB for more than 128 vCPUs is less than 2 MiB.
        bad = [x for x in rows if (x["verdict"] != "pass" or
                                   x.get("median") is None) and
               not (x["verdict"] == "skip" and x["id"].endswith("_thp") and
                    x["params"]["vcpus"] > 128)]
        for x in bad:
            print(f"# {name}: {x['id']} of {x['params']['vcpus']}: "
                  f"{x['verdict']}: {x['reason']}")
        for x in rows:
            if x["params"]["vcpus"] == 64 and x.get("stalls"):
                s = x["stalls"]
                print(f"# {name}: {x['id']} of 64: {s['stalls']} of "
                      f"{s['waits']} waits stalled, the longest for "
                      f"{s['longest_cycles'] / 1e6:.1f} Mcycles")
        print(f"# {name}: {len(rows)} rows")
        return len(bad)
    return measure


def many_here(name):
    """A VM of 1,024 vCPUs, each of which runs; and what one costs to make."""
    d = document("scale/compute", "--vcpus", "1,1024", "--instances", "1",
                 "--deadline", "10000")
    rows = {x["params"]["vcpus"]: x for x in d["results"]}
    if rows[1024]["verdict"] != "pass":
        raise RuntimeError(f"1,024 vCPUs: {rows[1024]['verdict']}: "
                           f"{rows[1024]['reason']}")
    d = document("lifecycle/vcpu_create_*", "--instances", "3")
    cost = {int(x["id"].rsplit("_", 1)[1]): x["ns"] / 1e3
            for x in d["results"] if x["verdict"] == "pass"}
    cost.pop(1, None)       # pays for what all share
    for k, us in sorted(cost.items()):
        print(f"# {name}: the {k}th vCPU takes {us:.0f} us to make")
    low, high = min(cost), max(cost)
    growth = math.log(cost[high] / cost[low]) / math.log(high / low)
    print(f"# {name}: of the {low}nd to the {high}th: time per vCPU grows "
          f"with k to the power of {growth:.2f}")
    return growth


def efficiency_loss(name):
    """1 - E(N) of rows that share nothing, N being the host's CPUs."""
    losses = []
    for _ in range(5):
        d = document("scale/compute", "--vcpus", str(os.cpu_count()),
                     "--budget", "3")
        points = [p for p in d["scaling"][0]["points"]
                  if not p["overcommitted"] and p["vcpus"] > 1]
        if not points:
            print(f"# {name}: this host has one CPU")
            return 0
        losses.append((1 - points[-1]["efficiency"], points[-1]))
    losses.sort(key=lambda x: x[0])
    loss, point = losses[len(losses) // 2]
    ci = point["efficiency_ci"]
    print(f"# {name}: {point['vcpus']} vCPUs; median of {len(losses)} runs, "
          f"{losses[0][0]:.3f} to {losses[-1][0]:.3f}; interval of its "
          f"efficiency {ci and (round(ci['low'], 3), round(ci['high'], 3))}")
    return loss


def quick(name):
    begin = time.monotonic()
    with tempfile.TemporaryDirectory() as tmp:
        done = subprocess.run(
            [VMGAUGE, "run", "--quick", "--vcpus", "64", "interrupt/*",
             "scale/*", "lifecycle/*", "-o", os.path.join(tmp, "r")],
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
            check=False)
    if done.returncode not in (0, 1):
        raise RuntimeError(f"{name}: {done.stderr.strip()}")
    return time.monotonic() - begin


FIGURES = [
    ("scale/rows_64_unmeasured",
     unmeasured(None, "--vcpus", "64", "--instances", "1", "--quick"),
     "rows", 0),
    ("scale/rows_64_unmeasured_svm",
     unmeasured("svm", "--vcpus", "1,64", "--instances", "1", "--budget", "5",
                "--deadline", "20000"), "rows", 0),
    ("scale/vcpus_512_svm",
     unmeasured("svm", "--vcpus", "1,512", "--instances", "1", "--budget",
                "2", "--deadline", "30000", globs=("scale/compute",)),
     "rows", 0),
    ("scale/vcpus_1024", many_here, "exponent", 1.2),
    ("scale/compute_efficiency_loss", efficiency_loss, "1-E", 0.05),
    ("scale/quick_families", quick, "s", 60),
]
