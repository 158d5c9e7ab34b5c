#!/usr/bin/python3
"""The report as files, judged by parsers that nobody here wrote:
report_files.py DIR

Every page is parsed by html5lib in its strict mode, the style sheet by
tinycss2, every drawing and document by Python's own XML and JSON parsers.
Every link inside the site leads to a file that is there, and to a place in it
that is there; none leads anywhere else. Output is TAP; exit 0 if all is well.
"""
import glob
import json
import os
import sys
import urllib.parse
import xml.etree.ElementTree as ET

LINKS = {"a": "href", "link": "href", "img": "src", "source": "srcset"}
SVG = "{http://www.w3.org/2000/svg}"
XLINK = "{http://www.w3.org/1999/xlink}href"
DRAWN = {"svg", "g", "defs", "path", "circle", "rect", "use", "text", "tspan",
         "title", "style", "polygon", "polyline", "line", "clipPath",
         "linearGradient", "stop", "pattern", "marker"}
POLICY = "default-src 'none'; "


class Tap:
    def __init__(self):
        self.n = self.bad = 0

    def ok(self, bad, name):
        self.n += 1
        self.bad += bool(bad)
        print(f"{'not ok' if bad else 'ok'} {self.n} - {name}", flush=True)
        for line in bad[:12]:
            print(f"# {line}")


class Page:
    def __init__(self, path):
        import html5lib

        with open(path, encoding="utf-8") as f:
            text = f.read()
        parser = html5lib.HTMLParser(namespaceHTMLElements=False)
        self.name = os.path.basename(path)
        self.tree = parser.parse(text)
        self.errors = [f"{self.name}:{where[0]}: {code} {data}"
                       for where, code, data in parser.errors]
        self.ids = {e.get("id") for e in self.tree.iter() if e.get("id")}
        self.links = [(e.tag, e.get(LINKS[e.tag])) for e in self.tree.iter()
                      if e.tag in LINKS and e.get(LINKS[e.tag]) is not None]


def check_pages(tap, pages):
    tap.ok([e for p in pages.values() for e in p.errors],
           "html5lib finds no error in any page")
    foreign, policies = [], []
    for p in pages.values():
        tags = {e.tag for e in p.tree.iter() if isinstance(e.tag, str)}
        foreign += [f"{p.name}: <{t}>" for t in
                    tags & {"script", "iframe", "object", "embed", "form",
                            "base", "svg", "style", "video", "audio"}]
        found = [e.get("content", "") for e in p.tree.iter("meta")
                 if e.get("http-equiv") == "Content-Security-Policy"]
        if len(found) != 1 or not found[0].startswith(POLICY) or \
                "script" in found[0]:
            policies.append(f"{p.name}: {found}")
    tap.ok(foreign, "no page has anything but text, tables and images")
    tap.ok(policies, "each page's policy allows no script and no request")


def check_links(tap, pages, directory):
    lost, outside = [], []
    for p in pages.values():
        for _, link in p.links:
            if link.startswith("data:"):
                continue
            parts = urllib.parse.urlsplit(link)
            if parts.scheme or parts.netloc or parts.path.startswith("/") or \
                    ".." in parts.path:
                outside.append(f"{p.name}: {link}")
                continue
            path = urllib.parse.unquote(parts.path)
            target = pages.get(path) if path else p
            if path and not os.path.isfile(os.path.join(directory, path)):
                lost.append(f"{p.name}: no file {link}")
            elif parts.fragment and (not target or
                                     parts.fragment not in target.ids):
                lost.append(f"{p.name}: no place {link}")
    tap.ok(lost, "every link leads to what is there")
    tap.ok(outside, "no link leads out of the report")
    alone = [name for name in pages if name != "index.html" and not any(
        link.split("#")[0] == name for p in pages.values() if p.name != name
        for _, link in p.links)]
    tap.ok(alone, "every page is linked from another")
    no_nav = [p.name for p in pages.values()
              if not any(e.get("aria-label") == "Pages"
                         for e in p.tree.iter("nav"))]
    tap.ok(no_nav, "every page has the navigation")


