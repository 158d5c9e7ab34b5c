/*
 * The verbs: `vmgauge VERB [GLOB...] [OPTION...]`, one file each.
 *
 * A verb gets argv from its own name on and returns the exit code:
 * 0 nothing wrong; 1 something failed, hung or crashed; 2 usage or
 * environment; 77 everything was skipped; 130 interrupted.
 */
#ifndef VMGAUGE_VERB_H
#define VMGAUGE_VERB_H

#include <argp.h>
#include <signal.h>

#include "session.h"

enum { EXIT_OK = 0, EXIT_WRONG = 1, EXIT_USAGE = 2, EXIT_SKIPPED = 77,
       EXIT_INTERRUPTED = 130 };

struct verb {
	const char *name;
	const char *summary;
	int (*run)(int argc, char **argv);
};

int verb_info(int argc, char **argv);
int verb_inside(int argc, char **argv);
int verb_manual(const struct verb *verbs, size_t count, int argc, char **argv);
int verb_list(int argc, char **argv);
int verb_explain(int argc, char **argv);
int verb_bench(int argc, char **argv);
int verb_conform(int argc, char **argv);
int verb_differ(int argc, char **argv);
int verb_detect(int argc, char **argv);
int verb_run(int argc, char **argv);
int verb_compare(int argc, char **argv);
int verb_history(int argc, char **argv);
int verb_export(int argc, char **argv);
int verb_report(int argc, char **argv);
int verb_soak(int argc, char **argv);
int verb_import(int argc, char **argv);

/*
 * What every verb's parsed options begin with. A parser that refuses a value
 * says why in *e and returns EINVAL.
 */
struct parsed {
	struct error *e;
};

/*
 * argp_parse() with one line for an error, and help under the verb's full
 * name. False: there is nothing left to do but to return *code.
 */
bool verb_parse(const struct argp *argp, int argc, char **argv,
		struct parsed *input, int *code);

/* What every verb understands beside its own options. */
extern const struct argp common_argp;

/* For the help of the whole program, and for its manual. */
extern const char verb_exit_codes[];

/*
 * Calls `each` with a verb's options as verb_parse() got them, and does nothing
 * else: what is generated from them cannot differ from --help.
 */
typedef void verb_watch(const struct argp *argp, void *opaque);
void verb_describe(const struct verb *verb, verb_watch *each, void *opaque);

/* What the measuring verbs have in common, parsed by options_argp. */
struct options {
	struct parsed parsed;
	struct session_options session;
	const char **globs;		/* NULL-terminated; owned */
	size_t glob_count;
	const char *output;		/* -o */
	const char *resume;		/* --resume */
	bool resumable;			/* the verb knows --resume */
};

extern const struct argp options_argp;

int options_open(struct options *o, int argc);
void options_close(struct options *o);

/*
 * Before anything is measured: whether a document can be written there.
 * 0 or -errno.
 */
int output_check(const char *path, struct error *e);

/* "vmgauge: text" on standard error; returns EXIT_USAGE. */
int verb_fail(const struct error *e);

/* Set by SIGINT and SIGTERM once verb_catch_signals() was called. */
extern volatile sig_atomic_t verb_interrupted;
void verb_catch_signals(void);

/*
 * The common frame of bench, conform and run: opens registry and session,
 * selects `kinds`, plans. Returns 0 or the exit code of a failure.
 */
int verb_session_open(struct session *s, struct registry *r,
		      const struct options *o, unsigned int kinds);

/* The exit code that the finished results ask for. */
int verb_exit_code(const struct session *s);

/* "run" of the result document, and its end. */
json_t *verb_run_json(const struct session *s, int argc, char **argv);
void verb_run_finish(struct session *s, bool complete);

/* The table of benches for people. */
void table_print(FILE *out, const struct session *s);
void table_verdicts(FILE *out, const struct session *s);

#endif
