/*
 * The memory that runner and process share, and what the runner makes of it;
 * see process.h. What the process wrote is bounded before it is used.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "target/process/process.h"

static struct process_box *box_map(int fd, struct error *e)
{
	int flags = fd < 0 ? MAP_SHARED | MAP_ANONYMOUS : MAP_SHARED;
	void *at = mmap(NULL, sizeof(struct process_box),
			PROT_READ | PROT_WRITE, flags, fd, 0);

	if (at == MAP_FAILED) {
		error_set(e, -errno, "memory to share with a process: %s",
			  strerror(errno));
		return NULL;
	}
	return at;
}

struct process_box *process_box_open(const char *path, struct error *e)
{
	struct process_box *box = NULL;
	int fd;

	if (!path)
		return box_map(-1, e);
	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0) {
		error_set(e, -errno, "%s: %s", path, strerror(errno));
		return NULL;
	}
	/* Allocated now: a full disk later would be a SIGBUS. */
	errno = posix_fallocate(fd, 0, sizeof(*box));
	if (errno)
		error_set(e, -errno, "%s: %s", path, strerror(errno));
	else
		box = box_map(fd, e);
	close(fd);
	return box;
}

struct process_box *process_box_attach(const char *path, struct error *e)
{
	struct process_box *box = NULL;
	int fd = open(path, O_RDWR | O_CLOEXEC);
	struct stat st;

	if (fd < 0) {
		error_set(e, -errno, "%s: %s", path, strerror(errno));
		return NULL;
	}
	if (!fstat(fd, &st) && st.st_size == sizeof(*box))
		box = box_map(fd, e);
	else
		error_set(e, -EINVAL, "%s: not a box of this version", path);
	close(fd);
	if (box && (box->magic != PROCESS_BOX_MAGIC ||
		    box->bytes != sizeof(*box))) {
		error_set(e, -EINVAL, "%s: not a box of this version", path);
		process_box_close(box);
		box = NULL;
	}
	return box;
}

void process_box_close(struct process_box *box)
{
	if (box)
		munmap(box, sizeof(*box));
}

static void panic_describe(const struct abi_mailbox *mb, char *to, size_t bytes)
{
	char said[ABI_TEXT_MAX + 1];

	guest_words(mb->reason, sizeof(mb->reason), said);
	snprintf(to, bytes, "guest: %.64s: vector %llu at %#llx", said,
		 (unsigned long long)mb->panic.vector,
		 (unsigned long long)mb->panic.rip);
}

static void end_describe(const struct process_box *box,
			 const struct process_end *end,
			 const struct run_request *r, struct observation *seen)
{
	char *to = seen->end_reason;
	size_t bytes = sizeof(seen->end_reason);
	int code = WIFEXITED(end->status) ? WEXITSTATUS(end->status) : 0;
	/* What keeps a process tells its signal as a shell does. */
	int sig = WIFSIGNALED(end->status) ? WTERMSIG(end->status) :
		  code > 128 ? code - 128 : 0;

	seen->end = RUN_CRASH;
	if (end->late || box->stage == PROCESS_LATE) {
		seen->end = RUN_HANG;
		snprintf(to, bytes, "no answer within %u ms", r->deadline_ms);
	} else if (sig) {
		snprintf(to, bytes, "the process was killed by signal %d (%s)",
			 sig, strsignal(sig));
	} else if (box->stage == PROCESS_PANIC) {
		panic_describe(&seen->mailbox, to, bytes);
	} else if (code || box->stage != PROCESS_DONE) {
		snprintf(to, bytes, "the process ended with code %d before it "
			 "had answered", code);
	} else {
		seen->end = RUN_DONE;
	}
}

void process_observe(const struct process_box *box,
		     const struct process_end *end,
		     const struct run_request *r, struct observation *seen)
{
	seen->mailbox = box->mailbox;
	memcpy(seen->block, box->block, sizeof(seen->block));
	memcpy(seen->empty, box->empty, sizeof(seen->empty));
	seen->price = box->price;
	end_describe(box, end, r, seen);
	if (r->stamps)
		snprintf(seen->trips_note, sizeof(seen->trips_note),
			 "a process makes no exits");
}
