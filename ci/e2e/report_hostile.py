#!/usr/bin/python3
"""A document whose every free string is hostile, beside one with plain ones:

	report_hostile.py make RESULT PLAIN HOSTILE	write both documents
	report_hostile.py same PLAIN-SITE HOSTILE-SITE	compare their reports

The reports must have the same files, and each page the same elements with the
same attributes in the same order: hostile text may change what is displayed
and nothing else. Exit 0 if so.
"""
import json
import os
import sys

EVIL = ("\"'><script>alert(1)</script><img src=x onerror=alert(1)>&amp;"
        "</style></title></svg><svg onload=alert(1)>`touch owned`$(touch owned)"
        "\n'; system('touch owned'); set print 'owned'\n\\\"../../../owned"
        "\x1b[31m\x1b]0;x\x07\x9b"
        "\u202egnp.exe\u2066\u200b ![x](http://evil.invalid/) <!-- ]]> --> %s%n {/Symbol a}")
# What the program itself gives a meaning to.
KEPT = {"schema", "kind", "verdict", "unit", "better", "per", "started",
        "finished", "id", "target", "method", "source", "image_sha256",
        "fingerprint", "tdp", "severity", "guest_page", "host_page"}


def replaced(node, text, key=""):
    if isinstance(node, dict):
        return {k: replaced(v, text, k) for k, v in node.items()}
    if isinstance(node, list):
        return [replaced(v, text, key) for v in node]
    if isinstance(node, str) and key not in KEPT:
        return text
    return node


def make(source, plain, hostile):
    with open(source, encoding="utf-8") as f:
        doc = json.load(f)
    for path, text in ((plain, "plain"), (hostile, EVIL)):
        new = replaced(doc, text)
        # Names too, of some: they are in plots, in addresses, in headings.
        for i, r in enumerate(new["results"]):
            if i % 3 == 0:
                r["id"] = f"{r['id']}{text}{i}"
        with open(path, "w", encoding="utf-8") as f:
            json.dump(new, f)
    return 0


def elements(path):
    import html5lib

    with open(path, encoding="utf-8") as f:
        tree = html5lib.parse(f.read(), namespaceHTMLElements=False)
    return [(e.tag, sorted(e.attrib)) for e in tree.iter() if e.tag != "wbr"]


def files(directory):
    return sorted(os.path.relpath(os.path.join(d, n), directory)
                  for d, _, names in os.walk(directory) for n in names)


def same(plain, hostile):
    if files(plain) != files(hostile):
        print(sorted(set(files(plain)) ^ set(files(hostile))))
        return 1
    for name in files(plain):
        if not name.endswith(".html"):
            continue
        a = elements(os.path.join(plain, name))
        b = elements(os.path.join(hostile, name))
        if a != b:
            at = next((i for i, (x, y) in enumerate(zip(a, b)) if x != y), -1)
            print(f"{name}: {len(a)} and {len(b)} elements, element {at}: "
                  f"{a[at]} and {b[at]}")
            return 1
    return 0


if __name__ == "__main__":
    if len(sys.argv) == 5 and sys.argv[1] == "make":
        sys.exit(make(*sys.argv[2:]))
    if len(sys.argv) == 4 and sys.argv[1] == "same":
        sys.exit(same(*sys.argv[2:]))
    print(__doc__, file=sys.stderr)
    sys.exit(2)
