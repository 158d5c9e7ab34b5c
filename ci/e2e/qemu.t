#!/bin/bash
# QEMU as a target: verdicts of every probe as expected, also when QEMU is
# missing, dies, hangs or talks nonsense.
. "$(dirname "$0")/lib.sh"

expected=$root/ci/expected/qemu-tcg.tsv

# Stubs stand in for QEMU, so these need none.
mkdir stub none
stub()
{
	cat >stub/qemu-system-x86_64
	chmod +x stub/qemu-system-x86_64
}
with_stub()
{
	PATH=$work/stub:$PATH vmgauge "$@"
}
item=fidelity/cpuid/upper_halves_are_cleared

without()
{
	capture env PATH="$work/none" "$VMGAUGE" "$@"
}
without conform --target qemu:tcg -o missing.json "$item"
check "without QEMU everything is skipped: exit code 77" exited 77
check "and the package is named" holds missing.json \
	"'package qemu-system-x86' in r('$item')['reason']"
without list --targets
check "list --targets says so too" says "package qemu-system-x86"

vmgauge conform --target qemu:nonsense "$item"
check "an unknown option is refused, with those there are" \
	refused "nonsense" tcg kvm machine=microvm cpu=

stub <<'END'
#!/bin/sh
echo "qemu: cannot do this" >&2
exit 3
END
with_stub conform --target qemu:tcg -o died.json "$item" \
	fidelity/msr/rdmsr_clears_upper_halves
check "a QEMU that dies: exit code 1" exited 1
check "its items crash, each of them" holds died.json \
	"set(all_of('verdict')) == {'crash'}" "len(d['results']) >= 2"
check "with its exit code and its last words" holds died.json \
	"'exit code 3' in r('$item')['reason']" \
	"'cannot do this' in r('$item')['reason']"
check "the document is valid" valid died.json

stub <<'END'
#!/bin/sh
kill -SEGV $$
END
with_stub conform --target qemu:tcg -o signal.json "$item" --ring 0
check "a QEMU that a signal ends is a crash, and names it" holds signal.json \
	"'signal 11' in r('$item')['reason']"

# One CPU of many would serve them all: that of the main thread.
stub <<'END'
#!/bin/sh
sed -n 's/^Cpus_allowed_list:[[:space:]]*//p' /proc/self/status >cpus
END
allowed=$(sed -n 's/^Cpus_allowed_list:[[:space:]]*//p' /proc/self/status)
starts_on()
{
	with_stub conform --target qemu:tcg -o placed.json "$item" --ring 0 "$@"
	[ "$(<cpus)" = "$allowed" ] || { cat cpus; return 1; }
}
check "what emulates may run on all CPUs that are allowed" starts_on
check "and so it may when nothing is placed" starts_on --no-pin

# It sleeps: no CPU time passes, the clock must end it. A child of its own
# must go with it.
stub <<'END'
#!/bin/sh
echo $$ >>pids
sleep 1000 &
echo $! >>pids
wait
END
hung()
{
	with_stub conform --target qemu:tcg -o hung.json "$item" --ring 0 \
		--deadline 100
	exited 1 && holds hung.json "r('$item')['verdict'] == 'hang'" \
		"'did not start the image' in r('$item')['reason']"
}
check "a QEMU that says nothing is a hang" hung
all_gone()
{
	local pid

	while read -r pid; do
		# One that nobody has waited for yet is gone all the same.
		! grep -s '^State:' "/proc/$pid/status" | grep -v Z || return 1
	done <pids
	[ -s pids ]
}

# What is killed is gone when it has a CPU once more.
gone()
{
	within 60 all_gone
}
check "and nothing of it is left running" gone

# On more than one CPU the next ones have begun when the first is interrupted.
stub <<'END'
#!/bin/sh
echo $$ >>pids
sleep 1000 &
echo $! >>pids
sleep 5
exit 3
END
rm pids
PATH=$work/stub:$PATH "$VMGAUGE" conform --target qemu:tcg 'fidelity/msr/*' \
	--ring 0 >"$out" 2>"$err" </dev/null &
one_began()
{
	[ -e pids ] && [ "$(wc -l <pids)" -ge 2 ]
}
within 100 one_began
sleep 1
kill -INT $!
wait $!
check "nor, after an interrupt, of one that began before its turn" gone

stub <<'END'
#!/bin/sh
head -c 100000 /dev/urandom
END
with_stub conform --target qemu:tcg -o noise.json "$item" --ring 0
check "a QEMU that prints noise is a crash" holds noise.json \
	"r('$item')['verdict'] == 'crash'"
check "the document is valid" valid noise.json

