"""How many ways tell this machine from itself, and how much is not hidden."""
import json
import os
import tempfile

from figure.common import VMGAUGE, run


def document(*argv):
    with tempfile.TemporaryDirectory() as tmp:
        path = os.path.join(tmp, "d.json")
        run(VMGAUGE, "detect", *argv, "-o", path, ok=(0, 1))
        with open(path, encoding="utf-8") as f:
            return json.load(f)


def native_from_native(name):
    """The A/A run: by chance one of a hundred runs has one."""
    doc = document("--target", "native")
    rows = doc["targets"][0]["ways"]
    told = [row["id"] for row in rows
            if row["plain"]["native"].get("told") == "yes"]
    failed = [way["id"] for way in doc["ways"]
              if way["control"].get("told") == "yes"]
    made = sum(row["plain"]["native"]["made"] for row in rows)
    print(f"# {name}: {made} of {len(rows)} ways compared in {doc['rounds']} "
          f"rounds; told: {told or 'none'}; controls failed: {failed or 'none'}")
    return len(told) + len(failed)


def hidden_and_told(name):
    """What --hide hypervisor hides, looked for at CPL0."""
    doc = document("--hide", "hypervisor", "--rounds", "2", "cpuid/*",
                   "msr/synthetic_msrs")
    rows = [row for row in doc["targets"][0]["ways"] if row["ring"] == 0]
    before = sum(row["plain"]["manual"].get("told") == "yes" for row in rows)
    print(f"# {name}: of {len(rows)} ways {before} told it before")
    return sum(row["hidden"]["manual"].get("told") == "yes" for row in rows)


FIGURES = [
    ("detect/native_from_native", native_from_native, "ways", 0),
    ("detect/hidden_and_told", hidden_and_told, "ways", 0),
]
