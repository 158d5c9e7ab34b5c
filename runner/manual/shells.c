/*
 * Completion for bash, zsh and fish; see manual.h. Names of items are asked of
 * the program itself when they are needed: vmgauge list --names.
 */
#include <string.h>

#include "manual/manual.h"

static void verbs_list(const struct manual *m, struct text *to)
{
	for (size_t i = 0; i < m->verbs; i++)
		text_format(to, "%s%s", i ? " " : "", m->verb[i].name);
	text_add(to, " --help --version");
}

/* In single quotes; `also` lists signs that get a backslash. */
static void quoted(struct text *to, const char *s, const char *also)
{
	for (; *s; s++) {
		if (*s == '\'')
			text_add(to, "'\\''");
		else if (strchr(also, *s))
			text_format(to, "\\%c", *s);
		else
			text_format(to, "%c", *s);
	}
}

static void bash_option(struct text *to, const struct manual_verb *v,
			const struct manual_option *o)
{
	if (o->given == GIVEN_NOTHING)
		return;
	text_format(to, "\t%s:--%s", v->name, o->name);
	if (o->letter)
		text_format(to, "|%s:-%c", v->name, o->letter);
	text_add(to, ") ");
	if (o->given == GIVEN_WORDS)
		text_format(to, "words='%s'", text_string(&o->words));
	else
		text_add(to, o->given == GIVEN_FILE ? "paths=-f" :
			 o->given == GIVEN_DIRECTORY ? "paths=-d" : ":");
	text_add(to, " ;;\n");
}

static void bash_verb(struct text *to, const struct manual_verb *v)
{
	struct text actions = { 0 };
	struct manual_option o;

	text_format(to, "\t%s:*)\n\t\twords='", v->name);
	actions_list(v, &actions);
	text_add(to, text_string(&actions));
	text_add(to, actions.length ? " " : "");
	to->failed |= actions.failed;
	text_free(&actions);
	for (size_t i = 0; manual_option(v, i, &o); i++) {
		text_format(to, "--%s ", o.name);
		text_free(&o.words);
	}
	text_add(to, "--help'\n");
	if (takes_items(v))
		text_add(to, "\t\titems=1\n");
	if (takes_files(v))
		text_add(to, "\t\tpaths=-f\n");
	text_add(to, "\t\t;;\n");
}

void manual_bash(const struct manual *m, struct text *to)
{
	struct manual_option o;

	text_add(to, "# bash completion for vmgauge\t\t-*- shell-script -*-\n"
		 "# shellcheck shell=bash\n"
		 "_vmgauge()\n{\n"
		 "\tlocal cur=${COMP_WORDS[COMP_CWORD]} words='' paths='' "
		 "items=''\n"
		 "\tlocal prev=${COMP_WORDS[COMP_CWORD-1]}\n\n"
		 "\tif [[ $cur == = ]]; then\n\t\tcur=''\n"
		 "\telif [[ $prev == = && $COMP_CWORD -gt 2 ]]; then\n"
		 "\t\tprev=${COMP_WORDS[COMP_CWORD-2]}\n\tfi\n"
		 "\t[[ $COMP_CWORD -gt 1 ]] || prev=''\n"
		 "\tcase $COMP_CWORD:${COMP_WORDS[1]}:$prev in\n"
		 "\t1:*) words='");
	verbs_list(m, to);
	text_add(to, "' ;;\n\tesac\n"
		 "\t[[ $COMP_CWORD -eq 1 ]] || case ${COMP_WORDS[1]}:$prev "
		 "in\n");
	for (size_t i = 0; i < m->verbs; i++) {
		for (size_t k = 0; manual_option(&m->verb[i], k, &o); k++) {
			bash_option(to, &m->verb[i], &o);
			text_free(&o.words);
		}
		bash_verb(to, &m->verb[i]);
	}
	text_add(to, "\tesac\n"
		 "\t[[ -z $items || $cur == -* ]] ||\n"
		 "\t\twords+=\" $(\"${COMP_WORDS[0]}\" list --names "
		 "2>/dev/null)\"\n"
		 "\tmapfile -t COMPREPLY < <(compgen -W \"$words\" -- "
		 "\"$cur\"\n"
		 "\t\t[[ -z $paths || $cur == -* ]] || compgen $paths -- "
		 "\"$cur\")\n"
		 "\t[[ -z $paths ]] || compopt -o filenames 2>/dev/null\n"
		 "}\ncomplete -F _vmgauge vmgauge\n");
}

static void zsh_option(struct text *to, const struct manual_option *o)
{
	text_add(to, "\t\t");
	if (o->letter)
		text_format(to, "'(-%c --%s)'{-%c%s,--%s%s}'[", o->letter,
			    o->name, o->letter, o->arg ? "+" : "", o->name,
			    o->arg ? "=" : "");
	else
		text_format(to, "'--%s%s[", o->name, o->arg ? "=" : "");
	quoted(to, o->doc, "[]:\\");
	text_add(to, "]");
	if (o->arg) {
		text_add(to, ":");
		quoted(to, o->arg, "[]:\\");
		text_add(to, ":");
	}
	if (o->given == GIVEN_WORDS) {
		text_add(to, "(");
		quoted(to, text_string(&o->words), ":\\");
		text_add(to, ")");
	} else if (o->given == GIVEN_FILE) {
		text_add(to, "_files");
	} else if (o->given == GIVEN_DIRECTORY) {
		text_add(to, "_files -/");
	} else if (o->arg) {
		text_add(to, " ");
	}
	text_add(to, "' \\\n");
}

