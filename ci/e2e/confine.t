#!/bin/bash
# The confinement takes nothing from a guest: probes have the verdicts that
# they have without it, and each family of rows is measured in it. What is
# hostile says what it needs. On SVM + NPT the same below a kernel's first root.
. "$(dirname "$0")/lib.sh"

vmgauge conform fidelity/tsc --target native --confine
check "it is the built-in VMM's" refused --confine "not with native"

vmgauge list
hostile=$(sed -n 's/^[a-z]* *[0-9,]* *\([^ ]*\) *\[hostile\].*/\1/p' "$out")
check "hostile items are told apart" [ -n "$hostile" ]
first=${hostile%%$'\n'*}
vmgauge explain "$first"
check "and their explanation says what they need" says "--hostile"

have_kvm || { skip "in the confinement" "no /dev/kvm"; finish; exit; }

# shellcheck disable=SC2086 # names have no blanks
vmgauge run $hostile --quick --instances 1 --budget 1 -o skipped
check "without --hostile none is run" holds skipped/result.json \
	"all(x['verdict'] == 'skip' and '--hostile' in x['reason']
	     for x in d['results'])"

vmgauge conform containment/devices containment/programs --ring 3 --hostile \
	-o hostile.json
check "with it, it runs and is contained" holds hostile.json \
	"len(d['results']) == 2" \
	"not [(x['id'], x['reason']) for x in d['results']
	      if x['verdict'] != 'pass']"

# Rows that hang on some hosts are another test's.
vmgauge conform fidelity/msr fidelity/paging 'containment/*' -o plain.json
vmgauge conform fidelity/msr fidelity/paging 'containment/*' --confine -o confined.json
same()
{
	"$python" - plain.json confined.json <<-'EOF'
		import json, sys
		a, b = ({(r["id"], str(r["params"])): r["verdict"]
		         for r in json.load(open(f))["results"]}
		        for f in sys.argv[1:])
		# Who is confined may not watch his own threads.
		differ = [(k, a[k], b.get(k)) for k in a if a[k] != b.get(k) and
		          not {a[k], b.get(k)} & {"hang", "crash"} and
		          "watchpoint_of_the_host" not in k[0]]
		print(differ)
		sys.exit(bool(differ))
	EOF
}
check "confined probes come to the same verdicts" same
check "and none meets the filter" holds confined.json \
	"not [(x['id'], x['reason']) for x in d['results']
	      if 'confinement' in (x['reason'] or '') and
	         x['verdict'] != 'skip']"

vmgauge bench exit/cpuid exit/pio_userspace 'exit/*eventfd*' memory/balloon_page \
	interrupt/self_ipi interrupt/irqfd io/doorbell_round_trip 'io/blk_*_q1' \
	'lifecycle/vm_*' 'scale/compute' --vcpus 2 --confine --quick \
	--instances 1 --budget 4 -o rows.json
check "rows of each family are measured in it" holds rows.json \
	"len({x['id'].split('/')[0] for x in d['results']
	      if x['verdict'] == 'pass'}) >= 6" \
	"not [(x['id'], x['reason']) for x in d['results']
	      if x['verdict'] in ('error', 'crash')]"

export VMGAUGE
if "$root/ci/host" svm --check >check.txt 2>&1; then
	capture "$root/ci/host" svm --file "$root/ci/expected/svm.tsv:known.tsv" \
		-- conform 'containment/*' --confine --expect known.tsv \
		--deadline 10000 -o svm.json
	if ! host_lost "SVM + NPT"; then
		check "confined on SVM + NPT, too" holds svm.json \
			"len(d['results']) > 10" \
			"not [print(x['id'], x['verdict'], x['reason']) or x
			      for x in d['results'] if not x['expected_failure'] and
			      x['verdict'] not in ('pass', 'skip')]"
	fi
else
	skip "SVM + NPT" "$(head -n 1 check.txt)"
fi
finish
