/*
 * The small part of YAML that every reader reads alike: block mappings and
 * sequences, and scalars as JSON writes them.
 */
#include <ctype.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "result/doc.h"
#include "tap_yaml.h"

/* Words that some YAML reads as a boolean, null or number. */
static bool is_reserved(const char *word)
{
	static const char *const words[] = {
		"y", "n", "yes", "no", "on", "off", "true", "false", "null",
		"nan", "inf", "infinity",
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (!strcasecmp(words[i], word))
			return true;
	return false;
}

static bool is_plain(const char *text)
{
	if (!isascii(*text) || !isalpha(*text))
		return false;
	if (is_reserved(text) || strlen(text) > 100)
		return false;
	for (; *text; text++)
		if (!isascii(*text) ||
		    (!isalnum(*text) && !strchr("_/-", *text)))
			return false;
	return true;
}

/* Decodes one character of valid UTF-8 (jansson holds no other). */
static uint32_t decode(const unsigned char **text)
{
	const unsigned char *s = *text;
	int more = *s >= 0xf0 ? 3 : *s >= 0xe0 ? 2 : *s >= 0xc0 ? 1 : 0;
	uint32_t c = more ? *s & (0x3f >> more) : *s;

	for (s++; more && (*s & 0xc0) == 0x80; more--)
		c = c << 6 | (*s++ & 0x3f);
	*text = s;
	return c;
}

/* What YAML 1.2 does not let stand in a stream, or folds as a line break. */
static bool must_escape(uint32_t c)
{
	return c < ' ' || (c >= 0x7f && c < 0xa0) || c == 0x2028 ||
	       c == 0x2029 || c == 0xfeff || (c & 0xfffe) == 0xfffe;
}

static void write_escape(FILE *out, uint32_t c)
{
	if (c == '\n')
		fputs("\\n", out);
	else if (c == '\t')
		fputs("\\t", out);
	else if (c == '\r')
		fputs("\\r", out);
	else if (c < 0x100)
		fprintf(out, "\\x%02x", c);
	else if (c < 0x10000)
		fprintf(out, "\\u%04x", c);
	else
		fprintf(out, "\\U%08x", c);
}

static void write_text(FILE *out, const char *text)
{
	const unsigned char *s = (const unsigned char *)text;

	if (is_plain(text)) {
		fputs(text, out);
		return;
	}
	fputc('"', out);
	while (*s) {
		const unsigned char *start = s;
		uint32_t c = decode(&s);

		if (c == '"' || c == '\\')
			fprintf(out, "\\%c", (int)c);
		else if (must_escape(c))
			write_escape(out, c);
		else
			fwrite(start, 1, (size_t)(s - start), out);
	}
	fputc('"', out);
}

static bool is_block(const json_t *value)
{
	return json_object_size(value) || json_array_size(value);
}

static void write_scalar(FILE *out, const json_t *value)
{
	if (json_is_string(value))
		write_text(out, json_string_value(value));
	else	/* numbers, true, false, null, [] and {} are the same in JSON */
		json_dumpf(value, out, DOC_JSON_FLAGS | JSON_ENCODE_ANY);
	fputc('\n', out);
}

static void write_block(FILE *out, const json_t *value, int indent,
			bool inside);

static void write_mapping(FILE *out, const json_t *map, int indent, bool inside)
{
	const json_t *value;
	const char *key;
	bool first = inside;

	json_object_foreach((json_t *)map, key, value) {
		fprintf(out, "%*s", first ? 0 : indent, "");
		first = false;
		write_text(out, key);
		fputc(':', out);
		if (is_block(value)) {
			fputc('\n', out);
			write_block(out, value, indent + 2, false);
		} else {
			fputc(' ', out);
			write_scalar(out, value);
		}
	}
}

static void write_sequence(FILE *out, const json_t *list, int indent,
			   bool inside)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *value = json_array_get(list, i);

		fprintf(out, "%*s- ", inside && !i ? 0 : indent, "");
		if (is_block(value))
			write_block(out, value, indent + 2, true);
		else
			write_scalar(out, value);
	}
}

/* `inside`: the first line is indented already, behind the "- " of a list. */
static void write_block(FILE *out, const json_t *value, int indent, bool inside)
{
	if (json_is_object(value))
		write_mapping(out, value, indent, inside);
	else
		write_sequence(out, value, indent, inside);
}

int tap_yaml_write(FILE *out, const json_t *object, int indent)
{
	write_mapping(out, object, indent, false);
	return ferror(out) ? -1 : 0;
}
