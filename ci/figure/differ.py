"""How many random sequences a minute are compared at CPL3 with the CPU's."""
import json
import os
import tempfile

from figure.common import VMGAUGE, AtLeast, run

SECONDS = "12"


def cpl3_per_minute(name):
    """All of it: making, running twice, comparing, and what was found."""
    with tempfile.TemporaryDirectory() as tmp:
        path = os.path.join(tmp, "d.json")
        run(VMGAUGE, "differ", "--where", "native,cpl3", "--seed", "1",
            "--seconds", SECONDS, "-o", path, ok=(0, 1))
        with open(path, encoding="utf-8") as f:
            doc = json.load(f)
    place = doc["places"]["cpl3"]
    rate = place["run"] / doc["seconds"] * 60
    print(f"# {name}: {place['run']} sequences in {doc['seconds']:.1f} s, "
          f"{len(doc['findings'])} findings made small meanwhile")
    return rate


FIGURES = [
    ("differ/cpl3_per_minute", cpl3_per_minute, "sequences",
     AtLeast(10000)),
]
