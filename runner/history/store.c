/*
 * Opening a store, and what SQLite's codes mean to a person; see store.h.
 *
 * A file that is not ours is never written: what it is gets asked before
 * anything else.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "history/store.h"

static const char schema[] =
	"CREATE TABLE host(id INTEGER PRIMARY KEY,"
	" fingerprint TEXT NOT NULL UNIQUE, known INTEGER NOT NULL,"
	" name TEXT NOT NULL, cpu TEXT NOT NULL, microcode TEXT NOT NULL,"
	" kernel TEXT NOT NULL);"
	"CREATE TABLE document(id INTEGER PRIMARY KEY,"
	" host INTEGER NOT NULL REFERENCES host, run TEXT NOT NULL,"
	" started TEXT NOT NULL, seed INTEGER NOT NULL,"
	" complete INTEGER NOT NULL, digest INTEGER NOT NULL,"
	" version TEXT NOT NULL, image TEXT NOT NULL, times INTEGER NOT NULL,"
	" results INTEGER NOT NULL, source TEXT NOT NULL, added TEXT NOT NULL,"
	" UNIQUE(run, digest));"
	"CREATE TABLE series(id INTEGER PRIMARY KEY, item TEXT NOT NULL,"
	" params TEXT NOT NULL, target TEXT NOT NULL, unit TEXT NOT NULL,"
	" kind TEXT NOT NULL, higher INTEGER NOT NULL,"
	" UNIQUE(item, params, target, unit));"
	"CREATE TABLE point(series INTEGER NOT NULL REFERENCES series,"
	" document INTEGER NOT NULL REFERENCES document,"
	" verdict INTEGER NOT NULL, expected INTEGER NOT NULL,"
	" attested INTEGER, median REAL, low REAL, high REAL,"
	" instances BLOB, reason TEXT, PRIMARY KEY(series, document))"
	" WITHOUT ROWID;"
	"CREATE INDEX point_document ON point(document);";

/* SQLite does not always keep the errno. */
static int fail_io(const struct store *s, struct error *e)
{
	int err = sqlite3_system_errno(s->db);

	return error_set(e, err ? -err : -EIO, "cannot read or write %s: %s "
			 "(SQLite %d): look for a limit on file sizes (ulimit "
			 "-f), a quota or a failing disk; what was added before "
			 "is kept", s->path, strerror(err ? err : EIO),
			 sqlite3_extended_errcode(s->db));
}

int store_fail(const struct store *s, int code, struct error *e)
{
	switch (code & 0xff) {
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return error_set(e, -EBUSY, "%s: another process holds the store "
				 "for more than %u s: wait for it to end, or "
				 "give --wait more seconds", s->path, s->wait_s);
	case SQLITE_FULL:
		return error_set(e, -ENOSPC, "cannot write %s: disk full: free "
				 "space; what was added before is kept",
				 s->path);
	case SQLITE_IOERR:
		return fail_io(s, e);
	case SQLITE_NOTADB:
		return error_set(e, -EPROTO, "%s: no SQLite file, so no history "
				 "store: name another with --store", s->path);
	case SQLITE_CORRUPT:
		return error_set(e, -EBADMSG, "%s: damaged store (%s): restore a "
				 "copy, or save the rest with 'sqlite3 FILE "
				 ".recover'", s->path, sqlite3_errmsg(s->db));
	case SQLITE_CANTOPEN:
	case SQLITE_READONLY:
	case SQLITE_PERM:
		return error_set(e, -EACCES, "cannot open %s for writing (%s): "
				 "the store and its directory must be writable, "
				 "for readers too", s->path,
				 sqlite3_errmsg(s->db));
	case SQLITE_NOMEM:
		return error_set(e, -ENOMEM, "%s: out of memory", s->path);
	default:
		return error_set(e, -EIO, "%s: SQLite: %s: try again, or "
				 "restore a copy", s->path,
				 sqlite3_errmsg(s->db));
	}
}

int store_prepare(struct store *s, const char *sql, sqlite3_stmt **to,
		  struct error *e)
{
	int code = sqlite3_prepare_v2(s->db, sql, -1, to, NULL);

	return code ? store_fail(s, code, e) : 0;
}

int store_run(struct store *s, const char *sql, struct error *e)
{
	int code = sqlite3_exec(s->db, sql, NULL, NULL, NULL);

	return code ? store_fail(s, code, e) : 0;
}

static int number_ask(struct store *s, const char *sql, sqlite3_int64 *to,
		      struct error *e)
{
	sqlite3_stmt *q = NULL;
	int code, rc = store_prepare(s, sql, &q, e);

	if (rc)
		return rc;
	code = sqlite3_step(q);
	*to = sqlite3_column_int64(q, 0);
	sqlite3_finalize(q);
	return code == SQLITE_ROW ? 0 : store_fail(s, code, e);
}

