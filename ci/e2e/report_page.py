#!/usr/bin/python3
"""The report page as a browser sees it: report_page.py DIR

Opens DIR/index.html in headless Chromium and checks what no reading of the
HTML can: that it renders whole, asks the network for nothing, fits a phone,
can be read in the dark and printed. Output is TAP; exit 0 if all is well.
Set REPORT_SHOTS to a directory to keep screenshots and the PDF.
"""
import base64
import glob
import json
import os
import shutil
import sys
import tempfile
import time

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
    return webdriver.Chrome(service=Service(CHROMEDRIVER), options=options)


class Page:
    def __init__(self, browser, url):
        self.browser, self.url = browser, url
        self.shots = os.environ.get("REPORT_SHOTS")

    def show(self, width, scheme="light", height=900):
        cdp = self.browser.execute_cdp_cmd
        cdp("Emulation.setDeviceMetricsOverride",
            {"width": width, "height": height, "deviceScaleFactor": 1,
             "mobile": width < 500})
        cdp("Emulation.setEmulatedMedia",
            {"features": [{"name": "prefers-color-scheme", "value": scheme}]})
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
            self.keep(f"{name}-{i:02}.png", shot["data"])


def requested(browser):
    """Everything the page asked for, but for itself and data: addresses."""
    urls = []
    for entry in browser.get_log("performance"):
        message = json.loads(entry["message"])["message"]
        if message["method"] == "Network.requestWillBeSent":
            urls.append(message["params"]["request"]["url"])
    return [u for u in urls if not u.startswith(("data:", "about:", "chrome"))]


def check_loading(tap, page, plots):
    page.show(1280)
    time.sleep(0.3)
    page.shoot("desktop")
    asked = [u for u in requested(page.browser) if u.split("#")[0] != page.url]
    tap.ok(not asked, "the page loads nothing but itself", "\n".join(asked))
    broken = page.run("return [...document.images].filter(i => !i.complete || "
                      "!i.naturalWidth).map(i => i.src)")
    tap.ok(not broken, "every image has loaded", broken)
    sizes = page.run(
        "return [...document.querySelectorAll('figure')].map(f => "
        "[...f.querySelectorAll('svg')].map(s => s.getBoundingClientRect())"
        ".filter(r => r.width > 200 && r.height > 50).length)")
    tap.ok(len(sizes) == plots and all(n == 1 for n in sizes),
           f"{plots} figures each show one drawing", sizes)
    marks = page.run("return [...document.querySelectorAll('figure use')].filter("
                     "u => u.getBoundingClientRect().width > 0).length")
    tap.ok(marks > 0 or not plots, "the drawings show marks", marks)
    unnamed = page.run("return [...document.querySelectorAll('svg')].filter(s => "
                       "!s.getAttribute('aria-label')).length")
    tap.ok(unnamed == 0, "every drawing has a text alternative", unnamed)
    twice = page.run("const n = {}; for (const e of document.querySelectorAll('[id]')) "
                     "n[e.id] = (n[e.id] || 0) + 1; "
                     "return Object.keys(n).filter(k => n[k] > 1)")
    tap.ok(not twice, "no id occurs twice", twice)
    lost = page.run("return [...document.querySelectorAll('a[href^=\"#\"]')].filter("
                    "a => !document.getElementById(a.hash.slice(1))).map(a => a.hash)")
    tap.ok(not lost, "every link into the page has its target", lost)
    scripts = page.run("return document.scripts.length + [...document.querySelectorAll("
                       "'*')].filter(e => [...e.attributes].some(a => "
                       "a.name.startsWith('on'))).length")
    tap.ok(scripts == 0, "the page carries no script", scripts)


def check_sizes(tap, page):
    for width in 360, 768, 1280:
        page.show(width)
        wide = page.run("return document.documentElement.scrollWidth")
        out = page.run(
            "return [...document.querySelectorAll('main *')].filter(e => "
            "!e.closest('.scroll, pre, svg, nav') && "
            f"e.getBoundingClientRect().right > {width} + 1)"
            ".slice(0, 5).map(e => e.tagName + '.' + e.className)")
        tap.ok(wide <= width and not out,
               f"at {width} pixels nothing scrolls sideways but tables",
               f"{wide} pixels wide; outside: {out}")
        if width == 360:
            page.shoot("phone", 1600)


