"""What hours of the same leave behind: one soak, and all of its figures."""
import functools
import json
import os
import tempfile

from figure.common import VMGAUGE, run

# An hour; less of it is a rehearsal and no figure.
MINUTES = os.environ.get("SOAK_MINUTES", "60")
ITEMS = ("exit/*", "fidelity/*", "containment/*", "interrupt/*", "io/*",
         "lifecycle/vm_*", "lifecycle/*_get", "memory/dirty*",
         "memory/memslot*")


@functools.lru_cache(maxsize=1)
def soak():
    """Measured once a run of the figures, which look at it one by one."""
    with tempfile.TemporaryDirectory() as tmp:
        directory = os.path.join(tmp, "soak")
        run(VMGAUGE, "soak", "--minutes", MINUTES, "-o", directory, *ITEMS,
            ok=(0, 1))
        with open(os.path.join(directory, "soak.json"),
                  encoding="utf-8") as f:
            return json.load(f)


def grown(name):
    """What the slope comes to at least over the soak: 0 within noise."""
    vital = {"stability/soak_resident_memory": "rss_kib",
             "stability/soak_file_descriptors": "fds",
             "stability/soak_threads": "threads"}[name]
    trend = soak()["trends"][vital]
    if trend["per_hour"] is None:
        raise RuntimeError(f"{vital}: {trend['note']}")
    low, high = trend["ci"]
    print(f"# {name}: {trend['per_hour']:.3g} an hour, interval [{low:.3g}, "
          f"{high:.3g}] at {trend['level']:.0%}, {soak()['soaked_s']:.0f} s")
    return trend["added"]


def lost(name):
    """Runs without a verdict, or with one that is an error of ours."""
    doc = soak()
    print(f"# {name}: of {doc['runs']} runs, {doc['verdicts']}")
    return (doc["runs"] - sum(doc["verdicts"].values()) +
            doc["verdicts"]["error"])


# name, how, unit, goal: all are "at most".
FIGURES = [
    ("stability/soak_resident_memory", grown, "KiB", 0),
    ("stability/soak_file_descriptors", grown, "files", 0),
    ("stability/soak_threads", grown, "threads", 0),
    ("stability/soak_lost_verdicts", lost, "runs", 0),
]
