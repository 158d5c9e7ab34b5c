"""History: what its change points find and invent, and what it costs."""
import functools
import json
import os
import random
import statistics
import tempfile
import time

from figure.common import VMGAUGE, run

SERIES = 100		# synthetic ones, each a bench
POINTS = 500
APART = 20		# the least distance between two steps
STEP = 3		# in standard deviations
NEAR = 5		# a step is found within so many points
RESULTS = 10000		# of the plot
BENCHES = 10		# in each of them


@functools.lru_cache(maxsize=None)
def template():
    """A result document of one bench, from the null target."""
    with tempfile.TemporaryDirectory() as tmp:
        path = os.path.join(tmp, "r.json")
        run(VMGAUGE, "bench", "--target", "null", "--ring", "3", "exit/cpuid",
            "-o", path)
        with open(path, encoding="utf-8") as f:
            return json.load(f)


def bench(name, instances):
    ranked = sorted(instances)
    return dict(template()["results"][0], id=f"exit/{name}",
                samples=[[x] for x in instances], n=[1, len(instances)],
                instances=instances, median=statistics.median(instances),
                ci={"low": ranked[0], "high": ranked[-1], "level": 0.99})


def document(path, i, benches):
    doc = dict(template())
    doc["run"] = dict(doc["run"], id=f"run-{i}", seed=i, started=time.strftime(
        "%Y-%m-%dT%H:%M:%SZ", time.gmtime(1.7e9 + 3600 * i)))
    doc["results"] = benches
    with open(path, "w", encoding="utf-8") as f:
        json.dump(doc, f)


def add(store, paths):
    """Seconds of adding, a few hundred a call: a command line is bounded."""
    begin = time.monotonic()
    for i in range(0, len(paths), 500):
        run(VMGAUGE, "history", "add", "--store", store, *paths[i:i + 500])
    return time.monotonic() - begin


def synthetic(draw, stepped):
    """(levels plus unit noise, where they step)."""
    steps, level, values = [], 100.0, []
    following = draw.randrange(APART, 4 * APART)
    for i in range(POINTS):
        if stepped and i == following and POINTS - i >= APART:
            level += draw.choice((-STEP, STEP))
            steps.append(i)
            following = i + draw.randrange(APART, 5 * APART)
        values.append(level + draw.gauss(0, 1))
    return values, steps


@functools.lru_cache(maxsize=None)
def found(stepped):
    """(steps, steps that were found, change points that are none)."""
    draw = random.Random(9)
    made = [synthetic(draw, stepped) for _ in range(SERIES)]
    total = hits = false = 0
    with tempfile.TemporaryDirectory() as tmp:
        store, paths = os.path.join(tmp, "store"), []
        for i in range(POINTS):
            paths.append(os.path.join(tmp, f"{i}.json"))
            document(paths[-1], i, [bench(f"s{k:03d}", [values[i]] * 6)
                                    for k, (values, _) in enumerate(made)])
        add(store, paths)
        lines = run(VMGAUGE, "history", "export", "--format", "json",
                    "--store", store).splitlines()
    for line, (_, steps) in zip(lines, made):
        left = [change["point"] for change in json.loads(line)["changes"]]
        for step in steps:
            near = [x for x in left if abs(x - step) <= NEAR]
            if near:
                left.remove(min(near, key=lambda x, s=step: abs(x - s)))
                hits += 1
        total += len(steps)
        false += len(left)
    return total, hits, false


def missed(name):
    steps, hits, false = found(True)
    print(f"# {name}: {steps} steps of {STEP} sd, at least {APART} points "
          f"apart, in {SERIES} series of {POINTS} points: {hits} found within "
          f"{NEAR} points; beside them {false / SERIES:.2f} false ones a "
          f"series")
    return 100 * (1 - hits / steps)


def false_changes(_):
    """The worse of series with and without steps."""
    return max(found(stepped)[2] / SERIES for stepped in (True, False))


def full_results(name):
    """Beside the figure: documents of as many rows as a whole run has."""
    draw = random.Random(2)
    with tempfile.TemporaryDirectory() as tmp:
        paths = [os.path.join(tmp, f"{i}.json") for i in range(10)]
        for i, path in enumerate(paths):
            document(path, i, [
                dict(bench(f"b{k}", [draw.gauss(1000, 5) for _ in range(11)]),
                     samples=[[draw.gauss(1000, 5) for _ in range(20)]
                              for _ in range(11)]) for k in range(SERIES)])
        took = add(os.path.join(tmp, "store"), paths)
    print(f"# {name}: of {SERIES} benches with 220 samples each: "
          f"{len(paths) / took:.0f} results/s")


@functools.lru_cache(maxsize=None)
def stored():
    """(seconds of 200 results' adding, of the plot, its MiB at most)."""
    draw = random.Random(1)
    with tempfile.TemporaryDirectory() as tmp:
        store, paths = os.path.join(tmp, "store"), []
        for i in range(RESULTS):
            paths.append(os.path.join(tmp, f"{i}.json"))
            # the first steps every 1,000 runs, the others are quiet
            means = [1000 + 50 * (i // 1000 % 2)] + [1000] * (BENCHES - 1)
            document(paths[-1], i, [
                bench(f"b{k}", [draw.gauss(mean, 10) for _ in range(11)])
                for k, mean in enumerate(means)])
        took = add(store, paths) / RESULTS * 200
        return (took, *plotted(store, os.path.join(tmp, "plot.svg")))


def plotted(store, svg):
    """(seconds, MiB): the larger of vmgauge and its gnuplot."""
    begin = time.monotonic()
    pid = os.posix_spawn(VMGAUGE, [VMGAUGE, "history", "plot", "--store",
                                   store, "-o", svg], os.environ,
                         file_actions=[(os.POSIX_SPAWN_OPEN, 1, os.devnull,
                                        os.O_WRONLY, 0)])
    _, status, usage = os.wait4(pid, 0)
    if status:
        raise RuntimeError(f"history plot: status {status}")
    return time.monotonic() - begin, usage.ru_maxrss / 1024


def ingest(name):
    full_results(name)
    print(f"# {name}: results of {BENCHES} benches; {RESULTS} into one store")
    return stored()[0]


def plot_seconds(_):
    return stored()[1]


def plot_mib(_):
    return stored()[2]


# name, how, unit, goal: all are "at most".
FIGURES = [
    ("history/missed_3_sd_steps", missed, "percent", 5),
    ("history/false_per_500_points", false_changes, "changes", 1),
    ("history/ingest_200_results", ingest, "s", 1),
    ("history/plot_10000_results", plot_seconds, "s", 10),
    ("history/plot_10000_results_memory", plot_mib, "MiB", 500),
]
