/*
 * The search: trials by the batch, through every asked place, compared with
 * the reference (native, or else the first place); what differs is made small
 * and kept as a finding.
 *
 * What is found twice is counted, not searched again: a finding's key is its
 * place, its kind and its last instruction's form. A form that kills, hangs or
 * faults in a place is not run there again, for it would hide all that comes
 * behind it; other forms have DIFFER_HITS findings first.
 */
#ifndef VMGAUGE_DIFFER_DIFFER_H
#define VMGAUGE_DIFFER_DIFFER_H

#include <jansson.h>
#include <signal.h>

#include "differ/compare.h"
#include "differ/decode.h"
#include "differ/place.h"

#define DIFFER_HITS		4u
#define DIFFER_FINDINGS_MAX	2000u
#define DIFFER_FORMAT		"vmgauge-differ"	/* of its file */
#define DIFFER_VERSION		1

/*
 * A mutant, to see the test fail: after a trial with an instruction of this
 * name, what `place` answers is bent.
 */
struct differ_inject {
	enum place_kind place;
	enum { INJECT_NONE = 0, INJECT_GPR, INJECT_FLAG, INJECT_VECTOR,
	       INJECT_MEMORY, INJECT_HANG } what;
	unsigned int which;		/* register's number, or flag's bit */
	char mnemonic[24];		/* "" for every trial */
};

/* "PLACE:WHAT[:MNEMONIC]", WHAT a register, a flag, xmmN, memory or hang. */
int inject_parse(const char *text, struct differ_inject *to, struct error *e);
bool inject_applies(const struct differ_inject *i, enum place_kind place,
		    const struct trial *t, const struct outcome *o);
void inject_bend(const struct differ_inject *i, struct outcome *o);

struct finding {
	struct trial trial;		/* the smallest */
	enum place_kind place;
	struct difference d;
	uint64_t index;			/* of the trial that led to it */
	unsigned int units_before;
	unsigned int hits;
	int runs;			/* that making it small took */
	bool repeats;			/* alone, and in a fresh place */
};

struct differ_options {
	uint64_t seed, from, count;	/* indices from .. from + count - 1 */
	double seconds;			/* 0: no limit */
	uint32_t places;		/* PLACE_BIT()s */
	unsigned int deadline_ms;	/* of a batch */
	bool hidden;			/* also what CPUID hides from the guest */
	struct differ_inject inject;
};

struct differ_count {
	uint64_t run, skipped, differing;
	double seconds;
};

struct differ {
	struct differ_options options;
	struct kvm_system sys;
	struct place place[PLACES];	/* those asked for; others are zero */
	enum place_kind reference;
	isa_set isa;
	uint64_t done;			/* trials */
	struct differ_count count[PLACES];
	struct finding **finding;	/* owned */
	unsigned int findings;
	uint64_t *blocked;		/* a set of (place, form); owned */
	double began_s, elapsed_s;
	bool full;			/* DIFFER_FINDINGS_MAX were reached */
	volatile sig_atomic_t *interrupted;	/* may be NULL */
	/* Called now and then; may be NULL. */
	void (*progress)(const struct differ *x);
};

/*
 * Opens the places. A place that this host has not is an error that says why.
 * differ_close() is safe after a failure.
 */
int differ_open(struct differ *x, const struct differ_options *o,
		struct error *e);
void differ_close(struct differ *x);
/* 0, or -errno when going on was impossible; what was found stays. */
int differ_run(struct differ *x, struct error *e);
/* Trials that differed, those that made no finding for lack of time, too. */
uint64_t differ_differing(const struct differ *x);

/* Runs a trial alone in two places. 0 or 1 (it differs), or -errno. */
int differ_try(struct differ *x, enum place_kind place, const struct trial *t,
	       struct difference *d, struct error *e);

/* document.c: the file, and a finding out of it. New references. */
json_t *differ_json(const struct differ *x, const char *version);
/* Whether a file's findings can be run again; *to is an array, owned. */
int differ_read(const char *path, struct finding **to, size_t *count,
		struct error *e);

/* candidate.c: a probe's source, made of a finding. NULL: out of memory. */
char *finding_probe(const struct finding *f);

/* "subss xmm2, [r15+0x0F]" of instruction n as it lies in its slot. */
void trial_text(const struct trial *t, unsigned int n, char *to,
		size_t bytes);

#endif
