/*
 * Hosts and documents of a store; see history.h.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "compare/compare.h"
#include "history/history.h"

/* A column as a string of our own, "" for NULL; NULL when out of memory. */
static char *column(sqlite3_stmt *q, int at)
{
	const unsigned char *text = sqlite3_column_text(q, at);

	return strdup(text ? (const char *)text : "");
}

static int host_take(void *opaque, sqlite3_stmt *q)
{
	struct history *h = opaque;
	struct history_host *more, *host;

	more = realloc(h->host, (h->hosts + 1) * sizeof(*more));
	if (!more)
		return -ENOMEM;
	h->host = more;
	host = &h->host[h->hosts++];
	*host = (struct history_host){
		.id = sqlite3_column_int64(q, 0),
		.known = sqlite3_column_int(q, 1),
		.fingerprint = column(q, 2), .name = column(q, 3),
		.cpu = column(q, 4), .microcode = column(q, 5),
		.kernel = column(q, 6),
	};
	return host->fingerprint && host->name && host->cpu &&
	       host->microcode && host->kernel ? 0 : -ENOMEM;
}

/* The sides that compare --across kernels takes for one machine. */
static bool machine_same(const struct history_host *a,
			 const struct history_host *b)
{
	return *a->cpu && a->known && b->known && !strcmp(a->cpu, b->cpu) &&
	       !strcmp(a->microcode, b->microcode);
}

static void hosts_group(struct history *h)
{
	for (size_t i = 0; i < h->hosts; i++) {
		size_t k = 0;

		while (k < i && !(h->across & ACROSS_KERNELS &&
				  machine_same(&h->host[k], &h->host[i])))
			k++;
		h->host[i].group = k;
	}
}

static int by_host_id(const void *key, const void *element)
{
	const sqlite3_int64 *id = key;
	const struct history_host *host = element;

	return *id < host->id ? -1 : *id > host->id;
}

static int document_take(void *opaque, sqlite3_stmt *q)
{
	struct history *h = opaque;
	sqlite3_int64 host = sqlite3_column_int64(q, 1);
	struct history_document *d;

	if (!(h->documents & (h->documents - 1))) {	/* a power of two, or 0 */
		size_t room = h->documents ? h->documents * 2 : 1;

		d = reallocarray(h->document, room, sizeof(*d));
		if (!d)
			return -ENOMEM;
		h->document = d;
	}
	d = &h->document[h->documents++];
	*d = (struct history_document){
		.id = sqlite3_column_int64(q, 0),
		.host = bsearch(&host, h->host, h->hosts, sizeof(*h->host),
				by_host_id),
		.run = column(q, 2), .started = column(q, 3),
		.version = column(q, 4), .image = column(q, 5),
		.source = column(q, 6), .complete = sqlite3_column_int(q, 7),
		.times = sqlite3_column_int(q, 8),
		.results = (size_t)sqlite3_column_int64(q, 9),
	};
	if (!d->host)
		return -EBADMSG;
	return d->run && d->started && d->version && d->image && d->source ?
	       0 : -ENOMEM;
}

/* Each row to `take`. */
static int rows_take(struct history *h, const char *sql,
		     int (*take)(void *opaque, sqlite3_stmt *q),
		     struct error *e)
{
	sqlite3_stmt *q = NULL;
	int code = SQLITE_ROW, taken = 0, rc = store_prepare(h->store, sql, &q, e);

	if (rc)
		return rc;
	while (!taken && (code = sqlite3_step(q)) == SQLITE_ROW)
		taken = take(h, q);
	sqlite3_finalize(q);
	if (taken == -EBADMSG)
		return error_set(e, taken, "%s: damaged store: a document of no "
				 "host: restore a copy", h->store->path);
	if (taken)
		return error_set(e, taken, "out of memory");
	return code == SQLITE_DONE ? 0 : store_fail(h->store, code, e);
}

static int by_start(const void *a, const void *b)
{
	const struct history_document *x = *(void *const *)a;
	const struct history_document *y = *(void *const *)b;
	int order = strcmp(x->started, y->started);

	return order ? order : x->id < y->id ? -1 : x->id > y->id;
}

static int documents_order(struct history *h, struct error *e)
{
	h->in_order = calloc(h->documents + 1, sizeof(*h->in_order));
	if (!h->in_order)
		return error_set(e, -ENOMEM, "out of memory");
	for (size_t i = 0; i < h->documents; i++)
		h->in_order[i] = &h->document[i];
	if (h->documents)
		qsort(h->in_order, h->documents, sizeof(*h->in_order), by_start);
	for (size_t i = 0; i < h->documents; i++)
		h->in_order[i]->order = i;
	return 0;
}

/* Everything is read in one transaction: writers may go on meanwhile. */
int history_open(struct history *h, struct store *s, unsigned int across,
		 struct error *e)
{
	int rc;

	*h = (struct history){ .store = s, .across = across };
	rc = store_run(s, "BEGIN", e);
	if (!rc)
		rc = rows_take(h, "SELECT id,known,fingerprint,name,cpu,"
			       "microcode,kernel FROM host ORDER BY id",
			       host_take, e);
	if (rc)
		return rc;
	hosts_group(h);
	rc = rows_take(h, "SELECT id,host,run,started,version,image,source,"
		       "complete,times,results FROM document ORDER BY id",
		       document_take, e);
	return rc ? rc : documents_order(h, e);
}

void history_close(struct history *h)
{
	for (size_t i = 0; i < h->hosts; i++) {
		free(h->host[i].fingerprint);
		free(h->host[i].name);
		free(h->host[i].cpu);
		free(h->host[i].microcode);
		free(h->host[i].kernel);
	}
	for (size_t i = 0; i < h->documents; i++) {
		free(h->document[i].run);
		free(h->document[i].started);
		free(h->document[i].version);
		free(h->document[i].image);
		free(h->document[i].source);
	}
	free(h->host);
	free(h->document);
	free(h->in_order);
	if (h->store && h->store->db)
		sqlite3_exec(h->store->db, "COMMIT", NULL, NULL, NULL);
	*h = (struct history){ 0 };
}

static int by_document_id(const void *key, const void *element)
{
	const sqlite3_int64 *id = key;
	const struct history_document *d = element;

	return *id < d->id ? -1 : *id > d->id;
}

const struct history_document *history_document(const struct history *h,
						sqlite3_int64 id)
{
	return h->documents ? bsearch(&id, h->document, h->documents,
				      sizeof(*h->document), by_document_id)
			    : NULL;
}
