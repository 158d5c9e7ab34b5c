#!/bin/bash
# The disks of the block rows beside others: the same driver and image against
# QEMU's devices, and the same loop on the same file in a plain process. A
# disk that is not vmgauge's is not touched.
. "$(dirname "$0")/lib.sh"

rows=('io/blk_read_4k_null_q1' 'io/blk_read_4k_null_q32'
      'io/blk_randread_4k_direct_q32' 'io/blk_write_128k_memory_q32'
      'io/blk_flush_file_q1')

# priced FILE: every row passed or was skipped, and those have all prices.
priced()
{
	holds "$1" "not [(x['id'], x['verdict'], x['reason'])
			 for x in d['results']
			 if x['verdict'] not in ('pass', 'skip')]" \
		"not [(x['id'], x['load']) for x in d['results']
		      if x['verdict'] == 'pass' and not
		      (x['load']['device_ns'] > 0 and
		       x['load']['latencies'] >= x['load']['depth'])]"
}

passed()
{
	holds "$1" "len(d['results']) == ${#rows[@]}" \
		"not [(x['id'], x['verdict'], x['reason'])
		      for x in d['results'] if x['verdict'] != 'pass' and
		      not ('direct' in x['id'] and 'O_DIRECT' in x['reason'])]"
}

vmgauge bench "${rows[@]}" --target native --instances 2 --budget 2 \
	--deadline 60000 -o native.json
check "rows run in a plain process" judged
check "where there is something to do without a guest" holds native.json \
	"all((x['verdict'] == 'skip') == ('null' in x['id'])
	     for x in d['results'] if 'direct' not in x['id'])"
check "at a price" priced native.json
check "of the host alone" holds native.json \
	"all(x['load'][k] is None for k in ('vcpu_ns', 'doorbell', 'completion')
	     for x in d['results'] if x['verdict'] == 'pass')"
check "as the schema has it" valid native.json
vmgauge bench 'io/blk_*' --target native --quick --instances 1 --budget 1 \
	--deadline 60000 -o quick.json
check "with --quick a few stand for all" holds quick.json \
	"5 <= len([x for x in d['results'] if x['verdict'] == 'pass']) <= 12" \
	"any('with --quick' in (x['reason'] or '') for x in d['results'])"
TMPDIR=/nonexistent vmgauge bench io/blk_flush_file_q1 --target native \
	-o nowhere.json
check "without room for the file it is a skip that says what to do" holds \
	nowhere.json "'TMPDIR=DIRECTORY' in d['results'][0]['reason']" \
	"d['results'][0]['verdict'] == 'skip'"
check "no file is left behind" [ -z "$(ls -A "$TMPDIR")" ]

# with_fio: a row by a fio that is the script on standard input.
with_fio()
{
	mkdir -p stub
	{ echo '#!/bin/sh'; cat; } >stub/fio
	chmod +x stub/fio
	PATH=$work/stub:$PATH vmgauge bench io/fio_read_128k_direct_q32 \
		--target native --instances 1 --budget 1 --deadline 10000 \
		-o fio.json
	! grep -q 'with O_DIRECT' fio.json
}

export work
if with_fio <<-'END'
	echo "$*" >"$work/asked"
	echo 'fio: a warning of its own'
	echo '{"jobs": [{"read": {"total_ios": 1000, "iops": 50000, "lat_ns":'
	echo ' {"bins": {"1000": 500, "2000": 400, "640000": 100}}},'
	echo ' "usr_cpu": 10, "sys_cpu": 20, "job_runtime": 200}]}'
	END
then
	check "fio's numbers are its own" holds fio.json \
		"d['results'][0]['median'] == 20000" \
		"d['results'][0]['unit'] == 'ns'" \
		"d['results'][0]['load']['requests_per_s'] == 50000" \
		"abs(d['results'][0]['load']['device_ns'] - 60000) < 1" \
		"d['results'][0]['load']['latencies'] % 1000 == 0" \
		"abs(d['results'][0]['load']['latency_ns']['p50'] - 1000) < 40"
	check "it is asked for the row's load" grep -q -- \
		"--rw=read --bs=131072 --iodepth=32 --direct=1" asked
	with_fio <<-'END'
		echo 'no such engine' >&2
		exit 3
		END
	check "a fio that fails is an error with its words" holds fio.json \
		"d['results'][0]['verdict'] == 'error'" \
		"'exit code 3: no such engine' in d['results'][0]['reason']"
	with_fio <<-'END'
		echo '{"jobs": [{}]}'
		END
	check "and so is one that says something else" holds fio.json \
		"d['results'][0]['verdict'] == 'error'" \
		"'total_ios' in d['results'][0]['reason']"
	with_fio <<-'END'
		echo '{"jobs": [{"read": {"total_ios": 1000, "iops": 50000,'
		echo ' "lat_ns": {"bins": {"1000": -5}}},'
		echo ' "usr_cpu": 10, "sys_cpu": 20, "job_runtime": 200}]}'
		END
	check "or has latencies of no sense" holds fio.json \
		"d['results'][0]['verdict'] == 'error'" \
		"'bins' in d['results'][0]['reason']"
else
	skip "fio's numbers" "no O_DIRECT in $TMPDIR"
fi
mkdir nothing
ln -s "$(command -v timeout)" nothing
PATH=$work/nothing vmgauge bench io/fio_read_128k_direct_q32 --target native \
	-o nofio.json
check "without fio the row is a skip that names the package" holds nofio.json \
	"'install package fio' in d['results'][0]['reason'] or
	 'with O_DIRECT' in d['results'][0]['reason']" \
	"d['results'][0]['verdict'] == 'skip'"

others=(io/net_loop_64_q1 io/net_loop_1514 io/console_write io/rng_read)

