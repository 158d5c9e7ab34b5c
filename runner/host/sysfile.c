/*
 * Reading /proc and /sys the one way this project does; see sysfile.h.
 *
 * Text is made printable ASCII on the way in, because it ends in JSON and on
 * terminals, and firmware tables hold whatever their makers left there.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/sysfile.h"

static int path_join(char *full, size_t size, const char *root,
		     const char *path)
{
	int n = snprintf(full, size, "%s%s", root, path);

	return n < 0 || (size_t)n >= size ? -ENAMETOOLONG : 0;
}

int sysfile_open(const char *root, const char *path, int flags)
{
	char full[PATH_MAX];
	int rc = path_join(full, sizeof(full), root, path);
	int fd;

	if (rc)
		return rc;
	fd = open(full, flags | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

bool sysfile_exists(const char *root, const char *path)
{
	char full[PATH_MAX];

	return !path_join(full, sizeof(full), root, path) &&
	       !access(full, F_OK);
}

static void text_clean(char *text, size_t *length)
{
	for (size_t i = 0; i < *length; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c != '\n' && c != '\t' && (c < ' ' || c > '~'))
			text[i] = '?';
	}
	while (*length && isspace((unsigned char)text[*length - 1]))
		(*length)--;
	text[*length] = '\0';
}

int sysfile_read(const char *root, const char *path, char *buf, size_t size)
{
	size_t length = 0;
	ssize_t n = 1;
	int err = 0;
	int fd;

	buf[0] = '\0';
	fd = sysfile_open(root, path, O_RDONLY | O_NONBLOCK);
	if (fd < 0)
		return fd;
	while (n > 0 && length < size - 1) {
		n = read(fd, buf + length, size - 1 - length);
		if (n > 0)
			length += (size_t)n;
		else if (n < 0)
			err = errno;
	}
	close(fd);
	if (err) {
		buf[0] = '\0';
		return -err;
	}
	text_clean(buf, &length);
	return (int)length;
}

int sysfile_readf(const char *root, char *buf, size_t size,
		  const char *fmt, ...)
{
	char path[PATH_MAX];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(path, sizeof(path), fmt, ap);
	va_end(ap);
	buf[0] = '\0';
	if (n < 0 || (size_t)n >= sizeof(path))
		return -ENAMETOOLONG;
	return sysfile_read(root, path, buf, size);
}

int sysfile_number(const char *root, const char *path, long long *value)
{
	char text[64];
	char *end;
	int rc = sysfile_read(root, path, text, sizeof(text));

	if (rc < 0)
		return rc;
	errno = 0;
	*value = strtoll(text, &end, 0);
	if (end == text || *end || errno)
		return -EINVAL;
	return 0;
}

static bool line_has_key(const char *line, const char *key,
			 const char **value)
{
	size_t n = strlen(key);

	if (strncmp(line, key, n))
		return false;
	line += n;
	line += strspn(line, " \t");
	if (*line != ':')
		return false;
	line++;
	*value = line + strspn(line, " \t");
	return true;
}

int sysfile_value(const char *text, const char *key, char *buf, size_t size)
{
	const char *value;

	buf[0] = '\0';
	while (text && *text) {
		const char *next = strchr(text, '\n');

		if (line_has_key(text, key, &value)) {
			snprintf(buf, size, "%.*s",
				 (int)strcspn(value, "\n"), value);
			return 0;
		}
		text = next ? next + 1 : NULL;
	}
	return -ENOENT;
}

bool sysfile_has_word(const char *list, const char *word)
{
	size_t n = strlen(word);

	while (*list) {
		size_t length;

		list += strspn(list, " \t\n");
		length = strcspn(list, " \t\n");
		if (length == n && !memcmp(list, word, n))
			return n > 0;
		list += length;
	}
	return false;
}

int sysfile_choice(const char *root, const char *path, char *buf, size_t size)
{
	char text[256];
	char *from, *to;
	int rc = sysfile_read(root, path, text, sizeof(text));

	buf[0] = '\0';
	if (rc < 0)
		return rc;
	from = strchr(text, '[');
	to = from ? strchr(from, ']') : NULL;
	if (!to)
		return -EINVAL;
	*to = '\0';
	snprintf(buf, size, "%s", from + 1);
	return 0;
}
