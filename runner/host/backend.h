/*
 * What /dev/kvm really is on this host, and the evidence for it.
 *
 * The same ioctls are answered by VMX or SVM hardware, by an emulator that
 * pretends to have them (QEMU TCG, Bochs), and by KVM without hardware
 * assistance. A number means something only when one knows which.
 */
#ifndef VMGAUGE_HOST_BACKEND_H
#define VMGAUGE_HOST_BACKEND_H

#include <jansson.h>
#include <stdbool.h>

#include "host/identity.h"

enum backend_kind {
	BACKEND_NONE,		/* no /dev/kvm */
	BACKEND_VMX,
	BACKEND_SVM,
	BACKEND_SHADOW,		/* KVM without hardware assistance, known */
	BACKEND_SOFTWARE,	/* the same, by something not known here */
};

enum backend_tdp {
	BACKEND_TDP_UNKNOWN,
	BACKEND_TDP_NONE,	/* shadow paging */
	BACKEND_TDP_EPT,
	BACKEND_TDP_NPT,
};

#define BACKEND_EVIDENCE_MAX 16

struct backend_info {
	enum backend_kind kind;
	enum backend_tdp tdp;
	char title[128];		/* for people: "Intel VMX + EPT" */
	const char *software_host;	/* "QEMU TCG", "Bochs" or NULL; static */
	bool cpl0_interpreted;		/* a measured guest loop says so */
	bool times_meaningful;		/* false when the CPU is an emulator */
	char evidence[BACKEND_EVIDENCE_MAX][160];
	unsigned evidence_count;
};

/*
 * Cycles of one turn of an empty counting loop (dec; jnz), at CPL0 in a guest
 * and on this host. A guest 50 times slower is being interpreted.
 */
struct backend_loop {
	double guest_cycles;
	double host_cycles;
};

/*
 * Judges the host from /dev, /sys and /proc below `root` ("" normally), the
 * identity, and `loop` (NULL or a negative guest_cycles: not measured).
 * Cannot fail: what cannot be read is not evidence.
 */
void backend_detect(struct backend_info *info, const char *root,
		    const struct cpu_identity *identity,
		    const struct backend_loop *loop);

/*
 * For a target that does not use this host's KVM: replaces the judgement.
 * `emulator` (static, or NULL) is what plays the CPU; where it is NULL and
 * the host itself is emulated, that stays. The title is formatted.
 */
__attribute__((format(printf, 5, 6)))
void backend_replace(struct backend_info *info, enum backend_kind kind,
		     enum backend_tdp tdp, const char *emulator,
		     const char *fmt, ...);

/* Measures host_cycles here: the fastest of a few short runs. */
double backend_host_loop_cycles(void);

const char *backend_kind_name(enum backend_kind kind);

/* "ept", "npt", "none"; NULL when unknown. */
const char *backend_tdp_name(enum backend_tdp tdp);

/* "backend" of the result document. NULL when out of memory. */
json_t *backend_json(const struct backend_info *info);

#endif
