#!/bin/bash
# A serial log from any machine becomes a document: what is whole is imported,
# what is not is counted and named, and nothing whole is an error.
. "$(dirname "$0")/lib.sh"

image=$BUILD/guest/image.elf

refuses()
{
	vmgauge import "$1"
	exited 2 && complains "$1"
}
check "a log that is not there is refused" refuses no/such.log
: >empty.log
check "an empty log: exit code 2" refuses empty.log
head -c 200000 /dev/urandom >noise.log
check "noise: exit code 2" refuses noise.log
vmgauge import
check "no log at all is a usage error" exited 2
vmgauge import a b
check "two logs are a usage error" exited 2

command -v qemu-system-x86_64 >/dev/null || {
	skip "a log of QEMU's" "qemu-system-x86_64 is not installed"
	finish
	exit
}

# boot LOG SECONDS COMMAND-LINE
boot()
{
	timeout "$2" qemu-system-x86_64 -M q35 -accel tcg -cpu max -m 128 \
		-nodefaults -no-user-config -display none -no-reboot \
		-serial "file:$1" -kernel "$image" -append "$3" \
		-device isa-debug-exit,iobase=0xf4,iosize=1 2>/dev/null
}
boot whole.log 300 "suite=fidelity/exceptions off"
check "the image runs a suite and leaves" [ $? -eq 33 ]
sed 's/^qemu:tcg/somewhere/' "$root/ci/expected/qemu-tcg.tsv" >known.tsv
vmgauge import whole.log -o whole.json --name somewhere --expect known.tsv
check "known failures are known here too" exited 0
check "a whole log is imported" says "imported $(grep -c ' begin ' whole.log)"
check "the document is valid" valid whole.json
check "its target has the name that was given" holds whole.json \
	"set(all_of('target')) == {'somewhere'}" "d['run']['complete']"
check "it tells the machine that the log is from" holds whole.json \
	"d['env']['virtualised']['hypervisor'] == 'TCGTCGTCGTCG'" \
	"d['env']['backend']['software_host'] == 'QEMU TCG'" \
	"'QEMU' in d['env']['cpu']['model']" "d['env']['host']['name'] is None"

# One boot for all, or one for each: the verdicts must not tell which.
vmgauge conform --target qemu:tcg -o single.json 'fidelity/exceptions*'
check "an item's verdict does not depend on those before it" holds whole.json \
	"(lambda s: sorted((x['id'], x['params']['ring'], x['verdict'])
		for x in d['results']) == sorted(
		(x['id'], x['params']['ring'], x['verdict'])
		for x in s['results']))(
		__import__('json').load(open('single.json')))"

# In the middle of an item, two thirds of the way.
size=$(stat -c %s whole.log)
head -c "$("$python" -c '
import sys
log = open("whole.log", "rb").read()
print(log.index(b"\n", log.index(b" begin ", len(log) * 2 // 3)) + 20)
')" whole.log >cut.log
vmgauge import cut.log -o cut.json
check "of a cut log what is whole is imported" holds cut.json \
	"0 < len(d['results']) < $(grep -c ' begin ' whole.log)" \
	"not d['run']['complete']"
check "what is not is named" complains "not imported: fidelity/exceptions/"
check "the document is valid" valid cut.json

# Between two items, where every line is whole.
head -c "$("$python" -c '
log = open("whole.log", "rb").read()
print(log.index(b"\n", log.index(b" end ", len(log) // 2)) + 1)
')" whole.log >between.log
vmgauge import between.log -o between.json
check "a log that ends between two items is not complete" holds between.json \
	"0 < len(d['results']) < $(grep -c ' begin ' whole.log)" \
	"not d['run']['complete']"
check "and that is said" complains "1 of 1 boots did not come to their end"

"$python" - <<-'END'
	import random
	random.seed(7)
	text = bytearray(open("whole.log", "rb").read())
	for at in random.sample(range(len(text)), 12):
	    text[at] ^= 1 << random.randrange(8)
	open("flipped.log", "wb").write(text)
END
vmgauge import flipped.log -o flipped.json
check "with flipped bits nothing wrong is imported" holds flipped.json \
	"(lambda w: all(any(x == y for y in w) for x in d['results']))(
		[dict(x, target='import', repeat=x['repeat'].replace(
			'--target somewhere', '--target import'),
		 expected_failure=None) for x in
		 __import__('json').load(open('whole.json'))['results']])" \
	"0 < len(d['results'])"
check "and what is spoilt is counted" complains "lines are spoilt"

cat cut.log whole.log >two.log
vmgauge import two.log -o two.json
check "two boots in one log: every item once" holds two.json \
	"len(d['results']) == $(grep -c ' begin ' whole.log)"
check "and both boots are counted" says "of 2 boots"

sed 's/build=[0-9a-f]*/build=0000000000000000/' whole.log >edited.log
check "a log that was edited has no valid line" refuses edited.log
"$python" - <<-'END'
	import re, zlib
	out, total, lines = [], 0, 0
	for line in open("whole.log", "rb").read().split(b"\r\n"):
	    at = line.find(b"@vmgauge ")
	    if at < 0:
	        continue
	    text = re.sub(rb"build=[0-9a-f]+", b"build=00112233aabbccdd",
	                  line[at:-10])
	    if b" begin " in text:
	        total = lines = 0
	    if b" end " in text:
	        text = re.sub(rb"sum=0x[0-9a-f]+", b"sum=0x%x" % total, text)
	    total = zlib.crc32(text, total)
	    out.append(text + b" #%08x\r\n" % zlib.crc32(text))
	open("other.log", "wb").write(b"".join(out))
END
check "a log of another image: exit code 2" refuses other.log
check "and which image it is of" complains "00112233aabbccdd"
cat other.log whole.log >both.log
vmgauge import both.log
check "beside ours it is counted" says \
	"$(grep -c ' begin ' whole.log) of another image"

boot bench.log 300 "item=exit/cpuid ring=3 blocks=5 off"
cat bench.log bench.log >benches.log
vmgauge import benches.log -o bench.json
check "a bench answered twice has two instances" holds bench.json \
	"r('exit/cpuid', 3)['n'] == [2, 5]"
check "the document is valid" valid bench.json

# The CD boots the image on any PC. QEMU's emulation hangs in one of the
# probes: that is what a log of a hung machine looks like.
iso=$BUILD/vmgauge.iso
if ! command -v grub-mkrescue xorriso >/dev/null; then
	skip "the CD boots" "grub-mkrescue or xorriso is not installed"
elif ! make -s -C "$root" BUILD="$BUILD" iso >make.log 2>&1; then
	check "make iso" cat make.log -
else
	enough()
	{
		[ -e iso.log ] && [ "$(grep -ac ' end ' iso.log)" -gt 30 ]
	}
	iso_boot()
	{
		qemu-system-x86_64 -M q35 -accel tcg -cpu max \
			-m 128 -nodefaults -no-user-config -display none \
			-no-reboot -serial file:iso.log -cdrom "$iso" \
			2>/dev/null &
		within 250 enough
		kill $!
		wait $! 2>/dev/null
		vmgauge import iso.log -o iso.json
		holds iso.json "len(d['results']) > 20"
	}
	check "the CD boots, and what it answered is imported" iso_boot
	check "the document is valid" valid iso.json
fi
finish
