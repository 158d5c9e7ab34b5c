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
	check "in a browser: without plots" browse bare
fi
finish
