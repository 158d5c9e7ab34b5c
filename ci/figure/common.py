"""What the figures have in common: running programs, and ratios in pairs."""
import json
import math
import os
import statistics
import subprocess
import tempfile
import time

BUILD = os.environ.get("BUILD", "build")
VMGAUGE = os.path.join(BUILD, "vmgauge")
BARE = os.path.join(BUILD, "bare")
INSTANCE = os.path.join(BUILD, "instance")
ROUNDS = 15


class AtLeast(float):
    """A goal that is reached from above: others are the most that may be."""


def run(*argv, ok=(0,), **more):
    done = subprocess.run(argv, stdout=subprocess.PIPE, text=True, **more)
    if done.returncode not in ok:
        raise RuntimeError(f"{' '.join(argv)}: exit code {done.returncode}")
    return done.stdout


def median_interval(values, alpha=0.05):
    """(low, high, level) between order statistics: no distribution assumed."""
    v, n = sorted(values), len(values)
    tail, k = 0.0, 0
    while tail + math.comb(n, k) / 2**n <= alpha / 2:
        tail += math.comb(n, k) / 2**n
        k += 1
    if not k:
        return v[0], v[-1], 1 - 2 / 2**n
    return v[k - 1], v[n - k], 1 - 2 * tail


def abba(a, b, rounds=ROUNDS):
    """Ratios b/a of 2 * rounds pairs, taken in the order A B B A."""
    ratios = []
    for _ in range(rounds):
        a1, b1, b2, a2 = a(), b(), b(), a()
        ratios += [b1 / a1, b2 / a2]
    return ratios


def ratio(name, a, b, rounds=ROUNDS):
    values = abba(a, b, rounds)
    low, high, level = median_interval(values)
    print(f"# {name}: interval [{low:.3f}, {high:.3f}] at {level:.1%}, "
          f"{len(values)} pairs")
    return statistics.median(values)


def pinned_cpu():
    env = json.loads(run(VMGAUGE, "info", "--json"))
    return str(env["topology"]["pinned_to"][0])


def timed(*argv, ok, **more):
    begin = time.monotonic()
    run(*argv, ok=ok, **more)
    return time.monotonic() - begin


def bench(item, target="kvm", budget="0.3", more=()):
    """The result of one item at CPL3: a fresh process, one instance."""
    with tempfile.TemporaryDirectory() as tmp:
        path = os.path.join(tmp, "r.json")
        run(VMGAUGE, "bench", item, "--ring", "3", "--instances", "1",
            "--budget", budget, "--target", target, "-o", path, *more,
            ok=(0, 1))
        with open(path, encoding="utf-8") as f:
            result = json.load(f)["results"][0]
    if result["verdict"] != "pass":
        raise RuntimeError(f"{item} on {target}: {result['verdict']}: "
                           f"{result['reason']}")
    return result


def bench_loop(item, target="kvm", budget="0.3", more=()):
    """Cycles of one operation, the loop around it included."""
    result = bench(item, target, budget, more)
    return result["median"] + result["overhead"]["median"]
