/*
 * QEMU's own network device, console and source of entropy; see qemu.h.
 *
 * What they stand on gives back what it gets: a datagram socket that is
 * connected to itself, a pipe that is open at both ends. So a frame or a byte
 * passes QEMU's device twice, as it does the built-in VMM's, and nothing of it
 * comes to anybody else.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "target/qemu.h"

#define LOOP_FILE	"5"	/* of the child's, behind the image */
#define FRAMES_BYTES	(4 << 20)	/* as far as the host allows */

static const struct {
	unsigned int need;
	struct load load;
} probe_devices[] = {
	{ NEED_DISK, { .way = LOAD_READ, .backend = LOAD_MEMORY } },
	{ NEED_NETWORK, { .way = LOAD_FRAMES, .backend = LOAD_LOOP } },
	{ NEED_CONSOLE, { .way = LOAD_OUTPUT, .backend = LOAD_LOOP } },
	{ NEED_ENTROPY, { .way = LOAD_ENTROPY, .backend = LOAD_KERNEL } },
};

const struct load *qemu_device_of(const struct run_request *r)
{
	if (r->bench)
		return r->bench->load.way && !r->bench->host_block ?
		       &r->bench->load : NULL;
	for (size_t i = 0; i < sizeof(probe_devices) /
			       sizeof(probe_devices[0]); i++)
		if (r->probe->needs & probe_devices[i].need)
			return &probe_devices[i].load;
	return NULL;
}

const char *qemu_device_unsupported(const struct load *l)
{
	if (l->pci)
		return "the bus is the machine's here: see the row without "
		       "_pci with machine=q35";
	if (l->doorbell != LOAD_IOEVENTFD)
		return "needs what only the built-in VMM sets up: another way "
		       "of hearing a doorbell";
	if (l->way == LOAD_FRAMES && load_queues(l) > 1)
		return "QEMU's network device has several queues only at a TAP "
		       "or with vhost";
	return NULL;
}

/* An abstract name that the kernel chooses, so that no file stays behind. */
static int socket_loop(struct error *e)
{
	struct sockaddr_un self = { .sun_family = AF_UNIX };
	socklen_t bytes = sizeof(self);
	const int room = FRAMES_BYTES;
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd >= 0 &&
	    !setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof(room)) &&
	    !bind(fd, (const struct sockaddr *)&self, sizeof(sa_family_t)) &&
	    !getsockname(fd, (struct sockaddr *)&self, &bytes) &&
	    !connect(fd, (const struct sockaddr *)&self, bytes))
		return fd;
	error_set(e, -errno, "a socket for QEMU's network: %s",
		  strerror(errno));
	if (fd >= 0)
		close(fd);
	return -1;
}

static int pipe_loop(struct error *e)
{
	int end[2];

	if (pipe2(end, O_CLOEXEC | O_NONBLOCK)) {
		error_set(e, -errno, "a pipe for QEMU's console: %s",
			  strerror(errno));
		return -1;
	}
	/* The child opens it anew, for both. */
	close(end[1]);
	return end[0];
}

/* Made once; what the last machine left in it is not the next one's. */
static int loop_add(enum load_way way, struct emulator_command *c,
		    struct error *e)
{
	static int frames = -1, bytes = -1;
	int *fd = way == LOAD_FRAMES ? &frames : &bytes;
	char old[4096];

	if (*fd < 0)
		*fd = emulator_fd(way == LOAD_FRAMES ? socket_loop(e) :
				  pipe_loop(e));
	if (*fd < 0)
		return -EMFILE;
	while (read(*fd, old, sizeof(old)) > 0)
		;
	emulator_file(c, *fd);
	return 0;
}

static const char *bus_of(const struct qemu *q)
{
	return strcmp(q->machine, "microvm") ? "pci,disable-legacy=on" :
	       "device";
}

/* It has no thread of its own: QEMU's main loop serves what is no disk. */
static void network_words(const struct qemu *q, struct qemu_words *w)
{
	snprintf(w->backend, sizeof(w->backend),
		 "socket,id=loop,fd=" LOOP_FILE);
	snprintf(w->device, sizeof(w->device), "virtio-net-%s,netdev=loop,"
		 "packed=on,mac=" LOAD_MAC_TEXT "%s", bus_of(q),
		 strcmp(q->machine, "microvm") ? ",romfile=" : "");
}

static void console_words(const struct qemu *q, const struct load *l,
			  struct qemu_words *w)
{
	snprintf(w->backend, sizeof(w->backend), "%s,id=loop%s",
		 l->backend == LOAD_LOOP ? "pipe" : "null",
		 l->backend == LOAD_LOOP ? ",path=/dev/fd/" LOOP_FILE : "");
	snprintf(w->device, sizeof(w->device), "virtio-serial-%s,max_ports=1,"
		 "packed=on", bus_of(q));
}

static void entropy_words(const struct qemu *q, struct qemu_words *w)
{
	snprintf(w->backend, sizeof(w->backend), "rng-builtin,id=loop");
	snprintf(w->device, sizeof(w->device), "virtio-rng-%s,rng=loop,"
		 "packed=on", bus_of(q));
}

int qemu_device(const struct qemu *q, const struct load *l,
		struct qemu_words *words, struct emulator_command *c,
		struct error *e)
{
	const char *kind = l->way == LOAD_FRAMES ? "-netdev" :
			   l->way == LOAD_OUTPUT ? "-chardev" : "-object";

	if (load_of_disk(l))
		return qemu_disk(q, l, words, c, e);
	if (l->backend == LOAD_LOOP && loop_add(l->way, c, e))
		return -EMFILE;
	if (l->way == LOAD_FRAMES)
		network_words(q, words);
	else if (l->way == LOAD_OUTPUT)
		console_words(q, l, words);
	else
		entropy_words(q, words);
	emulator_argument(c, "-global");
	emulator_argument(c, "virtio-mmio.force-legacy=false");
	emulator_argument(c, kind);
	emulator_argument(c, words->backend);
	emulator_argument(c, "-device");
	emulator_argument(c, words->device);
	if (l->way == LOAD_OUTPUT) {
		emulator_argument(c, "-device");
		emulator_argument(c, "virtconsole,chardev=loop");
	}
	return 0;
}
