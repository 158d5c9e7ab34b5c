/*
 * Where gnuplot works; see plot_files.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "export/save.h"
#include "history/plot_files.h"
#include "reports/plot.h"
#include "result/doc.h"

/* gnuplot does not notice a full disk: look whether the file has its end. */
static bool whole(const struct text *svg)
{
	size_t n = svg->length;

	while (n && svg->data[n - 1] == '\n')
		n--;
	return n > 6 && !strncmp(svg->data + n - 6, "</svg>", 6);
}

static int draw(const struct stage *s, const struct text *script,
		const struct text *data, struct text *svg, struct error *e)
{
	struct text why = { 0 };
	int rc = text_write(s->plots_fd, "history.gp", script, O_CREAT);

	if (!rc)
		rc = text_write(s->plots_fd, "history.dat", data, O_CREAT);
	if (rc)
		return error_set(e, rc, "cannot write to a directory under "
				 "TMPDIR: %s: %s", strerror(-rc),
				 doc_write_mend(-rc));
	rc = gnuplot_run(s, "history", &why);
	if (!rc)
		rc = stage_read(s, "plots/history.svg", svg);
	if (!rc && !whole(svg)) {
		rc = -EIO;
		text_add(&why, "gnuplot left an incomplete file");
	}
	if (rc)
		error_set(e, rc, "no plot: %s: %s", why.length ?
			  text_string(&why) : strerror(-rc), rc == -ENOENT ?
			  "install gnuplot-nox (apt) or gnuplot-minimal (dnf)" :
			  "free space under TMPDIR, or choose fewer series by "
			  "GLOB");
	text_free(&why);
	return rc;
}

static void directory_drop(const struct stage *s, const char *dir)
{
	static const char *const names[] = {
		"history.gp", "history.dat", "history.svg", "gnuplot.err",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		unlinkat(s->plots_fd, names[i], 0);
	if (s->plots_fd >= 0)
		close(s->plots_fd);
	if (s->fd >= 0) {
		unlinkat(s->fd, "plots", AT_REMOVEDIR);
		close(s->fd);
	}
	rmdir(dir);
}

int plot_draw(const struct text *script, const struct text *data,
	      const char *path, struct error *e)
{
	const char *tmp = getenv("TMPDIR");
	struct stage s = { .dir_fd = -1, .fd = -1, .plots_fd = -1 };
	struct text svg = { 0 };
	char *dir = NULL;
	int rc = 0;

	if (asprintf(&dir, "%s/vmgauge-plot-XXXXXX", tmp && *tmp ? tmp :
		     "/tmp") < 0)
		return error_set(e, -ENOMEM, "out of memory");
	if (!mkdtemp(dir)) {
		rc = error_set(e, -errno, "cannot make %s: %s: set TMPDIR to a "
			       "directory that is writable", dir,
			       strerror(errno));
		free(dir);
		return rc;
	}
	s.dir = dir;
	s.fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s.fd >= 0 && !mkdirat(s.fd, "plots", 0700))
		s.plots_fd = openat(s.fd, "plots", O_RDONLY | O_DIRECTORY |
				    O_CLOEXEC);
	if (s.plots_fd < 0)
		rc = error_set(e, -EIO, "cannot make %s/plots: %s: free space, "
			       "or set TMPDIR", dir, strerror(errno));
	if (!rc)
		rc = draw(&s, script, data, &svg, e);
	if (!rc)
		rc = text_save(&svg, path, e);
	directory_drop(&s, dir);
	text_free(&svg);
	free(dir);
	return rc;
}
