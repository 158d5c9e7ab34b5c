#!/usr/bin/python3
"""The report as a browser sees it: report_page.py [--brief] DIR

Opens every page of the site in DIR in headless Chromium and checks what no
reading of the HTML can: that it renders whole, asks the network for nothing,
fits a phone, can be read in the dark, by keyboard and by a screen reader, and
printed. --brief: only that each page loads. Pages of raw samples are many and
alike: the first is checked, of the others that they load. Output is TAP; exit
0 if all is well. Set REPORT_SHOTS to a directory to keep screenshots and PDFs.

Accessibility is judged by axe-core where it is installed (ci/deps check puts it
into build/axe; AXE names another place), and by checks of our own in any case.
"""
import base64
import glob
import json
import os
import re
import shutil
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
CHROMEDRIVER = "/usr/bin/chromedriver"
FLAGS = ("--headless --no-sandbox --disable-gpu --disable-quic --no-first-run "
         "--disable-background-networking --disable-component-update "
         "--disable-sync --disable-dev-shm-usage --hide-scrollbars").split()

# Every element that shows text of its own, with its colour and the colour
# behind it; transparent backgrounds are looked through.
CONTRAST = """
const parse = s => (s.match(/[\\d.]+/g) || []).map(Number);
const solid = e => {
    for (; e; e = e.parentElement) {
        const c = parse(getComputedStyle(e).backgroundColor);
        if (c.length === 3 || c[3] > 0.99) return c;
    }
    return matchMedia('(prefers-color-scheme: dark)').matches ? [0, 0, 0] : [255, 255, 255];
};
const light = c => {
    const f = v => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
    return 0.2126 * f(c[0]) + 0.7152 * f(c[1]) + 0.0722 * f(c[2]);
};
let worst = { ratio: 99 };
for (const e of document.querySelectorAll('body *')) {
    const own = [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim());
    if (!own || !e.getClientRects().length || e.closest('style, script')) continue;
    const style = getComputedStyle(e);
    const ink = parse(e.closest('svg') ? getComputedStyle(e.parentElement).fill : style.color);
    if (ink.length < 3) continue;
    const a = light(ink), b = light(solid(e));
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < worst.ratio)
        worst = { ratio, tag: e.tagName + '.' + e.getAttribute('class'), text: e.textContent.slice(0, 40) };
}
return worst;
"""


class Tap:
    def __init__(self):
        self.n = self.bad = 0

    def ok(self, good, name, why=""):
        self.n += 1
        self.bad += not good
        print(f"{'ok' if good else 'not ok'} {self.n} - {name}", flush=True)
        if not good:
            for line in str(why).splitlines():
                print(f"# {line}")


def open_browser(profile):
    from selenium import webdriver
    from selenium.webdriver.chrome.options import Options
    from selenium.webdriver.chrome.service import Service

    options = Options()
    for flag in FLAGS + [f"--user-data-dir={profile}"]:
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs",
                           {"browser": "ALL", "performance": "ALL"})
    browser = webdriver.Chrome(service=Service(CHROMEDRIVER), options=options)
    browser.set_script_timeout(180)     # axe, on a busy machine
    return browser


class Page:
    def __init__(self, browser, url):
        self.browser, self.url = browser, url
        self.name = os.path.basename(url).split(".")[0]
        self.shots = os.environ.get("REPORT_SHOTS")

    def show(self, width, scheme="light", height=900, fresh=False):
        """At that width; loaded anew, or only laid out anew."""
        cdp = self.browser.execute_cdp_cmd
        cdp("Emulation.setDeviceMetricsOverride",
            {"width": width, "height": height, "deviceScaleFactor": 1,
             "mobile": width < 500})
        cdp("Emulation.setEmulatedMedia",
            {"features": [{"name": "prefers-color-scheme", "value": scheme}]})
        if fresh or self.browser.current_url != self.url:
            self.browser.get(self.url)

    def run(self, script):
        return self.browser.execute_script(script)

    def keep(self, name, data):
        if self.shots:
            os.makedirs(self.shots, exist_ok=True)
            with open(os.path.join(self.shots, name), "wb") as out:
                out.write(base64.b64decode(data))

    def shoot(self, name, height=1800):
        if not self.shots:
            return
        whole = self.run("return document.documentElement.scrollHeight")
        width = self.run("return innerWidth")
        for i, y in enumerate(range(0, whole, height)):
            clip = {"x": 0, "y": y, "width": width,
                    "height": min(height, whole - y), "scale": 1}
            shot = self.browser.execute_cdp_cmd(
                "Page.captureScreenshot", {"format": "png", "clip": clip,
                                           "captureBeyondViewport": True})
            self.keep(f"{self.name}-{name}-{i:02}.png", shot["data"])


