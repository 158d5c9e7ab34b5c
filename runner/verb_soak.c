/*
 * vmgauge soak: the same for hours, and whether anything leaks, drifts or
 * falls over meanwhile; journalled, so that it survives its own death.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "export/save.h"
#include "image.h"
#include "result/doc.h"
#include "soak/soak.h"
#include "verb.h"

enum { KEY_HOURS = 256, KEY_MINUTES, KEY_RESUME, KEY_TARGET, KEY_SEED,
       KEY_DEADLINE, KEY_HOSTILE, KEY_CONFINE, KEY_RING };

struct soak_options {
	struct options o;	/* first: verb_parse() knows its head */
	double duration_s;
};

struct soaking {
	struct soak_options options;
	struct registry registry;
	struct session session;
	struct journal journal;
	struct soak soak;
	char dir[3072];
};

static error_t refuse(struct soak_options *o, const char *name,
		      const char *value, const char *mend)
{
	return -error_set(o->o.parsed.e, -EINVAL, "%s '%s': %s", name, value,
			  mend);
}

static error_t duration(struct soak_options *o, const char *name,
			const char *value, double unit_s)
{
	char *end;
	double v = strtod(value, &end);

	if (end == value || *end || !isfinite(v) || v <= 0 ||
	    v * unit_s > 90 * 86400.0)
		return refuse(o, name, value, "give a number above 0, of at "
			      "most 90 days");
	o->duration_s = v * unit_s;
	return 0;
}

