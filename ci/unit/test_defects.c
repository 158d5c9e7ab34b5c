/*
 * Defects are found by name, recognise their instructions, and act on a VM. What
 * needs /dev/kvm says so where there is none.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "defect/part.h"
#include "registry.h"
#include "target/target.h"

static void names_are_found_and_refused(void **state)
{
	static const char *const bad[] = {
		"", "nobody", "ud_as_g", "ud_as_gpp", "idle", "ud_as_gp,nobody",
		"ud_as_gp,ud_as_gp,ud_as_gp,ud_as_gp,ud_as_gp,ud_as_gp,ud_as_gp,"
		"ud_as_gp,ud_as_gp", ",", "ud_as_gp,,gp_as_ud",
	};
	struct defects d;
	struct error e;

	(void)state;
	assert_int_equal(defects_parse(&d, "ud_as_gp,idle,gp_as_ud", &e), 0);
	assert_int_equal(d.count, 2);
	assert_true(d.idle);
	assert_string_equal(d.planted[1]->name, "gp_as_ud");
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		e.text[0] = '\0';
		assert_int_equal(defects_parse(&d, bad[i], &e), -22);
		assert_non_null(strstr(e.text, "--inject"));
	}
}

/* 60 and 20 are what the tables promise; a name has no second owner. */
static void tables_are_whole(void **state)
{
	unsigned int forbidden[2] = { 0 };
	const struct defect *d, *other;

	(void)state;
	for (size_t i = 0; (d = defect_at(i)); i++) {
		assert_non_null(d->does);
		forbidden[d->property] += d->breaks != NULL;
		for (size_t j = i + 1; (other = defect_at(j)); j++)
			assert_string_not_equal(d->name, other->name);
		if (d->on == ON_BEFORE || d->on == ON_AFTER)
			assert_true(d->insn.bytes);
		assert_true(d->on || d->slot || d->change.place == PLACE_CPUID);
	}
	assert_true(forbidden[DEFECT_FIDELITY] >= 60);
	assert_true(forbidden[DEFECT_CONTAINMENT] >= 20);
}

