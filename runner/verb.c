/*
 * What the measuring verbs have in common; see verb.h.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "result/doc.h"
#include "verb.h"

volatile sig_atomic_t verb_interrupted;

static void on_interrupt(int sig)
{
	(void)sig;
	verb_interrupted = 1;
}

void verb_catch_signals(void)
{
	struct sigaction sa = { .sa_handler = on_interrupt };

	sigemptyset(&sa.sa_mask);
	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
}

int output_check(const char *path, struct error *e)
{
	char dir[4096];
	char *slash;

	snprintf(dir, sizeof(dir), "%s", path);
	slash = strrchr(dir, '/');
	if (slash)
		slash[slash == dir] = '\0';
	else
		strcpy(dir, ".");
	if (!access(dir, W_OK) || !access(path, W_OK))
		return 0;
	return error_set(e, -errno, "cannot write %s: %s: create the directory "
			 "first, or use -o elsewhere", path, strerror(errno));
}

int verb_fail(const struct error *e)
{
	fflush(stdout);
	fprintf(stderr, "vmgauge: %s\n", e->text);
	return EXIT_USAGE;
}

static void restored(void *opaque, const char *text)
{
	(void)opaque;
	fprintf(stderr, "vmgauge: what a killed vmgauge changed: %s\n", text);
}

/* Nothing is measured on a host that an earlier run left changed. */
static void host_recover(void)
{
	char directory[4096];
	struct error e;

	if (changes_directory(directory, sizeof(directory), NULL))
		return;
	if (changes_recover("", directory, restored, NULL, &e))
		fprintf(stderr, "vmgauge: %s\n", e.text);
}

int verb_session_open(struct session *s, struct registry *r,
		      const struct options *o, unsigned int kinds)
{
	struct error e;

	memset(s, 0, sizeof(*s));
	host_recover();
	if (registry_open(r, &e))
		return verb_fail(&e);
	if (registry_select(r, kinds, o->globs, &e))
		goto fail;
	if (session_open(s, &o->session, &e))
		goto fail;
	if (session_plan(s, r, &e)) {
		session_close(s);
		goto fail;
	}
	s->interrupted = &verb_interrupted;
	verb_catch_signals();
	return EXIT_OK;
fail:
	registry_close(r);
	return verb_fail(&e);
}

int verb_exit_code(const struct session *s)
{
	unsigned int skipped = 0, finished = 0;
	bool wrong = false;

	for (unsigned int i = 0; i < s->series_count; i++) {
		const json_t *r = s->series[i].result;
		int severity = doc_verdict_severity(json_string_value(
			json_object_get(r, "verdict")));

		if (!r)
			continue;
		finished++;
		skipped += severity == 2;
		wrong |= severity > 2 && !json_is_string(
			json_object_get(r, "expected_failure"));
	}
	if (wrong)
		return EXIT_WRONG;
	/* A harness hears of skips in TAP, and knows no 77. */
	return skipped == finished && !getenv("HARNESS_ACTIVE") ?
	       EXIT_SKIPPED : EXIT_OK;
}

static json_t *utc_now(void)
{
	char text[32];
	time_t t = time(NULL);
	struct tm tm;

	gmtime_r(&t, &tm);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
	return json_string(text);
}

json_t *verb_run_json(const struct session *s, int argc, char **argv)
{
	const struct session_options *o = &s->options;
	json_t *command = json_array();
	char id[160], host[80] = "host";
	time_t t = time(NULL);
	struct tm tm;
	size_t n;

	gethostname(host, sizeof(host) - 1);
	gmtime_r(&t, &tm);
	n = strftime(id, sizeof(id), "%Y%m%dT%H%M%S-", &tm);
	snprintf(id + n, sizeof(id) - n, "%s", host);
	json_array_append_new(command, json_string("vmgauge"));
	for (int i = 0; i < argc; i++)
		json_array_append_new(command, json_string(argv[i]) ?:
				      json_string("?"));
	return json_pack("{s:s, s:o, s:n, s:o, s:I, s:b, s:f, s:i, s:i, s:o, "
			 "s:i, s:b}", "id", id, "started", utc_now(), "finished",
			 "command", command, "seed", (json_int_t)o->seed,
			 "quick", o->quick, "budget_s", o->budget_s,
			 "deadline_ms", o->deadline_ms, "instances",
			 o->instances, "precision", o->precision > 0 ?
			 json_real(o->precision) : json_null(), "resumed", 0, "complete", 0);
}

void verb_run_finish(struct session *s, bool complete)
{
	json_object_set_new(s->run, "finished", utc_now());
	json_object_set_new(s->run, "complete", json_boolean(complete));
}