static void zsh_verb(struct text *to, const struct manual_verb *v)
{
	struct text actions = { 0 };
	struct manual_option o;

	actions_list(v, &actions);
	text_format(to, "\t%s)\n\t\t_arguments -S \\\n", v->name);
	for (size_t i = 0; manual_option(v, i, &o); i++) {
		zsh_option(to, &o);
		text_free(&o.words);
	}
	if (actions.length)
		text_format(to, "\t\t'1:action:(%s)' \\\n",
			    text_string(&actions));
	text_format(to, "\t\t'--help[what there is]'%s\n\t\t;;\n",
		    takes_items(v) && takes_files(v) ?
		    " \\\n\t\t'*:item or result:_vmgauge_either'" :
		    takes_items(v) ? " \\\n\t\t'*:item:_vmgauge_items'" :
		    takes_files(v) ? " \\\n\t\t'*:result:_files'" : "");
	to->failed |= actions.failed;
	text_free(&actions);
}

void manual_zsh(const struct manual *m, struct text *to)
{
	text_add(to, "#compdef vmgauge\n\n"
		 "_vmgauge_items()\n{\n\tlocal -a items\n\n"
		 "\titems=(${(f)\"$($vmgauge_program list --names "
		 "2>/dev/null)\"})\n"
		 "\tcompadd -M 'r:|/=* r:|=*' -a items\n}\n\n"
		 "_vmgauge_either()\n{\n\t_vmgauge_items\n\t_files\n}\n\n"
		 "_vmgauge()\n{\n"
		 "\tlocal vmgauge_program=$words[1]\n"
		 "\tlocal -a verbs\n\n"
		 "\tif (( CURRENT == 2 )); then\n\t\tverbs=(\n");
	for (size_t i = 0; i < m->verbs; i++) {
		text_format(to, "\t\t\t'%s:", m->verb[i].name);
		quoted(to, m->verb[i].summary, ":\\");
		text_add(to, "'\n");
	}
	text_add(to, "\t\t)\n\t\t_describe verb verbs\n\t\treturn\n\tfi\n"
		 "\tshift words\n\t(( CURRENT-- ))\n\tcase $words[1] in\n");
	for (size_t i = 0; i < m->verbs; i++)
		zsh_verb(to, &m->verb[i]);
	text_add(to, "\tesac\n}\n\n_vmgauge \"$@\"\n");
}

static void fish_option(struct text *to, const struct manual_verb *v,
			const struct manual_option *o)
{
	text_format(to, "complete -c vmgauge -n "
		    "'__fish_seen_subcommand_from %s' -l %s", v->name, o->name);
	if (o->letter)
		text_format(to, " -s %c", o->letter);
	if (o->given == GIVEN_FILE)
		text_add(to, " -rF");
	else if (o->given == GIVEN_DIRECTORY)
		text_add(to, " -xa '(__fish_complete_directories)'");
	else if (o->given == GIVEN_WORDS)
		text_format(to, " -xa '%s'", text_string(&o->words));
	else if (o->arg)
		text_add(to, " -x");
	text_add(to, " -d '");
	for (const char *s = o->doc; *s; s++)
		text_format(to, strchr("'\\", *s) ? "\\%c" : "%c", *s);
	text_add(to, "'\n");
}

static void fish_verb(struct text *to, const struct manual_verb *v)
{
	struct text actions = { 0 };
	struct manual_option o;

	text_format(to, "complete -c vmgauge -n __fish_use_subcommand -xa %s "
		    "-d '", v->name);
	for (const char *s = v->summary; *s; s++)
		text_format(to, strchr("'\\", *s) ? "\\%c" : "%c", *s);
	text_add(to, "'\n");
	for (size_t i = 0; manual_option(v, i, &o); i++) {
		fish_option(to, v, &o);
		text_free(&o.words);
	}
	actions_list(v, &actions);
	if (actions.length)
		text_format(to, "complete -c vmgauge -n "
			    "'__fish_seen_subcommand_from %s' -a '%s'\n",
			    v->name, text_string(&actions));
	if (takes_items(v))
		text_format(to, "complete -c vmgauge -n "
			    "'__fish_seen_subcommand_from %s' -a "
			    "'(vmgauge list --names 2>/dev/null)'\n", v->name);
	if (takes_files(v))
		text_format(to, "complete -c vmgauge -n "
			    "'__fish_seen_subcommand_from %s' -F\n", v->name);
	to->failed |= actions.failed;
	text_free(&actions);
}

void manual_fish(const struct manual *m, struct text *to)
{
	text_add(to, "# fish completion for vmgauge\ncomplete -c vmgauge -f\n"
		 "complete -c vmgauge -n __fish_use_subcommand -l help -d "
		 "'what there is'\n"
		 "complete -c vmgauge -n __fish_use_subcommand -l version -d "
		 "'its version'\n");
	for (size_t i = 0; i < m->verbs; i++)
		fish_verb(to, &m->verb[i]);
}
