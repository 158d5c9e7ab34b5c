#!/bin/bash
# Many vCPUs: every row is measured at any count, its curve is derived, and
# where a limit is met, or moves during the run, that is said and nobody hangs.
. "$(dirname "$0")/lib.sh"

need_kvm

vmgauge bench 'scale/*' --vcpus 1,2,8 --instances 1 --budget 4 \
	--deadline 60000 -o here.json
check "all rows end in a verdict" judged
check "as the schema has it" valid here.json
check "each is measured at each count, or the CPU count forbids it" holds here.json \
	"len(d['results']) >= 40" \
	"not [(x['id'], x['params'], x['verdict'], x['reason'])
	      for x in d['results'] if x['verdict'] != 'pass']"
check "more vCPUs than CPUs are marked as such" holds here.json \
	"all(p['overcommitted'] == (p['vcpus'] > s['cpus'])
	     for s in d['scaling'] for p in s['points'])"
check "each row has one curve" holds here.json \
	"len(d['scaling']) == len({(x['id'], x['params']['ring'])
	 for x in d['results'] if x['id'].startswith('scale/')})"
check "too few counts for a fit are said to be" holds here.json \
	"all(s['usl'] or s['note'] for s in d['scaling'])"
check "waits for other vCPUs are counted" holds here.json \
	"all(x['stalls']['waits'] > 0 for x in d['results']
	     if x['id'] in ('scale/barrier', 'scale/spinlock_tas',
	                    'scale/spinlock_ticket'))"
check "VMs are told from vCPUs" holds here.json \
	"all((x['scale']['of'] == 'vms') == ('/vms_' in x['id'])
	     for x in d['results'] if 'scale' in x)"
vmgauge report here.json -o page
check "the report has a page of them" grep -q 'Efficiency E(N)' page/scale.html
check "and its text twin" grep -q 'Universal Scalability Law' page/report.md

vmgauge bench scale/compute --vcpus 1,64 --instances 2 --budget 2 \
	--deadline 60000 -o many.json
check "64 vCPUs" holds many.json \
	"[x['verdict'] for x in d['results']] == ['pass', 'pass']"
interrupts='scale/ipi_pairs scale/ipi_broadcast scale/tlb_shootdown scale/timer'
# shellcheck disable=SC2086 # names of rows
vmgauge bench $interrupts --vcpus 2,3,64 --instances 1 --budget 4 \
	--deadline 60000 -o irq.json
check "interrupts between 64 vCPUs, and an odd number of them" holds irq.json \
	"len(d['results']) == 12" \
	"not [(x['id'], x['params'], x['verdict'], x['reason'])
	      for x in d['results'] if x['verdict'] != 'pass']"
vmgauge bench scale/compute --vcpus 1,2 --target null
check "a target without vCPUs skips or measures, and does not fail" judged

# --- limits
vmgauge bench scale/compute --vcpus 1,4096
if [ "$code" -eq 2 ]; then
	check "more vCPUs than KVM has: how many it has" refused "at most"
else
	skip "more vCPUs than KVM has" "this one has 4,096"
fi
capture bash -c 'ulimit -Sn 300; ulimit -Hn 300; "$@"' sh "$VMGAUGE" bench \
	scale/compute --vcpus 1,64
check "more vCPUs than there may be files" refused "open files" "ulimit -Hn"

# Where it ends differs from run to run: in threads, too, that have begun.
# shellcheck disable=SC2016
scarce='for kib in 105000 111000 115500 120000; do
	(ulimit -v $kib; "$@") && exit 0
	[ $? -eq 1 ] || exit 2
done
exit 1'
capture bash -c "$scarce" sh "$VMGAUGE" bench scale/compute --vcpus 1,512 \
	--instances 1 --budget 1
check "more vCPUs than there is memory for their stacks: one row's error" exited 1
check "with the thread" says "no memory for the stack of thread"
check "and not a limit of processes, but of memory" says "ulimit -v"
vmgauge bench scale/compute --vcpus 1,512 --memory 16 --instances 1 --budget 1
check "more vCPUs than guests may have memory for: one row is skipped" exited 0
check "with what they take" says "the areas of 512 vCPUs take 32 MiB"
check "and where that is limited" says "--memory"

# Root has no limit of processes: as nobody, who may open /dev/kvm.
nobody=(setpriv --reuid 65534 --regid "$(stat -c %g /dev/kvm)" --clear-groups)
chmod 755 "$work"
if [ "$(id -u)" -ne 0 ]; then
	skip "more vCPUs than there may be processes" "only root becomes nobody"
