/*
 * vmgauge history: what many runs measured, when that changed, and whether the
 * newest is worse than its own past.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "compare/write.h"
#include "export/save.h"
#include "history/gate.h"
#include "history/history.h"
#include "result/doc.h"
#include "value.h"
#include "verb.h"

enum { KEY_STORE = 256, KEY_WAIT, KEY_HOST, KEY_SEED, KEY_ACROSS, KEY_FORMAT,
       KEY_POINTS, KEY_ALPHA, KEY_THRESHOLD, KEY_FLOOR, KEY_MARKDOWN, KEY_TAP };

struct options_history {
	struct parsed parsed;
	const char **word;	/* owned: the action, then its arguments */
	size_t words;
	const char *store, *host, *output, *format, *floor;
	unsigned int across;
	double alpha, threshold;
	unsigned long seed, wait_s;
	bool points, markdown, tap;
};

static error_t parse_text(int key, char *arg, struct options_history *o)
{
	switch (key) {
	case KEY_STORE:
		o->store = arg;
		return 0;
	case KEY_HOST:
		o->host = arg;
		return 0;
	case KEY_FLOOR:
		o->floor = arg;
		return 0;
	case KEY_FORMAT:
		o->format = arg;
		if (!strcmp(arg, "csv") || !strcmp(arg, "json"))
			return 0;
		return -error_set(o->parsed.e, -EINVAL, "--format '%.40s': give "
				  "csv or json", arg);
	case 'o':
		o->output = arg;
		return 0;
	case ARGP_KEY_ARG:
		o->word[o->words++] = arg;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options_history *o = state->input;
	struct error *e = o->parsed.e;

	switch (key) {
	case KEY_WAIT:
		return -value_whole("--wait", arg, 0, 86400, &o->wait_s, e);
	case KEY_SEED:
		return -value_whole("--seed", arg, 0, 1ul << 48, &o->seed, e);
	case KEY_ACROSS:
		return -across_parse(arg, ACROSS_KERNELS | ACROSS_BUILDS |
				     ACROSS_SOFTWARE, &o->across, e);
	case KEY_ALPHA:
		return -value_percent("--alpha", arg, 50, &o->alpha, e);
	case KEY_THRESHOLD:
		return -value_percent("--threshold", arg, 1000, &o->threshold,
				      e);
	case KEY_POINTS:
		o->points = true;
		return 0;
	case KEY_MARKDOWN:
		o->markdown = true;
		return 0;
	case KEY_TAP:
		o->tap = true;
		return 0;
	default:
		return parse_text(key, arg, o);
	}
}

static struct selection selection(const struct options_history *o)
{
	return (struct selection){ .globs = o->word + 1,
				   .glob_count = o->words - 1,
				   .host = o->host };
}

static int words_none(const struct options_history *o, struct error *e)
{
	return o->words == 1 ? 0 :
	       error_set(e, -EINVAL, "history %s takes no '%.200s'", o->word[0],
			 o->word[1]);
}

/* What was added before something went wrong stays. */
static int add_each(struct store *s, const struct options_history *o,
		    size_t count[3], struct error *e)
{
	int rc = 0;

	for (size_t i = 1; i < o->words && !rc; i++) {
		struct set one = { 0 };
		enum added added = ADDED_NEW;

		rc = set_open(&one, "the store", &o->word[i], 1, e);
		if (!rc)
			rc = store_add(s, one.path[0], one.doc[0], &added, e);
		if (!rc)
			count[added]++;
		set_close(&one);
	}
	return rc;
}

static int act_add(struct store *s, struct options_history *o, struct error *e)
{
	struct error later;
	size_t count[3] = { 0 };
	int rc, flushed;

	if (o->words == 1)
		return error_set(e, -EINVAL, "add what? Give result documents, or "
				 "directories of vmgauge run");
	rc = add_each(s, o, count, e);
	flushed = store_flush(s, rc ? &later : e);
	printf("%s: %zu added, %zu completed, %zu there already\n", s->path,
	       count[ADDED_NEW], count[ADDED_REPLACED], count[ADDED_KNOWN]);
	return rc ? rc : flushed;
}

/* To -o, or to standard output. */
static int text_out(const struct options_history *o, const struct text *t,
		    struct error *e)
{
	if (t->failed)
		return error_set(e, -ENOMEM, "out of memory");
	if (o->output)
		return text_save(t, o->output, e);
	fwrite(text_string(t), 1, t->length, stdout);
	return 0;
}

static int act_text(struct history *h, struct options_history *o,
		    struct error *e)
{
	struct selection want = selection(o);
	struct terminal terminal = { .rich = false };
	struct text t = { 0 };
	int rc;

	if (!o->output)
		terminal_look(&terminal, STDOUT_FILENO);
	if (!strcmp(o->word[0], "list"))
		rc = words_none(o, e) ?: history_list(h, &terminal, &t);
	else if (!strcmp(o->word[0], "show"))
		rc = history_show(h, &want, o->seed, o->points, &terminal, &t, e);
	else if (o->format && !strcmp(o->format, "json"))
		rc = history_json(h, &want, o->seed, &t, e);
	else
		rc = history_csv(h, &want, &t, e);
	if (!rc)
		rc = text_out(o, &t, e);
	text_free(&t);
	return rc;
}

static int act_plot(struct history *h, struct options_history *o,
		    struct error *e)
{
	struct selection want = selection(o);
	struct text changes = { 0 };
	size_t panels;
	int rc;

	if (!o->output)
		return error_set(e, -EINVAL, "history plot: give -o FILE.svg");
	rc = output_check(o->output, e);
	if (!rc)
		rc = history_plot(h, &want, o->seed, o->output, &panels, e);
	if (rc)
		return rc;
	printf("plot    %s: %zu series of %zu results\n", o->output, panels,
	       h->documents);
	text_host_changes(&changes, h);
	fputs(text_string(&changes), stdout);
	text_free(&changes);
	return 0;
}

static int gate_print(const struct options_history *o, const struct compare *c,
		      struct error *e)
{
	struct text t = { 0 };
	int rc;

	if (o->output) {
		json_t *doc = compare_json(c);

		rc = doc ? doc_save(doc, o->output, e)
			 : error_set(e, -ENOMEM, "out of memory");
		json_decref(doc);
		if (rc)
			return rc;
	}
	/* prove sets this; the one of Perl 5.36 dies of "version 14" */
	if (o->tap)
		rc = compare_tap(c, stdout, getenv("HARNESS_ACTIVE") ? 13 : 14);
	else
		rc = o->markdown ? compare_markdown(c, &t)
				 : compare_people(c, &t);
	fputs(text_string(&t), stdout);
	text_free(&t);
	return rc ? error_set(e, rc, "standard output: %s", strerror(-rc)) : 0;
}

static int act_gate(struct history *h, struct options_history *o, int *code,
		    struct error *e)
{
	struct history_gate g = {
		.compare.options = { .across = o->across, .alpha = o->alpha,
				     .threshold = o->threshold,
				     .floor = o->floor },
	};
	int rc;

	if (o->words > 2 || (o->markdown && o->tap))
		return error_set(e, -EINVAL, o->words > 2 ? "history gate judges "
				 "one run: name one, or none for the newest" :
				 "--markdown and --tap both write to standard "
				 "output: choose one");
	rc = o->output ? output_check(o->output, e) : 0;
	if (!rc)
		rc = history_gate_open(&g, h, o->words == 2 ? o->word[1] : NULL,
				       o->host, o->seed, e);
	if (!rc)
		rc = gate_print(o, &g.compare, e);
	if (!rc)
		*code = compare_worse(&g.compare) ? EXIT_WRONG : EXIT_OK;
	history_gate_close(&g);
	return rc;
}

static int act_read(struct store *s, struct options_history *o, int *code,
		    struct error *e)
{
	struct history h;
	int rc = history_open(&h, s, o->across, e);

	*code = EXIT_OK;
	if (!rc && !strcmp(o->word[0], "gate"))
		rc = act_gate(&h, o, code, e);
	else if (!rc && !strcmp(o->word[0], "plot"))
		rc = act_plot(&h, o, e);
	else if (!rc)
		rc = act_text(&h, o, e);
	history_close(&h);
	return rc;
}

/* 0: reads; 1: writes; -EINVAL: no action of ours. */
static int action_find(const struct options_history *o, struct error *e)
{
	static const char *const names[] = {
		"list", "show", "plot", "export", "gate",
	};

	if (!o->words)
		return error_set(e, -EINVAL, "history what? Give add, list, show, "
				 "plot, export or gate");
	if (!strcmp(o->word[0], "add"))
		return 1;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(o->word[0], names[i]))
			return 0;
	return error_set(e, -EINVAL, "history '%.40s': give add, list, show, "
			 "plot, export or gate", o->word[0]);
}