def requested(browser):
    """Everything the page asked for, but for itself and data: addresses."""
    urls = []
    for entry in browser.get_log("performance"):
        message = json.loads(entry["message"])["message"]
        if message["method"] == "Network.requestWillBeSent":
            urls.append(message["params"]["request"]["url"])
    return [u for u in urls if not u.startswith(("data:", "about:", "chrome"))]


def check_loading(tap, page, directory):
    page.show(1280, fresh=True)
    page.shoot("desktop")
    asked = [u for u in requested(page.browser)
             if not u.startswith("file://" + directory + "/")]
    tap.ok(not asked, f"{page.name} loads nothing but files of the report",
           "\n".join(asked))
    page.run("for (const d of document.querySelectorAll('details')) d.open = true")
    wrong = page.run(
        "const bad = []; const n = {}; "
        "for (const i of document.images) if (!i.complete || !i.naturalWidth "
        "|| i.getBoundingClientRect().width < 200) bad.push('image ' + i.src); "
        "for (const e of document.querySelectorAll('[id]')) "
        "n[e.id] = (n[e.id] || 0) + 1; "
        "for (const k in n) if (n[k] > 1) bad.push('id ' + k); "
        "if (document.scripts.length) bad.push('a script'); "
        "for (const e of document.querySelectorAll('*')) "
        "for (const a of e.attributes) if (a.name.startsWith('on')) "
        "bad.push('handler ' + a.name); return bad")
    tap.ok(not wrong, f"{page.name}: images load, ids are unique, no script runs",
           "\n".join(wrong))


def check_names(tap, page):
    """What a screen reader needs, whether axe is there or not."""
    bad = page.run(
        "const bad = []; const no = (what, list) => { for (const e of list) "
        "bad.push(what + ' ' + e.outerHTML.slice(0, 120)); }; "
        "const all = (s) => [...document.querySelectorAll(s)]; "
        "no('no alt:', all('img').filter(i => !i.alt.trim())); "
        "no('no name:', all('a').filter(a => !a.textContent.trim() && "
        "!a.getAttribute('aria-label'))); "
        "no('no label:', all('input').filter(i => !i.labels.length)); "
        "no('no region name:', all('[role=region], nav').filter("
        "e => !e.getAttribute('aria-label'))); "
        "no('empty header:', all('th').filter(t => !t.textContent.trim())); "
        "no('unreachable:', all('.scroll, pre').filter(e => e.tabIndex < 0)); "
        "if (all('main').length !== 1 || all('h1').length !== 1 || "
        "!document.documentElement.lang || !document.title) "
        "bad.push('no main, h1, language or title'); "
        "let last = 1; for (const h of all('h1, h2, h3, h4')) { "
        "const level = +h.tagName[1]; if (level > last + 1) "
        "bad.push('a level is skipped: ' + h.textContent); last = level; } "
        "no('no table:', all('figure').filter(f => !f.closest('section')"
        ".querySelector('table'))); return bad.slice(0, 10)")
    tap.ok(not bad, f"{page.name}: names, labels, headings, a table to each plot",
           "\n".join(bad))


def check_axe(tap, page, source, state):
    if not source:
        return
    page.run(source + "; return 1")
    found = page.browser.execute_async_script(
        "const done = arguments[0]; axe.run(document, {preload: false, "
        "resultTypes: ['violations'], rules: {'color-contrast': {enabled: false}}, "
        "runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'best-practice']"
        "}).then(r => done("
        "r.violations.map(v => v.id + ': ' + v.nodes.length + ' x ' + "
        "v.nodes[0].html.slice(0, 160))), e => done([String(e)]))")
    tap.ok(not found, f"{page.name}: axe finds nothing, {state}", "\n".join(found))


