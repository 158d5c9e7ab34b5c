"""How long a site takes, and what it needs: ten results, and a hundred."""
import json
import os
import random
import subprocess
import tempfile
import time

from figure.common import VMGAUGE, run

KVM_ITEMS = 500         # of one of the hundred results: benches and probes
INSTANCES, BLOCKS = 11, 20


def template(verb, item):
    """A whole document, as the program writes it today."""
    with tempfile.TemporaryDirectory() as tmp:
        path = os.path.join(tmp, "r.json")
        run(VMGAUGE, verb, item, "--target", "null", "--ring", "3",
            "-o", path, ok=(0, 1, 77))
        with open(path, encoding="utf-8") as f:
            return json.load(f)


def bench(base, i, target, rng):
    family = ("exit", "memory", "process", "lifecycle")[i % 4]
    median = rng.uniform(500, 50000)
    blocks = [[round(median * rng.uniform(0.95, 1.2), 4) for _ in range(BLOCKS)]
              for _ in range(INSTANCES)]
    return dict(base, **{
        "id": f"{family}/item_{i // 2}", "target": target,
        "params": {"ring": 3 * (i % 2)}, "verdict": "pass", "reason": None,
        "samples": blocks, "ops": [50] * INSTANCES, "n": [INSTANCES, BLOCKS],
        "instances": [b[0] for b in blocks], "median": median,
        "ci": {"low": median * 0.98, "high": median * 1.03, "level": 0.988},
        "ns": median / 2.4})


def probe(base, i, target, rng):
    failed = rng.random() < 0.1
    return dict(base, **{
        "id": f"fidelity/subject_{i % 20}/probe_{i}", "target": target,
        "subject": f"fidelity/subject_{i % 20}", "rule": f"Rule {i} holds",
        "verdict": "fail" if failed else "pass",
        "reason": "one check failed" if failed else None,
        "checks": [{"expr": "vector == 13", "want": "0xd", "got": "0x6",
                    "line": 42, "ok": False}] if failed else [],
        "checks_total": 5})


def document(number, items, target, rng):
    doc = template("bench", "exit/cpuid")
    benches = doc["results"][0]
    probes = template("conform", "fidelity/*")["results"][0]
    doc["env"]["host"]["name"] = f"host-{number}"
    doc["env"]["kernel"]["release"] = f"6.{number}"
    doc["results"] = (
        [bench(benches, i, target, rng) for i in range(items // 2)] +
        [probe(probes, i, target, rng) for i in range(items - items // 2)])
    return doc


def site(name, results, items, targets):
    """Seconds, GiB, and MB without raw data of the report over so many."""
    rng = random.Random(1)      # the same documents each time
    with tempfile.TemporaryDirectory() as tmp:
        paths = []
        for k in range(results):
            paths.append(os.path.join(tmp, f"{k}.json"))
            with open(paths[-1], "w", encoding="utf-8") as f:
                json.dump(document(k, items, targets[k % len(targets)], rng), f)
        begin = time.monotonic()
        child = subprocess.Popen([VMGAUGE, "report", *paths, "-o",
                                  os.path.join(tmp, "site")],
                                 stdout=subprocess.DEVNULL)
        _, status, usage = os.wait4(child.pid, 0)
        seconds = time.monotonic() - begin
        if status:
            raise RuntimeError(f"report of {results} results: status {status}")
        size = [0, 0]
        for directory, _, names in os.walk(os.path.join(tmp, "site")):
            for n in names:
                # What a number can be taken again from: documents, samples,
                # what plots are drawn from.
                raw = n.startswith("samples-") or n.endswith((".json", ".dat"))
                size[raw] += os.path.getsize(os.path.join(directory, n))
    gib = usage.ru_maxrss / 2**20      # which is in KiB
    print(f"# {name}: {results} results of {items} items: {seconds:.1f} s, "
          f"{gib:.2f} GiB, {size[0] / 1e6:.1f} MB and {size[1] / 1e6:.0f} MB of "
          "raw data")
    return seconds, gib, size[0] / 1e6


TARGETS = ["native", "kvm", "qemu:kvm", "xen", "container"]


def ten_seconds(name):
    return site(name, 10, 200, TARGETS)[0]


def ten_size(name):
    return site(name, 10, 200, TARGETS)[2]


def hundred_seconds(name):
    return site(name, 100, KVM_ITEMS, ["kvm"])[0]


def hundred_memory(name):
    return site(name, 100, KVM_ITEMS, ["kvm"])[1]


FIGURES = [
    ("report/ten_results", ten_seconds, "s", 10),
    ("report/ten_results_size", ten_size, "MB", 2),
    ("report/hundred_results", hundred_seconds, "s", 60),
    ("report/hundred_results_memory", hundred_memory, "GiB", 1),
]
