/*
 * JSON as it may come: an optional field that is missing, null or of another
 * type is the same "unknown" everywhere.
 */
#include "reports/model.h"

#include <math.h>
#include <string.h>

#include "reports/number.h"

json_t *field_at(const json_t *j, const char *dotted)
{
	while (j && *dotted) {
		size_t length = strcspn(dotted, ".");
		char key[64];

		if (length >= sizeof(key))
			return NULL;
		memcpy(key, dotted, length);
		key[length] = '\0';
		j = json_object_get(j, key);
		dotted += length + (dotted[length] == '.');
	}
	return (json_t *)j;
}

const char *field_text(const json_t *j, const char *dotted)
{
	return json_string_value(field_at(j, dotted));
}

double field_double(const json_t *j, const char *dotted)
{
	const json_t *value = field_at(j, dotted);

	return json_is_number(value) ? json_number_value(value) : NAN;
}

enum known field_known(const json_t *j, const char *dotted)
{
	const json_t *value = field_at(j, dotted);

	if (json_is_true(value))
		return KNOWN_YES;
	return json_is_false(value) ? KNOWN_NO : KNOWN_NOT;
}

void model_exits(const json_t *exits, struct text *out)
{
	double kernel = field_double(exits, "kernel");
	double most = field_double(exits, "kernel_max");
	double user = field_double(exits, "user");

	if (isnan(kernel) && isnan(user)) {
		text_add(out, "unknown");
		return;
	}
	text_add(out, number_tidy(kernel).s);
	if (!isnan(most) && most != kernel)
		text_format(out, " to %s", number_tidy(most).s);
	text_format(out, " + %s", number_tidy(user).s);
}
