#!/bin/bash
# Each verb answers as the command line promises: help, names, exit codes.
. "$(dirname "$0")/lib.sh"

verbs="info list explain bench conform differ run soak report"

vmgauge --help
check "--help succeeds" exited 0
for verb in $verbs; do
	check "--help names $verb" says "  $verb "
	vmgauge "$verb" --help
	check "$verb --help succeeds" exited 0
	check "$verb --help says how it is called" says "vmgauge $verb"
	check "$verb --help complains of nothing" [ ! -s "$err" ]
	vmgauge --help
done
vmgauge help
check "help is --help" exited 0
vmgauge
check "no verb at all: exit code 2" exited 2
check "and the usage, as an error" complains "Usage: vmgauge VERB"
vmgauge --version
check "--version succeeds" exited 0
check "and is one line" [ "$(wc -l <"$out")" -eq 1 ]

vmgauge list --names
check "list --names succeeds" exited 0
cp "$out" names
check "names are sorted and none occurs twice" sort -cu names
lonely_names()
{
	[ -s names ] && ! grep -qvE '^[a-z_]+(/[a-z0-9_]+)+$' names
}
check "one name a line, nothing else" lonely_names
vmgauge list
check "list has as many rows as there are names" \
	[ "$(grep -cE '^(bench|probe) ' "$out")" -eq "$(wc -l <names)" ]
check "there are benches of the exit family" grep -q '^exit/' names
check "there are at least 24 probes" \
	[ "$(grep -c '^probe' "$out")" -ge 24 ]
check "in at least 6 subjects" \
	[ "$(grep '^probe' "$out" | awk '{print $3}' | cut -d/ -f1,2 |
	sort -u | wc -l)" -ge 6 ]
check "of fidelity and of containment" \
	[ "$(grep -o '^\(fidelity\|containment\)' names | sort -u | wc -l)" -eq 2 ]
vmgauge list --names 'exit/cpuid*'
check "a glob selects" grep -qx 'exit/cpuid' "$out"
check "only what it matches" [ "$(grep -cv '^exit/cpuid' "$out")" -eq 0 ]
vmgauge list --names cpuid
check "the last part of a name is enough" grep -qx 'exit/cpuid' "$out"
vmgauge list --names exit/
check "a folder stands for what is in it" \
	[ "$(grep -c '^exit/' names)" -eq "$(wc -l <"$out")" ]
vmgauge list --targets
check "list --targets succeeds" exited 0
check "kvm is a target" grep -q '^kvm ' "$out"
check "null is a target" grep -q '^null ' "$out"

explained()
{
	local name

	while read -r name; do
		"$VMGAUGE" explain "$name" >text || return 1
		grep -qF -- "$name" text || { echo "$name: no name"; return 1; }
		grep -q 'repeat' text || { echo "$name: no repeat"; return 1; }
		[ "$(wc -l <text)" -ge 4 ] || { echo "$name: short"; return 1; }
	done <names
}
check "explain has something on every item" explained
vmgauge explain 'exit/cpuid' 
check "explain tells what exits a bench must cost" says "in the kernel"
sourced()
{
	local name

	grep -E '^(fidelity|containment)/' names | while read -r name; do
		"$VMGAUGE" explain "$name" >text
		grep -q '^source' text || { echo "$name: no clause"; return 1; }
		grep -q '^seen to fail' text ||
			{ echo "$name: no negative control"; return 1; }
	done	# the loop's status is its last command's
}
check "every probe has its clause and its negative control" sourced

vmgauge info
check "info succeeds" exited 0
check "info names the backend" grep -q '^backend ' "$out"
check "info names the processor" grep -q '^cpu ' "$out"
mends()
{
	[ "$(grep -cE '^  (note|warn) ' "$out")" -eq \
		"$(grep -c '^       mend: ' "$out")" ]
}
check "every disturbance has its mend" mends
vmgauge info --json
check "info --json succeeds" exited 0
cp "$out" info.json
check "and is JSON with the whole environment" holds info.json \
	'{"host", "backend", "cpu", "topology", "kernel", "mitigations",
	  "power", "memory", "kvm", "counters", "disturbances"} <= set(d)' \
	'd["backend"]["kind"] in
	 ("vmx", "svm", "shadow", "software", "none")' \
	'd["backend"]["evidence"]'

vmgauge report --schema
check "report --schema prints the schema" \
	cmp "$out" "$root/runner/result/result.schema.json"

# In a pipe there is no progress, and colour nowhere.
vmgauge bench --target null --instances 3 exit/cpuid
check "bench succeeds" exited 0
check "no progress outside a terminal" [ ! -s "$err" ]
check "no control character" [ "$(tr -d '\n\t -~' <"$out" | wc -c)" -eq 0 ]
vmgauge conform --target null 'fidelity/msr/*'
check "conform succeeds" exited 0
check "no progress outside a terminal" [ ! -s "$err" ]
finish