def check_sizes(tap, page):
    for width in 360, 768, 1280:
        page.show(width, fresh=width == 360)
        wide = page.run("return document.documentElement.scrollWidth")
        out = page.run(
            "return [...document.querySelectorAll('main *')].filter(e => "
            "!e.closest('.scroll, pre, nav') && "
            f"e.getBoundingClientRect().right > {width} + 1)"
            ".slice(0, 5).map(e => e.tagName + '.' + e.className)")
        tap.ok(wide <= width and not out,
               f"{page.name}: at {width} pixels only tables scroll sideways",
               f"{wide} pixels wide; outside: {out}")
        if width == 360:
            page.shoot("phone", 1600)
            small = page.run(
                "return [...document.images].filter(i => "
                "!i.currentSrc.endsWith('-narrow.svg')).length")
            tap.ok(small == 0, f"{page.name}: a phone gets the narrow drawings",
                   small)


def check_filter(tap, page):
    """Chosen by keyboard, without a script."""
    from selenium.webdriver.common.keys import Keys

    if not page.run("return !!document.querySelector('#show-all')"):
        return
    page.show(1280)
    seen = ("return [...document.querySelectorAll('#matrix tbody tr')]"
            ".filter(r => r.getClientRects().length)")
    before = page.run(seen + ".length")
    page.browser.find_element("id", "show-all").send_keys(Keys.ARROW_RIGHT)
    chosen = page.run("return document.querySelector('.filter :checked').id")
    kept = page.run(seen + ".map(r => r.className)")
    tap.ok(chosen == "show-notpass" and len(kept) < before and
           all("x" in c.split() for c in kept),
           f"{page.name}: the arrow keys choose which verdicts are seen",
           f"{chosen}: {len(kept)} of {before}")


def check_compared(tap, page):
    """Tables with a column for each target; a page of one target has none."""
    page.show(360, fresh=True)
    if not page.run("return [...document.querySelectorAll('.compared')].some("
                    "b => b.querySelector('tbody tr:nth-child(4) th') && "
                    "b.scrollWidth > b.clientWidth + 40)"):
        return
    bad = page.run(
        "return [...document.querySelectorAll('.compared')].filter(b => "
        "b.clientWidth && b.scrollWidth > b.clientWidth && "
        "getComputedStyle(b).overflowX !== 'auto').length")
    tap.ok(bad == 0, "a table of many targets scrolls inside its box", bad)
    moved = page.run(
        "const b = [...document.querySelectorAll('.compared')].find("
        "b => b.querySelector('tbody tr:nth-child(4) th') && "
        "b.scrollWidth > b.clientWidth + 40); "
        "const box = b.getBoundingClientRect(); b.scrollLeft = 1e4; "
        "b.scrollTop = 120; "
        "const name = b.querySelector('tbody tr:nth-child(4) th:first-child'), "
        "head = b.querySelector('thead th'); "
        "return [b.scrollLeft, name.getBoundingClientRect().left - box.left, "
        "head.getBoundingClientRect().top - box.top]")
    tap.ok(moved[0] > 0 and 0 <= moved[1] < 3 and 0 <= moved[2] < 3,
           "names and targets stay in sight while it scrolls", moved)
    mute = page.run(
        "return [...document.querySelectorAll('td.m')].filter(c => "
        "!c.textContent.trim()).length")
    tap.ok(mute == 0, "every cell without a number says why", mute)
    lost = page.run(
        "const heads = t => [...t.tHead.rows[0].cells].length; "
        "return [...document.querySelectorAll('.compared table')].filter(t => "
        "[...t.tBodies[0].rows].some(r => !r.classList.contains('group') && "
        "r.cells.length !== heads(t))).length")
    tap.ok(lost == 0, "every row has a cell for each target", lost)


def check_contrast(tap, page, axe):
    for scheme in "light", "dark":
        page.show(1280, scheme)
        if scheme == "dark":
            page.shoot("dark")
        paper = page.run("return getComputedStyle(document.body).backgroundColor")
        worst = page.run(CONTRAST)
        tap.ok(worst["ratio"] >= 4.5,
               f"{page.name}: in the {scheme} every text has a contrast of 4.5",
               f"paper {paper}, worst {worst}")
        if scheme == "light":
            check_axe(tap, page, axe, "on a desk")
    page.show(360)
    check_axe(tap, page, axe, "on a phone")


# Paper less its margins, at the 96 pixels to the inch that print uses.
PAPER = {"A4": (8.27, 11.69, 703), "Letter": (8.5, 11, 725)}


