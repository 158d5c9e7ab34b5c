#!/bin/bash
# The chases through memory: which pages a row is about is in its result and,
# on KVM, attested by what KVM mapped. Which times come out is not judged but
# for what no machine can turn round.
. "$(dirname "$0")/lib.sh"

rows=('memory/walk_*' 'memory/curve_*' 'memory/tlb_*' memory/add_plain
      memory/atomic_xadd memory/split_lock 'memory/*_bandwidth')
walks="[x for x in d['results'] if x['id'].startswith(('memory/walk_', 'memory/curve_'))]"

# In a process and its children no page is ever made a huge one.
without_thp=("$python" -c '
import ctypes, os, sys
PR_SET_THP_DISABLE = 41
if ctypes.CDLL(None).prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0):
    sys.exit("prctl")
os.execvp(sys.argv[1], sys.argv[1:])')
have_thp()
{
	grep -qE '\[(always|madvise)\]' \
		/sys/kernel/mm/transparent_hugepage/enabled 2>/dev/null
}

# What can be said of any document: pages, working set, bound, reasons.
described()
{
	holds "$1" \
		"all(x['verdict'] == 'pass' or x['reason'] for x in d['results'])" \
		"'error' not in all_of('verdict')" \
		"all({x['params']['guest_page'], x['params']['host_page']} <=
		     {'4K', '2M', '1G'} for x in $walks)" \
		"all('_g' + x['params']['guest_page'].lower() + '_h' +
		     x['params']['host_page'].lower() in x['id']
		     for x in $walks if 'walk' in x['id'])" \
		"all(x['working_set_bytes'] == 64 << 20
		     for x in $walks if 'walk' in x['id'])" \
		"all(x['working_set_bytes'] == int(x['id'][16:-1]) <<
		     {'k': 10, 'm': 20}[x['id'][-1]]
		     for x in $walks if 'curve' in x['id'])" \
		"not [x['id'] for x in d['results'] if 'walk_refs' in x and
		      x not in $walks]"
}

# A plain process.
vmgauge bench --target native "${rows[@]}" --ring 3 --instances 1 \
	--budget 6 --deadline 60000 -o native.json
check "the rows run in a process" judged
check "the document is valid" valid native.json
check "every row is described, and ends in a verdict" described native.json
diagonal()
{
	holds native.json \
		"r('memory/walk_g4k_h4k', 3)['verdict'] == 'pass'" \
		"all(x['verdict'] == 'pass' for x in $walks if
		     x['params']['host_page'] == '4K' ==
		     x['params']['guest_page'])" \
		"all(x['verdict'] == 'skip' and 'one level' in x['reason']
		     for x in $walks if
		     x['params']['host_page'] != x['params']['guest_page'])"
}
check "of the matrix a process has the diagonal" diagonal
check "its bound is that of one table" holds native.json \
	"r('memory/walk_g4k_h4k', 3)['walk_refs'] ==
	 4 + ('la57' in d['env']['cpu']['flags'])" \
	"r('memory/walk_g4k_h4k', 3)['walk_refs'] ==
	 r('memory/walk_g2m_h2m', 3)['walk_refs'] + 1"
check "a page at hand is faster than one of 16,384" holds native.json \
	"3 * r('memory/curve_4k_16k', 3)['median'] <
	 r('memory/curve_4k_64m', 3)['median']"
check "the kernel's way with split locks is named" holds native.json \
	"d['env']['mitigations']['split_lock']"

capture "$VMGAUGE" bench --target native 'memory/curve_4k_64m' \
	'memory/curve_4k_16m' --memory 32 --instances 1 --budget 1 -o small.json
check "what does not fit is skipped with what it needs" holds small.json \
	"'needs 64 MiB' in r('memory/curve_4k_64m', 3)['reason']" \
	"r('memory/curve_4k_16m', 3)['verdict'] == 'pass'"

if have_thp; then
	capture "${without_thp[@]}" "$VMGAUGE" bench --target native \
		memory/walk_g2m_h2m --instances 1 --budget 1 -o none.json
	check "a row of huge pages is skipped without them" holds none.json \
		"'gave 0 of 64 MiB' in r('memory/walk_g2m_h2m', 3)['reason']"
else
	skip "a row of huge pages is skipped without them" "THP is off here"
fi

