/*
 * vmgauge differ: the differential instruction test.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "differ/differ.h"
#include "differ/print.h"
#include "export/save.h"
#include "terminal.h"
#include "verb.h"

enum { KEY_SEED = 256, KEY_SECONDS, KEY_COUNT, KEY_FROM, KEY_WHERE,
       KEY_DEADLINE, KEY_REPLAY, KEY_HIDDEN, KEY_INJECT };

#define SECONDS_DEFAULT	10.0

struct options_differ {
	struct parsed parsed;
	struct differ_options differ;
	bool seeded, counted, timed, placed, verbose;
	const char *output, *replay;
};

static error_t bad(struct options_differ *o, const char *name,
		   const char *value, const char *mend)
{
	return -error_set(o->parsed.e, -EINVAL, "%s '%.60s': %s", name, value,
			  mend);
}

static error_t whole(struct options_differ *o, const char *name,
		     const char *value, uint64_t min, uint64_t max,
		     uint64_t *to)
{
	char mend[80], *end;

	errno = 0;
	*to = strtoull(value, &end, 0);
	if (!*end && end != value && !errno && value[0] != '-' && *to >= min &&
	    *to <= max)
		return 0;
	snprintf(mend, sizeof(mend), "give a whole number from %llu to %llu",
		 (unsigned long long)min, (unsigned long long)max);
	return bad(o, name, value, mend);
}

static error_t seconds_parse(struct options_differ *o, const char *arg)
{
	double *to = &o->differ.seconds;
	char *end;

	*to = strtod(arg, &end);
	o->timed = true;
	if (!*end && end != arg && isfinite(*to) && *to > 0 && *to <= 86400)
		return 0;
	return bad(o, "--seconds", arg,
		   "give seconds, more than 0 and at most 86400");
}

static error_t where_parse(struct options_differ *o, const char *arg)
{
	char list[80], *rest = NULL;

	o->differ.places = 0;
	o->placed = true;
	snprintf(list, sizeof(list), "%s", arg);
	for (char *word = strtok_r(list, ",", &rest); word;
	     word = strtok_r(NULL, ",", &rest)) {
		unsigned int i = 0;

		while (i < PLACES && strcmp(word, place_name((enum place_kind)i)))
			i++;
		if (i == PLACES)
			return bad(o, "--where", word, "give some of native, "
				   "cpl3, cpl0, mmio, fep, by comma");
		o->differ.places |= PLACE_BIT(i);
	}
	if (o->differ.places & (o->differ.places - 1))
		return 0;
	return bad(o, "--where", arg, "two places are wanted, to compare");
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options_differ *o = state->input;
	uint64_t v = 0;
	error_t rc;

	switch (key) {
	case KEY_SEED:
		o->seeded = true;
		return whole(o, "--seed", arg, 0, UINT64_MAX, &o->differ.seed);
	case KEY_SECONDS:
		return seconds_parse(o, arg);
	case KEY_COUNT:
		o->counted = true;
		return whole(o, "--count", arg, 1, 1ull << 48,
			     &o->differ.count);
	case KEY_FROM:
		return whole(o, "--from", arg, 0, 1ull << 48, &o->differ.from);
	case KEY_WHERE:
		return where_parse(o, arg);
	case KEY_DEADLINE:
		rc = whole(o, "--deadline", arg, 10, 600000, &v);
		o->differ.deadline_ms = (unsigned int)v;
		return rc;
	case KEY_REPLAY:
		o->replay = arg;
		return 0;
	case KEY_HIDDEN:
		o->differ.hidden = true;
		return 0;
	case KEY_INJECT:
		return -inject_parse(arg, &o->differ.inject, o->parsed.e);
	case 'o':
		o->output = arg;
		return 0;
	case 'v':
		o->verbose = true;
		return 0;
	case ARGP_KEY_ARG:
		return -error_set(o->parsed.e, -EINVAL, "differ takes no "
				  "argument: '%.60s' is one too many", arg);
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_option option[] = {
	{ "seed", KEY_SEED, "N", 0, "of the sequences (from the clock)", 0 },
	{ "seconds", KEY_SECONDS, "S", 0, "how long to search (10)", 0 },
	{ "count", KEY_COUNT, "N", 0, "sequences at most (no limit)", 0 },
	{ "from", KEY_FROM, "N", 0, "the first sequence's number (0)", 0 },
	{ "where", KEY_WHERE, "LIST", 0, "of native (a process), cpl3, cpl0, "
	  "mmio (no memory behind the operand), fep (forced emulation); the "
	  "first is what others are compared with (native,cpl3,cpl0,mmio, and "
	  "fep where KVM has it)", 0 },
	{ "deadline", KEY_DEADLINE, "MS", 0, "for 64 sequences (500)", 0 },
	{ "hidden", KEY_HIDDEN, NULL, 0, "use instructions, too, that this CPU "
	  "has and CPUID does not show to the guest", 0 },
	{ "replay", KEY_REPLAY, "FILE", 0, "run the findings of such a file "
	  "again, and say which of them still differ", 0 },
	{ "inject", KEY_INJECT, "PLACE:WHAT[:MNEMONIC]", 0, "a mutant, to test "
	  "the test: bends a register, a flag, xmmN or memory in that place, or "
	  "hangs there, behind such an instruction", 0 },
	{ "output", 'o', "FILE", 0, "findings, each with its bytes, its state, "
	  "its disassembly and a probe's source", 0 },
	{ "verbose", 'v', NULL, 0, "each finding in full", 0 },
	{ 0 },
};

static void progress(const struct differ *x)
{
	static double shown_s = -1;
	const struct differ_options *o = &x->options;
	struct terminal t;

	terminal_look(&t, STDERR_FILENO);
	if (!t.rich || (x->elapsed_s - shown_s < 0.2 && shown_s >= 0))
		return;
	shown_s = x->elapsed_s;
	fprintf(stderr, "\r%llu sequences, %u findings",
		(unsigned long long)x->done, x->findings);
	if (o->seconds > 0)
		fprintf(stderr, ", %.0f s left",
			fmax(o->seconds - x->elapsed_s, 0));
	fprintf(stderr, "\033[K");
	fflush(stderr);
}

static void progress_end(void)
{
	struct terminal t;

	terminal_look(&t, STDERR_FILENO);
	if (t.rich)
		fprintf(stderr, "\r\033[K");
}

static bool have_fep(void)
{
	FILE *f = fopen("/sys/module/kvm/parameters/force_emulation_prefix",
			"re");
	int c = f ? fgetc(f) : EOF;

	if (f)
		fclose(f);
	return c != EOF && c != 'N' && c != '0';
}

static int options_check(struct options_differ *o, struct error *e)
{
	struct differ_options *d = &o->differ;

	if (o->replay && (o->seeded || o->counted || o->timed || o->placed))
		return error_set(e, -EINVAL, "--replay has its own sequences "
				 "and places: leave out --seed, --count, "
				 "--seconds and --where");
	if (!o->seeded)
		d->seed = (uint64_t)time(NULL);
	if (!o->counted)
		d->count = 1ull << 62;
	if (!o->timed && !o->counted)
		d->seconds = SECONDS_DEFAULT;
	if (!o->placed)
		d->places = (PLACES_ALL & ~PLACE_BIT(PLACE_FEP)) |
			    (have_fep() ? PLACE_BIT(PLACE_FEP) : 0);
	if ((d->places & PLACE_BIT(PLACE_FEP)) && !have_fep())
		return error_set(e, -EINVAL, "--where fep: kvm."
				 "force_emulation_prefix is off: load kvm with "
				 "force_emulation_prefix=1");
	return o->output ? output_check(o->output, e) : 0;
}

static int search(const struct options_differ *o, struct error *e)
{
	struct differ x;
	int rc = differ_open(&x, &o->differ, e);
	int code = EXIT_USAGE;

	if (rc)
		return verb_fail(e);
	x.interrupted = &verb_interrupted;
	x.progress = progress;
	rc = differ_run(&x, e);
	progress_end();
	differ_print(stdout, &x, o->verbose);
	/* What was found is kept, whatever ended the search. */
	if (o->output) {
		struct error save = { "" };

		if (json_save(differ_json(&x, VERSION), JSON_INDENT(1),
			      o->output, &save)) {
			verb_fail(&save);
			goto out;
		}
	}
	if (rc)
		verb_fail(e);
	else if (verb_interrupted)
		code = EXIT_INTERRUPTED;
	else
		code = differ_differing(&x) ? EXIT_WRONG : EXIT_OK;
