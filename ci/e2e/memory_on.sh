# shellcheck shell=bash disable=SC2154
# Rows of memory on a software host, each attested by KVM's own counts of exits
# and of pages; see memory_hosts.t and memory_vmx.t. Times mean nothing there.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

export VMGAUGE

# on HOST POOLS ROW...: what it measures, in there.json. An emulator that
# others keep from its CPU is slow, and nothing hangs.
on()
{
	local host=$1 pools=$2

	shift 2
	"$root/ci/host" "$host" --check >check.txt 2>&1 || {
		skip "memory on $host" "$(head -n 1 check.txt)"
		return 1
	}
	rm -f there.json
	capture "$root/ci/host" "$host" --append "$pools" -- bench "$@" \
		--allow-host-changes --instances 1 --budget 4 --ring 3,0 \
		--deadline 30000 -o there.json
	if host_lost "memory on $host"; then
		return 1
	fi
	check "$host: the rows run" exited 0
	check "$host: the document is valid" valid there.json
	check "$host: every row that is not skipped is attested" \
		holds there.json "not [(x['id'], x['verdict'], x['reason'] or
			x['attest']['reason']) for x in d['results']
			if x['verdict'] != 'skip' and not
			(x['verdict'] == 'pass' and x['attest']['attested'])]"
}

# measured ID...: at CPL3, or at CPL0 where the row knows no other.
measured()
{
	holds there.json "not [i for i in '$*'.split() if not
		[x for x in d['results'] if x['id'] == 'memory/' + i and
		 x['verdict'] == 'pass']]"
}

# KVM mapped pages of the host's sizes, whatever the guest's.
mapped()	# ID SIZE
{
	holds there.json "[x for x in d['results'] if x['id'] == 'memory/$1' and
		x['attest']['observed']['pages_$2'] == 1]"
}
