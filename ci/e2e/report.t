#!/bin/bash
# The report: whole, self-contained, the same as its Markdown twin, also without
# gnuplot, written in one piece, and not to be subverted by what it displays.
. "$(dirname "$0")/lib.sh"

for seed in 1 2; do
	"$VMGAUGE" run --target null:extra=1,at=cpuid --seed $seed --quick \
		-o run$seed >/dev/null
done

vmgauge report run1/result.json -o page
check "report succeeds" exited 0
check "and says where the page is" says "page/index.html"
check "there is a page" [ -s page/index.html ]
check "there is its Markdown twin" [ -s page/report.md ]
# What parsers of others say; a browser has its say further down.
judge()
{
	"$python" "$root/ci/e2e/report_files.py" "$1" >files.tap ||
		{ grep -A9 '^not ok' files.tap; return 1; }
}
"$python" "$root/ci/e2e/report_files.py" page >files.tap
if grep -q '^1\.\.0 # SKIP' files.tap; then
	judged=$(sed -n 's/.*# SKIP //p' files.tap)
	skip "every page, link, style and drawing is sound" "$judged"
else
	judged=
	check "every page, link, style and drawing is sound" judge page
fi
# named NAME...: each is in the page and in its twin.
named()
{
	local file name

	cat page/*.html >page.all
	for file in page.all page/report.md; do
		for name; do
			grep -qF "$name" $file ||
				{ echo "$name is not in $file"; return 1; }
		done
	done
}
mapfile -t benches < <("$VMGAUGE" list --names 'exit/*' | sed 's|exit/||')
mapfile -t subjects < <("$VMGAUGE" list --names | grep -v '^exit/' |
	cut -d/ -f2 | cut -d_ -f1 | sort -u)	# lines may break at a "_"
check "every bench is in both" named "${benches[@]}"
check "every subject is in both" named "${subjects[@]}"
check "what is not attested is in both" \
	[ "$(grep -lF 'exits do not add up' page/attestation.html page/report.md |
	wc -l)" -eq 2 ]

vmgauge report run1/result.json run2/result.json -o both
check "two documents make one page" exited 0
vmgauge report run1/result.json -o page
check "a page can be made again in its place" exited 0

# as TARGET OUT [SOFTWARE]: the second run, as if TARGET had given it; a part
# of its items, as a browser that looks at all of them is slow.
as()
{
	"$python" - "$@" <<-'END'
		import json, sys
		d = json.load(open("run2/result.json", encoding="utf-8"))
		d["results"] = [r for i, r in enumerate(d["results"])
		                if i % 5 == 0 or "cpuid" in r["id"]]
		for r in d["results"]:
		    r["target"] = sys.argv[1]
		software = sys.argv[3] if len(sys.argv) > 3 else None
		d["env"]["backend"].update(software_host=software,
		                           times_meaningful=not software)
		json.dump(d, open(sys.argv[2], "w", encoding="utf-8"))
	END
}
as native native.json && as kvm kvm.json && as qemu:kvm qemu.json &&
	as bochs bochs.json Bochs
vmgauge report bochs.json qemu.json native.json kvm.json -o targets
check "documents of several targets make one page" exited 0
# compared TEXT: it stands in the comparison, in both.
compared()
{
	sed -n '/section id="comparison"/,/^<\/section>/p' targets/comparison.html |
		grep -qF -- "$1" &&
	sed -n '/^## Which kind/,/^## Verdicts by/p' targets/report.md |
		grep -qF -- "$1"
}
check "they are compared" compared "4 targets stand side by side"
check "from none to complete emulation" grep -qF \
	"| Operation | Ring | Unit | native | kvm | qemu:kvm | bochs |" \
	targets/report.md
check "the front page has the differences" grep -qF \
	"The largest differences" targets/index.html
check "and leads to every page" \
	[ "$(grep -c '<li><a href="[a-z]*\.html">' targets/index.html)" -ge 10 ]
check "every page says that a host's times mean nothing" \
	[ "$(grep -LF 'Times mean nothing on some hosts' targets/*.html | wc -l)" -eq 0 ]
check "with ratios" compared "×1.00"
check "an emulated host has no time, and says so" \
	compared "emulated in software by Bochs"
check "what is not attested says why" \
	grep -q "exits do not add up" targets/attestation.html
check "verdicts stand beside the golden ones" grep -q \
	'>native: golden<.*>kvm<.*>qemu:kvm<.*>bochs' targets/conformance.html
cp -r targets again
vmgauge report bochs.json qemu.json native.json kvm.json -o targets
check "the same documents give the same bytes" diff -r targets again
check "one target is not compared" \
	[ "$(grep -lF 'Which kind' page/*.html both/*.html | wc -l)" -eq 0 ]

mkdir bin
for name in env bash sh; do
	ln -s "$(type -P $name)" bin/
done
PATH=$work/bin "$VMGAUGE" report run1/result.json -o bare >"$out" 2>"$err"
code=$?
check "without gnuplot: success all the same" exited 0
check "there is no plot" [ -z "$(find bare -name '*.svg')" ]
check "the page says that gnuplot is missing" grep -q gnuplot bare/index.html
check "and so does its twin" grep -q gnuplot bare/report.md
check "the tables are there" [ "$(cat bare/*.html | grep -c '<table')" -ge 9 ]

"$python" "$root/ci/e2e/report_hostile.py" make run1/result.json plain.json \
	hostile.json
vmgauge report plain.json plain.json -o plain
check "a report of plain strings" exited 0
vmgauge report hostile.json hostile.json -o hostile
check "a report of hostile strings" exited 0
harmless()
{
	[ -z "$(find . /tmp/owned -name 'owned*' 2>/dev/null)" ] &&
	! cat hostile/*.html hostile/report.md hostile/plots/*.gp |
		grep -aqP '[\x00-\x08\x0b-\x1f]|\xe2\x80[\xaa-\xae]|\xe2\x81[\xa6-\xa9]'
}
check "nothing was run, and no control reaches a terminal" harmless
same_but_for_text()
{
	"$python" "$root/ci/e2e/report_hostile.py" same plain hostile
}
if [ -n "$judged" ]; then
	skip "they change nothing but what is displayed" "$judged"
else
	check "they change nothing but what is displayed" same_but_for_text
	check "and leave every file sound" judge hostile
fi

vmgauge report run1/result.json --paper -o paper
check "a report for paper" exited 0
for n in 1 2; do
	check "has PDFs of $n columns" grep -qa '^%PDF-' paper/plots/exits-${n}col.pdf
done
check "the others have none: they are for the screen" \
	[ "$(find page targets -name '*.pdf' | wc -l)" -eq 0 ]
# pngs DIR: each plot of it has one, with a palette, as wide as the drawing.
pngs()
{
	"$python" - "$1" <<-'END'
		import glob, struct, sys
		for svg in glob.glob(sys.argv[1] + "/plots/*.svg"):
		    if svg.endswith("-narrow.svg"):
		        continue
		    head = open(svg[:-3] + "png", "rb").read(33)
		    width, height, depth, colour = struct.unpack(">IIBB", head[16:26])
		    assert head[:4] == b"\x89PNG" and (width, colour) == (860, 3), svg
	END
}
check "each plot has a PNG, of a palette" pngs targets

# past: a store in which the sixth of twelve runs brought half as much again.
past()
{
	"$python" - <<-'END' && "$VMGAUGE" history add --store past.sqlite past/*
		import copy, json, os, random
		one = json.load(open("run1/result.json", encoding="utf-8"))
		one["env"]["backend"].update(times_meaningful=True, software_host=None)
		one["results"] = [r for r in one["results"]
		                  if r["id"] == "exit/cpuid"][:1]
		rng = random.Random(1)
		os.mkdir("past")
		for i in range(12):
		    d = copy.deepcopy(one)
		    d["run"].update(id=f"run-{i}", started=f"2026-01-{i+1:02}T00:00:00Z")
		    by = (1.5 if i >= 5 else 1) * rng.uniform(1, 1.01)
		    for r in d["results"]:
		        r["median"] *= by
		        for end in "low", "high":
		            r["ci"][end] *= by
		        r["samples"] = [[x * by for x in s] for s in r["samples"]]
		        r["instances"] = [x * by for x in r["instances"]]
		    json.dump(d, open(f"past/{i:02}.json", "w", encoding="utf-8"))
	END
}
past >/dev/null
vmgauge report past/11.json --history nowhere.sqlite -o none
check "no store for a history: exit code 2 and the mend" \
	refused nowhere.sqlite "vmgauge history add"
check "and no report" [ ! -e none ]
vmgauge report past/11.json --history past.sqlite \
	--note 'Not here: <b>bochs</b> | `x`' -o history
check "a report with its hosts' history" exited 0
check "names the run that brought a change" \
	grep -q '<code>run-5</code>.*+[45].\..*worse' history/history.html
check "and no other" [ "$(grep -c '%, worse\|%, better' history/history.html)" -eq 1 ]
check "has its plot" [ -s history/plots/history.svg ]
check "is in the text" grep -q "1 of them changed" history/report.md
check "is led to" grep -q 'href="history.html"' history/index.html
check "other reports have none" [ ! -e page/history.html ]
check "a note stands on the front page, as text" grep -qF \
	'Not here: &lt;b&gt;bochs&lt;/b&gt; | `x`' history/index.html
check "and in its twin" grep -qF 'Not here: ' history/report.md
"$python" -c 'import json
d = json.load(open("past/11.json", encoding="utf-8"))
d["env"]["fingerprint"] = "0" * 16
json.dump(d, open("strange.json", "w", encoding="utf-8"))'
vmgauge report strange.json --history past.sqlite -o strange
check "a store that has nothing of these hosts says so" \
	grep -q "has no number of any host" strange/history.html
if [ -z "$judged" ]; then
	check "its files are sound" judge history
fi
if command -v pdffonts >/dev/null; then
	check "whose letters are letters" [ "$(pdffonts paper/plots/exits-1col.pdf |
		sed 1,2d | wc -l)" -ge 1 ]
fi

browse()
{
	"$python" "$root/ci/e2e/report_page.py" "$@" >page.tap ||
		{ grep -A9 '^not ok' page.tap; return 1; }
}
browse --brief bare
if grep -q '^1\.\.0 # SKIP' page.tap; then
	skip "in a browser" "$(sed -n 's/.*# SKIP //p' page.tap)"
else
	check "in a browser: without plots" browse --brief bare
	check "in a browser: one run" browse --brief page
	check "in a browser: two runs" browse --brief both
	check "in a browser: hostile strings" browse --brief hostile
	check "in a browser: a history" browse --brief history
	check "in a browser: several targets, on a desk, a phone, paper" \
		browse targets
fi
finish
