/*
 * What Xen itself runs on; between xen.c and its hosts only.
 */
#ifndef VMGAUGE_TARGET_XEN_HOST_H
#define VMGAUGE_TARGET_XEN_HOST_H

#include <stdbool.h>

#include "target/emulator.h"

struct xen;

struct xen_host {
	const char *name;		/* the option */
	enum backend_kind kind;		/* what Xen finds there, if known */
	enum backend_tdp tdp;
	const char *emulator;		/* what plays the CPU; NULL: itself */
	unsigned int boot_ms;
	bool local;			/* Xen runs already: none to boot */
	/* 0, or why the host cannot run here; may correct kind and tdp. */
	int (*find)(struct xen *x, struct error *e);
	/* May be NULL: files that all boots share, and their end. */
	int (*prepare)(struct xen *x, struct error *e);
	void (*close)(struct xen *x);
	int (*command)(struct xen *x, struct emulator_command *c,
		       struct error *e);
	/* May be NULL: ends what the child's end has left. */
	void (*stop)(struct xen *x);
	/*
	 * May be NULL, which is the file that is Xen's console: why an item
	 * that was not done ended so, in Xen's words.
	 */
	void (*hear)(struct xen *x, struct observation *seen);
};

extern const struct xen_host xen_svm, xen_vmx, xen_xl;

struct xen {
	const struct xen_host *host;
	enum backend_kind kind;
	enum backend_tdp tdp;
	struct emulator em;
	char program[512];
	char hypervisor[512];
	char text[3][768];		/* arguments that command() makes */
	int image, console;		/* files in memory */
	char dir[256];			/* xen_vmx's files, or "" */
	bool domain;			/* xen_xl's may be there */
	char left[200];			/* why one could not be destroyed */
};

/* Keeps the end of what Xen said with the item; cleans `text` for that. */
void xen_console_keep(char *text, size_t n, struct observation *seen);

/* The second port is Xen's own console, the first one its dom0's. */
#define XEN_OPTIONS	"com2=115200,8n1 console=com2 loglvl=warning "	\
			"guest_loglvl=all dom0=pvh dom0_mem=96M "	\
			"dom0-iommu=none"

#endif