static int history(struct options_history *o)
{
	struct store s = { 0 };
	struct error e = { "" };
	char *path = NULL;
	int code = EXIT_OK, write = action_find(o, &e), rc = 0;

	if (write < 0)
		return verb_fail(&e);
	if (!o->store) {
		rc = store_default(&path, &e);
		if (!rc && write)
			rc = store_make_parents(path, &e);
	}
	if (!rc)
		rc = store_open(&s, o->store ? o->store : path, write,
				(unsigned int)o->wait_s, &e);
	if (!rc)
		rc = write ? act_add(&s, o, &e) : act_read(&s, o, &code, &e);
	store_close(&s);
	free(path);
	return rc ? verb_fail(&e) : code;
}

static const struct argp_option option[] = {
	{ "store", KEY_STORE, "FILE", 0, "the store (vmgauge/history.sqlite "
	  "under $XDG_DATA_HOME or ~/.local/share)", 1 },
	{ "wait", KEY_WAIT, "SECONDS", 0,
	  "for another process that holds the store (10)", 1 },
	{ "host", KEY_HOST, "FINGERPRINT", 0,
	  "only that host; its first digits will do", 2 },
	{ "across", KEY_ACROSS, "WHAT", 0, "what may change without a new "
	  "series: kernels (of one machine), builds (of vmgauge; gate), "
	  "software (times of an emulated host; gate)", 2 },
	{ "seed", KEY_SEED, "N", 0, "of the permutation tests (1)", 2 },
	{ "points", KEY_POINTS, NULL, 0, "show: every result, too", 3 },
	{ "format", KEY_FORMAT, "csv|json", 0, "export: in which (csv)", 3 },
	{ "output", 'o', "FILE", 0, "plot: the SVG; gate: all of it as JSON; "
	  "otherwise instead of standard output", 3 },
	{ "threshold", KEY_THRESHOLD, "PCT", 0,
	  "gate: a change below it is none (2)", 4 },
	{ "alpha", KEY_ALPHA, "PCT", 0, "gate: the chance of a false alarm over "
	  "all rows together (0.5)", 4 },
	{ "floor", KEY_FLOOR, "FILE", 0, "gate: what this host's runs differ by "
	  "anyway, as compare --learn-floor wrote it", 4 },
	{ "markdown", KEY_MARKDOWN, NULL, 0,
	  "gate: a comment for a pull request, instead of the table", 4 },
	{ "tap", KEY_TAP, NULL, 0, "gate: TAP 14, instead of the table", 4 },
	{ 0 },
};

