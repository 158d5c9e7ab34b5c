/*
 * fio as a child process, and what its JSON says; see fio.h.
 */
#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/disk_file.h"
#include "target/emulator.h"
#include "target/fio.h"

static const char *const rw[LOAD_WAYS] = {
	[LOAD_READ] = "read", [LOAD_WRITE] = "write",
	[LOAD_RANDREAD] = "randread", [LOAD_RANDWRITE] = "randwrite",
};

int fio_find(char *to, size_t bytes, struct error *e)
{
	if (!emulator_find("fio", "fio", to, bytes, NULL))
		return 0;
	return error_set(e, -ENOENT, "fio is not installed: install package "
			 "fio");
}

/* In the child: nothing but system calls. */
static void child_exec(char *const argv[], int out, int err, pid_t parent)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent || dup2(out, STDOUT_FILENO) < 0 ||
	    dup2(err, STDERR_FILENO) < 0)
		_exit(126);
	execv(argv[0], argv);
	_exit(127);
}

/* Its own words, or that it has none. */
static int failed(int status, int err, struct error *e)
{
	char said[200] = "";
	ssize_t n = pread(err, said, sizeof(said) - 1, 0);

	said[n > 0 ? n : 0] = '\0';
	said[strcspn(said, "\r\n")] = '\0';
	return error_set(e, -EIO, "fio: %s %d%s%.150s",
			 WIFEXITED(status) ? "exit code" : "signal",
			 WIFEXITED(status) ? WEXITSTATUS(status)
					   : WTERMSIG(status),
			 said[0] ? ": " : "", said);
}

static int child_run(char *const argv[], int out, int err, struct error *e)
{
	pid_t parent = getpid(), child = fork();
	int status;

	if (child < 0)
		return error_set(e, -errno, "fio: %s", strerror(errno));
	if (!child)
		child_exec(argv, out, err, parent);
	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return error_set(e, -errno, "fio: %s",
					 strerror(errno));
	return status ? failed(status, err, e) : 0;
}

static double number_of(const json_t *object, const char *key)
{
	const json_t *v = json_object_get(object, key);

	return json_is_number(v) ? json_number_value(v) : NAN;
}

/* fio's own histogram, nanoseconds by how many, into ours. */
static bool latencies_read(const json_t *side, double tsc_khz,
			   uint32_t latency[LATENCY_BUCKETS])
{
	const json_t *bins = json_object_get(json_object_get(side, "lat_ns"),
					     "bins");
	const char *ns_text;
	json_t *count;

	json_object_foreach((json_t *)bins, ns_text, count) {
		double cycles = strtod(ns_text, NULL) * tsc_khz / 1e6;

		if (!json_is_integer(count) || json_integer_value(count) < 0 ||
		    !(cycles >= 0 && cycles < 1e18))
			return false;
		latency[latency_bucket((uint64_t)cycles)] +=
			(uint32_t)json_integer_value(count);
	}
	return json_object_size(bins) > 0;
}

/* The one job's side that was asked for. */
static int answer_read(const char *text, const struct load *l, double tsc_khz,
		       struct fio_seen *seen, struct error *e)
{
	bool latencies;
	bool in = l->way == LOAD_READ || l->way == LOAD_RANDREAD;
	const char *begin = strchr(text, '{');	/* behind its warnings */
	json_t *doc = begin ? json_loads(begin, JSON_DISABLE_EOF_CHECK, NULL)
			    : NULL;
	json_t *job = json_array_get(json_object_get(doc, "jobs"), 0);
	json_t *side = json_object_get(job, in ? "read" : "write");
	double percent = number_of(job, "usr_cpu") + number_of(job, "sys_cpu");

	*seen = (struct fio_seen){
		.requests = number_of(side, "total_ios"),
		.request_ns = 1e9 / number_of(side, "iops"),
		.cpu_ns = percent / 100 * number_of(job, "job_runtime") * 1e6,
	};
	latencies = latencies_read(side, tsc_khz, seen->latency);
	json_decref(doc);
	if (seen->requests > 0 && isfinite(seen->request_ns) &&
	    seen->request_ns > 0 && seen->cpu_ns >= 0 && latencies)
		return 0;
	return error_set(e, -EPROTO, "fio: its JSON has no read or write with "
			 "total_ios, iops, lat_ns with its bins, usr_cpu, "
			 "sys_cpu and job_runtime");
}

int fio_run(const struct load *l, unsigned int runtime_ms, double tsc_khz,
	    struct fio_seen *seen, struct error *e)
{
	static char text[1 << 18];
	char program[512], file[64], way[32], bytes[32], depth[32], runtime[40];
	char direct[16];
	char *const argv[] = {
		program, "--name=vmgauge", file, way, bytes, depth, direct,
		runtime, "--ioengine=io_uring", "--time_based", "--thread",
		"--allow_file_create=0", "--size=32m", "--randrepeat=0",
		"--output-format=json+", "--lat_percentiles=1",
		"--clat_percentiles=0", NULL,
	};
	int fd = disk_file(NULL, e), out = -1, err = -1, rc;
	ssize_t n;

	if (fd < 0)
		return fd;
	rc = fio_find(program, sizeof(program), e);
	if (rc)
		return rc;
	/* By our process: it has no such file of its own. */
	snprintf(file, sizeof(file), "--filename=/proc/%d/fd/%d",
		 (int)getpid(), fd);
	snprintf(way, sizeof(way), "--rw=%s", rw[l->way]);
	snprintf(bytes, sizeof(bytes), "--bs=%u", l->bytes);
	snprintf(depth, sizeof(depth), "--iodepth=%u", l->depth);
	snprintf(direct, sizeof(direct), "--direct=%d",
		 l->backend == LOAD_DIRECT);
	snprintf(runtime, sizeof(runtime), "--runtime=%ums", runtime_ms);
	out = memfd_create("vmgauge-fio", MFD_CLOEXEC);
	err = memfd_create("vmgauge-fio-log", MFD_CLOEXEC);
	if (out < 0 || err < 0)
		rc = error_set(e, -errno, "fio: %s", strerror(errno));
	if (!rc)
		rc = child_run(argv, out, err, e);
	if (!rc) {
		n = pread(out, text, sizeof(text) - 1, 0);
		text[n > 0 ? n : 0] = '\0';
		rc = answer_read(text, l, tsc_khz, seen, e);
	}
	if (out >= 0)
		close(out);
	if (err >= 0)
		close(err);
	return rc;
}
