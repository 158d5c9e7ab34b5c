/*
 * KVM of the environment: its modules, every parameter they have, and its
 * capabilities; see env.h. halt_poll_ns alone changes some results tenfold.
 */
#include <linux/kvm.h>
#include <stdio.h>
#include <sys/ioctl.h>

#include "host/env_parts.h"
#include "host/kvm_capabilities.h"

#define CAPABILITY(name, number) { "KVM_CAP_" #name, number },

static const struct {
	const char *name;
	int number;
} capabilities[] = { KVM_CAPABILITIES(CAPABILITY) };

static int module_parameters(json_t *all, const char *root,
			     const char *module)
{
	char directory[320], path[640], key[640];
	json_t *names, *name;
	size_t i;
	int rc = 0;

	snprintf(directory, sizeof(directory), "/sys/module/%s/parameters",
		 module);
	names = env_names(root, directory, "");
	json_array_foreach(names, i, name) {
		const char *parameter = json_string_value(name);

		snprintf(path, sizeof(path), "%s/%s", directory, parameter);
		snprintf(key, sizeof(key), "%s.%s", module, parameter);
		rc |= json_object_set_new(all, key, env_text(root, path));
	}
	json_decref(names);
	return rc;
}

static json_t *parameters_json(const char *root, const json_t *modules)
{
	json_t *all = json_object();
	json_t *module;
	size_t i;

	json_array_foreach(modules, i, module) {
		if (module_parameters(all, root, json_string_value(module))) {
			json_decref(all);
			return NULL;
		}
	}
	return all;
}

/* No and yes as booleans; some capabilities answer with a number or mask. */
static json_t *capability_json(int fd, int number)
{
	int value = ioctl(fd, KVM_CHECK_EXTENSION, number);

	if (value < 0)
		return json_null();
	return value > 1 ? json_integer(value) : json_boolean(value);
}

static json_t *capabilities_json(int fd)
{
	json_t *all = json_object();

	for (size_t i = 0; i < sizeof(capabilities) / sizeof(capabilities[0]);
	     i++)
		json_object_set_new(all, capabilities[i].name,
				    capability_json(fd, capabilities[i].number));
	return all;
}

json_t *env_kvm(const char *root, int fd)
{
	int version = fd < 0 ? -1 : ioctl(fd, KVM_GET_API_VERSION, 0);
	json_t *modules = env_names(root, "/sys/module", "kvm");

	return json_pack("{s:o, s:o, s:o, s:o}",
		"api_version", version < 0 ? json_null()
					   : json_integer(version),
		"parameters", parameters_json(root, modules),
		"capabilities", version < 0 ? json_null()
					    : capabilities_json(fd),
		"modules", modules);
}
