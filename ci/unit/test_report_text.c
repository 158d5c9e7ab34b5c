/*
 * The leaves of the report: escapes, numbers as they are read, drawings as
 * they are published.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "reports/number.h"
#include "reports/svg.h"
#include "reports/svg_terse.h"
#include "reports/text.h"

static void escapes_are_exact(void **state)
{
	struct text t = { 0 };

	(void)state;
	text_html(&t, "a<b>&\"'\xff\xc0\x80\u00e9\u202e");
	assert_string_equal(text_string(&t), "a&lt;b&gt;&amp;&quot;&#39;\ufffd\ufffd"
			    "\ufffd\u00e9\\u{202e}");
	text_clear(&t);
	text_markdown(&t, "- a|b*_`[x](y)<z>\n# q");
	assert_string_equal(text_string(&t),
			    "\\- a\\|b\\*\\_\\`\\[x\\](y)&lt;z&gt; \\# q");
	text_clear(&t);
	text_markdown_code(&t, "exit/cpuid_0");
	text_markdown_code(&t, "a`b");
	assert_string_equal(text_string(&t), "`exit/cpuid_0`a\\`b");
	text_clear(&t);
	text_plain(&t, "exit/a_b (x)'\"\\\n\u00e9");
	assert_string_equal(text_string(&t), "exit/a_b (x)?????");
	text_free(&t);
	assert_string_equal(text_string(&t), "");
}

static void numbers_read_well(void **state)
{
	(void)state;
	assert_string_equal(number(1234567.4).s, "1,234,567");
	assert_string_equal(number(999.96).s, "1,000");
	assert_string_equal(number(99.94).s, "99.9");
	assert_string_equal(number(9.534).s, "9.53");
	assert_string_equal(number(-0.0341).s, "\u22120.034");
	assert_string_equal(number(-0.0001).s, "0.000");
	assert_string_equal(number(0.0 / 0.0).s, "\u2014");
	assert_string_equal(number_tidy(220).s, "220");
	assert_string_equal(number_range(998.2, 1260.4).s, "998 \u2013 1,260");
	assert_string_equal(number_percent(0.98828125).s, "98.8\u00a0%");
	assert_string_equal(number_bytes(17179869184.0).s, "16.0\u00a0GiB");
	assert_string_equal(number_date("2026-11-22T13:05:01Z").s,
			    "2026-11-22 13:05 UTC");
	assert_string_equal(number_date("soon").s, "soon");
	assert_true(strlen(number(-1e300).s) < sizeof(struct number));
}

/* A colour that is known by its role has another on a dark screen. */
static void a_drawing_has_two_lives(void **state)
{
	struct text in = { 0 }, out = { 0 };
	int width, height;

	(void)state;
	text_add(&in, "<?xml?><svg width=\"9\" viewBox=\"0 0 9 8\"><title>t</title>\n"
		 "<g id='a' color=\"black\"><use xlink:href='#a' "
		 "color='rgb(  0, 105, 168)'/><p fill='rgb(1,2,3)'/></g>"
		 "<g stroke=\"black\">\n</g></svg>");
	assert_true(svg_finish(&in, "a \"b\" <c>", &out, &width, &height));
	assert_int_equal(width, 9);
	assert_int_equal(height, 8);
	assert_string_equal(text_string(&out),
			    "<svg xmlns=\"http://www.w3.org/2000/svg\" "
			    "width=\"9\" height=\"8\" viewBox=\"0 0 9 8\" role=\"img\"><title>a "
			    "&quot;b&quot; &lt;c&gt;</title><style>text{stroke:none}"
			    ".m{text-anchor:middle}.e{text-anchor:end}"
			    ".s,.m,.e{fill:#1f2329}@media screen and "
			    "(prefers-color-scheme:dark){.s,.m,.e{fill:#e6e9ed}"
			    "[color=\"#1f2329\"]{color:#e6e9ed}"
			    "[color=\"#0069a8\"]{color:#62b3ec}}</style>"
			    "<g id='a' color=\"#1f2329\"><use href='#a' "
			    "color='#0069a8'/><p fill='#010203'/></g></svg>\n");
	text_clear(&in);
	text_add(&in, "<svg viewBox=\"0 0 9 9\"><g>");
	assert_false(svg_finish(&in, "cut off", &out, &width, &height));
	text_free(&in);
	text_free(&out);
}

