/*
 * Documents of detect, by target; see detectability.h.
 */
#include "reports/detectability.h"

#include <string.h>

bool detected_at(const struct model *m, size_t i, struct detected *to)
{
	for (size_t k = 0; k < m->detect_count; k++) {
		json_t *list = field_at(m->detects[k], "targets");
		size_t n = json_array_size(list);
		json_t *row;
		size_t r;

		if (i >= n) {
			i -= n;
			continue;
		}
		*to = (struct detected){
			.doc = m->detects[k], .target = json_array_get(list, i),
		};
		to->label = field_text(to->target, "target");
		to->label = to->label ? to->label : "unknown target";
		to->times_meaningful = field_known(to->target,
						   "times_meaningful");
		json_array_foreach(field_at(to->target, "ways"), r, row)
			to->hidden |= json_is_object(field_at(row, "hidden"));
		return true;
	}
	return false;
}

json_t *detected_way(const struct detected *d, size_t row)
{
	return json_array_get(field_at(d->doc, "ways"), row);
}

const char *detected_name(json_t *row)
{
	const char *id = field_text(row, "id");

	if (!id)
		return "?";
	return strncmp(id, "detect/", 7) ? id : id + 7;
}

json_t *detected_comparison(json_t *row, const char *path)
{
	json_t *c = field_at(row, path);

	return json_is_true(json_object_get(c, "made")) ? c : NULL;
}
