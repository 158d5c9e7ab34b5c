/*
 * The serial transport: what its two ends share.
 *
 * Where host and guest have no memory in common, the mailbox travels as
 * lines of text. Each is a frame of its own:
 *
 *	@vmgauge BOOT:LINE KEY FIELD... #CRC
 *
 * BOOT is a number that tells one boot from another, LINE counts the lines
 * of that boot from 0, and CRC is the CRC-32 of all that stands before " #";
 * these three are hexadecimal. Fields are NAME=VALUE; the last field of a
 * line may be a text with blanks. Anything outside of frames is somebody
 * else's (firmware, a hypervisor) and is skipped; lines that a bit flip or a
 * cut has spoilt have no valid CRC and are counted.
 *
 *	hello	abi= build= cmdline=	the first line of a boot
 *	cpu	what CPUID says of the machine
 *	ready				waits for an "ask" line
 *	begin	abi= build= ring= item=	an answer begins ...
 *	load	is=			begun, over: around the blocks of a
 *					bench of a disk
 *	answer, reason, check, block, empty, stamp, ret, latency, panic
 *	end	lines= sum= item=	... and is whole: lines counts begin
 *					and end, sum is the CRC-32 over the
 *					checked bytes of all before end
 *	spoiled	what=			a restart could not undo this
 *	bye	items=			nothing will follow
 *
 * The host asks with the same frame, BOOT and LINE zero: "ask" and then what
 * could also stand on the command line:
 *
 *	item=NAME ring=0|3 blocks=N empty=N cycles=N max=N seed=N
 *	suite=PREFIX	all items of that name or below, "" for all
 *	after=NAME	go on behind this item
 *	devices		items that poke the VMM's own port and page, too
 *	ask=serial	wait for "ask" lines
 *	off		leave by QEMU's debug exit port at the end
 *
 * Without item=, suite= and ask=, everything runs at CPL0 and CPL3.
 */
#ifndef VMGAUGE_SERIAL_FORMAT_H
#define VMGAUGE_SERIAL_FORMAT_H

#include <stddef.h>
#include <stdint.h>

#define SERIAL_MARK		"@vmgauge "
#define SERIAL_LINE_MAX		512	/* with its end; no NUL */
#define SERIAL_BUILD_CHARS	16	/* of the ELF build id, in hex */

/* CRC-32 (IEEE 802.3), by nibbles: 16 words instead of 256. Start at 0. */
static inline uint32_t serial_crc(uint32_t crc, const void *data,
				  size_t bytes)
{
	static const uint32_t nibble[16] = {
		0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac,
		0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c,
		0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
		0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
	};
	const uint8_t *p = data;

	for (crc = ~crc; bytes; bytes--) {
		crc ^= *p++;
		crc = crc >> 4 ^ nibble[crc & 15];
		crc = crc >> 4 ^ nibble[crc & 15];
	}
	return ~crc;
}

#endif
