/*
 * The score counts what its rule says, and never stands without its parts.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <string.h>

#include <cmocka.h>

#include "score.h"

static void score_has_its_parts(void **state)
{
	struct score s = { { 116, 2, 7, 20, 2, 0, 1 } }, none = { { 0 } };
	char words[SCORE_WORDS_MAX];

	(void)state;
	assert_int_equal(score_held(&s), 118);
	assert_int_equal(score_judged(&s), 140);
	assert_string_equal(score_words(&s, words),
			    "118 of 140 rules held, 84.3 % (116 pass, 2 tell; "
			    "20 fail, 2 hang; not judged: 7 skip, 1 error)");
	assert_true(isnan(score_share(&none)));
	none.count[2] = 3;
	assert_string_equal(score_words(&none, words),
			    "0 of 0 rules held (not judged: 3 skip)");
	for (int i = 0; i < SCORE_VERDICTS; i++)
		s.count[i] = SIZE_MAX;	/* what is too long is cut */
	assert_true(strlen(score_words(&s, words)) < SCORE_WORDS_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(score_has_its_parts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
