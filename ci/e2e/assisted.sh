# shellcheck shell=bash
# What is claimed of hardware assistance, on a software host that has it; see
# svm.t and vmx.t. Verdicts are those of the checked-in list, every exit that
# is declared is counted, and the host is known for what it is. Times mean
# nothing there and are not looked at.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

limit_s=2700	# that of the slowest host's program, see ci/hosts
export VMGAUGE

# Rows beside those of exits, of few vCPUs: what no other test has there.
more=(interrupt/self_ipi interrupt/x2apic_eoi 'interrupt/signal_msi*'
	interrupt/halt_ipi scale/exit_cpuid scale/ipi_pairs)

verdicts_check()
{
	check "every verdict is the one that is expected" as_expected
	check "and few are skipped, but for what CPU and built-in VMM lack" \
		holds conform.json \
		"sum(x['verdict'] == 'skip' and 'containment' not in x['id'] and
		     not x['reason'].startswith(('it is hostile', 'CPUID',
						 'no firmware')) and
		     not x['reason'].endswith((\"is Intel's\", \"is AMD's\"))
		     for x in d['results']) <= 12"
}

# assisted HOST TITLE [ROW]...: rows are those whose exits are known not to
# add up there, for a cause that the test names.
assisted()
{
	local expected=$root/ci/expected/$1.tsv title=$2
	local host=("$root/ci/host" "$1")
	local prefix=(--modparam kvm.force_emulation_prefix=1)

	items "$1"
	shift 2
	"${host[@]}" --check >check.txt 2>&1 || {
		skip "verdicts and exits on $title" "$(head -n 1 check.txt)"
		return
	}
	capture "${host[@]}" -- info
	if host_lost "verdicts and exits on $title"; then
		return
	fi
	check "info names $title in software" says "$title, in software"
	check "and that its times mean nothing" says "times mean nothing here"

	capture "${host[@]}" "${prefix[@]}" --file "$expected:known.tsv" -- conform \
		--expect known.tsv -o conform.json "${items[@]}"
	if ! host_lost "verdicts on $title"; then
		verdicts_check
	fi

	capture "${host[@]}" "${prefix[@]}" -- bench 'exit/*' --instances 1 \
		--budget 8 -o exits.json
	check "all exit benches run" exited 0
	check "every exit of every row is accounted for" holds exits.json \
		"not [x['id'] for x in d['results'] if x['verdict'] == 'pass' and
		      not x['attest']['attested'] and
		      x['id'] not in '$*'.split()]" \
		"all(x['verdict'] in ('pass', 'skip') for x in d['results'])"
	check "and few rows are skipped" holds exits.json \
		"sum(x['verdict'] == 'skip' for x in d['results']) <= 8"
	# A few ways into a guest, with all APICs in the kernel and with some,
	# and two vCPUs that take turns.
	capture "${host[@]}" -- bench "${more[@]}" --vcpus 1,2 --instances 2 \
		--budget 8 --deadline 20000 -o many.json
	check "interrupts and a second vCPU are accounted for, too" holds many.json \
		"len(d['results']) >= 11" \
		"not [print(x['id'], x['verdict'], x['reason'], x['attest']) or x
		      for x in d['results'] if x['verdict'] != 'skip' and
		      not (x['verdict'] == 'pass' and (x['attest']['attested'] or
					       not x['attest']['expected']))]"
	check "and what is skipped has no second CPU, cgroup, memory or time there" \
		holds many.json \
		"not [print(x['id'], x['reason']) or x for x in d['results']
		      if x['verdict'] == 'skip' and not any(word in x['reason']
		      for word in ('second CPU', 'cgroup', 'longer than the deadline',
				   'about a process', 'off its CPU', 'came in time',
				   'MiB of memory'))]"

	"$python" -c '
import json
for x in json.load(open("exits.json"))["results"]:
    if x["verdict"] == "skip":
        print("# skipped:", x["id"], "at CPL%d:" % x["params"]["ring"],
              x["reason"])'
}
