#!/bin/bash
# The built-in VMM misbehaves on demand, says so, and the suite sees it: a
# handful of mutants of each kind of machinery. ci/mutants runs them all.
. "$(dirname "$0")/lib.sh"

vmgauge list --defects
check "list --defects succeeds" exited 0
cp "$out" defects
kind()
{
	awk -F'\t' -v p="$1" '$2 == p && $4 != "allowed"' defects | wc -l
}
check "at least 60 break the rules of fidelity" [ "$(kind fidelity)" -ge 60 ]
check "at least 20 those of containment" [ "$(kind containment)" -ge 20 ]
check "each says what it does and what it breaks" \
	[ "$(awk -F'\t' 'NF != 4 || !$3 || !$4' defects | wc -l)" -eq 0 ]
vmgauge list --defects --names
check "names alone, none twice" \
	[ "$(sort -u "$out" | wc -l)" -eq "$(wc -l <defects)" ]

for bad in "" nobody ud_as_gp,nobody idle spin_ns=9,ud_as_gp; do
	vmgauge conform --inject "$bad" fidelity/tsc/
	check "--inject '$bad' is refused" refused --inject
done
vmgauge conform --inject ud_as_gp --target null fidelity/tsc/
check "and with another target" refused --inject --target
vmgauge bench --inject spin_ns=9 --inject ud_as_gp exit/cpuid
check "and with a slowdown beside it" refused "not go together"

need_kvm

probe=fidelity/device/port_gives_what_the_device_answers
vmgauge conform --ring 0 $probe
if ! exited 0; then
	skip "mutants" "$probe does not pass here as it is"
	finish
	exit
fi
vmgauge conform --ring 0 --inject port_data_bent $probe -o bent.json
check "a bent byte fails the probe" exited 1
check "how often it acted is told" says "# --inject port_data_bent: acted 3 times"
vmgauge conform --ring 0 --inject port_data_bent,idle $probe
check "an idle defect does nothing" exited 0
check "and says so" says "# --inject port_data_bent: acted 0 times"
check "the document says what was planted" holds bent.json \
	'd["env"]["injected"] == {"defects": ["port_data_bent"]}'
check "and is valid" valid bent.json
vmgauge compare bent.json bent.json --verdicts
check "no comparison takes it for a host's" refused defects

vmgauge conform --ring 0 $probe
check "the score is told, with its parts" says \
	"# score fidelity: 1 of 1 rules held, 100.0 % (1 pass)"
vmgauge conform --ring 0 --inject port_data_bent $probe
check "and falls" says "# score fidelity/device: 0 of 1 rules held, 0.0 % (1 fail)"
check "the rule of it needs -v" [ "$(grep -c 'The score of' "$out")" -eq 0 ]
vmgauge conform --ring 0 -v $probe
check "and has it then" says "# The score of a subject"

# The driver: what is caught, what survives, what the manual allows.
driver()
{
	capture "$python" "$root/ci/mutants" "$@"
	cp "$out" mutants
}
driver -p fidelity/device/ -p fidelity/control/ -p containment/registers/ \
	port_data_bent mov_to_cr8_lost cpuid_hypervisor_leaf_hidden dr3_left_over
check "the driver succeeds where all are caught" exited 0
check "by data" grep -q "^port_data_bent	caught	fidelity/" mutants
check "by an instruction" grep -q "^mov_to_cr8_lost	caught	fidelity/" mutants
check "by a register left over" grep -q "^dr3_left_over	caught	containment/" \
	mutants
check "what is allowed is apart" \
	grep -q "^cpuid_hypervisor_leaf_hidden	allowed" mutants
check "and the counts" grep -q "^# 3 of 3 caught" mutants
driver -p fidelity/device/ dr3_left_over
check "where no probe looks a mutant survives" \
	grep -q "^dr3_left_over	SURVIVED	.*no probe that passes looks" mutants
check "and the driver fails" exited 1
driver no_such_defect
check "a name that is none is refused" exited 2
finish
