/*
 * Which items a word of the command line stands for, and what is suggested
 * where it stands for none.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "session_spy.h"

static int select_all(unsigned int kinds, const char *a, const char *b,
		      struct error *e)
{
	const char *const globs[] = { a, b, NULL };

	e->text[0] = '\0';
	return registry_select(&registry, kinds, a ? globs : NULL, e);
}

static size_t selected_count(void)
{
	size_t n = 0;

	for (size_t i = 0; i < registry.count; i++)
		n += registry.item[i].selected;
	return n;
}

static void names_are_sorted_and_unique(void **state)
{
	(void)state;
	assert_true(registry.count > 40);
	for (size_t i = 1; i < registry.count; i++)
		assert_true(strcmp(registry.item[i - 1].name,
				   registry.item[i].name) < 0);
}

static void globs_select(void **state)
{
	static const struct {
		unsigned int kinds;
		const char *glob;
		const char *begin;	/* what must have been selected */
	} row[] = {
		{ BOTH, NULL, "" }, { REGISTRY_BENCHES, NULL, "" },
		{ REGISTRY_PROBES, NULL, "" }, { BOTH, "*", "" },
		{ REGISTRY_PROBES, "*", "" }, { BOTH, "exit", "exit/" },
		{ BOTH, "exit/", "exit/" }, { BOTH, "exit//", "exit/" },
		{ BOTH, "exit/*", "exit/" }, { BOTH, "ex?t/*", "exit/" },
		{ BOTH, "fidelity", "fidelity/" },
		{ BOTH, "fidelity/control", "fidelity/control/" },
		{ BOTH, "[f]idelity/control/*", "fidelity/control/" },
		{ BOTH, "exit/pio_*", "exit/pio_" },
		{ REGISTRY_BENCHES, "pio_*", "exit/pio_" },
		{ BOTH, "exit/cpuid_xsave", "exit/cpuid_xsave" },
		{ BOTH, "cpuid_xsave", "exit/cpuid_xsave" },
	};
	struct error e;

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		size_t want = beginning_with(row[i].kinds, row[i].begin);

		assert_int_equal(0, select_all(row[i].kinds, row[i].glob, NULL,
					       &e));
		assert_true(want > 0);
		if (selected_count() != want)
			fail_msg("'%s' selects %zu items, not %zu", row[i].glob,
				 selected_count(), want);
		for (size_t k = 0; k < registry.count; k++)
			if (registry.item[k].selected)
				assert_int_equal(0, strncmp(row[i].begin,
					registry.item[k].name,
					strlen(row[i].begin)));
	}
}

/* The last part alone, and no other item whose name only begins so. */
static void a_name_is_a_whole_name(void **state)
{
	struct error e;

	(void)state;
	assert_int_equal(0, select_all(BOTH, "exit/cpuid", NULL, &e));
	assert_int_equal(1, selected_count());
	assert_int_equal(0, select_all(REGISTRY_BENCHES, "cpuid", NULL, &e));
	assert_int_equal(1, selected_count());
}

static void globs_add_up(void **state)
{
	struct error e;

	(void)state;
	assert_int_equal(0, select_all(BOTH, "exit/cpuid",
				       "fidelity/control", &e));
	assert_int_equal(1 + beginning_with(BOTH, "fidelity/control/"),
			 selected_count());
	assert_int_equal(0, select_all(BOTH, "exit/cpuid", "exit/*", &e));
	assert_int_equal(beginning_with(BOTH, "exit/"), selected_count());
}

static void no_match_suggests(void **state)
{
	static const struct {
		unsigned int kinds;
		const char *a, *b, *near;
	} row[] = {
		{ BOTH, "exit/cpiud", NULL, "exit/cpuid" },
		{ BOTH, "cpuidd", NULL, "exit/cpuid" },
		{ BOTH, "exit/cpuid", "exit/wbinwd", "exit/wbinvd" },
		{ REGISTRY_PROBES, "cr4_reserved_bit_fault", NULL,
		  "fidelity/control/cr4_reserved_bit_faults" },
		{ BOTH, "exi", NULL, "exit/" }, { BOTH, "", NULL, "exit/" },
		{ BOTH, "/", NULL, "" }, { BOTH, "[", NULL, "" },
		{ BOTH, "fidelity/control/c", NULL, "" },
		{ BOTH, "EXIT", NULL, "exit/" },
		{ REGISTRY_PROBES, "exit", NULL, "containment/" },
		{ REGISTRY_BENCHES, "fidelity", NULL, "exit/" },
	};
	struct error e;

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		const char *bad = row[i].b ? row[i].b : row[i].a;
		char quoted[80];

		assert_int_equal(-ENOENT, select_all(row[i].kinds, row[i].a,
						     row[i].b, &e));
		snprintf(quoted, sizeof(quoted), "'%s'", bad);
		if (!strstr(e.text, quoted) || !strstr(e.text, row[i].near) ||
		    strchr(e.text, '\n'))
			fail_msg("'%s': %s", bad, e.text);
	}
	/* Suggested is what was asked for: no bench to who wants probes. */
	assert_int_equal(-ENOENT, select_all(REGISTRY_PROBES, "cpuidd", NULL,
					     &e));
	assert_null(strstr(e.text, "exit/"));
}

static void an_absurd_glob_is_survived(void **state)
{
	struct error e;
	char *glob = malloc(5000);

	(void)state;
	assert_non_null(glob);
	memset(glob, 'a', 4999);
	glob[4999] = '\0';
	assert_int_equal(-ENOENT, select_all(BOTH, glob, NULL, &e));
	assert_non_null(strstr(e.text, "nothing matches"));
	free(glob);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_sorted_and_unique),
		cmocka_unit_test(globs_select),
		cmocka_unit_test(a_name_is_a_whole_name),
		cmocka_unit_test(globs_add_up),
		cmocka_unit_test(no_match_suggests),
		cmocka_unit_test(an_absurd_glob_is_survived),
	};

	alarm(900);	/* a test that hangs is a test that failed */
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, names_open, names_close);
}
