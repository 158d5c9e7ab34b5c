#!/bin/bash
# IO through virtio: doorbells, completions, a block device. Every row ends in
# a verdict here, what must be exact is attested, and no file stays behind. On
# SVM + NPT every row that is not skipped is attested, interrupts, too.
. "$(dirname "$0")/assisted.sh"

# Where CPL0 is interpreted, a handler's instructions do not add up; and how
# many exits a reset takes is not what rows of integrity are about.
interrupts="('_irq' in x['id'] or 'integrity' in x['id'])"

if have_kvm; then
	vmgauge bench 'io/*' --quick --instances 1 --budget 12 \
		--deadline 60000 -o here.json
	check "all rows run" judged
	check "as the schema has it" valid here.json
	check "every row ends in a verdict, and none is an error" holds \
		here.json "len(d['results']) >= 90" \
		"not [(x['id'], x['verdict'], x['reason']) for x in d['results']
		      if x['verdict'] not in ('pass', 'skip')]" \
		"all(x['reason'] for x in d['results'] if x['verdict'] == 'skip')"
	check "rows without interrupts are attested" holds here.json \
		"not [print(x['id'], x['attest']['reason']) or x for x in d['results']
		      if x['verdict'] == 'pass' and not $interrupts and
		      not x['attest']['attested']]"
	check "what passed has a number that can be one" holds here.json \
		"not [(x['id'], x['median']) for x in d['results']
		      if x['verdict'] == 'pass' and not 0 < x['median'] < 1e11]"
	check "throughput has its price, on both sides" holds here.json \
		"not [(x['id'], x['load']) for x in d['results']
		      if x['verdict'] == 'pass' and 'load' in x
		      and not (x['load']['device_ns'] > 0 and
			       x['load']['vcpu_ns'] > 0 and
			       x['load']['requests_per_s'] > 0)]"
	check "frames have their price beside them" holds here.json \
		"all(r('io/' + x + '_device', 3)['verdict'] ==
		     r('io/' + x, 3)['verdict'] for x in
		     ('net_loop_1514', 'net_vm_stream_2'))"
	check "a network's, a console's and entropy's, too" holds here.json \
		"{x['load']['way'] for x in d['results'] if 'load' in x} >=
		 {'read', 'frames', 'output', 'entropy'}"
	check "and the latencies of single requests, in order" holds here.json \
		"not [x['id'] for x in d['results'] if 'load' in x and
		      list(x['load']['latency_ns'].values()) !=
		      sorted(x['load']['latency_ns'].values())]" \
		"r('io/blk_read_4k_null_q32', 3)['load']['latencies'] % 128 == 0" \
		"'p50' in r('io/blk_read_4k_null_q32', 3)['load']['latency_ns']"
	check "a request of 128 KiB moves that much" holds here.json \
		"not [x['id'] for x in d['results'] if '_128k_' in x['id'] and
		      x['verdict'] == 'pass' and
		      abs(x['load']['mib_per_s'] * 8 /
			  x['load']['requests_per_s'] - 1) > 1e-6]"
	check "disks hold what was written to them" holds here.json \
		"r('io/integrity_memory_packed_tables', 3)['verdict'] == 'pass'" \
		"r('io/integrity_file_packed_tables', 3)['verdict'] == 'pass'"
	capture python3 "$root/ci/e2e/spoil.py" "$VMGAUGE" bench \
		io/integrity_file_packed_tables --instances 2 --budget 4 \
		--deadline 10000 -o spoilt.json
	check "and one that does not is found out" holds spoilt.json \
		"d['results'][0]['verdict'] in ('fail', 'crash')" \
		"'block' in d['results'][0]['reason']"
	check "no file is left behind" [ -z "$(ls -A "$TMPDIR")" ]

	vmgauge conform 'fidelity/virtio*/*' --deadline 10000 -o probes.json
	check "the device keeps to its standard" exited 0
	check "in all of its probes" holds probes.json \
		"len(d['results']) >= 39" \
		"all(x['verdict'] == 'pass' for x in d['results'])"
else
	skip "rows on this host" "no /dev/kvm"
fi

vmgauge conform 'fidelity/virtio*/*' --target null -o null.json
check "where there is no such device, its probes are skipped or ours" holds \
	null.json "all(x['verdict'] != 'fail' for x in d['results'])"

host=("$root/ci/host" svm)
if "${host[@]}" --check >check.txt 2>&1; then
	capture "${host[@]}" -- bench 'io/doorbell*' 'io/completion*' \
		'io/blk_*_4k_*' 'io/blk_read_128k*' --instances 1 --budget 6 \
		--deadline 10000 -o there.json
	if ! host_lost "SVM + NPT"; then
		check "SVM + NPT: the rows run" exited 0
		check "every row that is not skipped is attested" holds \
			there.json \
			"not [(x['id'], x['verdict'], x['reason'] or
			       x['attest']['reason']) for x in d['results']
			      if x['verdict'] != 'skip' and not
			      (x['verdict'] == 'pass' and
			       x['attest']['attested'])]" \
			"len([x for x in d['results']
			      if x['verdict'] == 'pass']) >= 18"
		capture "${host[@]}" -- bench 'io/net_loop*' 'io/net_vm_*' \
			'io/net_tap_*' 'io/net_vhost_*' \
			'io/net_integrity_merged*' \
			'io/blk_form*' 'io/blk_irq_by*' 'io/console*' 'io/rng*' 'io/balloon*' \
			--instances 1 --budget 8 --deadline 20000 -o net.json
		check "between 2 and 8 VMs, and by the kernel's vhost-net, too" \
			holds net.json \
			"not [(x['id'], x['verdict'], x['reason'] or
			       x['attest']['reason']) for x in d['results']
			      if x['verdict'] != 'pass' or
			      not x['attest']['attested']]" \
			"len(d['results']) >= 31"
		VMGAUGE=$BUILD/unit/test_virtio_net capture "${host[@]}" --
		check "frames pass vhost-net whole, and resets" \
			eval 'says "OK ] frames_pass_the_kernel" &&
			      ! says "not judged"'
		capture "${host[@]}" -- bench io/integrity_memory_split_event \
			io/integrity_memory_packed_tables --instances 1 \
			--budget 2 --deadline 20000 -o right.json
		check "disks hold what was written to them" holds \
			right.json "[x['verdict'] for x in d['results']] ==
				    ['pass', 'pass']"
		capture "${host[@]}" -- conform 'fidelity/virtio*/*' \
			--deadline 10000 -o rules.json
		check "and the device keeps to its standard" \
			holds rules.json "len(d['results']) >= 39" \
			"not [(x['id'], x['reason']) for x in d['results']
			      if x['verdict'] != 'pass']"
	fi
else
	skip "SVM + NPT" "$(head -n 1 check.txt)"
fi

# Bochs interprets what the CPU would do: a few of them, blocks and frames.
host=("$root/ci/host" vmx)
if "${host[@]}" --check >check.txt 2>&1; then
	capture "${host[@]}" -- conform 'fidelity/virtio/used_*' \
		'fidelity/virtio_net/*' 'fidelity/virtio_pci/vector_*' \
		'fidelity/virtio_ring/packed_ring_wraps' --deadline 60000 \
		-o there.json
	if ! host_lost "VMX + EPT"; then
		check "VMX + EPT: blocks and frames, by both forms of ring" \
			holds there.json "len(d['results']) == 8" \
			"not [(x['id'], x['reason']) for x in d['results']
			      if x['verdict'] != 'pass']"
	fi
else
	skip "VMX + EPT" "$(head -n 1 check.txt)"
fi
finish