command -v qemu-system-x86_64 >/dev/null || {
	skip "the same rows against QEMU's devices" \
		"qemu-system-x86_64 is not installed"
	finish
	exit
}
vmgauge bench "${rows[@]}" --target qemu:tcg,machine=microvm --instances 1 \
	--budget 4 -o tcg.json
check "the same rows run against QEMU's devices" judged
check "and all have them" passed tcg.json
check "at a price, the vCPU's too" priced tcg.json
check "which is told apart" holds tcg.json \
	"all(x['load']['vcpu_ns'] > 0 for x in d['results']
	     if x['verdict'] == 'pass')"
check "as the schema has it" valid tcg.json

vmgauge bench "${rows[@]}" --target qemu:tcg --instances 1 --budget 4 \
	-o q35.json
check "over PCI, too" passed q35.json
vmgauge conform 'fidelity/virtio_any/*' --target qemu:tcg \
	--expect "$root/ci/expected/qemu-tcg.tsv" -o any.json
check "probes judge QEMU's disk over PCI as is known" exited 0
check "and not one is skipped" holds any.json \
	"len(d['results']) == 4" \
	"all(x['verdict'] != 'skip' for x in d['results'])"
vmgauge conform 'fidelity/virtio_any/*' --target qemu:tcg,machine=microvm \
	-o any.json
check "and over MMIO no other" holds any.json \
	"[x['verdict'] for x in sorted(d['results'], key=lambda x: x['id'])] ==
	 ['pass', 'fail', 'fail', 'pass']"
for machine in q35 microvm; do
	vmgauge conform 'fidelity/virtio_net/*' 'fidelity/virtio_small/*' \
		--target "qemu:tcg,machine=$machine" -o small.json
	check "$machine: frames, bytes and entropy by QEMU's devices" holds \
		small.json "sorted((x['id'].split('/')[-1], x['verdict'])
			for x in d['results'] if x['verdict'] != 'skip') == [
			('address_is_one_stations_own', 'pass'),
			('console_keeps_what_has_no_room_yet', 'fail'),
			('console_output_comes_back', 'pass'),
			('entropy_differs', 'pass'),
			('frames_come_as_they_were_sent', 'pass'),
			('header_says_one_buffer', 'fail'),
			('order_is_kept_when_many_are_under_way', 'pass')]"
done
vmgauge bench io/blk_read_4k_null_pci_q1 io/blk_read_4k_null_poll_q1 \
	--target qemu:tcg,machine=microvm -o other.json
check "what QEMU's devices do in their own way is skipped" holds other.json \
	"[x['verdict'] for x in d['results']] == ['skip', 'skip']"
for machine in microvm q35; do
	vmgauge bench io/blk_read_4k_null_irq_q1 io/blk_read_4k_null_irq_q32 \
		io/blk_read_4k_null_queues8_irq_q8 io/blk_form_packed \
		--target "qemu:tcg,machine=$machine" --instances 1 --budget 2 \
		-o other.json
	check "$machine: by interrupt, by several queues, by packed rings" \
		holds other.json "not [(x['id'], x['reason'])
		for x in d['results'] if x['verdict'] != 'pass']" \
		"[x['load']['queues'] for x in d['results']] == [1, 1, 1, 8]"
done
for machine in microvm q35; do
	vmgauge bench "${others[@]}" --target "qemu:tcg,machine=$machine" \
		--instances 1 --budget 2 -o other.json
	check "$machine: its network, its console and its entropy, priced" \
		holds other.json "not [(x['id'], x['verdict'], x['reason'])
			for x in d['results'] if x['verdict'] != 'pass' or
			x['load']['device_ns'] is None]" \
		"len(d['results']) == ${#others[@]}"
done
check "as the schema has it" valid other.json
vmgauge bench io/net_loop_64_merged io/balloon_report \
	--target qemu:tcg -o other.json
check "what is the built-in VMM's alone is skipped" holds other.json \
	"[x['verdict'] for x in d['results']] == ['skip', 'skip']"
vmgauge bench io/blk_read_4k_null_q1 --target qemu:tcg,disk=floppy
check "an unknown kind of disk is refused by name" refused "disk=floppy" \
	"disk=main"

# beside NAME DISK: boots the image beside a disk of somebody's.
beside()
{
	head -c 1048576 /dev/urandom >disk.img
	truncate -s 33554432 disk.img
	sha256sum <disk.img >before
	capture qemu-system-x86_64 -M microvm -accel tcg -m 128 -nodefaults \
		-no-user-config -nic none -display none -no-reboot \
		-chardev stdio,id=s,signal=off -serial chardev:s \
		-kernel "$BUILD/guest/image.elf" -append \
		"item=io/blk_write_4k_null_q1 ring=3 blocks=2 off" \
		-device isa-debug-exit,iobase=0xf4,iosize=4 \
		-global virtio-mmio.force-legacy=false \
		-blockdev driver=file,node-name=d,filename=disk.img \
		-device "virtio-blk-device,drive=d$1"
	sha256sum <disk.img >after
}

beside ""
check "somebody's disk is known for that" says "does not say that it is"
check "and nothing is written to it" cmp before after
beside ",serial=vmgauge"
check "while one that is ours is written to" eval \
	'says "latency requests" && ! cmp -s before after'

have_kvm && vmgauge bench io/blk_read_4k_null_q32 --target qemu:kvm \
	--instances 1 --budget 1 -o kvm.json
if ! have_kvm || grep -q 'does not boot' kvm.json; then
	skip "QEMU on KVM has a thread for its disk" "QEMU has no KVM here"
else
	check "QEMU on KVM has a thread for its disk" priced kvm.json
fi
finish
