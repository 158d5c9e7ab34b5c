/*
 * What a process gives up before it makes a VM; see confine.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "target/confine/confine.h"

#define NOBODY		65534
#define SPACES		(CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWNET)
#define SPARE_BYTES	(4ull << 30)	/* of addresses, beside guest memory */
#define FILE_BYTES	(1ull << 30)

static int said(const char *what, struct error *e)
{
	return error_set(e, -errno, "the confinement: %s: %s", what,
			 strerror(errno));
}

static bool proc_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool ok;

	if (fd < 0)
		return false;
	ok = write(fd, text, strlen(text)) == (ssize_t)strlen(text);
	close(fd);
	return ok;
}

/* Whoever may not make namespaces may where a user namespace is allowed. */
static bool spaces_of_user(void)
{
	uid_t uid = geteuid();
	gid_t gid = getegid();
	char text[64];

	if (unshare(CLONE_NEWUSER | SPACES))
		return false;
	proc_write("/proc/self/setgroups", "deny");
	snprintf(text, sizeof(text), "%u %u 1", uid, uid);
	if (!proc_write("/proc/self/uid_map", text))
		return false;
	snprintf(text, sizeof(text), "%u %u 1", gid, gid);
	return proc_write("/proc/self/gid_map", text);
}

static int spaces_enter(char *left, size_t bytes, struct error *e)
{
	if (!unshare(SPACES) || spaces_of_user())
		return confine_root(e);
	snprintf(left, bytes, "no namespaces of its own: %s", strerror(errno));
	return 0;
}

/*
 * Addresses are counted from where they are: a sanitizer's shadow takes more
 * than any guest. Threads, which vCPUs are, share them.
 */
static int limits_set(const struct target_context *ctx, struct error *e)
{
	unsigned long long pages = 0;
	struct rlimit files, limit;
	FILE *f = fopen("/proc/self/statm", "re");
	bool known = f && fscanf(f, "%llu", &pages) == 1;

	if (f)
		fclose(f);
	if (!known)
		return error_set(e, -EIO, "the confinement: /proc/self/statm "
				 "cannot be read: mount /proc");
	limit.rlim_cur = pages * (rlim_t)sysconf(_SC_PAGESIZE) + SPARE_BYTES +
			 2 * ctx->memory_bytes;
	limit.rlim_max = limit.rlim_cur;
	if (setrlimit(RLIMIT_AS, &limit))
		return said("the limit of addresses", e);
	limit = (struct rlimit){ FILE_BYTES, FILE_BYTES };
	if (setrlimit(RLIMIT_FSIZE, &limit))
		return said("the limit of a file's length", e);
	limit = (struct rlimit){ 0, 0 };
	if (setrlimit(RLIMIT_CORE, &limit))
		return said("the limit of core files", e);
	if (getrlimit(RLIMIT_NOFILE, &files))
		return said("the limit of files", e);
	files.rlim_max = files.rlim_cur;
	if (setrlimit(RLIMIT_NOFILE, &files))
		return said("the limit of files", e);
	return 0;
}

/*
 * Root becomes nobody, in the group that may open /dev/kvm, unless only root
 * may: then it stays root without a capability.
 */
static int identity_drop(char *left, size_t bytes, struct error *e)
{
	const mode_t group = S_IRGRP | S_IWGRP, others = S_IROTH | S_IWOTH;
	struct stat st;

	for (int i = 0; i < 64; i++)	/* those that there are and it has */
		prctl(PR_CAPBSET_DROP, i, 0, 0, 0);
	if (geteuid() || stat("/dev/kvm", &st))
		return 0;
	if ((st.st_mode & group) != group && (st.st_mode & others) != others) {
		snprintf(left + strlen(left), bytes - strlen(left), "%sstill "
			 "root: only root may open /dev/kvm",
			 left[0] ? "; " : "");
		return 0;
	}
	if (setgroups(1, &st.st_gid))
		return said("setgroups", e);
	if (setresgid(NOBODY, NOBODY, NOBODY) ||
	    setresuid(NOBODY, NOBODY, NOBODY))
		return said("becoming nobody", e);
	return 0;
}

static int capabilities_drop(struct error *e)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct none[2] = { { 0 } };

	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) ||
	    syscall(SYS_capset, &header, none))
		return said("dropping capabilities", e);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return said("no_new_privs", e);
	return 0;
}

/* Its runner's descriptors; a terminal could be typed on. */
static int descriptors_drop(struct error *e)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC), rc = 0;

	if (null < 0)
		return said("/dev/null", e);
	for (int fd = 0; fd < 3 && !rc; fd++)
		if ((fd < 2 || isatty(fd)) && dup2(null, fd) < 0)
			rc = said("dup2", e);
	if (!rc && close_range(3, ~0u, 0))
		rc = said("close_range", e);
	return rc;
}

/* Where memory runs out it is the VM that goes, and the runner that tells. */
static int memory_last(struct error *e)
{
	return proc_write("/proc/self/oom_score_adj", "1000") ? 0 :
	       said("/proc/self/oom_score_adj", e);
}

int confine_enter(const struct target_context *ctx, char *left, size_t bytes,
		  struct error *e)
{
	int rc = descriptors_drop(e);

	left[0] = '\0';
	if (!rc)
		rc = memory_last(e);
	if (!rc)
		rc = spaces_enter(left, bytes, e);
	if (!rc)
		rc = limits_set(ctx, e);
	if (!rc)
		rc = identity_drop(left, bytes, e);
	if (!rc)
		rc = capabilities_drop(e);
	/* Whoever is nobody may be killed with its runner, too. */
	if (!rc && prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0))
		rc = said("prctl", e);
	return rc;
}
