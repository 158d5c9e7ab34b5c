/*
 * Which operations the overview of a comparison shows: those that everybody
 * asks for; where too few of them were measured, those that most targets have.
 */
#include "reports/comparison_words.h"

enum { ENOUGH = 8, FILLED_TO = 24 };

static void choose_by_sides(struct comparison *c, size_t chosen)
{
	for (size_t sides = c->n; sides > 1 && chosen < FILLED_TO; sides--)
		for (size_t i = 0; i < c->bench_count && chosen < FILLED_TO; i++) {
			struct match *x = &c->benches[i];

			if (x->chosen || x->shown != sides)
				continue;
			x->chosen = true;
			chosen++;
		}
}

void comparison_choose(struct comparison *c)
{
	size_t chosen = 0;

	for (size_t i = 0; i < c->bench_count; i++) {
		struct match *x = &c->benches[i];

		x->chosen = x->shown > 1 && comparison_asked(x->any->id);
		chosen += x->chosen;
	}
	if (chosen < ENOUGH)
		choose_by_sides(c, chosen);
}
