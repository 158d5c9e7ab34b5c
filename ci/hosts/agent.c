/*
 * Process 1 of a host in software: loads modules, runs one program, reports.
 *
 * Everything that leaves the host goes through one I/O port that every PC
 * emulator has (0xe9, "the debug console"): no driver, no line discipline
 * and no baud rate stand between the program's bytes and ci/host. Firmware
 * may print there too, hence frames with a magic number and a checksum.
 *
 * Frame: magic[4], type, zero, sequence[2], length[4], Adler-32[4] (all
 * little-endian), payload. Types, in the order in which they come:
 *   F  text: why this host cannot start the program (before S: boot failed)
 *   S  the program starts; from here on nothing is ever retried
 *   O  E  what it wrote to standard output, standard error
 *   H  nothing: about once a second while it runs, as a sign of life
 *   T  a tar stream of /out
 *   X  text, the end: "exit CODE" or "signal NUMBER"
 *
 * The job is in /job: "modules" has lines "NAME PARAMETERS", "setup" (if it
 * is there) is for the shell, which has to succeed, "args" the program's path
 * and its arguments, each ended by NUL.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/io.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PORT		0xe9
#define PAYLOAD_BYTES	16384
#define ARGS_MAX	1024

struct frame {
	char magic[4];
	char type;
	char zero;
	uint16_t sequence;
	uint32_t length;
	uint32_t adler;
};

static void port_write(const void *data, size_t size)
{
	asm volatile("rep outsb"
		     : "+S" (data), "+c" (size) : "d" (PORT) : "memory");
}

static uint32_t adler32(const unsigned char *p, size_t size)
{
	uint32_t a = 1, b = 0;

	for (size_t i = 0; i < size; i++) {
		a += p[i];
		if (a >= 65521)
			a -= 65521;
		b += a;
		if (b >= 65521)
			b -= 65521;
	}
	return b << 16 | a;
}

static void frame_send(char type, const void *data, size_t size)
{
	static uint16_t sequence;
	struct frame f = {
		.magic = { '\xf0', 'V', 'G', '\x0f' },
		.type = type,
		.sequence = sequence,
		.length = size,
		.adler = adler32(data, size),
	};

	sequence++;
	port_write(&f, sizeof(f));
	port_write(data, size);
}

/* Groups may limit memory, as where systemd is process 1. */
static void groups_control_memory(void)
{
	int fd = open("/sys/fs/cgroup/cgroup.subtree_control",
		      O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	/* Without the controller, who needs it says so. */
	if (write(fd, "+memory", 7) != 7)
		dprintf(2, "agent: cgroup: %m\n");
	close(fd);
}

/* Process 1 must not return: the kernel would panic before we are heard. */
static void __attribute__((noreturn)) power_off(void)
{
	sync();
	reboot(RB_POWER_OFF);
	for (;;)
		pause();
}

static void __attribute__((noreturn, format(printf, 1, 2)))
fail(const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	frame_send('F', text, strlen(text));
	power_off();
}

static void mount_all(void)
{
	static const struct {
		const char *type, *where;
		int must;
	} mounts[] = {
		{ "proc", "/proc", 1 },
		{ "sysfs", "/sys", 1 },
		{ "devtmpfs", "/dev", 1 },
		{ "devpts", "/dev/pts", 0 },
		{ "tmpfs", "/dev/shm", 1 },
		{ "tracefs", "/sys/kernel/tracing", 0 },
		{ "debugfs", "/sys/kernel/debug", 0 },
		{ "cgroup2", "/sys/fs/cgroup", 0 },
	};

	for (size_t i = 0; i < sizeof(mounts) / sizeof(mounts[0]); i++) {
		const char *where = mounts[i].where;

		mkdir(where, 0755);
		if (mount(mounts[i].type, where, mounts[i].type, 0, NULL) &&
		    mounts[i].must)
			fail("mount %s: %m", where);
	}
	/* No mount there: it is in memory already, and may hold job's files. */
	chmod("/tmp", 01777);
	chmod("/dev/shm", 01777);
	/* Already there where the kernel made the device nodes. */
	if (symlink("/proc/self/fd", "/dev/fd") && errno != EEXIST)
		fail("symlink /dev/fd: %m");
}

static void module_load(char *line)
{
	char path[600], *params = strchr(line, ' ');
	int fd;

	if (params)
		*params++ = '\0';
	snprintf(path, sizeof(path), "/lib/modules/%s.ko", line);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		fail("open %s: %m", path);
	if (syscall(SYS_finit_module, fd, params ? params : "", 0))
		fail("load %s: %m", line);
	close(fd);
}

static void modules_load(void)
{
	FILE *f = fopen("/job/modules", "re");
	char line[512];

	if (!f)
		fail("open /job/modules: %m");
	while (fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = '\0';
		module_load(line);
	}
	fclose(f);
}

static void setup_run(void)
{
	int status = -1;
	pid_t pid;

	if (access("/job/setup", F_OK))
		return;
	pid = fork();
	if (pid < 0)
		fail("fork: %m");
	if (!pid) {
		execl("/bin/busybox", "sh", "/job/setup", NULL);
		_exit(127);
	}
	while (waitpid(pid, &status, 0) != pid)
		;
	if (status)
		fail("setup failed: --console FILE shows where");
}

static char **args_read(void)
{
	static char *args[ARGS_MAX + 1];
	FILE *f = fopen("/job/args", "re");
	size_t room, n;

	if (!f)
		fail("open /job/args: %m");
	for (n = 0; n < ARGS_MAX; n++) {
		room = 0;
		if (getdelim(&args[n], &room, '\0', f) < 0)
			break;
	}
	args[n] = NULL;
	fclose(f);
	return args;
}

static void __attribute__((noreturn))
child_exec(char *path, char **args, int out, int err)
{
	static char *env[] = {
		"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root",
		"TERM=dumb", "TMPDIR=/tmp", NULL
	};
	int null = open("/dev/null", O_RDONLY);

	if (null < 0 || dup2(null, 0) < 0 || dup2(out, 1) < 0 ||
	    dup2(err, 2) < 0 || chdir("/out"))
		_exit(127);
	if (null > 2)
		close(null);
	/* Port rights are inherited: the program must start without any. */
	ioperm(PORT, 1, 0);
	/* A session of its own, so that it cannot signal process 1's group. */
	setsid();
	execve(path, args, env);
	dprintf(2, "agent: %s: %m\n", path);
	_exit(127);
}

/* Start a program; *out and *err receive the read ends of its streams. */
static pid_t child_start(char *path, char **args, int *out, int *err)
{
	int o[2], e[2];
	pid_t pid;

	if (pipe2(o, O_CLOEXEC) || pipe2(e, O_CLOEXEC))
		fail("pipe: %m");
	pid = fork();
	if (pid < 0)
		fail("fork: %m");
	if (!pid)
		child_exec(path, args, o[1], e[1]);
	close(o[1]);
	close(e[1]);
	*out = o[0];
	*err = e[0];
	return pid;
}

/* Reap whoever has ended; 1 and *status when it was pid. */
static int child_ended(pid_t pid, int *status)
{
	int seen = 0, s;
	pid_t who;

	while ((who = waitpid(-1, &s, WNOHANG)) > 0) {
		if (who == pid) {
			*status = s;
			seen = 1;
		}
	}
	return seen;
}

/* Tells ci/host a program that takes its time from a kernel that stands still. */
static void life_show(void)
{
	static time_t last;
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	if (now.tv_sec == last)
		return;
	last = now.tv_sec;
	frame_send('H', "", 0);
}

/*
 * Relay both streams until the program has ended and nothing is left in
 * them. End of file alone will not do: something that it left running may
 * hold the pipes open for ever.
 */
static int child_relay(pid_t pid, int out, char out_type, int err)
{
	static char buf[PAYLOAD_BYTES];
	struct pollfd fds[2] = {
		{ .fd = out, .events = POLLIN },
		{ .fd = err, .events = POLLIN },
	};
	int status = 0, ended = 0;

	for (;;) {
		int n;

		ended = ended || child_ended(pid, &status);
		n = poll(fds, 2, ended ? 0 : 20);
		life_show();
		if (n <= 0 && ended)
			break;
		if (n < 0 && errno != EINTR)
			fail("poll: %m");
		for (int i = 0; n > 0 && i < 2; i++) {
			ssize_t got;

			if (!fds[i].revents)
				continue;
			got = read(fds[i].fd, buf, sizeof(buf));
			if (got > 0)
				frame_send(i ? 'E' : out_type, buf, got);
			else
				fds[i].fd = -1;
		}
	}
	close(out);
	close(err);
	return status;
}

static int program_run(char *path, char **args, char out_type)
{
	int out, err;
	pid_t pid = child_start(path, args, &out, &err);

	return child_relay(pid, out, out_type, err);
}

int main(void)
{
	static char *tar[] = { "tar", "-c", "-C", "/out", ".", NULL };
	char **args, end[64], *path;
	int status, fd;

	if (ioperm(PORT, 1, 1))
		return 1;
	/* Without a console there are no streams, and pipes must not be them. */
	do
		fd = open("/", O_RDONLY);
	while (fd >= 0 && fd <= 2);
	close(fd);
	mount_all();
	groups_control_memory();
	modules_load();
	setup_run();
	args = args_read();
	path = args[0];
	if (!path)
		fail("/job/args is empty");
	if (strrchr(path, '/'))
		args[0] = strrchr(path, '/') + 1;
	frame_send('S', "", 0);
	status = program_run(path, args, 'O');
	program_run("/bin/busybox", tar, 'T');
	if (WIFSIGNALED(status))
		snprintf(end, sizeof(end), "signal %d", WTERMSIG(status));
	else
		snprintf(end, sizeof(end), "exit %d", WEXITSTATUS(status));
	frame_send('X', end, strlen(end));
	power_off();
}