# This machine's KVM, whatever it is.
if have_kvm; then
	vmgauge bench "${rows[@]}" --instances 1 --budget 8 -o here.json
	check "the rows run in a guest" judged
	check "the document is valid" valid here.json
	check "every row is described, and ends in a verdict" described here.json
	check "what is attested had its pages mapped" holds here.json \
		"all(sum(x['attest']['observed']['mapped_' + p] * 2 ** s
			 for p, s in (('4k', 12), ('2m', 21), ('1g', 30))) >=
		     x['working_set_bytes'] for x in $walks
		     if x['verdict'] == 'pass' and x['attest']['attested'])"
else
	skip "the rows run in a guest" "there is no /dev/kvm"
fi
if have_kvm && have_thp; then
	capture "${without_thp[@]}" "$VMGAUGE" bench memory/walk_g2m_h2m --ring 3 \
		--instances 1 --budget 1 -o none.json
	check "pages of another size than claimed are not attested" \
		holds none.json "r('memory/walk_g2m_h2m', 3)['verdict'] != 'pass' or
			not r('memory/walk_g2m_h2m', 3)['attest']['attested']"
fi

# Nested paging: every cell. Where the kernel lies is chance, and so a host has
# to be larger by some than the one page of 1 GiB that is wanted of it.
host=("$root/ci/host" svm)
program=$VMGAUGE
memory_mib=7168
"${host[@]}" --check >check.txt 2>&1 || {
	skip "the matrix on SVM + NPT" "$(head -n 1 check.txt)"
	finish
	exit
}
if [ "$(awk '/^MemAvailable/ { print int($2 / 1024) }' /proc/meminfo)" -lt \
	$memory_mib ]; then
	skip "the matrix on SVM + NPT" "needs $memory_mib MiB of memory"
	finish
	exit
fi
{
	echo "cd /sys/kernel/mm/hugepages"
	echo "echo 1 >hugepages-1048576kB/nr_hugepages"
	echo "echo 600 >hugepages-2048kB/nr_hugepages"
	echo "cd /out"
	printf '/tmp/vmgauge bench'
	printf " '%s'" "${rows[@]}"
	echo " --instances 1 --budget 8 --memory 700 --deadline 20000 -o svm.json"
} >svm.sh
VMGAUGE=/bin/bash capture "${host[@]}" --memory $memory_mib --out "$work" \
	--file "$program:/tmp/vmgauge" --file "$work/svm.sh:/tmp/svm.sh" \
	-- /tmp/svm.sh
if host_lost "the matrix on SVM + NPT"; then
	finish
	exit
fi
check "the rows run on SVM + NPT" exited 0
check "the document is valid" valid svm.json
check "every row is described, and ends in a verdict" described svm.json
check "every row is attested" holds svm.json \
	"not [(x['id'], x['attest']['reason']) for x in d['results']
	      if x['verdict'] == 'pass' and not x['attest']['attested']]"
skipped()
{
	holds svm.json "not [(x['id'], x['reason']) for x in d['results']
		if x['verdict'] != 'pass' and 'PCID' not in x['reason'] and
		   'takes seconds' not in x['reason']]"
}
check "nothing is skipped but what the CPU lacks, or takes seconds for" skipped
"$python" -c '
import json
for x in json.load(open("svm.json"))["results"]:
    if x["verdict"] != "pass":
        print("# %s: %s: %s" % (x["verdict"], x["id"], x["reason"]))' | sort -u
check "all twelve cells, at both rings" holds svm.json \
	"sum('/walk_' in x['id'] for x in d['results']) == 24"
check "KVM mapped by the host's pages, whatever the guest's" holds svm.json \
	"all(x['attest']['observed']['mapped_' +
	     x['params']['host_page'].lower()] >= x['working_set_bytes'] >>
	     {'4K': 12, '2M': 21, '1G': 30}[x['params']['host_page']]
	     for x in $walks if x['verdict'] == 'pass')"
check "the bound is that of two dimensions" holds svm.json \
	"all(x['walk_refs'] ==
	     (1 + {'4K': 4, '2M': 3, '1G': 2}[x['params']['guest_page']]) *
	     (1 + ('la57' in d['env']['cpu']['flags']) +
	      {'4K': 4, '2M': 3, '1G': 2}[x['params']['host_page']]) - 1
	     for x in $walks)"
finish