def check_compared(tap, page):
    """Tables with a column for each target; a page of one target has none."""
    page.show(360)
    if not page.run("return [...document.querySelectorAll('.compared')].some("
                    "b => b.querySelector('tbody tr:nth-child(4) th'))"):
        return
    bad = page.run(
        "return [...document.querySelectorAll('.compared')].filter(b => "
        "b.clientWidth && b.scrollWidth > b.clientWidth && "
        "getComputedStyle(b).overflowX !== 'auto').length")
    tap.ok(bad == 0, "a table of many targets scrolls inside its box", bad)
    moved = page.run(
        "const b = [...document.querySelectorAll('.compared')].find("
        "b => b.querySelector('tbody tr:nth-child(4) th')); "
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
        "!c.querySelector('b') && !(c.title && c.textContent.trim())).length")
    tap.ok(mute == 0, "every cell without a number says why", mute)
    lost = page.run(
        "const heads = t => [...t.tHead.rows[0].cells].length; "
        "return [...document.querySelectorAll('.compared table')].filter(t => "
        "[...t.tBodies[0].rows].some(r => !r.classList.contains('group') && "
        "r.cells.length !== heads(t))).length")
    tap.ok(lost == 0, "every row has a cell for each target", lost)


def check_contrast(tap, page):
    for scheme in "light", "dark":
        page.show(1280, scheme)
        if scheme == "dark":
            page.shoot("dark")
        paper = page.run("return getComputedStyle(document.body).backgroundColor")
        worst = page.run(CONTRAST)
        tap.ok(worst["ratio"] >= 4.5,
               f"in the {scheme} every text has a contrast of 4.5 or more",
               f"paper {paper}, worst {worst}")


def check_print(tap, page):
    page.show(1280)
    pdf = page.browser.execute_cdp_cmd(
        "Page.printToPDF", {"preferCSSPageSize": True, "printBackground": False})
    data = base64.b64decode(pdf["data"])
    page.keep("report.pdf", pdf["data"])
    tap.ok(data.startswith(b"%PDF-") and len(data) > 10000,
           "the page prints to PDF", len(data))
    # A4 less its margins, at the 96 pixels to the inch that print uses.
    cdp = page.browser.execute_cdp_cmd
    cdp("Emulation.setEmulatedMedia", {"media": "print"})
    cdp("Emulation.setDeviceMetricsOverride",
        {"width": 703, "height": 1000, "deviceScaleFactor": 1, "mobile": False})
    page.browser.get(page.url)
    out = page.run("return [...document.querySelectorAll('table, figure, pre')]"
                   ".filter(e => e.getBoundingClientRect().right > 704)"
                   ".map(e => e.tagName + ' ' + e.getBoundingClientRect().right + ' ' +"
                   " e.textContent.slice(0, 40))")
    tap.ok(not out, "no table is cut off on A4", out)
    closed = page.run("return [...document.querySelectorAll('details')].filter(d => "
                      "d.getBoundingClientRect().height < 40).length")
    tap.ok(closed == 0, "what is folded on the screen is printed", closed)
    cdp("Emulation.setEmulatedMedia", {"media": ""})


def main():
    if len(sys.argv) != 2 or not os.path.isfile(os.path.join(sys.argv[1], "index.html")):
        print("usage: report_page.py DIR (with an index.html)", file=sys.stderr)
        return 2
    directory = os.path.abspath(sys.argv[1])
    print("TAP version 14")
    try:
        import selenium  # noqa: F401 (only: is it there?)
    except ImportError:
        print("1..0 # SKIP python3-selenium is not installed")
        return 0
    if not os.path.exists(CHROMEDRIVER):
        print("1..0 # SKIP chromium-driver is not installed")
        return 0
    plots = len([p for p in glob.glob(os.path.join(directory, "plots", "*.svg"))
                 if not p.endswith("-narrow.svg")])
    profile = tempfile.mkdtemp(prefix="report-page-")
    tap = Tap()
    browser = None
    try:
        browser = open_browser(profile)
        page = Page(browser, "file://" + directory + "/index.html")
        check_loading(tap, page, plots)
        check_sizes(tap, page)
        check_compared(tap, page)
        check_contrast(tap, page)
        check_print(tap, page)
        said = [e["message"] for e in browser.get_log("browser")]
        tap.ok(not said, "the console stays silent", "\n".join(said))
    finally:
        if browser:
            browser.quit()
        shutil.rmtree(profile, ignore_errors=True)
    print(f"1..{tap.n}")
    return 1 if tap.bad else 0


if __name__ == "__main__":
    sys.exit(main())
