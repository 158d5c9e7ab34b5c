/*
 * What readers rely on: which fields there are, of which type, and which of
 * them may be missing.
 *
 * result.schema.json is the strict description for writers. This is the one
 * for readers: unknown fields pass, so that a later minor version can be read.
 */
#include <stddef.h>

#include "result/doc_shape.h"

/* Must be there; must be there but may be null; may be absent or null. */
#define MUST(k, t, ...)	{ .key = k, .kind = t, .required = true, __VA_ARGS__ }
#define NULLABLE(k, t, ...)	\
	{ .key = k, .kind = t, .required = true, .nullable = true, __VA_ARGS__ }
#define MAY(k, t, ...)	{ .key = k, .kind = t, .nullable = true, __VA_ARGS__ }
#define FIELDS(...)	.of = (const struct shape[]){ __VA_ARGS__, { 0 } }
#define EACH(t, ...)	\
	.of = (const struct shape[]){ { .kind = t, __VA_ARGS__ } }
#define WORDS(...)	.words = (const char *const[]){ __VA_ARGS__, NULL }

static const struct shape run_fields[] = {
	MUST("id", TEXT),
	MUST("started", TEXT),
	NULLABLE("finished", TEXT),
	MUST("command", LIST, EACH(TEXT)),
	MUST("seed", WHOLE),
	MUST("quick", FLAG),
	NULLABLE("budget_s", NUMBER),
	NULLABLE("deadline_ms", NUMBER),
	MUST("instances", COUNT),
	MAY("precision", NUMBER),
	MUST("resumed", COUNT),
	MUST("complete", FLAG),
	{ 0 }
};

static const struct shape cpu_fields[] = {
	MAY("vendor", TEXT), MAY("model", TEXT), MAY("family", WHOLE),
	MAY("model_number", WHOLE), MAY("stepping", WHOLE),
	MAY("microcode", TEXT), MAY("tsc_khz", NUMBER),
	MAY("flags", LIST, EACH(TEXT)),
	{ 0 }
};

static const struct shape backend_fields[] = {
	MUST("kind", TEXT, WORDS("vmx", "svm", "shadow", "software", "none")),
	MAY("tdp", TEXT, WORDS("ept", "npt", "none")),
	MAY("title", TEXT),
	MAY("software_host", TEXT),
	MAY("times_meaningful", FLAG),
	MAY("evidence", LIST, EACH(TEXT)),
	{ 0 }
};

static const struct shape topology_fields[] = {
	MAY("packages", COUNT), MAY("cores", COUNT), MAY("pus", COUNT),
	MAY("numa_nodes", COUNT), MAY("smt", FLAG),
	MAY("pinned_to", LIST, EACH(COUNT)), MAY("policy", TEXT),
	MAY("memory_node", WHOLE),
	{ 0 }
};