int verb_history(int argc, char **argv)
{
	static const struct argp argp = {
		.options = option, .parser = parse,
		.args_doc = "add RESULT...\nlist\nshow [GLOB...]\n"
			    "plot [GLOB...] -o FILE.svg\nexport [GLOB...]\n"
			    "gate [RUN]",
		.doc = "What many runs measured. `add` keeps results (twice is "
		       "no harm), `show` tells the run that introduced each "
		       "change, `gate` judges the newest run, or RUN, by its "
		       "own past.\v"
		       "A change of the host's fingerprint (CPU, microcode, "
		       "kernel, KVM modules) begins a new series. Change points "
		       "are those of E-divisive at 1 %.\n"
		       "Exit codes: 0 nothing is worse; 1 gate: something "
		       "regressed or is newly failing; 2 usage, environment, "
		       "or nothing to compare with.",
	};
	struct options_history o = {
		.alpha = GATE_ALPHA, .threshold = GATE_THRESHOLD, .seed = 1,
		.wait_s = STORE_WAIT_S,
	};
	int code = EXIT_USAGE;

	/* refused words are read twice */
	o.word = calloc(2 * (size_t)argc + 2, sizeof(*o.word));
	if (o.word && verb_parse(&argp, argc, argv, &o.parsed, &code))
		code = history(&o);
	free(o.word);
	return code;
}
