#!/bin/bash
# Memory that others track, move, merge and take away: dirty logs, memslots,
# overcommit, NUMA. Every row ends in a verdict here; nothing on the host is
# changed unless that is allowed, and then it is restored, also after a kill.
# On SVM + NPT every row that is not skipped is attested.
. "$(dirname "$0")/assisted.sh"

export XDG_STATE_HOME=$work/state
rows=('memory/dirty*' 'memory/precopy*' 'memory/memslot*' 'memory/balloon*'
      'memory/ksm*' 'memory/swap*' 'memory/overcommit*' 'memory/numa*'
      'memory/idle*')
ksm=/sys/kernel/mm/ksm

# What rows may change, and must restore.
host_settings()
{
	grep -s . $ksm/run $ksm/pages_to_scan $ksm/sleep_millisecs \
		$ksm/smart_scan $ksm/advisor_mode \
		/sys/module/kvm/parameters/eager_page_split \
		/sys/block/zram*/disksize
	tail -n +2 /proc/swaps
	for group in /sys/fs/cgroup/vmgauge-*; do
		# Of a process that lives: another test's, or in the middle.
		[ -e "/proc/${group##*-}" ] || [ ! -e "$group" ] || echo "$group"
	done
}

changed()
{
	[ -s "$XDG_STATE_HOME/vmgauge/changes/journal" ]
}

same_settings()
{
	host_settings >now.txt
	diff before.txt now.txt
}

host_settings >before.txt

if have_kvm; then
	vmgauge bench "${rows[@]}" --quick --instances 1 --budget 8 \
		--deadline 60000 -o plain.json
	check "all rows run" judged
	check "every row ends in a verdict, and none is an error" holds \
		plain.json "len(d['results']) > 50" \
		"all(x['verdict'] in ('pass', 'skip') for x in d['results'])" \
		"all(x['reason'] for x in d['results'] if x['verdict'] == 'skip')"
	check "the dirty log is measured at CPL3 and attested" holds plain.json \
		"r('memory/dirty_first_write', 3)['attest']['attested']" \
		"r('memory/dirty_get_log')['attest']['attested']"
	check "rows that change the host are skipped, and say how not to be" \
		holds plain.json "not [x['id'] for x in d['results']
			if x['id'].startswith(('memory/ksm', 'memory/swap'))
			and x['verdict'] != 'skip']" \
		"not [x['reason'] for x in d['results']
			if x['id'].startswith('memory/ksm')
			and '--allow-host-changes' not in x['reason']
			and 'CONFIG_KSM' not in x['reason']]"
	check "and nothing was changed" same_settings
	check "nor remembered" [ ! -e "$XDG_STATE_HOME" ]

	vmgauge list --names 'memory/dirty_*' 'memory/memslot_*'
	check "memslots are measured among 1 to as many as there can be" \
		says memory/memslot_move_max
else
	skip "rows on this host" "no /dev/kvm"
fi

if have_kvm && [ -w $ksm/run ] && [ "$(cat $ksm/run)" = 0 ]; then
	vmgauge bench 'memory/ksm*' 'memory/swap*' 'memory/overcommit*' \
		--allow-host-changes --instances 1 --budget 4 \
		--deadline 60000 -o changed.json
	check "with --allow-host-changes they run" judged
	check "KSM is measured, or others have mergeable memory, too" holds \
		changed.json "all(x['verdict'] == 'pass' or 'ksmd did not come' in x['reason']
			for x in d['results'] if 'ksm_' in x['id'])" \
		"all(x['verdict'] in ('pass', 'skip') for x in d['results'])"
	check "and the host is as it was" same_settings
	check "with nothing left to restore" \
		[ ! -e "$XDG_STATE_HOME/vmgauge/changes/journal" ]

	# Killed while KSM is set up: the next one makes it good.
	"$VMGAUGE" bench memory/ksm_merge --allow-host-changes --ring 0 \
		--instances 1000 --budget 60 >/dev/null 2>&1 &
	pid=$!
	within 100 changed
	vmgauge bench memory/ksm_merge --allow-host-changes --instances 1 \
		--budget 1 -o second.json
	check "two at once: the second may not" holds second.json \
		"'another vmgauge' in r('memory/ksm_merge')['reason']"
	for _ in {1..500}; do
		kill -STOP $pid
		same_settings >/dev/null || break
		kill -CONT $pid
		sleep 0.005
	done
	kill -9 $pid
	wait $pid 2>/dev/null
	check "a killed one leaves the host changed" eval '! same_settings'
	vmgauge bench exit/control_loop --ring 3 --instances 1 --budget 0.2
	check "the next one says what it restores" \
		grep -q "killed vmgauge changed: $ksm/.* again" "$err"
	check "and does" same_settings

	# Interrupted: it restores by itself.
	"$VMGAUGE" bench memory/ksm_merge --allow-host-changes --ring 0 \
		--instances 1000 --budget 60 >/dev/null 2>&1 &
	pid=$!
	within 100 changed
	kill -TERM $pid
	wait $pid
	check "a terminated one restores by itself" same_settings
else
	skip "KSM" "no KVM, or KSM is not there, not ours, or runs already"
fi

# --- on software hosts
software()	# HOST TITLE CHECK...
{
	local host=("$root/ci/host" "$1") title=$2

	shift 2
	"${host[@]}" --check >check.txt 2>&1 || {
		skip "$title" "$(head -n 1 check.txt)"
		return 1
	}
	# An emulator that others keep from its CPU is slow, and nothing hangs.
	capture "${host[@]}" -- bench "$@" --allow-host-changes --instances 1 \
		--budget 8 --deadline 10000 -o there.json
	if host_lost "$title"; then
		return 1
	fi
}

if software svm "SVM + NPT" "${rows[@]}"; then
	check "SVM + NPT: all rows run" exited 0
	check "every row that is not skipped is attested" holds there.json \
		"not [(x['id'], x['verdict'], x['reason'] or
		       x['attest']['reason']) for x in d['results']
		      if x['verdict'] != 'skip' and not
		      (x['verdict'] == 'pass' and x['attest']['attested'])]" \
		"len([x for x in d['results'] if x['verdict'] == 'pass']) > 45"
	"$python" -c '
import json
for x in json.load(open("there.json"))["results"]:
    if x["verdict"] != "skip" and not (x["attest"] or {}).get("attested"):
        print("#", x["id"], "at CPL%d:" % x["params"]["ring"], x["verdict"],
              x["reason"] or x["attest"]["reason"])'
	check "swap, and memory beyond a limit, are measured" holds there.json \
		"all(r('memory/' + x, 3)['verdict'] == 'pass' for x in
		     ('swap_in', 'overcommit_50', 'overcommit_200'))"
	check "huge pages are split eagerly and lazily" holds there.json \
		"all(r('memory/dirty_first_write_2m_' + x, 3)['verdict'] == 'pass'
		     for x in ('eager', 'lazy'))"
fi
if software svm-smp "two nodes" 'memory/numa*'; then
	check "two NUMA nodes: near and far memory are measured" holds \
		there.json "len(d['results']) == 7" \
		"all(x['verdict'] == 'pass' and x['attest']['attested']
		     for x in d['results'])"
fi
finish