/* *ours: a store of this version; else it is empty and may become one. */
static int store_identify(struct store *s, bool *ours, struct error *e)
{
	sqlite3_int64 application = 0, version = 0, tables = 0;
	int rc = number_ask(s, "PRAGMA application_id", &application, e);

	if (!rc)
		rc = number_ask(s, "PRAGMA user_version", &version, e);
	if (!rc)
		rc = number_ask(s, "SELECT count(*) FROM sqlite_master",
				&tables, e);
	*ours = application == STORE_APPLICATION;
	if (rc || (!*ours && !application && !version && !tables))
		return rc;
	if (!*ours)
		return error_set(e, -EPROTO, "%s: an SQLite file, but no history "
				 "store of vmgauge (application_id %lld): name "
				 "another with --store", s->path,
				 (long long)application);
	if (version > STORE_VERSION)
		return error_set(e, -EPROTO, "%s: written by a newer vmgauge "
				 "(store %lld; this one reads %d): upgrade, or "
				 "name another with --store", s->path,
				 (long long)version, STORE_VERSION);
	if (version == STORE_VERSION)
		return 0;
	return error_set(e, -EPROTO, "%s: store version %lld: this one reads "
			 "%d: name another with --store", s->path,
			 (long long)version, STORE_VERSION);
}

/* SQLite does not wait by itself for the lock that this takes. */
static int wal_set(struct store *s, struct error *e)
{
	const struct timespec pause = { .tv_nsec = 20000000 };
	int code = SQLITE_OK;

	for (unsigned int i = 0; i <= s->wait_s * 50; i++) {
		code = sqlite3_exec(s->db, "PRAGMA journal_mode=WAL", NULL,
				    NULL, NULL);
		if ((code & 0xff) != SQLITE_BUSY)
			break;
		nanosleep(&pause, NULL);
	}
	return code ? store_fail(s, code, e) : 0;
}

/* Others may do the same at the same time: asked again under the lock. */
static int store_create(struct store *s, struct error *e)
{
	char identity[96];
	bool ours = false;
	int rc = store_run(s, "BEGIN IMMEDIATE", e);

	if (rc)
		return rc;
	snprintf(identity, sizeof(identity), "PRAGMA application_id=%d;"
		 "PRAGMA user_version=%d;COMMIT", STORE_APPLICATION,
		 STORE_VERSION);
	rc = store_identify(s, &ours, e);
	if (!rc && !ours)
		rc = store_run(s, schema, e);
	if (!rc)
		rc = store_run(s, ours ? "COMMIT" : identity, e);
	if (rc)
		sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
	return rc ? rc : wal_set(s, e);
}

/* ":memory:" and "" mean something else to SQLite than to a user. */
static int store_connect(struct store *s, bool write, struct error *e)
{
	struct stat st;
	char *file;
	int code;

	if (stat(s->path, &st) && errno != ENOENT)
		return error_set(e, -errno, "cannot open %s: %s: name another "
				 "with --store", s->path, strerror(errno));
	if (stat(s->path, &st)) {
		if (!write)
			return error_set(e, -ENOENT, "%s: there is no history "
					 "store: begin one with 'vmgauge "
					 "history add RESULT...', or name it "
					 "with --store", s->path);
	} else if (!S_ISREG(st.st_mode)) {
		return error_set(e, -EINVAL, "%s: no regular file, so no history "
				 "store: name another with --store", s->path);
	}
	if (asprintf(&file, "%s%s", *s->path == '/' ? "" : "./", s->path) < 0)
		return error_set(e, -ENOMEM, "out of memory");
	code = sqlite3_open_v2(file, &s->db, SQLITE_OPEN_READWRITE |
			       SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE |
			       (write ? SQLITE_OPEN_CREATE : 0), NULL);
	free(file);
	return code ? store_fail(s, code, e) : 0;
}

int store_open(struct store *s, const char *path, bool write,
	       unsigned int wait_s, struct error *e)
{
	bool ours = false;
	int rc;

	*s = (struct store){ .path = strdup(path), .wait_s = wait_s };
	if (!s->path)
		return error_set(e, -ENOMEM, "out of memory");
	if (!*path)
		return error_set(e, -EINVAL, "--store '': give the name of a "
				 "file");
	rc = store_connect(s, write, e);
	if (rc)
		return rc;
	sqlite3_busy_timeout(s->db, (int)wait_s * 1000);
	/* one look: somebody may be creating it */
	rc = store_run(s, "BEGIN", e);
	if (!rc)
		rc = store_identify(s, &ours, e);
	sqlite3_exec(s->db, "COMMIT", NULL, NULL, NULL);
	if (!rc && !ours && !write)
		rc = error_set(e, -ENOENT, "%s: empty: begin a history store "
			       "with 'vmgauge history add RESULT...'", s->path);
	if (!rc && !ours)
		rc = store_create(s, e);
	if (!rc)
		rc = store_run(s, "PRAGMA synchronous=NORMAL;"
			       "PRAGMA foreign_keys=ON", e);
	return rc;
}

void store_close(struct store *s)
{
	for (size_t i = 0; i < sizeof(s->prepared) / sizeof(s->prepared[0]); i++)
		sqlite3_finalize(s->prepared[i]);
	sqlite3_close(s->db);
	free(s->path);
	*s = (struct store){ 0 };
}
