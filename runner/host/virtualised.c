/*
 * Host or guest: several witnesses, because none is reliable alone; see
 * virtualised.h. A hypervisor may hide its CPUID leaf and forget its DMI.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "host/sysfile.h"
#include "host/virtualised.h"

__attribute__((format(printf, 3, 4)))
static void witness(struct virtualised *v, const char *hypervisor,
		    const char *fmt, ...)
{
	va_list ap;

	v->is_guest = true;
	if (hypervisor && !v->hypervisor[0])
		snprintf(v->hypervisor, sizeof(v->hypervisor), "%s",
			 hypervisor);
	if (v->evidence_count == VIRTUALISED_EVIDENCE_MAX)
		return;
	va_start(ap, fmt);
	vsnprintf(v->evidence[v->evidence_count++], sizeof(v->evidence[0]),
		  fmt, ap);
	va_end(ap);
}

/*
 * Machines whose maker is a hypervisor. "QEMU" is the machine of KVM, TCG and
 * Xen alike, and clouds name themselves on bare metal too: those tell that
 * there is a hypervisor at most, never which.
 */
static const struct {
	const char *text, *hypervisor;
} dmi_makers[] = {
	{ "QEMU", NULL },
	{ "Bochs", NULL },
	{ "VMware", "VMware" },
	{ "innotek GmbH", "VirtualBox" },
	{ "VirtualBox", "VirtualBox" },
	{ "Parallels", "Parallels" },
	{ "Virtual Machine", "Hyper-V" },
	{ "HVM domU", "Xen" },
	{ "BHYVE", "bhyve" },
	{ "KVM", "KVM" },
	{ "Google Compute Engine", "KVM" },
	{ "OpenStack", NULL },
};

static void dmi_detect(struct virtualised *v, const char *root)
{
	static const char *const files[] = {
		"/sys/class/dmi/id/sys_vendor",
		"/sys/class/dmi/id/product_name",
	};
	char text[64];

	for (size_t f = 0; f < sizeof(files) / sizeof(files[0]); f++) {
		if (sysfile_read(root, files[f], text, sizeof(text)) <= 0)
			continue;
		for (size_t i = 0;
		     i < sizeof(dmi_makers) / sizeof(dmi_makers[0]); i++) {
			if (!strstr(text, dmi_makers[i].text))
				continue;
			witness(v, dmi_makers[i].hypervisor, "DMI %s \"%s\"",
				strrchr(files[f], '/') + 1, text);
			break;
		}
	}
}

void virtualised_detect(struct virtualised *v, const char *root,
			const struct cpu_identity *identity)
{
	char text[8192], flags[4096];

	memset(v, 0, sizeof(*v));
	if (identity->hypervisor_vendor[0])
		witness(v, identity_hypervisor_name(identity->hypervisor_vendor),
			"CPUID leaf 0x40000000 \"%s\"",
			identity->hypervisor_vendor);
	if (identity->hypervisor_bit)
		witness(v, NULL, "CPUID.1:ECX[31] (hypervisor bit)");
	sysfile_read(root, "/proc/cpuinfo", text, sizeof(text));
	sysfile_value(text, "flags", flags, sizeof(flags));
	if (!identity->hypervisor_bit && sysfile_has_word(flags, "hypervisor"))
		witness(v, NULL, "flag \"hypervisor\" in /proc/cpuinfo");
	if (sysfile_read(root, "/sys/hypervisor/type", text, sizeof(text)) > 0)
		witness(v, !strcmp(text, "xen") ? "Xen" : text,
			"/sys/hypervisor/type \"%.64s\"", text);
	dmi_detect(v, root);
}

json_t *virtualised_json(const struct virtualised *v)
{
	json_t *evidence = json_array();

	for (unsigned i = 0; i < v->evidence_count; i++)
		json_array_append_new(evidence, json_string(v->evidence[i]));
	return json_pack("{s:b, s:s?, s:o}", "is_guest", v->is_guest,
			 "hypervisor",
			 v->hypervisor[0] ? v->hypervisor : NULL,
			 "evidence", evidence);
}
