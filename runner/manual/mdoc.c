/*
 * The manual page vmgauge(1), in mdoc; see manual.h.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "manual/manual.h"

#define LINE_MOST	72

/* Signs that mean something to roff are written by their names. */
static void bytes_put(struct text *to, const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		switch (s[i]) {
		case '\\':
			text_add(to, "\\e");
			break;
		case '-':
			text_add(to, "\\-");
			break;
		case '`':
			text_add(to, "\\(ga");
			break;
		case '~':
			text_add(to, "\\(ti");
			break;
		case '^':
			text_add(to, "\\(ha");
			break;
		case '"':
			text_add(to, "\\(dq");
			break;
		default:
			text_bytes(to, &s[i], 1);
		}
}

/* Prose: one sentence at most on a line, as mdoc wants it. */
static void prose(struct text *to, const char *s, size_t length)
{
	const char *end = s + length;
	size_t used = 0;

	while (s < end) {
		size_t n = strcspn(s, " \n\v");

		if (n > (size_t)(end - s))
			n = (size_t)(end - s);
		if (used && used + 1 + n > LINE_MOST) {
			text_add(to, "\n");
			used = 0;
		} else if (used) {
			text_add(to, " ");
		}
		if (n && !used && (*s == '.' || *s == '\''))
			text_add(to, "\\&");
		bytes_put(to, s, n);
		used += n + 1;
		if (n && strchr(".?!", s[n - 1])) {
			text_add(to, "\n");
			used = 0;
		}
		s += n;
		s += s < end ? strspn(s, " \n\v") : 0;
	}
	if (used)
		text_add(to, "\n");
}

/* An argument of a macro: one word, whatever is in it. */
static void word_put(struct text *to, const char *s, size_t n)
{
	text_add(to, "\"\\&");
	bytes_put(to, s, n);
	text_add(to, "\"");
}

static void synopsis(struct text *to, const struct manual_verb *v)
{
	const char *line = v->argp.args_doc ? v->argp.args_doc : "";

	do {
		size_t n = strcspn(line, "\n");

		text_format(to, ".Nm\n.Cm %s\n", v->name);
		text_add(to, ".Op Ar option ...\n");
		if (n) {
			text_add(to, ".Ar ");
			word_put(to, line, n);
			text_add(to, "\n");
		}
		line += n;
	} while (*line++);
}

static void option_put(struct text *to, const struct manual_option *o)
{
	text_add(to, ".It");
	if (o->letter && o->arg) {
		text_format(to, " Fl %c Ar ", o->letter);
		word_put(to, o->arg, strlen(o->arg));
	} else if (o->letter) {
		text_format(to, " Fl %c", o->letter);
	}
	text_add(to, o->letter ? " , Fl \\-" : " Fl \\-");
	bytes_put(to, o->name, strlen(o->name));
	if (o->arg) {
		text_add(to, " Ns = Ns Ar ");
		word_put(to, o->arg, strlen(o->arg));
	}
	text_add(to, "\n");
	prose(to, o->doc, strlen(o->doc));
	if (o->given == GIVEN_WORDS && o->arg && !strchr(o->arg, '|')) {
		struct text known = { 0 };

		text_add(to, ".Pp\n");
		text_format(&known, "One of %s.", text_string(&o->words));
		prose(to, text_string(&known), known.length);
		text_free(&known);
	}
}

/* The verb before it that has the same table; NULL for none. */
static const char *same_options(const struct manual *m, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (m->verb[i].argp.options &&
		    m->verb[k].argp.options == m->verb[i].argp.options)
			return m->verb[k].name;
	return NULL;
}

static void verb_put(struct text *to, const struct manual *m, size_t i)
{
	const struct manual_verb *v = &m->verb[i];
	const char *doc = v->argp.doc ? v->argp.doc : v->summary;
	const char *same = same_options(m, i);
	size_t n = strcspn(doc, "\v");
	struct manual_option o;

	text_format(to, ".Ss vmgauge %s\n", v->name);
	prose(to, doc, n);
	if (same) {
		text_format(to, ".Pp\nThe options are those of\n.Nm\n.Cm %s .\n",
			    same);
	} else {
		text_add(to, ".Bl -tag -width Ds\n");
		for (size_t k = 0; manual_option(v, k, &o); k++) {
			option_put(to, &o);
			text_free(&o.words);
		}
		text_add(to, ".El\n");
	}
	if (doc[n]) {
		text_add(to, ".Pp\n");
		prose(to, doc + n + 1, strlen(doc + n + 1));
	}
}

/* The same input gives the same page: a builder tells the time. */
static void date_put(struct text *to)
{
	const char *epoch = getenv("SOURCE_DATE_EPOCH");
	time_t t = epoch ? (time_t)strtoll(epoch, NULL, 10) : time(NULL);
	char month[32];
	struct tm tm;

	gmtime_r(&t, &tm);
	strftime(month, sizeof(month), "%B", &tm);
	text_format(to, ".Dd %s %d, %d\n", month, tm.tm_mday,
		    tm.tm_year + 1900);
}

static const char tail[] =
	".Sh ENVIRONMENT\n"
	".Bl -tag -width Ds\n"
	".It Ev NO_COLOR\n"
	"If set, there is no color.\n"
	".It Ev TERM\n"
	"If unset or dumb, a terminal is shown what a pipe gets.\n"
	".It Ev LC_ALL , LC_CTYPE , LANG\n"
	"Dots and sparklines are shown in UTF\\-8 locales.\n"
	".It Ev XDG_DATA_HOME\n"
	"Below it is the store of\n"
	".Cm history .\n"
	".El\n"
	".Sh EXIT STATUS\n";

static const char examples[] =
	".Sh EXAMPLES\n"
	"What this host is, and what will disturb a measurement:\n"
	".Dl vmgauge info\n"
	".Pp\n"
	"Measure all exits, and keep the result:\n"
	".Dl vmgauge bench \\(aqexit/*\\(aq \\-o base.json\n"
	".Pp\n"
	"Whether a later result is worse:\n"
	".Dl vmgauge compare base.json new.json\n";

void manual_mdoc(const struct manual *m, struct text *to)
{
	date_put(to);
	text_add(to, ".Dt VMGAUGE 1\n.Os\n.Sh NAME\n.Nm vmgauge\n"
		 ".Nd benchmark and conformance suite for virtualisation\n"
		 ".Sh SYNOPSIS\n");
	for (size_t i = 0; i < m->verbs; i++)
		synopsis(to, &m->verb[i]);
	text_add(to, ".Nm\n.Fl \\-help | \\-version\n.Sh DESCRIPTION\n"
		 ".Nm\n"
		 "measures how fast a hypervisor is and proves how faithful "
		 "and how\ntight it is.\nWhat it does is told by a verb:\n"
		 ".Bl -tag -width Ds\n");
	for (size_t i = 0; i < m->verbs; i++) {
		text_format(to, ".It Cm %s\n", m->verb[i].name);
		prose(to, m->verb[i].summary, strlen(m->verb[i].summary));
	}
	text_add(to, ".El\n");
	for (size_t i = 0; i < m->verbs; i++)
		verb_put(to, m, i);
	text_add(to, tail);
	prose(to, verb_exit_codes, strlen(verb_exit_codes));
	text_add(to, examples);
}
