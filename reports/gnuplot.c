/*
 * gnuplot as a child: started without a shell, without the user's own set-up,
 * in a directory of ours, and ended when it takes too long. It reads a script
 * that this program wrote; nothing from a document is code there.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "reports/plot.h"

enum { LIMIT_MS = 60000, POLL_MS = 10 };

/* Only absolute entries of PATH: a relative one would mean another place. */
static char *find_gnuplot(void)
{
	const char *path = getenv("PATH");
	char *found;

	while (path && *path) {
		size_t length = strcspn(path, ":");

		if (*path == '/') {
			if (asprintf(&found, "%.*s/gnuplot", (int)length, path) < 0)
				return NULL;
			if (access(found, X_OK) == 0)
				return found;
			free(found);
		}
		path += length + (path[length] == ':');
	}
	return NULL;
}

/* The user's environment, but for what changes how gnuplot draws or counts. */
static char **make_environment(void)
{
	static char locale[] = "LC_ALL=C.UTF-8";
	size_t n = 0, kept = 0;
	char **out;

	while (environ && environ[n])
		n++;
	out = calloc(n + 2, sizeof(*out));
	if (!out)
		return NULL;
	for (size_t i = 0; i < n; i++)
		if (strncmp(environ[i], "LC_", 3) && strncmp(environ[i], "LANG", 4) &&
		    strncmp(environ[i], "GNUPLOT", 7) &&
		    strncmp(environ[i], "GNUTERM", 7))
			out[kept++] = environ[i];
	out[kept] = locale;
	return out;
}

static int spawn_in(const struct stage *s, char *program, const char *script,
		    pid_t *pid)
{
	char **environment = make_environment();
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t none, normal;
	int ret;

	if (!environment)
		return -ENOMEM;
	sigemptyset(&none);
	sigemptyset(&normal);
	sigaddset(&normal, SIGPIPE);
	posix_spawn_file_actions_init(&actions);
	posix_spawnattr_init(&attributes);
	ret = posix_spawn_file_actions_addfchdir_np(&actions, s->plots_fd);
	if (!ret)
		ret = posix_spawn_file_actions_addopen(&actions, 0, "/dev/null",
						       O_RDONLY, 0);
	if (!ret)
		ret = posix_spawn_file_actions_addopen(&actions, 1, "/dev/null",
						       O_WRONLY, 0);
	if (!ret)
		ret = posix_spawn_file_actions_addopen(
			&actions, 2, "gnuplot.err",
			O_WRONLY | O_CREAT | O_TRUNC, 0600);
	/* A group of its own, so that the limit ends its children too. */
	posix_spawnattr_setpgroup(&attributes, 0);
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawnattr_setsigdefault(&attributes, &normal);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP |
				 POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	if (!ret) {
		char *argv[] = { program, (char *)"-d", (char *)script, NULL };

		ret = posix_spawn(pid, program, &actions, &attributes, argv,
				  environment);
	}
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	free(environment);
	return -ret;
}

static int wait_for(pid_t pid, int *status)
{
	const struct timespec pause = { .tv_nsec = POLL_MS * 1000000L };
	for (int ms = 0; ms < LIMIT_MS; ms += POLL_MS) {
		pid_t got = waitpid(pid, status, WNOHANG);

		if (got == pid)
			return 0;
		if (got < 0 && errno != EINTR)
			return -errno;
		nanosleep(&pause, NULL);
	}
	kill(-pid, SIGKILL);
	while (waitpid(pid, status, 0) < 0 && errno == EINTR)
		;
	return -ETIMEDOUT;
}

/* The first line in which gnuplot says something. */
static void add_complaint(const struct stage *s, struct text *why)
{
	struct text said = { 0 };

	if (stage_read(s, "plots/gnuplot.err", &said) == 0) {
		const char *line = text_string(&said);
		const char *c = strstr(line, "line ");

		line = c ? c : line + strspn(line, " \n\t^");
		text_bytes(why, line, strcspn(line, "\n"));
	}
	text_free(&said);
}

int gnuplot_run(const struct stage *s, const char *name, struct text *why)
{
	char *program = find_gnuplot();
	struct text script = { 0 };
	int ret, status = 0;
	pid_t pid = -1;

	if (!program) {
		text_add(why, "gnuplot is not on PATH");
		return -ENOENT;
	}
	text_format(&script, "%s.gp", name);
	ret = spawn_in(s, program, text_string(&script), &pid);
	if (ret) {
		text_format(why, "%s cannot be started: %s", program, strerror(-ret));
		goto out;
	}
	ret = wait_for(pid, &status);
	if (ret == -ETIMEDOUT) {
		text_format(why, "gnuplot took longer than %d s", LIMIT_MS / 1000);
	} else if (ret) {
		text_format(why, "gnuplot was lost: %s", strerror(-ret));
	} else if (WIFSIGNALED(status)) {
		ret = -EIO;
		text_format(why, "gnuplot ended by signal %d", WTERMSIG(status));
	} else if (WEXITSTATUS(status)) {
		ret = -EIO;
		text_format(why, "gnuplot ended with status %d: ",
			    WEXITSTATUS(status));
		add_complaint(s, why);
	}
out:
	text_free(&script);
	free(program);
	return ret;
}
