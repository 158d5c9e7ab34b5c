#!/bin/bash
# VMX + EPT: Bochs, and of the probes those that end there (vmx.items).
. "$(dirname "$0")/assisted.sh"

# shellcheck disable=SC2034 # read by assisted.sh
more=('lifecycle/*' 'interrupt/*self_ipi*' 'interrupt/*eoi' 'interrupt/irq*'
	'interrupt/kvm_*' 'interrupt/tscdeadline*' 'interrupt/signal*'
	'interrupt/vm_switch*')

assisted vmx "VMX + EPT"

# The rows of two vCPUs, and those that wait. By two commands: the host stood
# still in one of all rows, and in none of these.
"$root/ci/host" vmx --check >check.txt 2>&1 || {
	skip "interrupts and scaling on VMX + EPT" "$(head -n 1 check.txt)"
	finish
	exit
}
on_host='/tmp/vmgauge bench "scale/*" --vcpus 1,2 --instances 1 --budget 4 \
		--deadline 20000 -o scale.json || exit
	/tmp/vmgauge bench "interrupt/gap*" "interrupt/timer_*" "interrupt/halt_*" \
		"interrupt/*ipi*halt" "interrupt/*broadcast" "interrupt/ple_*" \
		interrupt/ipi interrupt/x2apic_ipi interrupt/nmi_ipi \
		interrupt/yield_directed --vcpus 1,2 --instances 1 --budget 4 \
		--deadline 20000 -o wait.json'
VMGAUGE=/bin/bash capture "$root/ci/host" vmx --out . \
	--file "$VMGAUGE:/tmp/vmgauge" -- -c "$on_host"
if ! host_lost "interrupts and scaling on VMX + EPT"; then
	check "all other rows of interrupts and scaling run" exited 0
	for part in scale wait; do
		check "$part: each in a verdict, what exits is accounted for" \
			holds $part.json \
			"not [print(x['id'], x['verdict'], x['reason']) or x
			      for x in d['results'] if x['verdict'] != 'skip' and
			      not (x['verdict'] == 'pass' and
				   (x['attest']['attested'] or
				    not x['attest']['expected']))]" \
			"len(d['results']) >= 30"
		check "$part: skipped are who would spin for ever, or lack memory" \
			holds $part.json \
			"not [print(x['id'], x['reason']) or x for x in d['results']
			      if x['verdict'] == 'skip' and not
			      ('off its CPU' in x['reason'] or
			       'MiB of memory' in x['reason'])]"
	done
fi
finish