# What begins and never answers: a hang that costs its deadline.
if command -v qemu-system-x86_64 >/dev/null; then
	real=$(command -v qemu-system-x86_64)
	stub <<-END
	#!/bin/sh
	"$real" "\$@" | sed -u '/ answer /,\$d'
	sleep 1000
	END
	with_stub conform --target qemu:tcg -o mute.json "$item" \
		fidelity/msr/rdmsr_clears_upper_halves --ring 0 --deadline 200
	check "an answer that never comes is a hang" holds mute.json \
		"r('$item')['verdict'] == 'hang'" \
		"'no answer within 200 ms' in r('$item')['reason']"
	check "so is that of one that began before its turn" holds mute.json \
		"all_of('verdict') == ['hang', 'hang']"
fi

command -v qemu-system-x86_64 >/dev/null || {
	skip "all probes on QEMU" "qemu-system-x86_64 is not installed"
	finish
	exit
}

vmgauge conform --target qemu:tcg --expect "$expected" -o all.json
check "all probes on QEMU TCG: nothing that is not expected" as_expected
note "they took $((elapsed_ms / 1000)) s"
check "and what is expected has not passed silently" holds all.json \
	"sum(x['expected_failure'] is not None for x in d['results']) ==
	 sum(x['verdict'] in ('fail', 'hang', 'crash') for x in d['results'])"
stale()
{
	local target id verdict cause

	while IFS=$'\t' read -r target id verdict cause; do
		[ "${target:0:1}" = "#" ] ||
			holds all.json "'$verdict' in [x['verdict'] for x in
				d['results'] if x['id'] == '$id']" || return 1
	done <"$expected"
}
check "each expected failure still happens" stale
check "the document is valid" valid all.json
check "its times are known to mean nothing" holds all.json \
	"d['env']['backend']['software_host'] == 'QEMU TCG'" \
	"d['env']['backend']['times_meaningful'] is False"
check "host halves are skipped with the target that has them" holds all.json \
	"'--target kvm' in r('containment/memory/removed_slot_is_gone')['reason']"

# With the PIC, the PIT and SeaBIOS gone, the CPU must answer the same.
sed 's/^qemu:tcg/&,machine=microvm/' "$expected" >microvm.tsv
vmgauge conform --target qemu:tcg,machine=microvm --expect microvm.tsv \
	-o microvm.json \
	'fidelity/'{control,cpuid,debug,exceptions,iopl,msr,paging}'/*' \
	'fidelity/'{port_io,privilege,segments,syscall,tells,tsc}'/*'
check "the microvm machine gives no other verdicts" exited 0

vmgauge bench --target qemu:tcg --instances 2 --ring 0,3 -o bench.json \
	exit/cpuid exit/pio_userspace exit/hlt_userspace
check "benches run" exited 0
check "their numbers are not attested, and have no ns" holds bench.json \
	"r('exit/cpuid')['samples']" \
	"r('exit/cpuid')['attest']['attested'] is False" \
	"r('exit/cpuid')['ns'] is None" \
	"r('exit/pio_userspace')['samples']"
check "what only the built-in VMM does is skipped" holds bench.json \
	"r('exit/hlt_userspace')['verdict'] == 'skip'"
check "the document is valid" valid bench.json

# The vCPU has the CPU that the built-in VMM's has, all other threads the rest.
placed()
{
	local pid task vcpu='' other='' cpus

	for pid in $(pgrep -P "$bench" -x qemu-system-x86); do
		for task in "/proc/$pid/task/"*; do
			cpus=$(sed -n 's/^Cpus_allowed_list:[[:space:]]*//p' \
				"$task/status")
			case $(<"$task/comm") in
			"CPU 0/KVM") vcpu=$cpus;;
			*) other+="$cpus ";;
			esac
		done
	done 2>/dev/null
	seen="vCPU $vcpu, others $other"
	[ -n "$vcpu" ] && [ -n "$other" ] && [[ $vcpu != *[-,]* ]] &&
		[[ " $other" != *" $vcpu "* ]]
}
if ! have_kvm || [ "$(nproc)" -lt 2 ]; then
	skip "where a vCPU of QEMU's runs" "no KVM, or a single CPU"
elif vmgauge list --targets && grep -A1 '^qemu:kvm' "$out" | grep -q unavail; then
	skip "where a vCPU of QEMU's runs" "QEMU cannot use this host's KVM"
else
	"$VMGAUGE" bench --target qemu:kvm --budget 120 --instances 200 \
		-o long.json exit/pio_userspace >long.log 2>&1 &
	bench=$!
	check "a vCPU has its CPU for itself, on KVM" within 60 placed
	note "$seen"
	kill "$bench"
	wait "$bench"
fi
finish
