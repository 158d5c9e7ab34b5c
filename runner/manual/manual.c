/*
 * What the verbs' tables say, read for the manual's writers; see manual.h.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "export/export.h"
#include "manual/manual.h"

static const struct argp_option *option_at(const struct manual_verb *v,
					   size_t i)
{
	const struct argp_option *tables[] = { v->argp.options,
					       common_argp.options };

	for (size_t t = 0; t < 2; t++)
		for (const struct argp_option *o = tables[t];
		     o && (o->name || o->key); o++)
			if (!i--)
				return o;
	return NULL;
}

static void targets_list(struct text *to)
{
	for (const struct target *const *t = targets; *t; t++) {
		text_format(to, "%s%s", to->length ? " " : "", (*t)->name);
		for (const char *const *v = (*t)->variants; v && *v; v++)
			if (**v)
				text_format(to, " %s:%s", (*t)->name, *v);
	}
}

static void exporters_list(struct text *to)
{
	const struct exporter *x;

	for (size_t i = 0; (x = exporter_at(i)); i++)
		text_format(to, "%s%s", i ? " " : "", x->name);
}

/* "a|b|c" as words. */
static void choice_list(struct text *to, const char *arg)
{
	for (; *arg; arg++)
		text_format(to, "%c", *arg == '|' ? ' ' : *arg);
}

static enum given given_find(const struct manual_verb *v,
			     struct manual_option *o)
{
	if (!o->arg)
		return GIVEN_NOTHING;
	if (strchr(o->arg, '|'))
		choice_list(&o->words, o->arg);
	else if (!strcmp(o->name, "target"))
		targets_list(&o->words);
	else if (!strcmp(v->name, "export") && !strcmp(o->name, "format"))
		exporters_list(&o->words);
	else
		return !strcmp(o->arg, "FILE") ? GIVEN_FILE :
		       !strcmp(o->arg, "DIR") ? GIVEN_DIRECTORY : GIVEN_OTHER;
	return GIVEN_WORDS;
}

bool manual_option(const struct manual_verb *v, size_t i,
		   struct manual_option *o)
{
	const struct argp_option *at = option_at(v, i), *says = at;

	if (!at)
		return false;
	while (says->flags & OPTION_ALIAS)	/* never the first */
		says--;
	*o = (struct manual_option){
		.name = at->name, .arg = says->arg, .doc = says->doc,
		.letter = at->key > ' ' && at->key < 127 ? (char)at->key : 0,
	};
	o->given = given_find(v, o);
	return true;
}

static bool arguments_have(const struct manual_verb *v, const char *word)
{
	return v->argp.args_doc && strstr(v->argp.args_doc, word);
}

bool takes_items(const struct manual_verb *v)
{
	return arguments_have(v, "GLOB") || arguments_have(v, "ITEM");
}

bool takes_files(const struct manual_verb *v)
{
	return arguments_have(v, "RESULT") || arguments_have(v, "BASE") ||
	       arguments_have(v, ".log");
}

void actions_list(const struct manual_verb *v, struct text *to)
{
	const char *line = v->argp.args_doc;

	while (line && *line) {
		size_t n = strcspn(line, " \n");

		if (islower((unsigned char)*line)) {
			text_add(to, to->length ? " " : "");
			text_bytes(to, line, n);
		}
		line += strcspn(line, "\n");
		line += *line == '\n';
	}
}

static void describe(const struct argp *argp, void *opaque)
{
	struct manual_verb *v = opaque;

	v->argp = *argp;
}

int verb_manual(const struct verb *verbs, size_t count, int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*write)(const struct manual *m, struct text *to);
	} form[] = {
		{ "mdoc", manual_mdoc }, { "bash", manual_bash },
		{ "zsh", manual_zsh }, { "fish", manual_fish },
	};
	struct manual m = { .verbs = count };
	struct text t = { 0 };
	struct error e;
	size_t i = 0;

	while (argc == 2 && i < 4 && strcmp(form[i].name, argv[1]))
		i++;
	if (argc != 2 || i == 4 || count > MANUAL_VERBS_MOST) {
		error_set(&e, -EINVAL, "manual: give mdoc, bash, zsh or fish");
		return verb_fail(&e);
	}
	for (size_t k = 0; k < count; k++) {
		m.verb[k].name = verbs[k].name;
		m.verb[k].summary = verbs[k].summary;
		verb_describe(&verbs[k], describe, &m.verb[k]);
	}
	form[i].write(&m, &t);
	if (t.failed) {
		text_free(&t);
		error_set(&e, -ENOMEM, "out of memory");
		return verb_fail(&e);
	}
	fputs(text_string(&t), stdout);
	text_free(&t);
	return EXIT_OK;
}
