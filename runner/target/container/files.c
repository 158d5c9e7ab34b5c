/*
 * The container's own directory and strings, and commands; see container.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "target/container/container.h"

void arg_add(struct container *c, const char *arg)
{
	if (c->args + 1 < CONTAINER_ARGS_MAX)
		c->arg[c->args++] = arg;
	c->arg[c->args] = NULL;
}

void arg_add_all(struct container *c, const char *const *args)
{
	for (; *args; args++)
		arg_add(c, *args);
}

const char *string_add(struct container *c, const char *fmt, ...)
{
	const size_t most = sizeof(c->text) / sizeof(c->text[0]);
	char *to = c->text[c->texts < most ? c->texts++ : most - 1];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(to, sizeof(c->text[0]), fmt, ap);
	va_end(ap);
	return to;
}

const char *file_of(struct container *c, const char *name)
{
	return string_add(c, "%s/%s", c->dir, name);
}

int file_write(struct container *c, const char *name, const void *data,
	       size_t bytes, struct error *e)
{
	char path[PATH_MAX];
	ssize_t n = -1;
	int fd, rc = 0;

	snprintf(path, sizeof(path), "%s/%s", c->dir, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd >= 0)
		n = write(fd, data, bytes);
	if (fd < 0 || n < 0)
		rc = -errno;
	else if ((size_t)n != bytes)
		rc = -ENOSPC;
	if (fd >= 0 && close(fd) && !rc)
		rc = -errno;
	return rc ? error_set(e, rc, "%s: %s", path, strerror(-rc)) : 0;
}

void command_run(const char *const *arg)
{
	pid_t child = fork();
	int null;

	if (!child) {
		null = open("/dev/null", O_RDWR);
		dup2(null, 0);
		dup2(null, 1);
		dup2(null, 2);
		execv(arg[0], (char *const *)(uintptr_t)arg);
		_exit(127);
	}
	while (child > 0 && waitpid(child, NULL, 0) < 0 && errno == EINTR)
		;
}
