/*
 * The bytes of a request, wherever its segments put them; see queue.h.
 */
#include <string.h>

#include "kvm/virtio/queue.h"

unsigned int segments_slice(const struct iovec *from, unsigned int n,
			    uint64_t offset, uint64_t bytes, struct iovec *to)
{
	unsigned int got = 0;

	for (unsigned int i = 0; i < n && bytes; i++) {
		uint64_t part = from[i].iov_len;

		if (offset >= part) {
			offset -= part;
			continue;
		}
		part -= offset;
		if (part > bytes)
			part = bytes;
		to[got++] = (struct iovec){
			.iov_base = (uint8_t *)from[i].iov_base + offset,
			.iov_len = part,
		};
		bytes -= part;
		offset = 0;
	}
	return got;
}

unsigned int virtq_slice(const struct virtq_chain *c, bool writable,
			 uint64_t offset, uint64_t bytes, struct iovec *to)
{
	return segments_slice(c->segment + (writable ? c->readable : 0),
			      writable ? c->writable : c->readable, offset,
			      bytes, to);
}

size_t virtq_read(const struct virtq_chain *c, uint64_t offset, void *to,
		  size_t bytes)
{
	struct iovec part[VIRTQ_SIZE_MAX];
	unsigned int n = virtq_slice(c, false, offset, bytes, part);
	size_t done = 0;

	for (unsigned int i = 0; i < n; done += part[i++].iov_len)
		memcpy((uint8_t *)to + done, part[i].iov_base,
		       part[i].iov_len);
	return done;
}

size_t virtq_write(const struct virtq_chain *c, uint64_t offset,
		   const void *from, size_t bytes)
{
	struct iovec part[VIRTQ_SIZE_MAX];
	unsigned int n = virtq_slice(c, true, offset, bytes, part);
	size_t done = 0;

	for (unsigned int i = 0; i < n; done += part[i++].iov_len)
		memcpy(part[i].iov_base, (const uint8_t *)from + done,
		       part[i].iov_len);
	return done;
}
