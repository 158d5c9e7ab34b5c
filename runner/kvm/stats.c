/*
 * Parses KVM's binary statistics; see stats.h.
 */
#include <errno.h>
#include <linux/kvm.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kvm/stats.h"

#define DESCRIPTORS_MAX		4096
#define NAME_MAX_BYTES		256
#define BLOCK_VALUES		512	/* read at once: 4 KiB */

static int read_all(int fd, void *to, size_t bytes, off_t at, struct error *e)
{
	ssize_t n = pread(fd, to, bytes, at);

	if (n < 0)
		return error_set(e, -errno, "KVM binary statistics: %s",
				 strerror(errno));
	if ((size_t)n != bytes)
		return error_set(e, -EPROTO, "KVM binary statistics end early");
	return 0;
}

static int find(const struct stats_layout *layout, const char *name)
{
	for (unsigned int i = 0; i < layout->count; i++)
		if (!strcmp(layout->entry[i].name, name) &&
		    layout->entry[i].size == 1 &&
		    layout->entry[i].offset / sizeof(uint64_t) < BLOCK_VALUES)
			return (int)(layout->entry[i].offset /
				     sizeof(uint64_t));
	return -1;
}

static int header_check(const struct kvm_stats_header *h, struct error *e)
{
	if (h->num_desc && h->num_desc <= DESCRIPTORS_MAX && h->name_size &&
	    h->name_size <= NAME_MAX_BYTES)
		return 0;
	return error_set(e, -EPROTO, "KVM binary statistics: %u descriptors "
			 "with names of %u bytes are not believable",
			 h->num_desc, h->name_size);
}

/* `raw` may lie anywhere: names have the length that the kernel likes. */
static int entry_fill(struct stat_entry *to, const char *raw,
		      unsigned int name_size, struct error *e)
{
	const char *name = raw + sizeof(struct kvm_stats_desc);
	size_t n = strnlen(name, name_size);
	struct kvm_stats_desc d;

	memcpy(&d, raw, sizeof(d));
	if (n >= sizeof(to->name))
		n = sizeof(to->name) - 1;	/* none of ours is as long */
	if (d.offset % sizeof(uint64_t) || d.offset > 1 << 20)
		return error_set(e, -EPROTO, "KVM binary statistics: offset "
				 "%u is not believable", d.offset);
	memcpy(to->name, name, n);
	to->name[n] = '\0';
	to->offset = d.offset;
	to->size = d.size;
	return 0;
}

int stats_layout_read(struct stats_layout *layout, int fd, struct error *e)
{
	struct kvm_stats_header h;
	size_t each;
	char *raw = NULL;
	int rc;

	memset(layout, 0, sizeof(*layout));
	rc = read_all(fd, &h, sizeof(h), 0, e);
	if (rc)
		return rc;
	rc = header_check(&h, e);
	if (rc)
		return rc;
	each = sizeof(struct kvm_stats_desc) + h.name_size;
	raw = malloc(h.num_desc * each);
	layout->entry = calloc(h.num_desc, sizeof(*layout->entry));
	if (!raw || !layout->entry) {
		rc = error_set(e, -ENOMEM, "out of memory for statistics");
		goto fail;
	}
	rc = read_all(fd, raw, h.num_desc * each, h.desc_offset, e);
	if (rc)
		goto fail;
	for (unsigned int i = 0; i < h.num_desc; i++) {
		rc = entry_fill(&layout->entry[i], raw + i * each,
				h.name_size, e);
		if (rc)
			goto fail;
		if (layout->entry[i].size == 1 &&
		    layout->entry[i].offset + 8 > layout->data_bytes)
			layout->data_bytes = layout->entry[i].offset + 8;
	}
	layout->count = h.num_desc;
	layout->data_offset = h.data_offset;
	layout->exits = find(layout, "exits");
	layout->irq_exits = find(layout, "irq_exits");
	layout->insn_emulation = find(layout, "insn_emulation");
	layout->hypercalls = find(layout, "hypercalls");
	layout->pages[0] = find(layout, "pages_4k");
	layout->pages[1] = find(layout, "pages_2m");
	layout->pages[2] = find(layout, "pages_1g");
	free(raw);
	return 0;
fail:
	free(raw);
	stats_layout_free(layout);
	return rc;
}

void stats_layout_free(struct stats_layout *layout)
{
	free(layout->entry);
	memset(layout, 0, sizeof(*layout));
}

static uint64_t value(const uint64_t *block, size_t values, int index)
{
	return index >= 0 && (size_t)index < values ? block[index] : 0;
}

int stats_read(const struct stats_layout *layout, int fd,
	       struct vcpu_counts *counts)
{
	uint64_t block[BLOCK_VALUES];
	size_t bytes = layout->data_bytes;
	ssize_t n;

	if (bytes > sizeof(block))
		bytes = sizeof(block);
	n = pread(fd, block, bytes, layout->data_offset);
	if (n < 0)
		return -errno;
	/* A count that is not there must not be read as zero. */
	if ((size_t)n < bytes)
		return -EPROTO;
	n /= (ssize_t)sizeof(uint64_t);
	counts->exits = value(block, (size_t)n, layout->exits);
	counts->irq_exits = value(block, (size_t)n, layout->irq_exits);
	counts->insn_emulation = value(block, (size_t)n,
				       layout->insn_emulation);
	counts->hypercalls = value(block, (size_t)n, layout->hypercalls);
	for (int i = 0; i < 3; i++)
		counts->pages[i] = value(block, (size_t)n, layout->pages[i]);
	return 0;
}