static const struct shape env_fields[] = {
	MUST("host", RECORD, FIELDS(MAY("name", TEXT), MAY("machine", TEXT))),
	NULLABLE("fingerprint", TEXT),
	MUST("backend", RECORD, .of = backend_fields),
	MUST("virtualised", RECORD, FIELDS(MAY("is_guest", FLAG),
		MAY("hypervisor", TEXT), MAY("evidence", LIST, EACH(TEXT)))),
	MUST("cpu", RECORD, .of = cpu_fields),
	MAY("topology", RECORD, .of = topology_fields),
	MAY("kernel", RECORD, FIELDS(MAY("release", TEXT),
		MAY("version", TEXT), MAY("cmdline", TEXT))),
	MAY("mitigations", MAP, EACH(TEXT, .nullable = true)),
	MAY("power", RECORD, FIELDS(MAY("governor", TEXT), MAY("driver", TEXT),
		MAY("turbo", SCALAR), MAY("cstates", LIST, EACH(TEXT)))),
	MAY("memory", RECORD, FIELDS(MAY("total_bytes", COUNT),
		MAY("thp", TEXT), MAY("thp_defrag", TEXT),
		MAY("hugepages", MAP, EACH(COUNT, .nullable = true)))),
	MAY("kvm", RECORD, FIELDS(MAY("api_version", WHOLE),
		MAY("modules", LIST, EACH(TEXT)),
		MAY("parameters", MAP, EACH(TEXT, .nullable = true)),
		MAY("capabilities", MAP, EACH(SCALAR, .nullable = true)))),
	MAY("injected", RECORD, FIELDS(MAY("spin_ns", COUNT),
		MAY("defects", LIST, EACH(TEXT)))),
	MAY("clocksource", TEXT),
	MAY("tsc", RECORD, FIELDS(MAY("invariant", FLAG))),
	MAY("counters", RECORD, FIELDS(MAY("pmu", FLAG), MAY("note", TEXT))),
	MAY("disturbances", LIST, EACH(RECORD, FIELDS(MUST("what", TEXT),
		MAY("mend", TEXT),
		MUST("severity", TEXT, WORDS("note", "warn"))))),
	{ 0 }
};

const struct shape doc_fields[] = {
	MUST("vmgauge", RECORD, FIELDS(MUST("version", TEXT),
		NULLABLE("image_sha256", TEXT))),
	MUST("run", RECORD, .of = run_fields),
	MUST("env", RECORD, .of = env_fields),
	MUST("results", LIST, EACH(RECORD)),
	{ 0 }
};

#define SERIES	EACH(LIST, EACH(NUMBER))
#define NUMBERS	EACH(NUMBER, .nullable = true)

static const struct shape postmortem_fields[] = {
	MAY("exit_reason", TEXT), MAY("suberror", WHOLE),
	MAY("registers", MAP, EACH(TEXT, .nullable = true)),
	MAY("instruction_bytes", TEXT),
	MAY("mailbox", LIST, EACH(TEXT)), MAY("console", TEXT),
	{ 0 }
};

const struct shape result_fields[] = {
	MUST("id", TEXT),
	MUST("kind", TEXT, WORDS("bench", "probe")),
	MUST("target", TEXT),
	MUST("params", MAP, EACH(SCALAR, .nullable = true)),
	MUST("summary", TEXT),
	MUST("verdict", TEXT, WORDS("pass", "tell", "skip", "fail", "hang",
				    "crash", "error")),
	NULLABLE("reason", TEXT),
	MUST("cite", LIST, EACH(TEXT)),
	MUST("repeat", TEXT),
	MAY("postmortem", RECORD, .of = postmortem_fields),
	MAY("expected_failure", TEXT),
	{ 0 }
};

static const struct shape attest_fields[] = {
	MUST("attested", FLAG),
	MAY("expected", MAP, NUMBERS), MAY("observed", MAP, NUMBERS),
	MAY("blocks", COUNT), MAY("exact", COUNT), MAY("reason", TEXT),
	{ 0 }
};

static const struct shape counters_fields[] = {
	MAY("source", TEXT, WORDS("pmu", "software")), MAY("note", TEXT),
	MAY("events", MAP, EACH(RECORD, FIELDS(MAY("host", NUMBER),
					       MAY("guest", NUMBER)))),
	{ 0 }
};

static const struct shape decomposition_fields[] = {
	MUST("method", TEXT, WORDS("tracepoints", "stamps", "none")),
	MAY("ops", COUNT), MAY("parts", MAP, NUMBERS),
	MAY("sum", NUMBER), MAY("stamped_whole", NUMBER), MAY("whole", NUMBER), MAY("ratio", NUMBER),
	MAY("adds_up", FLAG), MAY("note", TEXT),
	{ 0 }
};

