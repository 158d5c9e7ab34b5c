/*
 * An ftrace instance of our own; see tracing.h.
 *
 * The instance keeps other tracers undisturbed and is not disturbed by them.
 * An open file in it makes the kernel refuse its removal, so that another
 * vmgauge which cleans up cannot take it away.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/tracefs.h"
#include "host/tracing.h"

#define DEFAULT_BUFFER_KIB 1024

static int instance_make(struct tracing *t, struct error *e)
{
	static atomic_uint made;
	char name[sizeof(t->instance)];

	snprintf(name, sizeof(name), "instances/vmgauge-%d-%u", getpid(),
		 atomic_fetch_add(&made, 1));
	/* A dead process of the same number may have left one behind. */
	unlinkat(t->tracefs_fd, name, AT_REMOVEDIR);
	if (mkdirat(t->tracefs_fd, name, 0700))
		return error_set(e, -errno, "no tracepoints: tracefs %s: %s",
				 name, strerror(errno));
	memcpy(t->instance, name, sizeof(name));
	t->instance_fd = openat(t->tracefs_fd, name,
				O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (t->instance_fd < 0)
		return error_set(e, -errno, "no tracepoints: tracefs %s: %s",
				 name, strerror(errno));
	t->on_fd = openat(t->instance_fd, "tracing_on", O_RDWR | O_CLOEXEC);
	if (t->on_fd < 0 || pwrite(t->on_fd, "0", 1, 0) != 1)
		return error_set(e, -errno, "no tracepoints: tracefs %s/tracing_on: %s",
				 name, strerror(errno));
	return 0;
}

static int instance_set_up(struct tracing *t, size_t buffer_kib,
			   struct error *e)
{
	char text[32];
	int rc;

	if (faccessat(t->instance_fd, "events/kvm/kvm_exit/enable", F_OK, 0) ||
	    faccessat(t->instance_fd, "events/kvm/kvm_entry/enable", F_OK, 0))
		return error_set(e, -ENOENT, "no tracepoints: the kernel has no event kvm:kvm_exit "
				 "(KVM not loaded, or built without tracing)");
	rc = tracefs_write(t->instance_fd, "trace_clock", O_TRUNC, "x86-tsc");
	if (rc)
		return error_set(e, rc, "no tracepoints: trace_clock x86-tsc: %s",
				 strerror(-rc));
	snprintf(text, sizeof(text), "%zu",
		 buffer_kib ? buffer_kib : (size_t)DEFAULT_BUFFER_KIB);
	rc = tracefs_write(t->instance_fd, "buffer_size_kb", O_TRUNC, text);
	if (rc)
		return error_set(e, rc, "no tracepoints: buffer_size_kb %s: %s",
				 text, strerror(-rc));
	return 0;
}

int tracing_open(struct tracing *t, size_t buffer_kib, struct error *e)
{
	int rc;

	*t = (struct tracing){ .instance_fd = -1, .on_fd = -1 };
	t->tracefs_fd = tracefs_open(e);
	if (t->tracefs_fd < 0)
		return t->tracefs_fd;
	tracefs_clean(t->tracefs_fd);
	rc = instance_make(t, e);
	if (!rc)
		rc = instance_set_up(t, buffer_kib, e);
	if (rc)
		tracing_close(t);
	return rc;
}

static void fd_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static const char *const events[] = {
	"kvm_exit", "kvm_entry",	/* these must be there */
	"kvm_userspace_exit",
	"kvm_fpu", "kvm_emulate_insn",	/* the finer ones */
};

#define EVENTS_NEEDED 2
#define EVENTS_PLAIN 3
#define EVENTS_ALL (sizeof(events) / sizeof(events[0]))

/* Sets the first `count` events; those that need not exist may fail so. */
static int events_set(const struct tracing *t, size_t count, const char *on)
{
	char path[64];

	for (size_t i = 0; i < count; i++) {
		int rc;

		snprintf(path, sizeof(path), "events/kvm/%s/enable",
			 events[i]);
		rc = tracefs_write(t->instance_fd, path, O_TRUNC, on);
		if (rc && (i < EVENTS_NEEDED || rc != -ENOENT))
			return rc;
	}
	return 0;
}

void tracing_close(struct tracing *t)
{
	/* Only an instance that nothing in it keeps open can be removed. */
	if (t->instance_fd >= 0)
		events_set(t, EVENTS_ALL, "0");
	fd_close(&t->on_fd);
	fd_close(&t->instance_fd);
	if (t->instance[0])
		unlinkat(t->tracefs_fd, t->instance, AT_REMOVEDIR);
	t->instance[0] = '\0';
	fd_close(&t->tracefs_fd);
}

/* Changing the thread is slow, so only when it does change. */
static int thread_set(struct tracing *t, pid_t tid)
{
	char text[16];
	int rc;

	if (t->tid == tid)
		return 0;
	t->tid = 0;
	snprintf(text, sizeof(text), "%d", (int)tid);
	rc = tracefs_write(t->instance_fd, "set_event_pid", O_TRUNC, text);
	if (!rc)
		t->tid = tid;
	return rc;
}

static int recording_start(struct tracing *t, pid_t tid, size_t count,
			   struct error *e)
{
	const char *what = "set_event_pid";
	int rc = thread_set(t, tid);

	if (!rc && t->used) {
		what = "trace";
		rc = tracefs_write(t->instance_fd, what, O_TRUNC, "");
	}
	if (!rc) {
		what = "events/kvm";
		rc = events_set(t, count, "1");
	}
	if (!rc) {
		what = "tracing_on";
		t->used = true;
		rc = pwrite(t->on_fd, "1", 1, 0) == 1 ? 0 : -errno;
	}
	if (rc)
		return error_set(e, rc, "tracing of thread %d does not start: %s: %s",
				 (int)tid, what, strerror(-rc));
	return 0;
}

int tracing_start(struct tracing *t, pid_t tid, struct error *e)
{
	return recording_start(t, tid, EVENTS_PLAIN, e);
}

int tracing_start_fine(struct tracing *t, pid_t tid, struct error *e)
{
	return recording_start(t, tid, EVENTS_ALL, e);
}

int tracing_stop(struct tracing *t, struct error *e)
{
	int rc = pwrite(t->on_fd, "0", 1, 0) == 1 ? 0 : -errno;

	if (!rc)
		rc = events_set(t, EVENTS_ALL, "0");
	if (rc)
		return error_set(e, rc, "tracing does not stop: %s",
				 strerror(-rc));
	return 0;
}

static int text_read(int fd, char **text, size_t *length)
{
	size_t size = 1 << 16;
	ssize_t n;

	*text = malloc(size);
	*length = 0;
	while (*text && (n = read(fd, *text + *length, size - *length)) != 0) {
		char *more;

		if (n < 0)
			return -errno;
		*length += (size_t)n;
		if (*length < size)
			continue;
		size *= 2;
		more = realloc(*text, size);
		if (!more)
			return -ENOMEM;
		*text = more;
	}
	return *text ? 0 : -ENOMEM;
}

int tracing_read(struct tracing *t, struct trace_log *log, struct error *e)
{
	int fd = openat(t->instance_fd, "trace", O_RDONLY | O_CLOEXEC);
	char *text = NULL;
	size_t length = 0;
	int rc;

	memset(log, 0, sizeof(*log));
	rc = fd < 0 ? -errno : text_read(fd, &text, &length);
	if (!rc)
		rc = trace_log_parse(text, length, log);
	if (rc)
		error_set(e, rc, "the trace cannot be read: %s", strerror(-rc));
	free(text);
	if (fd >= 0)
		close(fd);
	return rc;
}
