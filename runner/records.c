/*
 * Records on their way: from a run to the journal and to their series, and
 * back from a journal that an earlier run left.
 */
#include <errno.h>
#include <string.h>

#include "instance.h"
#include "result/doc.h"
#include "session.h"

bool has_round(const struct series *series, unsigned int round)
{
	json_t *record;
	size_t i;

	json_array_foreach(series->instances, i, record)
		if (json_integer_value(json_object_get(record, "round")) ==
		    (json_int_t)round)
			return true;
	return false;
}

int record_keep(struct session *s, const char *key, json_t *record,
		       struct error *e)
{
	json_t *line;
	int rc;

	if (!s->journal)
		return 0;
	line = json_pack("{s:O}", key, record);
	if (!line)
		return error_set(e, -ENOMEM, "out of memory for the journal");
	rc = journal_append(s->journal, line, e);
	json_decref(line);
	return rc;
}

void record_file(struct series *series, json_t *record)
{
	const char *verdict = json_string_value(json_object_get(record,
								"verdict"));

	json_t **only = NULL;

	if (json_object_get(record, "decomposition"))
		only = &series->decomposition;
	else if (series->item->probe || strcmp(verdict, "pass"))
		only = &series->verdict;
	if (only) {
		json_decref(*only);	/* a journal may hold it twice */
		*only = record;
	} else if (has_round(series, (unsigned int)json_integer_value(
			   json_object_get(record, "round")))) {
		json_decref(record);
	} else {
		json_array_append_new(series->instances, record);
	}
}

int session_resume(struct session *s, const json_t *records,
		   struct error *e)
{
	json_t *record, *inner;
	size_t i;

	json_array_foreach(records, i, record) {
		const char *id;
		json_int_t ring, vcpus;
		unsigned int k;

		inner = json_object_get(record, "instance");
		id = json_string_value(json_object_get(inner, "id"));
		ring = json_integer_value(json_object_get(inner, "ring"));
		vcpus = json_integer_value(json_object_get(inner, "vcpus"));
		for (k = 0; id && k < s->series_count; k++)
			if (!strcmp(s->series[k].item->name, id) &&
			    (json_int_t)s->series[k].ring == ring &&
			    (json_int_t)s->series[k].vcpus == vcpus)
				break;
		if (!id || k == s->series_count || !json_is_integer(
			    json_object_get(inner, "ring")) ||
		    (!json_object_get(inner, "decomposition") &&
		     doc_verdict_severity(json_string_value(json_object_get(
			    inner, "verdict"))) < 0))
			return error_set(e, -EBADMSG, "journal record %zu "
					 "(%s) is of no item of this run", i + 1,
					 id ? id : "no id");
		record_file(&s->series[k], json_incref(inner));
	}
	return 0;
}