out:
	differ_close(&x);
	return code;
}

/* Every finding again, in its own place and in the reference. */
static int replay(struct options_differ *o, struct error *e)
{
	struct finding *f = NULL;
	struct differ x = { 0 };
	size_t count, differ = 0;
	int rc = differ_read(o->replay, &f, &count, e);

	if (rc)
		return verb_fail(e);
	o->differ.places = PLACE_BIT(PLACE_NATIVE);
	for (size_t i = 0; i < count; i++)
		o->differ.places |= PLACE_BIT(f[i].place);
	rc = differ_open(&x, &o->differ, e);
	for (size_t i = 0; !rc && i < count && !verb_interrupted; i++) {
		rc = differ_try(&x, f[i].place, &f[i].trial, &f[i].d, e);
		if (rc < 0)
			break;
		differ += rc > 0;
		printf("%zu: %s: %s\n", i, place_name(f[i].place), rc ?
		       "still differs" : "no difference any more");
		if (rc && o->verbose)
			finding_print(stdout, &f[i]);
		rc = 0;
	}
	if (!rc)
		printf("%zu of %zu findings still differ\n", differ, count);
	differ_close(&x);
	free(f);
	if (rc)
		return verb_fail(e);
	if (verb_interrupted)
		return EXIT_INTERRUPTED;
	return differ ? EXIT_WRONG : EXIT_OK;
}

int verb_differ(int argc, char **argv)
{
	static const struct argp argp = {
		.options = option, .parser = parse, .args_doc = "",
		.doc = "The differential instruction test: random sequences of "
		       "instructions run in a process on this CPU, in a guest at "
		       "CPL3 and CPL0, and through KVM's instruction emulator. "
		       "What is not the same afterwards in registers, flags, "
		       "memory and faults is made as small as it goes.\v"
		       "A sequence is made of the seed and its number alone: "
		       "--seed N --from I --count 1 makes it again. A guest that "
		       "hangs or dies is a finding; the search goes on with a "
		       "fresh VM.\n\n"
		       "Exit codes: 0 no difference; 1 differences; 2 usage or "
		       "environment; 130 interrupted.",
	};
	struct options_differ o = { .differ = { .deadline_ms = 500 } };
	struct error e = { "" };
	int code = EXIT_USAGE;

	if (!verb_parse(&argp, argc, argv, &o.parsed, &code))
		return code;
	if (options_check(&o, &e))
		return verb_fail(&e);
	verb_catch_signals();
	return o.replay ? replay(&o, &e) : search(&o, &e);
}
