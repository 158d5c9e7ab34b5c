#!/bin/bash
# The main job on this machine's own /dev/kvm: every item that there is ends
# in a verdict, the document is valid, and the report opens in a browser.
# Which verdicts they are is the machine's affair.
. "$(dirname "$0")/lib.sh"

need_kvm
"$VMGAUGE" list | awk '/^(bench|probe) / {
	n = split($2, ring, ",")
	for (i = 1; i <= n; i++) print $3, ring[i]
}' | sort >wanted
check "there is something to run" [ -s wanted ]

vmgauge run --quick -o run
check "run --quick ends with a judgement" judged
check "without a word of complaint" [ ! -s "$err" ]
# A promise of a figure, run/quick, and of a machine that does nothing else.
note "run --quick took $((elapsed_ms / 1000)) s, 60 s is the promise"
check "the table and where things are were printed" \
	grep -qx 'report  run/report/index.html' "$out"

listed()
{
	"$python" -c '
import json
for x in json.load(open("run/result.json"))["results"]:
    print(x["id"], x["params"]["ring"])' | sort >all
	# Rows that scale have one for each count of vCPUs.
	uniq all >got
	diff wanted got
}
check "every item at each of its rings has one result, and no other" listed
check "every result has a verdict" holds run/result.json \
	"set(all_of('verdict')) <= {'pass', 'tell', 'skip', 'fail', 'hang',
				    'crash', 'error'}"
check "none of them is our own error" holds run/result.json \
	"not [(x['id'], x['reason']) for x in d['results']
	      if x['verdict'] == 'error']"
check "what was not passed has a reason or a failed check" \
	holds run/result.json \
	"not [x['id'] for x in d['results']
	      if x['verdict'] not in ('pass', 'tell') and not x['reason']
	      and all(c['ok'] for c in x.get('checks', []))]"
check "every result says how to repeat it" holds run/result.json \
	"all(x['id'] in x['repeat'] for x in d['results'])"
check "what hung or crashed has its post-mortem" holds run/result.json \
	"not [x['id'] for x in d['results']
	      if x['verdict'] in ('hang', 'crash')
	      and not x.get('postmortem')]"
check "benches that passed have their interval and raw samples" \
	holds run/result.json \
	"not [x['id'] for x in d['results'] if x['kind'] == 'bench'
	      and x['verdict'] == 'pass'
	      and not (len(x['samples']) == x['n'][0] >= 1
		       and (x['ci'] or 'no_interval' in x['flags'])
		       and x['attest'] and x['contamination'])]"
check "what is not attested says why" holds run/result.json \
	"not [x['id'] for x in d['results'] if x.get('attest')
	      and not x['attest']['attested'] and not x['attest']['reason']]"
check "decompositions add up, or say that they do not" \
	holds run/result.json \
	"not [x['id'] for x in d['results'] if x.get('decomposition')
	      and x['decomposition'].get('parts')
	      and x['decomposition']['adds_up'] !=
	      (abs(x['decomposition']['ratio'] - 1) <= 0.05)]"
check "the run is complete" holds run/result.json \
	"d['run']['complete'] and d['run']['quick'] and d['run']['finished']"
check "the document is valid by its schema" valid run/result.json

vmgauge report run/result.json -o again
check "the report can be made again" exited 0
check "and is the same" cmp run/report/report.md again/report.md

page()
{
	"$python" "$root/ci/e2e/report_page.py" run/report >page.tap ||
		{ grep -A9 '^not ok' page.tap; return 1; }
}
page
if grep -q '^1\.\.0 # SKIP' page.tap; then
	skip "the report in a browser" "$(sed -n 's/.*# SKIP //p' page.tap)"
else
	check "the report in a browser" page
	sed 's/^/# /' page.tap
fi
finish