static const struct shape load_fields[] = {
	MUST("way", TEXT), MUST("backend", TEXT),
	MAY("doorbell", TEXT), MAY("completion", TEXT), MAY("bus", TEXT),
	MUST("bytes", COUNT), MAY("queues", COUNT), MUST("depth", COUNT),
	MAY("requests_per_s", NUMBER), MAY("mib_per_s", NUMBER),
	MAY("device_ns", NUMBER), MAY("vcpu_ns", NUMBER),
	MAY("latencies", COUNT), MAY("latency_ns", MAP, NUMBERS),
	{ 0 }
};

const struct shape bench_fields[] = {
	MAY("unit", TEXT),
	MAY("better", TEXT, WORDS("lower", "higher")),
	MAY("per", TEXT),
	MAY("samples", LIST, SERIES),
	MAY("ops", LIST, EACH(NUMBER)),
	MAY("n", LIST, EACH(COUNT)),
	MAY("instances", LIST, EACH(NUMBER)),
	MAY("median", NUMBER),
	MAY("ci", RECORD, FIELDS(MUST("low", NUMBER), MUST("high", NUMBER),
				 MUST("level", NUMBER))),
	MAY("ns", NUMBER),
	MAY("tails", MAP, NUMBERS),
	MAY("working_set_bytes", COUNT),
	MAY("walk_refs", COUNT),
	MAY("overhead", RECORD, FIELDS(MAY("median", NUMBER),
				       MAY("samples", LIST, SERIES))),
	MAY("flags", LIST, EACH(TEXT)),
	MAY("attest", RECORD, .of = attest_fields),
	MAY("contamination", MAP, NUMBERS),
	MAY("counters", RECORD, .of = counters_fields),
	MAY("decomposition", RECORD, .of = decomposition_fields),
	MAY("load", RECORD, .of = load_fields),
	{ 0 }
};

/* A number that was published has what it rests on. */
const struct shape measured_fields[] = {
	MUST("unit", TEXT),
	MUST("better", TEXT),
	MUST("samples", LIST, SERIES),
	MUST("n", LIST, EACH(COUNT)),
	MUST("instances", LIST, EACH(NUMBER)),
	MUST("median", NUMBER),
	NULLABLE("ci", RECORD),
	{ 0 }
};

/* What the oracle measured beside a hostile guest (oracle/oracle.h). */
static const struct shape lateness_fields[] = {
	MUST("n", COUNT), MUST("median_us", NUMBER), MUST("p99_us", NUMBER),
	MUST("max_us", NUMBER),
	MAY("median_ci", RECORD, FIELDS(MUST("low", NUMBER),
		MUST("high", NUMBER), MUST("level", NUMBER))),
	MAY("p99_ci", RECORD, FIELDS(MUST("low", NUMBER),
		MUST("high", NUMBER), MUST("level", NUMBER))),
	{ 0 }
};

static const struct shape evidence_fields[] = {
	MAY("kill", RECORD, FIELDS(MUST("samples_ms", LIST, EACH(NUMBER)),
		MUST("median_ms", NUMBER), MUST("max_ms", NUMBER),
		MUST("waited_ms", LIST, EACH(NUMBER)), MUST("bound_ms", NUMBER))),
	MAY("neighbour", RECORD, FIELDS(MUST("period_us", NUMBER),
		MUST("bound_ms", NUMBER),
		MAY("quiet", RECORD, .of = lateness_fields),
		MAY("beside", RECORD, .of = lateness_fields))),
	{ 0 }
};

const struct shape probe_fields[] = {
	MUST("rule", TEXT),
	MUST("subject", TEXT),
	MAY("control", TEXT),
	MAY("checks", LIST, EACH(RECORD, FIELDS(MAY("expr", TEXT),
		MAY("want", TEXT), MAY("got", TEXT), MAY("line", COUNT),
		MUST("ok", FLAG)))),
	MAY("checks_total", COUNT),
	MAY("duration_ms", NUMBER),
	MAY("evidence", RECORD, .of = evidence_fields),
	{ 0 }
};