elif ! "${nobody[@]}" bash -c ': <>/dev/kvm' 2>/dev/null; then
	skip "more vCPUs than there may be processes" \
		"/dev/kvm is nobody's, not even its group's"
else
	capture "${nobody[@]}" prlimit --nproc=20 "$VMGAUGE" bench \
		scale/compute --vcpus 1,64 --instances 1 --budget 1
	check "more vCPUs than there may be processes: one row's error" exited 1
	check "with the thread and the mend" says "of 63 for vCPUs"
	check "which is ulimit" says "ulimit -u"
	check "and the row of one vCPU is measured" \
		grep -Eq 'scale/compute x1 .* attested' "$out"
fi

# --- a cpuset that shrinks while vCPUs spin on both CPUs
set=/sys/fs/cgroup/cpuset/vmgauge-e2e-$$
measuring()
{
	grep -qs '^{"instance"' shrunk/journal.jsonl
}

shrink()
{
	(
		echo "$BASHPID" >"$set/cgroup.procs"
		exec timeout -k 5 600 "$VMGAUGE" run scale/compute scale/barrier \
			--vcpus 1,2 --budget 8 -o shrunk
	) >"$out" 2>"$err" &
	within 100 measuring
	echo "${1%%-*}" >"$set/cpuset.cpus"
	wait $!
	code=$?
}
if mkdir "$set" 2>/dev/null && echo 0-1 >"$set/cpuset.cpus" 2>/dev/null &&
   echo 0 >"$set/cpuset.mems" 2>/dev/null; then
	shrink 0-1
	check "a cpuset that shrinks: all rows end in a verdict" judged
	check "and those that lost a CPU say so" holds shrunk/result.json \
		"[x for x in d['results'] if 'cpus_taken_away' in (x.get('flags') or [])]"
else
	skip "a cpuset that shrinks" "no cpuset of two CPUs can be made here"
fi
rmdir "$set" 2>/dev/null
check "no process is left behind" none_running

# --- all rows where exits can be told, and a CPU that goes off-line
"$root/ci/host" svm-smp --check >check.txt 2>&1 || {
	skip "interrupts between vCPUs on SVM + NPT" "$(head -n 1 check.txt)"
	finish
	exit
}
# What a host does whose second CPU is switched off under the vCPUs. In its
# own right, so that the commands are the host's.
# shellcheck disable=SC2016
on_host='/tmp/vmgauge bench $interrupts --vcpus 2,3,64 --instances 1 --budget 4 \
	--deadline 60000 -o svm.json || exit
	/tmp/vmgauge bench scale/vms_compute --quick --instances 1 \
	--deadline 60000 -o quick.json || exit
	/tmp/vmgauge bench "scale/*" --vcpus 1,3 --instances 1 --budget 4 \
	--deadline 60000 -o all.json || exit
	/tmp/vmgauge run scale/compute scale/barrier --vcpus 1,2 --budget 8 \
	--deadline 60000 -o offline &
	until grep -qs "^.\"instance\"" offline/journal.jsonl; do sleep 0.1; done
	echo 0 >/sys/devices/system/cpu/cpu1/online && wait $!'
VMGAUGE=/bin/bash capture "$root/ci/host" svm-smp --out . \
	--file "$VMGAUGE:/tmp/vmgauge" -- -c "interrupts='$interrupts'; $on_host"
if ! host_lost "interrupts between vCPUs on SVM + NPT"; then
	check "interrupts between vCPUs run on SVM + NPT" exited 0
	check "each row is measured there, and its exits are accounted for" \
		holds all.json "len(d['results']) >= 40" \
		"not [(x['id'], x['params'], x['reason'], x['attest'])
		      for x in d['results'] if x['verdict'] != 'pass' or
		      not x['attest']['attested']]"
	check "a CPU goes off-line under the vCPUs: all rows end" holds offline/result.json \
		"all_of('verdict') == 4 * ['pass']"
	check "and say so" holds offline/result.json \
		"all('cpus_taken_away' in x['flags'] for x in d['results'])"
	check "a quick look in software is at 8 vCPUs and not at 64" \
		holds quick.json \
		"[x['params']['vcpus'] for x in d['results']] == [1, 2, 8]"
	check "and each declared exit is accounted for" holds svm.json \
		"len(d['results']) == 12" \
		"not [(x['id'], x['params'], x['reason'], x['attest'])
		      for x in d['results'] if x['verdict'] != 'pass' or
		      not x['attest']['attested']]"
fi
finish