def check_print(tap, page, axe):
    cdp = page.browser.execute_cdp_cmd
    cdp("Emulation.setEmulatedMedia", {"media": "print"})
    for paper, (width, height, pixels) in PAPER.items():
        cdp("Emulation.setDeviceMetricsOverride",
            {"width": pixels, "height": 1000, "deviceScaleFactor": 1,
             "mobile": False})
        if paper == "A4":
            page.browser.get(page.url)
        out = page.run(
            "return [...document.querySelectorAll('table, figure, pre')]"
            f".filter(e => e.getBoundingClientRect().right > {pixels} + 1)"
            ".map(e => e.tagName + ' ' + e.getBoundingClientRect().right + ' ' +"
            " e.textContent.slice(0, 40))")
        tap.ok(not out, f"{page.name} fits {paper} without a table cut off", out)
        if axe or page.shots:
            pdf = cdp("Page.printToPDF", {
                "preferCSSPageSize": False, "printBackground": False,
                "paperWidth": width, "paperHeight": height})
            page.keep(f"{page.name}-{paper}.pdf", pdf["data"])
            data = base64.b64decode(pdf["data"])
            tap.ok(data.startswith(b"%PDF-") and len(data) > 5000,
                   f"{page.name} prints on {paper}", len(data))
    closed = page.run("return [...document.querySelectorAll('details')].filter(d => "
                      "d.getBoundingClientRect().height < 40).length")
    tap.ok(closed == 0, f"{page.name}: what is folded on the screen is printed",
           closed)
    check_axe(tap, page, axe, "on paper")
    cdp("Emulation.setEmulatedMedia", {"media": ""})


def check_page(tap, page, axe):
    check_names(tap, page)
    check_sizes(tap, page)
    check_filter(tap, page)
    check_compared(tap, page)
    check_contrast(tap, page, axe)
    check_print(tap, page, axe)
    page.show(1280)
    page.browser.get_log("performance")


def find_axe():
    root = os.path.dirname(os.path.dirname(HERE))
    for path in (os.environ.get("AXE", ""),
                 os.path.join(root, "build/axe/node_modules/axe-core/axe.min.js")):
        if os.path.isfile(path):
            with open(path, encoding="utf-8") as f:
                return f.read()
    return None


def site_pages(directory):
    """Names of the pages, the front page first."""
    names = sorted(os.path.basename(p)[:-len(".html")] for p in
                   glob.glob(os.path.join(directory, "*.html")))
    return sorted(names, key=lambda n: n != "index")


def kind(name):
    """Pages of a kind are written by the same lines."""
    plain = ("interrupt", "io", "lifecycle", "other", "process")
    return "family" if name in plain else name.split("-")[0]


def check_site(tap, browser, directory, brief):
    axe = find_axe()
    if not axe:
        print("# axe-core is not installed: ci/deps check")
    judged = set()
    for name in site_pages(directory):
        page = Page(browser, "file://" + directory + "/" + name + ".html")
        check_loading(tap, page, directory)
        if not brief and not re.match(r"samples-([2-9]|\d\d)", name):
            check_page(tap, page, None if kind(name) in judged else axe)
            judged.add(kind(name))
        said = [e["message"] for e in browser.get_log("browser")]
        tap.ok(not said, f"{name}: the console stays silent", "\n".join(said))


def main():
    brief = sys.argv[1:2] == ["--brief"]
    args = sys.argv[2:] if brief else sys.argv[1:]
    if len(args) != 1 or not os.path.isfile(os.path.join(args[0], "index.html")):
        print("usage: report_page.py [--brief] DIR (with an index.html)",
              file=sys.stderr)
        return 2
    directory = os.path.abspath(args[0])
    print("TAP version 14")
    try:
        import selenium  # noqa: F401 (only: is it there?)
    except ImportError:
        print("1..0 # SKIP python3-selenium is not installed")
        return 0
    if not os.path.exists(CHROMEDRIVER):
        print("1..0 # SKIP chromium-driver is not installed")
        return 0
    profile = tempfile.mkdtemp(prefix="report-page-")
    tap = Tap()
    browser = None
    try:
        browser = open_browser(profile)
        check_site(tap, browser, directory, brief)
    finally:
        if browser:
            browser.quit()
        shutil.rmtree(profile, ignore_errors=True)
    print(f"1..{tap.n}")
    return 1 if tap.bad else 0


if __name__ == "__main__":
    sys.exit(main())
