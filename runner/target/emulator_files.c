/*
 * What an emulator is started with: its program, arguments and files; see
 * emulator.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <termios.h>
#include <unistd.h>

#include "image.h"
#include "target/emulator.h"

int emulator_fd(int fd)
{
	int high = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 16);

	if (high < 0)
		return fd;
	close(fd);
	return high;
}

void emulator_argument(struct emulator_command *c, const char *text)
{
	if (c->argc + 1 < EMULATOR_ARGS_MAX)
		c->argv[c->argc++] = text;
	c->argv[c->argc] = NULL;
}

void emulator_file(struct emulator_command *c, int fd)
{
	if (c->files < EMULATOR_FILES_MAX)
		c->file[c->files++] = fd;
}

int emulator_find(const char *program, const char *package, char *to,
		  size_t bytes, struct error *e)
{
	const char *path = getenv("PATH");
	size_t n;

	if (!path)
		path = "/usr/bin:/bin";
	for (; *path; path += n, path += *path == ':') {
		n = strcspn(path, ":");
		if (n + strlen(program) + 2 > bytes)
			continue;
		memcpy(to, path, n);
		snprintf(to + n, bytes - n, "/%s", program);
		if (!access(to, X_OK))
			return 0;
	}
	return error_set(e, -ENOENT, "%s is not installed: install package "
			 "%s (make deps-hosts)", program, package);
}

int emulator_memory_file(const void *data, size_t bytes, struct error *e)
{
	int fd = emulator_fd(memfd_create("vmgauge", MFD_CLOEXEC)), rc;

	if (fd >= 0 && write(fd, data, bytes) == (ssize_t)bytes)
		return fd;
	rc = errno ? -errno : -EIO;
	if (fd >= 0)
		close(fd);
	return error_set(e, rc, "a file in memory for an emulator: %s",
			 strerror(-rc));
}

int emulator_image(struct error *e)
{
	return emulator_memory_file(image_elf_start,
				    (size_t)(image_elf_end - image_elf_start),
				    e);
}

int emulator_terminal(struct emulator_command *c, char *name, size_t bytes,
		      struct error *e)
{
	struct termios raw;
	int rc;

	c->terminal = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (c->terminal < 0 || grantpt(c->terminal) || unlockpt(c->terminal) ||
	    ptsname_r(c->terminal, name, bytes))
		goto fail;
	c->terminal_peer = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (c->terminal_peer < 0 || tcgetattr(c->terminal_peer, &raw))
		goto fail;
	cfmakeraw(&raw);
	if (tcsetattr(c->terminal_peer, TCSANOW, &raw))
		goto fail;
	return 0;
fail:
	rc = error_set(e, -errno, "a pseudo-terminal for an emulator: %s: is "
		       "/dev/pts mounted?", strerror(errno));
	if (c->terminal >= 0)
		close(c->terminal);
	c->terminal = 0;
	return rc;
}