static error_t number(struct soak_options *o, const char *name,
		      const char *value, unsigned long min, unsigned long max,
		      unsigned long *to)
{
	char *end;

	errno = 0;
	*to = strtoul(value, &end, 0);
	if (end == value || *end || errno || *value == '-' || *to < min ||
	    *to > max)
		return refuse(o, name, value, name[2] == 's' ?
			      "give a whole number from 1 to 2^48" :
			      "give milliseconds, from 10 to 600000");
	return 0;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct soak_options *o = state->input;
	struct session_options *s = &o->o.session;
	unsigned long v = 0;
	error_t rc;

	switch (key) {
	case KEY_HOURS:
		return duration(o, "--hours", arg, 3600);
	case KEY_MINUTES:
		return duration(o, "--minutes", arg, 60);
	case KEY_RESUME:
		o->o.resume = arg;
		return 0;
	case KEY_TARGET:
		s->target = arg;
		return 0;
	case KEY_SEED:
		rc = number(o, "--seed", arg, 1, 1ul << 48, &v);
		s->seed = v;
		return rc;
	case KEY_DEADLINE:
		rc = number(o, "--deadline", arg, 10, 600000, &v);
		s->deadline_ms = (unsigned int)v;
		return rc;
	case KEY_RING:
		if (strcmp(arg, "0") && strcmp(arg, "3"))
			return refuse(o, "--ring", arg, "give 0 or 3");
		s->rings = *arg == '0' ? RING0 : RING3;
		return 0;
	case KEY_HOSTILE:
		s->hostile = true;
		return 0;
	case KEY_CONFINE:
		s->confine = true;
		return 0;
	case 'o':
		o->o.output = arg;
		return 0;
	case ARGP_KEY_ARG:
		o->o.globs[o->o.glob_count++] = arg;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_option option[] = {
	{ "hours", KEY_HOURS, "H", 0, "how long (1)", 0 },
	{ "minutes", KEY_MINUTES, "M", 0, "how long", 0 },
	{ "output", 'o', "DIR", 0,
	  "journal, soak.json and soak.svg (results/<time>-<host>)", 0 },
	{ "resume", KEY_RESUME, "DIR", 0,
	  "go on with a soak that was killed, as it was begun", 0 },
	{ "target", KEY_TARGET, "NAME[:OPTIONS]", 0,
	  "what runs the guest image (kvm)", 0 },
	{ "ring", KEY_RING, "0|3", 0, "one privilege level (both)", 0 },
	{ "seed", KEY_SEED, "N", 0, "order of runs (from the clock)", 0 },
	{ "deadline", KEY_DEADLINE, "MS", 0,
	  "for one run of the guest (2000)", 0 },
	{ "confine", KEY_CONFINE, NULL, 0,
	  "each VM in a process of its own that can do little else", 0 },
	{ "hostile", KEY_HOSTILE, NULL, 0,
	  "items run, too, that may take a vulnerable host down: confined, and "
	  "only on a machine that is yours", 0 },
	{ 0 },
};

/* All that a resumed soak goes on with. */
static json_t *asked_json(const struct soak_options *o)
{
	const struct session_options *s = &o->o.session;
	json_t *globs = json_array();

	for (size_t i = 0; i < o->o.glob_count; i++)
		json_array_append_new(globs, json_string(o->o.globs[i]));
	return json_pack("{s:f, s:s, s:i, s:i, s:b, s:b, s:o}", "duration_s",
			 o->duration_s, "target", s->target, "deadline_ms",
			 s->deadline_ms, "rings", s->rings, "confine", s->confine, "hostile",
			 s->hostile, "globs", globs);
}

static void asked_take(struct soak_options *o, const json_t *run)
{
	const json_t *asked = json_object_get(run, "soak"), *glob;
	const json_t *globs = json_object_get(asked, "globs");
	struct session_options *s = &o->o.session;
	size_t i;

	o->duration_s = json_number_value(json_object_get(asked, "duration_s"));
	s->target = json_string_value(json_object_get(asked, "target"));
	s->deadline_ms = (unsigned int)json_integer_value(
				json_object_get(asked, "deadline_ms"));
	s->rings = (unsigned int)json_integer_value(
				json_object_get(asked, "rings"));
	s->confine = json_is_true(json_object_get(asked, "confine"));
	s->hostile = json_is_true(json_object_get(asked, "hostile"));
	s->seed = (uint64_t)json_integer_value(json_object_get(run, "seed"));
	free(o->o.globs);
	o->o.globs = calloc(json_array_size(globs) + 1, sizeof(*o->o.globs));
	o->o.glob_count = 0;
	json_array_foreach(globs, i, glob)
		if (o->o.globs)
			o->o.globs[o->o.glob_count++] = json_string_value(glob);
}

static json_t *version_json(void)
{
	return json_pack("{s:s, s:s%}", "version", VERSION, "image_sha256",
			 image_sha256, (size_t)IMAGE_SHA256_CHARS);
}

static int begin(struct soaking *k, struct error *e)
{
	struct session *s = &k->session;
	const char *id = json_string_value(json_object_get(s->run, "id"));
	json_t *header;
	int rc;

	if (k->options.o.output)
		snprintf(k->dir, sizeof(k->dir), "%s", k->options.o.output);
	else if (mkdir("results", 0777) && errno != EEXIST)
		return error_set(e, -errno, "results: %s: use -o DIR",
				 strerror(errno));
	else
		snprintf(k->dir, sizeof(k->dir), "results/%s", id);
	if (mkdir(k->dir, 0777) && errno != EEXIST)
		return error_set(e, -errno, "%s: %s: use -o with a directory "
				 "that can be made", k->dir, strerror(errno));
	json_object_set_new(s->run, "soak", asked_json(&k->options));
	header = json_pack("{s:O, s:O, s:o}", "run", s->run, "env", s->env,
			   "vmgauge", version_json());
	rc = header ? journal_create(&k->journal, k->dir, header, e) :
	     error_set(e, -ENOMEM, "out of memory for the journal");
	if (rc == -EEXIST)
		error_set(e, rc, "%s holds a run already: resume it with "
			  "--resume %s, or use another -o", k->dir, k->dir);
	json_decref(header);
	return rc;
}

static int document_write(struct soaking *k, struct error *e)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/soak.json", k->dir);
	return json_save(soak_document(&k->soak), DOC_JSON_FLAGS, path, e);
}

static int finish(struct soaking *k)
{
	char path[4096], why[1024];
	struct error e;

	verb_run_finish(&k->session, true);
	if (k->soak.runs == k->soak.verdicts[doc_verdict_severity("skip")]) {
		printf("every row is skipped: vmgauge conform and bench say "
		       "why\n");
		return EXIT_SKIPPED;
	}
	soak_print(stdout, &k->soak);
	if (document_write(k, &e))
		return verb_fail(&e);
	printf("soak  %s/soak.json\n", k->dir);
	snprintf(path, sizeof(path), "%s/soak.svg", k->dir);
	if (soak_picture(&k->soak, path, &e))
		fprintf(stderr, "vmgauge: %s\n", e.text);
	else
		printf("plot  %s\n", path);
	return soak_wrong(&k->soak, why, sizeof(why)) ? EXIT_WRONG : EXIT_OK;
}

static int soak(struct soaking *k, const json_t *records, struct error *e)
{
	int rc = soak_open(&k->soak, &k->session, k->options.duration_s, e);
	int code;

	if (rc)
		return verb_fail(e);
	k->session.journal = &k->journal;
	rc = records ? soak_resume(&k->soak, records, e) : 0;
	if (!rc)
		rc = soak_run(&k->soak, e);
	if (rc) {
		fflush(stdout);
		fprintf(stderr, "vmgauge: %s; what was seen is kept: go on "
			"with vmgauge soak --resume %s\n", e->text, k->dir);
		code = rc == -EINTR ? EXIT_INTERRUPTED : EXIT_USAGE;
	} else {
		code = finish(k);
	}
	soak_close(&k->soak);
	return code;
}

static int soak_new(struct soaking *k, int argc, char **argv)
{
	struct error e;
	int code = verb_session_open(&k->session, &k->registry, &k->options.o,
				     REGISTRY_BENCHES | REGISTRY_PROBES);

	if (code)
		return code;
	k->session.run = verb_run_json(&k->session, argc, argv);
	code = begin(k, &e) ? verb_fail(&e) : soak(k, NULL, &e);
	session_close(&k->session);
	registry_close(&k->registry);
	return code;
}

static int soak_again(struct soaking *k)
{
	json_t *header = NULL, *records = NULL, *ours = version_json();
	struct error e;
	int code;

	snprintf(k->dir, sizeof(k->dir), "%s", k->options.o.resume);
	code = journal_open_resume(&k->journal, k->dir, &header, &records, &e) ?
	       verb_fail(&e) : EXIT_OK;
	if (code)
		goto out;
	if (!json_is_object(json_object_get(json_object_get(header, "run"),
					    "soak")) ||
	    !json_equal(json_object_get(header, "vmgauge"), ours)) {
		error_set(&e, -EPROTO, "%s is no soak of this build: resume it "
			  "with the vmgauge that began it, or start anew",
			  k->dir);
		code = verb_fail(&e);
		goto out;
	}
	asked_take(&k->options, json_object_get(header, "run"));
	code = verb_session_open(&k->session, &k->registry, &k->options.o,
				 REGISTRY_BENCHES | REGISTRY_PROBES);
	if (code)
		goto out;
	k->session.run = json_deep_copy(json_object_get(header, "run"));
	code = soak(k, records, &e);
	session_close(&k->session);
	registry_close(&k->registry);
out:
	json_decref(ours);
	json_decref(header);
	json_decref(records);
	return code;
}

int verb_soak(int argc, char **argv)
{
	static const struct argp argp = {
		.options = option, .parser = parse, .args_doc = "[GLOB...]",
		.doc = "Run items again and again and watch what becomes of "
		       "this process and its host.\v"
		       "A soak fails when memory, files or threads grow by more "
		       "than noise, when an item goes wrong that was right, when "
		       "a run ends in an error of ours, or by an alarm of the "
		       "kernel. What an item's verdict is from the first is "
		       "conform's and bench's to tell.",
	};
	struct soaking k = {
		.options.duration_s = 3600, .journal = { .fd = -1 },
	};
	int code = EXIT_USAGE;

	if (options_open(&k.options.o, argc))
		return EXIT_USAGE;
	if (verb_parse(&argp, argc, argv, &k.options.o.parsed, &code))
		code = k.options.o.resume ? soak_again(&k)
					  : soak_new(&k, argc, argv);
	journal_close(&k.journal);
	options_close(&k.options.o);
	return code;
}