def check_style(tap, directory):
    import tinycss2

    with open(os.path.join(directory, "style.css"), "rb") as f:
        rules, _ = tinycss2.parse_stylesheet_bytes(f.read())
    bad = []

    def walk(nodes):
        for node in nodes:
            if node.type == "error":
                bad.append(f"style.css:{node.source_line}: {node.message}")
            if node.type == "at-rule" and node.lower_at_keyword == "import":
                bad.append("style.css: @import")
            if node.type in ("qualified-rule", "at-rule") and node.content:
                if node.type == "at-rule" and node.lower_at_keyword == "media":
                    walk(tinycss2.parse_rule_list(node.content, True, True))
                else:
                    for d in tinycss2.parse_declaration_list(
                            node.content, True, True):
                        if d.type == "error":
                            bad.append(f"style.css:{d.source_line}: {d.message}")
                        if d.type == "declaration" and any(
                                t.type == "url" for t in d.value):
                            bad.append(f"style.css: url in {d.name}")

    walk(rules)
    tap.ok(bad, "tinycss2 finds no error in the style sheet, and no address")


def check_drawings(tap, directory):
    bad = []
    for path in sorted(glob.glob(os.path.join(directory, "plots/*.svg"))):
        name = os.path.basename(path)
        try:
            root = ET.parse(path).getroot()
        except ET.ParseError as e:
            bad.append(f"{name}: {e}")
            continue
        for e in root.iter():
            if not e.tag.startswith(SVG) or e.tag[len(SVG):] not in DRAWN:
                bad.append(f"{name}: {e.tag}")
            for key, value in e.attrib.items():
                if key.startswith("on") or (key in ("href", XLINK) and
                                            not value.startswith("#")) or (
                        "url(" in value and not value.startswith("url(#")):
                    bad.append(f"{name}: {key}={value}")
        if not (root.findtext(SVG + "title") or "").strip():
            bad.append(f"{name}: no title")
    tap.ok(bad, "every drawing is well formed, named, and refers to nothing")


def check_files(tap, directory):
    with open(os.path.join(directory, "files.txt"), encoding="utf-8") as f:
        listed = set(f.read().split("\n")) - {""}
    there = {os.path.relpath(os.path.join(d, n), directory)
             for d, _, names in os.walk(directory) for n in names}
    tap.ok(sorted(there ^ listed - {"files.txt"} - {"files.txt"})
           if there - {"files.txt"} != listed - {"files.txt"} else [],
           "files.txt lists all files and no others")
    bad = []
    for path in glob.glob(os.path.join(directory, "data/*.json")):
        try:
            with open(path, encoding="utf-8") as f:
                json.load(f)
        except ValueError as e:
            bad.append(f"{os.path.basename(path)}: {e}")
    tap.ok(bad, "every document can be read")


def main():
    if len(sys.argv) != 2 or not os.path.isfile(os.path.join(sys.argv[1],
                                                             "index.html")):
        print("usage: report_files.py DIR (with an index.html)", file=sys.stderr)
        return 2
    print("TAP version 14")
    try:
        import html5lib  # noqa: F401 (only: is it there?)
        import tinycss2  # noqa: F401
    except ImportError as e:
        print(f"1..0 # SKIP {e}: packages python3-html5lib, python3-tinycss2")
        return 0
    directory = os.path.abspath(sys.argv[1])
    pages = {}
    for path in sorted(glob.glob(os.path.join(directory, "*.html"))):
        pages[os.path.basename(path)] = Page(path)
    tap = Tap()
    check_pages(tap, pages)
    check_links(tap, pages, directory)
    check_style(tap, directory)
    check_drawings(tap, directory)
    check_files(tap, directory)
    print(f"1..{tap.n}")
    return 1 if tap.bad else 0


if __name__ == "__main__":
    sys.exit(main())
