/*
 * What Xen itself runs on; between xen.c and its hosts only.
 */
#ifndef VMGAUGE_TARGET_XEN_HOST_H
#define VMGAUGE_TARGET_XEN_HOST_H

#include "target/emulator.h"

struct xen;

struct xen_host {
	const char *name;		/* the option */
	enum backend_kind kind;		/* what Xen finds there */
	enum backend_tdp tdp;
	const char *emulator;		/* what plays the CPU */
	unsigned int boot_ms;
	/* 0, or why the host cannot run here. */
	int (*find)(struct xen *x, struct error *e);
	/* May be NULL: files that all boots share, and their end. */
	int (*prepare)(struct xen *x, struct error *e);
	void (*close)(struct xen *x);
	int (*command)(struct xen *x, struct emulator_command *c,
		       struct error *e);
};

extern const struct xen_host xen_svm, xen_vmx;

struct xen {
	const struct xen_host *host;
	struct emulator em;
	char program[512];
	char hypervisor[512];
	char text[3][768];		/* arguments that command() makes */
	int image, console;		/* files in memory */
	char dir[256];			/* xen_vmx's files, or "" */
};

/* The second port is Xen's own console, the first one its dom0's. */
#define XEN_OPTIONS	"com2=115200,8n1 console=com2 loglvl=warning "	\
			"guest_loglvl=all dom0=pvh dom0_mem=96M "	\
			"dom0-iommu=none"

#endif