static void a_drawing_has_what_is_seen_of_it(void **state)
{
	struct text in = { 0 }, out = { 0 };
	int width, height;

	(void)state;
	text_add(&in, "<svg viewBox=\"0 0 9 8\"><defs> <circle id='gpDot'/> "
		 "<rect id='gpPt3'/>\n"
		 "<use xlink:href='#gpPt3' id='gpPt11'/><use xlink:href='#gpPt11' "
		 "id='gpPt12'/><path id='gpPt13'/><use xlink:href='#gpPt13' "
		 "id='gpPt14'/> </defs>\n <path\td='M12.34,9.96 L99.96,100.00  \n'/>"
		 "<use xlink:href='#gpPt12' transform='translate(10.05,1e3) scale(2.25)'"
		 "/><text> 12.34  x</text></svg>");
	assert_true(svg_finish(&in, "", &out, &width, &height));
	assert_non_null(strstr(text_string(&out),
		"</style><defs><rect id='gpPt3'/><use href='#gpPt3' id='gpPt11'/>"
		"<use href='#gpPt11' id='gpPt12'/></defs>"
		"<path d='M12.3,9.96L100,100'/>"
		"<use href='#gpPt12' transform='translate(10.1,1e3)scale(2.25)'/>"
		"<text> 12.34  x</text></svg>\n"));
	text_free(&in);
	text_free(&out);
}

/* Groups of gnuplot's that say nothing, and intervals of no length. */
static void a_drawing_has_no_empty_words(void **state)
{
	struct text in = { 0 }, out = { 0 };
	int width, height;

	(void)state;
	text_add(&in, "<svg viewBox=\"0 0 9 8\"><g id=\"a_plot_1\" ><g>"
		 "<g stroke-width=\"1.50\"><path d='M1,2 L1,2 M3,4 L5,4 M6,7 '/></g>"
		 "<g id='k0'><path d='M8,8 M9,9 L9,10'/></g></g></g></svg>");
	assert_true(svg_finish(&in, "", &out, &width, &height));
	assert_non_null(strstr(text_string(&out), "</style><g stroke-width=\"1.50\">"
			       "<path d='M1,2V2M3,4H5'/></g>"
			       "<g id='k0'><path d='M9,9v1'/></g></svg>\n"));
	text_free(&in);
	text_free(&out);
}

/* Steps that are shorter as distances, and marks of one kind in a row. */
static void a_drawing_says_rows_as_rows(void **state)
{
	struct text in = { 0 }, out = { 0 };

	(void)state;
	text_add(&in, "<path d='M100,200L110.5,190L111,190.25H112V3zL900.1,0M100,207'/>"
		 "<path d='M1,2A3,4'/><path d='M1.234,5L6,7'/>");
	for (int i = 0; i < 7; i++)
		text_format(&in, "<use href='#k3' x='%d' y='2.5'/>", i);
	svg_terse(&in, &out);
	assert_string_equal(text_string(&out) + strlen(text_string(&out)) -
			    strlen("<use href='#k3' x='6' y='2.5'/>"),
			    "<use href='#k3' x='6' y='2.5'/>");
	assert_memory_equal(text_string(&out), "<path d='M100,200l10.5-10 .5,.25h1V3z"
			    "L900.1,0M100,207'/><path d='M1,2A3,4'/>"
			    "<path d='M1.234,5L6,7'/><use ", 96);
	text_clear(&out);
	text_add(&in, "<use href='#k3' x='7' y='2.5'/><use href='#k4' x='8' y='9'/>");
	svg_terse(&in, &out);
	assert_non_null(strstr(text_string(&out), "<defs><marker id='m3' "
		"overflow='visible' markerUnits='userSpaceOnUse'><use href='#k3'/>"
		"</marker></defs><polyline stroke='none' marker-start='url(#m3)' "
		"marker-mid='url(#m3)' marker-end='url(#m3)' points='0,2.5 1,2.5 "
		"2,2.5 3,2.5 4,2.5 5,2.5 6,2.5 7,2.5'/><use href='#k4' x='8' y='9'/>"));
	assert_null(strstr(text_string(&out), "<use href='#k3' x"));
	text_free(&in);
	text_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(escapes_are_exact),
		cmocka_unit_test(numbers_read_well),
		cmocka_unit_test(a_drawing_has_two_lives),
		cmocka_unit_test(a_drawing_has_no_empty_words),
		cmocka_unit_test(a_drawing_says_rows_as_rows),
		cmocka_unit_test(a_drawing_has_what_is_seen_of_it),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
