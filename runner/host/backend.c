/*
 * Judging what answers /dev/kvm; see backend.h.
 *
 * No single witness is enough: modules built in are listed on any CPU,
 * containers hide /sys, emulators copy the CPU's strings. So each fact is
 * kept as a line of evidence beside the judgement.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "host/backend.h"
#include "host/backend_facts.h"

/* A guest loop this many times slower than the host's is not executed. */
#define INTERPRETED_RATIO 50.0

void backend_evidence(struct backend_info *info, const char *fmt, ...)
{
	va_list ap;

	if (info->evidence_count == BACKEND_EVIDENCE_MAX)
		return;
	va_start(ap, fmt);
	vsnprintf(info->evidence[info->evidence_count++],
		  sizeof(info->evidence[0]), fmt, ap);
	va_end(ap);
}

static void loop_judge(struct backend_info *info,
		       const struct backend_loop *loop)
{
	double ratio;

	if (!loop || loop->guest_cycles < 0 || !(loop->host_cycles > 0))
		return;
	ratio = loop->guest_cycles / loop->host_cycles;
	info->cpl0_interpreted = ratio > INTERPRETED_RATIO;
	if (info->cpl0_interpreted)
		backend_evidence(info, "guest CPL0 loop runs %.0fx slower than the host's: CPL0 is interpreted",
				 ratio);
	else
		backend_evidence(info, "guest CPL0 loop takes %.2f times the host's: CPL0 is executed",
				 ratio);
}

/* A parameter such as ept=N names the paging; unreadable is unknown. */
static enum backend_tdp tdp_judge(int parameter, enum backend_tdp present)
{
	if (parameter < 0)
		return BACKEND_TDP_UNKNOWN;
	return parameter ? present : BACKEND_TDP_NONE;
}

static void kind_judge(struct backend_info *info,
		       const struct backend_facts *f)
{
	bool vmx = f->vmx && (f->kvm_intel || !f->other_module[0]);
	bool svm = f->svm && (f->kvm_amd || !f->other_module[0]);

	if (!f->device) {
		info->kind = BACKEND_NONE;
		info->tdp = BACKEND_TDP_NONE;
	} else if (f->kvm_pvm && (info->cpl0_interpreted || (!vmx && !svm))) {
		info->kind = BACKEND_SHADOW;
		info->tdp = BACKEND_TDP_NONE;
	} else if (vmx) {
		info->kind = BACKEND_VMX;
		info->tdp = tdp_judge(f->ept, BACKEND_TDP_EPT);
	} else if (svm) {
		info->kind = BACKEND_SVM;
		info->tdp = tdp_judge(f->npt, BACKEND_TDP_NPT);
	} else {
		info->kind = BACKEND_SOFTWARE;
		info->tdp = BACKEND_TDP_UNKNOWN;
	}
}

static const char *paging_name(enum backend_tdp tdp)
{
	switch (tdp) {
	case BACKEND_TDP_EPT:
		return "EPT";
	case BACKEND_TDP_NPT:
		return "NPT";
	case BACKEND_TDP_NONE:
		return "shadow paging";
	default:
		return "unknown paging";
	}
}

static void title_write(struct backend_info *info,
			const struct backend_facts *f)
{
	char *title = info->title;
	size_t size = sizeof(info->title);
	int n = 0;

	switch (info->kind) {
	case BACKEND_NONE:
		n = snprintf(title, size, "no KVM (no /dev/kvm)");
		break;
	case BACKEND_VMX:
		n = snprintf(title, size, "Intel VMX + %s",
			     paging_name(info->tdp));
		break;
	case BACKEND_SVM:
		n = snprintf(title, size, "AMD SVM + %s",
			     paging_name(info->tdp));
		break;
	case BACKEND_SHADOW:
		n = snprintf(title, size,
			     "KVM without hardware assistance (kvm_pvm, shadow paging)");
		break;
	case BACKEND_SOFTWARE:
		n = snprintf(title, size, "KVM without VMX or SVM (%s)",
			     f->other_module[0] ? f->other_module
						: "module not known");
		break;
	}
	if (info->software_host && n > 0 && (size_t)n < size)
		snprintf(title + n, size - (size_t)n, ", in software (%s)",
			 info->software_host);
}

void backend_detect(struct backend_info *info, const char *root,
		    const struct cpu_identity *identity,
		    const struct backend_loop *loop)
{
	struct backend_facts facts;

	memset(info, 0, sizeof(*info));
	backend_facts_read(&facts, info, root);
	info->software_host = backend_emulator(info, root, identity);
	loop_judge(info, loop);
	kind_judge(info, &facts);
	info->times_meaningful = !info->software_host;
	title_write(info, &facts);
}

void backend_replace(struct backend_info *info, enum backend_kind kind,
		     enum backend_tdp tdp, const char *emulator,
		     const char *fmt, ...)
{
	const char *below = emulator ? emulator : info->software_host;
	char title[sizeof(info->title)];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(title, sizeof(title), fmt, ap);
	va_end(ap);
	memset(info, 0, sizeof(*info));
	info->kind = kind;
	info->tdp = tdp;
	info->software_host = below;
	info->times_meaningful = !below;
	memcpy(info->title, title, sizeof(title));
	backend_evidence(info, "the target: %s", title);
	if (below)
		backend_evidence(info, "the CPU that it sees is %s", below);
}

const char *backend_kind_name(enum backend_kind kind)
{
	static const char *const names[] = {
		[BACKEND_NONE] = "none",
		[BACKEND_VMX] = "vmx",
		[BACKEND_SVM] = "svm",
		[BACKEND_SHADOW] = "shadow",
		[BACKEND_SOFTWARE] = "software",
	};

	return names[kind];
}

const char *backend_tdp_name(enum backend_tdp tdp)
{
	static const char *const names[] = {
		[BACKEND_TDP_UNKNOWN] = NULL,
		[BACKEND_TDP_NONE] = "none",
		[BACKEND_TDP_EPT] = "ept",
		[BACKEND_TDP_NPT] = "npt",
	};

	return names[tdp];
}

json_t *backend_json(const struct backend_info *info)
{
	json_t *evidence = json_array();

	for (unsigned i = 0; i < info->evidence_count; i++)
		json_array_append_new(evidence, json_string(info->evidence[i]));
	return json_pack("{s:s, s:s?, s:s, s:s?, s:b, s:o}",
			 "kind", backend_kind_name(info->kind),
			 "tdp", backend_tdp_name(info->tdp),
			 "title", info->title,
			 "software_host", info->software_host,
			 "times_meaningful", info->times_meaningful,
			 "evidence", evidence);
}