static void instructions_are_recognised(void **state)
{
	static const struct {
		struct defect_insn insn;
		uint8_t code[15];
		bool is;
		unsigned int bytes, rm;
	} row[] = {
		{ { .bytes = 2, .code = { 0x0f, 0xa2 } }, { 0x0f, 0xa2 }, true, 2, 0 },
		{ { .bytes = 2, .code = { 0x0f, 0xa2 } }, { 0x0f, 0xa3 }, false, 0, 0 },
		/* mov %cr8, %r9: REX.R makes the 8, REX.B the 9 */
		{ { .bytes = 2, .code = { 0x0f, 0x20 }, .modrm = true, .ext = 9,
		    .registers = true }, { 0x45, 0x0f, 0x20, 0xc1 }, true, 4, 9 },
		{ { .bytes = 2, .code = { 0x0f, 0x20 }, .modrm = true, .ext = 1,
		    .registers = true }, { 0x45, 0x0f, 0x20, 0xc1 }, false, 0, 0 },
		/* sgdt 0x12345678 by SIB, sgdt (%rax), swapgs */
		{ { .bytes = 2, .code = { 0x0f, 1 }, .modrm = true, .ext = 1,
		    .memory = true },
		  { 0x0f, 0x01, 0x04, 0x25, 0x78, 0x56, 0x34, 0x12 }, true, 8, 4 },
		{ { .bytes = 2, .code = { 0x0f, 1 }, .modrm = true, .ext = 1,
		    .memory = true }, { 0x0f, 0x01, 0x00 }, true, 3, 0 },
		{ { .bytes = 2, .code = { 0x0f, 1 }, .modrm = true, .ext = 8,
		    .memory = true }, { 0x0f, 0x01, 0xf8 }, false, 0, 0 },
		/* by RIP, and with 8 and 32 bits of displacement */
		{ { .bytes = 1, .code = { 0x8b }, .modrm = true },
		  { 0x8b, 0x05, 1, 2, 3, 4 }, true, 6, 5 },
		{ { .bytes = 1, .code = { 0x8b }, .modrm = true },
		  { 0x8b, 0x44, 0x24, 0x08 }, true, 4, 4 },
		{ { .bytes = 1, .code = { 0x8b }, .modrm = true },
		  { 0x8b, 0x83, 1, 2, 3, 4 }, true, 6, 3 },
		/* rep insl; a REP is a prefix and no opcode */
		{ { .bytes = 1, .code = { 0x6d } }, { 0xf3, 0x6d }, true, 2, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++) {
		unsigned int bytes = 0, rm = 0;

		assert_int_equal(insn_matches(&row[i].insn, row[i].code, &bytes,
					      &rm), row[i].is);
		if (!row[i].is)
			continue;
		assert_int_equal(bytes, row[i].bytes);
		assert_int_equal(rm, row[i].rm);
	}
}

static struct target_context ctx;

/* The verdict of a probe with those defects; ABI_SILENT: it did not end. */
static enum abi_verdict judged(const char *probe, unsigned int ring,
			       const char *names, struct defects *d)
{
	static struct observation seen;
	struct run_request r = {
		.item = probe, .ring = ring, .deadline_ms = 4000,
	};
	enum abi_verdict verdict;
	struct registry registry;
	struct error e;

	assert_int_equal(registry_open(&registry, &e), 0);
	for (size_t i = 0; i < registry.count; i++)
		if (!strcmp(registry.item[i].name, probe))
			r.probe = registry.item[i].probe;
	assert_non_null(r.probe);
	ctx.defects = names ? d : NULL;
	if (names)
		assert_int_equal(defects_parse(d, names, &e), 0);
	assert_int_equal(target_run_once(&target_kvm, &ctx, &r, &seen, &e), 0);
	verdict = seen.end == RUN_DONE ? seen.mailbox.verdict : ABI_SILENT;
	observation_clear(&seen);
	registry_close(&registry);
	return verdict;
}

/* One of each kind of machinery, on probes that pass on every host so far. */
static void each_kind_acts(void **state)
{
	static const struct {
		const char *defect, *probe;
		unsigned int ring;
	} row[] = {
		{ "cpuid_vendor_garbled",
		  "fidelity/cpuid/vendor_is_text_and_agrees", 0 },
		{ "in_changes_rax",
		  "fidelity/port_io/in_changes_only_its_width", 0 },
		{ "mmio_write_twice",
		  "fidelity/device/store_reaches_the_device_once", 0 },
		{ "mmio_write_lost",
		  "fidelity/device/store_reaches_the_device_once", 0 },
		{ "port_data_bent",
		  "fidelity/device/port_gives_what_the_device_answers", 0 },
		{ "lstar_write_lost", "fidelity/msr/base_registers_read_back", 0 },
		{ "unknown_msr_reads_zero",
		  "fidelity/msr/unimplemented_msr_faults", 0 },
		{ "mov_to_cr8_lost", "fidelity/control/cr8_holds_four_bits", 0 },
		{ "cr8_reads_one_more", "fidelity/control/cr8_holds_four_bits", 0 },
		{ "pf_code_always_present",
		  "fidelity/paging/absent_page_faults_exactly", 0 },
		{ "hlt_at_cpl3_ignored",
		  "fidelity/privilege/machine_control_is_out_of_reach", 3 },
		{ "ram_one_page_more",
		  "containment/memory/write_beyond_ram_reaches_the_vmm", 0 },
		{ "slot_never_removed", "containment/memory/removed_slot_is_gone",
		  0 },
		{ "dr3_left_over",
		  "containment/registers/debug_registers_are_at_reset", 0 },
		{ "gs_base_left_in_host",
		  "containment/state/segment_bases_of_the_host_survive", 0 },
		{ "mxcsr_left_in_host",
		  "containment/state/rounding_modes_of_the_host_survive", 0 },
	};
	char idle[64];
	struct defects d;

	(void)state;
	for (size_t i = 0; ctx.state && i < sizeof(row) / sizeof(*row); i++) {
		if (judged(row[i].probe, row[i].ring, NULL, NULL) != ABI_PASS) {
			print_message("# not judged: %s does not pass here\n",
				      row[i].probe);
			continue;
		}
		snprintf(idle, sizeof(idle), "%s,idle", row[i].defect);
		assert_int_equal(judged(row[i].probe, row[i].ring, idle, &d),
				 ABI_PASS);
		assert_int_equal(d.acted[0], 0);
		if (judged(row[i].probe, row[i].ring, row[i].defect, &d) ==
		    ABI_PASS)
			fail_msg("%s is not seen by %s", row[i].defect,
				 row[i].probe);
		assert_true(d.acted[0]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_found_and_refused),
		cmocka_unit_test(tables_are_whole),
		cmocka_unit_test(instructions_are_recognised),
		cmocka_unit_test(each_kind_acts),
	};
	struct error e;
	int rc;

	if (target_kvm.open(&ctx, &e)) {
		ctx.state = NULL;
		print_message("# defects do not act here: %s\n", e.text);
	}
	rc = cmocka_run_group_tests(tests, NULL, NULL);
	target_kvm.close(&ctx);
	return rc;
}
