#!/bin/bash
# The report page: whole, self-contained, the same as its Markdown twin, also
# without gnuplot, and written in one piece.
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
# A browser says the same further down; this needs none.
alone()
{
	! grep -noE '<(script|iframe|object|embed|img|image|source)[ >]|@import|url\([^)#]*\)|src="[^"]*"' \
		page/index.html | grep -v 'data:'
}
check "the page loads nothing from anywhere" alone
# named NAME...: each is in the page and in its twin.
named()
{
	local file name

	for file in page/index.html page/report.md; do
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
	[ "$(grep -lF 'exits do not add up' page/index.html page/report.md |
	wc -l)" -eq 2 ]

vmgauge report run1/result.json run2/result.json -o both
check "two documents make one page" exited 0
vmgauge report run1/result.json -o page
check "a page can be made again in its place" exited 0

# as TARGET OUT [SOFTWARE]: the second run, as if TARGET had given it.
as()
{
	"$python" - "$@" <<-'END'
		import json, sys
		d = json.load(open("run2/result.json", encoding="utf-8"))
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
	sed -n '/id="comparison"/,/id="matrix"/p' targets/index.html |
		grep -qF -- "$1" &&
	sed -n '/^## Which kind/,/^## Verdicts by/p' targets/report.md |
		grep -qF -- "$1"
}
check "they are compared" compared "4 targets stand side by side"
check "from none to complete emulation" grep -qF \
	"| Operation | Ring | Unit | native | kvm | qemu:kvm | bochs |" \
	targets/report.md
check "with ratios" compared "×1.00"
check "an emulated host has no time, and says so" \
	compared "emulated in software by Bochs"
check "what is not attested says why" compared "exits do not add up in"
check "verdicts stand beside the golden ones" grep -qF \
	"| Probe | Ring | native: golden | kvm | qemu:kvm | bochs |" \
	targets/report.md
cp -r targets again
vmgauge report bochs.json qemu.json native.json kvm.json -o targets
check "the same documents give the same bytes" diff -r targets again
check "one target is not compared" \
	[ "$(grep -lF 'Which kind' page/index.html both/index.html | wc -l)" -eq 0 ]

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
check "the tables are there" [ "$(grep -c '<table' bare/index.html)" -ge 3 ]

browse()
{
	"$python" "$root/ci/e2e/report_page.py" "$1" >page.tap ||
		{ grep -A9 '^not ok' page.tap; return 1; }
}
browse page
if grep -q '^1\.\.0 # SKIP' page.tap; then
	skip "in a browser" "$(sed -n 's/.*# SKIP //p' page.tap)"
else
	check "in a browser: one run" browse page
	check "in a browser: two runs" browse both
	check "in a browser: several targets" browse targets
	check "in a browser: without plots" browse bare
fi
finish
