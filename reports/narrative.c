/*
 * The paragraph that somebody quotes. It must be true on its own: it names the
 * backend, says how much of what it counts is attested, and never says "fast".
 */
#include "reports/narrative.h"

#include <string.h>

#include "reports/number.h"

static const char *plural(size_t n, const char *one, const char *many)
{
	return n == 1 ? one : many;
}

/* "3 skipped, 1 hung" for those verdicts that occur, in this order. */
static void add_counts(struct text *out, const size_t counts[VERDICT_COUNT],
		       const char *const words[VERDICT_COUNT])
{
	const char *comma = "";

	for (int v = 0; v < VERDICT_COUNT; v++) {
		if (!counts[v] || !words[v])
			continue;
		text_format(out, "%s%s %s", comma, number_count(counts[v]).s, words[v]);
		comma = ", ";
	}
}

static void add_benches(const struct run *run, struct text *out)
{
	static const char *const words[VERDICT_COUNT] = {
		[VERDICT_SKIP] = "skipped", [VERDICT_FAIL] = "failed",
		[VERDICT_HANG] = "hung", [VERDICT_CRASH] = "crashed",
		[VERDICT_ERROR] = "ended in an error of vmgauge",
		[VERDICT_TELL] = "gave a tell",
	};
	size_t silent = run->measured - run->attested - run->not_attested;

	if (!run->benches)
		return;
	text_format(out, " %s of %s %s gave a number: %s attested (the exits that "
		    "were counted are exactly those declared), %s not",
		    number_count(run->measured).s, number_count(run->benches).s,
		    plural(run->benches, "bench", "benches"),
		    number_count(run->attested).s,
		    number_count(run->not_attested).s);
	if (silent)
		text_format(out, ", %s without anything to attest",
			    number_count(silent).s);
	if (run->benches > run->bench_verdicts[VERDICT_PASS]) {
		text_add(out, "; ");
		add_counts(out, run->bench_verdicts, words);
	}
	text_add(out, ".");
}

static void add_probes(const struct run *run, struct text *out)
{
	static const char *const words[VERDICT_COUNT] = {
		"passed", "told that there is a VM", "skipped", "failed", "hung",
		"crashed", "ended in an error of vmgauge",
	};

	if (!run->probes)
		return;
	text_format(out, " Of %s %s ", number_count(run->probes).s,
		    plural(run->probes, "probe", "probes"));
	add_counts(out, run->probe_verdicts, words);
	text_add(out, ".");
}

void narrative_write(const struct run *run, struct text *out)
{
	const char *version = field_text(run->vmgauge, "version");
	const char *cpu = field_text(run->env, "cpu.model");
	bool quick = json_is_true(field_at(run->run, "quick"));

	text_add(out, "vmgauge");
	if (version)
		text_format(out, " %s", version);
	text_format(out, " measured on %s, on %s, what virtualisation costs, and "
		    "probed how faithful and how tight it is. What ran the guest: %s.",
		    run->host ? run->host : "an unnamed host",
		    number_date(field_text(run->run, "started")).s,
		    run->backend ? run->backend : "not identified");
	if (cpu)
		text_format(out, " The processor calls itself %s.", cpu);
	if (quick)
		text_add(out, " It was a quick run.");
	add_benches(run, out);
	add_probes(run, out);
}

static void limit_software(const struct run *run, struct text *out)
{
	if (run->software_host)
		text_format(out, "The host is itself emulated in software (%s): the "
			    "times mean nothing. Verdicts and exit counts hold.",
			    run->software_host);
	else if (run->times_meaningful == KNOWN_NO)
		text_add(out, "On this host times mean nothing. Verdicts and exit "
			 "counts hold.");
}

static void limit_virtualised(const struct run *run, struct text *out)
{
	if (run->virtualised == KNOWN_NO)
		return;
	if (run->virtualised == KNOWN_NOT) {
		text_add(out, "Whether this host is itself a virtual machine is unknown: "
			 "its times may not be compared with those of other hardware.");
		return;
	}
	text_add(out, "This host is itself a virtual machine");
	if (run->hypervisor)
		text_format(out, " (under %s)", run->hypervisor);
	text_add(out, ": its times include another hypervisor\u2019s, and nothing here "
		 "may be concluded about the hardware or compared with other hardware.");
}

static void limit_backend(const struct run *run, struct text *out)
{
	const char *kind = run->backend_kind ? run->backend_kind : "";

	if (!kind[0])
		text_add(out, "What runs the guest could not be identified: the numbers "
			 "are not known to be those of hardware assistance.");
	else if (!strcmp(kind, "none"))
		text_add(out, "Nothing was virtualised: the numbers are those of a "
			 "process of this host, to hold virtual machines against.");
	else if (!strcmp(kind, "software"))
		text_add(out, "An emulator ran the guest: the numbers are prices of "
			 "its software, not of VMX or SVM.");
	else if (strcmp(kind, "vmx") && strcmp(kind, "svm"))
		text_add(out, "There is no hardware assistance for virtualisation here: "
			 "the numbers are prices of a software technique, not of VMX "
			 "or SVM.");
}

static void limit_attested(const struct run *run, struct text *out)
{
	if (run->not_attested)
		text_format(out, "%s %s not attested: the exits counted are not those "
			    "that the name promises, so the time is real but may be "
			    "the price of something else.",
			    number_count(run->not_attested).s,
			    plural(run->not_attested, "number is", "numbers are"));
}

static void limit_complete(const struct run *run, struct text *out)
{
	if (run->complete == KNOWN_NO)
		text_add(out, "The run was not finished: what is absent was not reached, "
			 "and says nothing.");
}

static void limit_probes(const struct run *run, struct text *out)
{
	if (run->probes)
		text_add(out, "A probe that passes shows that one rule held in one "
			 "situation. It does not show that there is no fault.");
}

bool narrative_limit(const struct run *run, size_t i, struct text *out)
{
	static void (*const limits[])(const struct run *, struct text *) = {
		limit_software, limit_virtualised, limit_backend, limit_attested,
		limit_complete, limit_probes,
	};

	text_clear(out);
	for (size_t k = 0; k < sizeof(limits) / sizeof(limits[0]); k++) {
		limits[k](run, out);
		if (!out->length)
			continue;
		if (i-- == 0)
			return true;
		text_clear(out);
	}
	return false;
}
