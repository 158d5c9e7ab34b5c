/*
 * Hands the queues of a network device to vhost-net; see net_vhost.h.
 *
 * What the kernel is told is what was checked here: areas that lie in guest
 * memory, and that memory's map, beyond which it follows no address.
 * Source: Linux, drivers/vhost and linux/vhost.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/vhost.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* The kernel's are numbers of bits, and virtio.h's are masks. */
#undef VIRTIO_F_VERSION_1
#undef VIRTIO_F_RING_PACKED
#undef VIRTIO_F_RING_RESET

#include "kvm/virtio/net_port.h"
#include "kvm/virtio/net_vhost.h"

#define VHOST_DEVICE	"/dev/vhost-net"
/* The header of a frame is vhost's: the TAP has none. */
#define VHOST_HEADER	(1ull << VHOST_NET_F_VIRTIO_NET_HDR)

struct vhost {
	struct virtio_device device;	/* first */
	struct net_port *tap;
	int fd;
	uint64_t features;		/* that the kernel serves */
	struct virtio_net_config space;
};

static struct vhost *vhost_of(const struct virtio_device *d)
{
	return (struct vhost *)d;
}

static int vhost_call(struct vhost *v, unsigned long request, void *argument,
		      const char *name, struct error *e)
{
	if (ioctl(v->fd, request, argument) >= 0)
		return 0;
	return error_set(e, -errno, VHOST_DEVICE ": %s: %s", name,
			 strerror(errno));
}

#define VHOST_CALL(v, request, argument, e)				\
	vhost_call(v, request, argument, #request, e)

static int memory_tell(struct vhost *v, struct error *e)
{
	const struct virtio_memory *m = &v->device.memory;
	struct vhost_memory *map =
		calloc(1, sizeof(*map) + m->parts * sizeof(map->regions[0]));
	int rc;

	if (!map)
		return error_set(e, -ENOMEM, "out of memory for a map of it");
	map->nregions = m->parts;
	for (unsigned int i = 0; i < m->parts; i++)
		map->regions[i] = (struct vhost_memory_region){
			.guest_phys_addr = m->part[i].gpa,
			.memory_size = m->part[i].bytes,
			.userspace_addr = (uint64_t)m->part[i].hva,
		};
	rc = VHOST_CALL(v, VHOST_SET_MEM_TABLE, map, e);
	free(map);
	return rc;
}

static int ring_tell(struct vhost *v, const struct virtio_queue *q,
		     struct error *e)
{
	struct vhost_vring_state size = { q->index, q->ring.size };
	struct vhost_vring_state base = { q->index, 0 };
	struct vhost_vring_addr where = {
		.index = q->index,
		.desc_user_addr = (uint64_t)q->ring.desc,
		.avail_user_addr = (uint64_t)q->ring.driver,
		.used_user_addr = (uint64_t)q->ring.device,
	};
	struct vhost_vring_file nobody = { q->index, VHOST_FILE_UNBIND };
	int rc = VHOST_CALL(v, VHOST_SET_VRING_NUM, &size, e);

	if (!rc)
		rc = VHOST_CALL(v, VHOST_SET_VRING_BASE, &base, e);
	if (!rc)
		rc = VHOST_CALL(v, VHOST_SET_VRING_ADDR, &where, e);
	return rc ? rc : VHOST_CALL(v, VHOST_SET_VRING_CALL, &nobody, e);
}

/* The doorbell comes last: one that was rung before is then heard. */
static int vhost_start(struct virtio_queue *q, struct error *e)
{
	struct vhost *v = vhost_of(q->device);
	uint64_t features = (q->device->accepted & v->features) | VHOST_HEADER;
	struct vhost_vring_file tap = { q->index, v->tap->fd[0] };
	struct vhost_vring_file bell = { q->index, q->bell };
	int rc;

	if (q->device->plug.interrupts)
		return error_set(e, -EOPNOTSUPP, VHOST_DEVICE ": interrupts "
				 "are not passed on");
	rc = VHOST_CALL(v, VHOST_SET_FEATURES, &features, e);
	if (!rc)
		rc = memory_tell(v, e);
	if (!rc)
		rc = ring_tell(v, q, e);
	if (!rc)
		rc = VHOST_CALL(v, VHOST_NET_SET_BACKEND, &tap, e);
	return rc ? rc : VHOST_CALL(v, VHOST_SET_VRING_KICK, &bell, e);
}

/* Returns when the kernel is done with the queue. */
static void vhost_stop(struct virtio_queue *q)
{
	struct vhost_vring_file nobody = { q->index, VHOST_FILE_UNBIND };
	struct vhost *v = vhost_of(q->device);

	VHOST_CALL(v, VHOST_SET_VRING_KICK, &nobody, NULL);
	VHOST_CALL(v, VHOST_NET_SET_BACKEND, &nobody, NULL);
}

static const void *vhost_config(const struct virtio_device *d)
{
	return &vhost_of(d)->space;
}

static void vhost_destroy(struct virtio_device *d)
{
	struct vhost *v = vhost_of(d);

	if (v->fd >= 0)
		close(v->fd);
	if (v->tap)
		v->tap->close(v->tap);
	free(v);
}

static const struct virtio_device_ops vhost_ops = {
	.id = VIRTIO_ID_NET,
	.features = VIRTIO_NET_F_MAC | VIRTIO_NET_F_STATUS |
		    VIRTIO_NET_F_MRG_RXBUF,
	.config_bytes = sizeof(struct virtio_net_config),
	.config = vhost_config,
	.queue_start = vhost_start,
	.queue_stop = vhost_stop,
	.destroy = vhost_destroy,
};

static int vhost_open(struct vhost *v, const char *name, struct error *e)
{
	int rc;

	v->fd = open(VHOST_DEVICE, O_RDWR | O_CLOEXEC);
	if (v->fd < 0)
		return error_set(e, -errno, VHOST_DEVICE ": %s: load "
				 "vhost_net, or ask for access",
				 strerror(errno));
	rc = VHOST_CALL(v, VHOST_GET_FEATURES, &v->features, e);
	if (!rc)
		rc = VHOST_CALL(v, VHOST_SET_OWNER, NULL, e);
	if (rc)
		return rc;
	/* What is not about rings is this side's; so is a queue's reset. */
	v->device.lacks = ~(v->features | VIRTIO_NET_F_MAC |
			    VIRTIO_NET_F_STATUS) |
			  VIRTIO_F_RING_PACKED | VIRTIO_F_RING_RESET;
	v->tap = net_tap_open(name, 1, e);
	return v->tap ? 0 : -ENODEV;
}

struct virtio_device *net_vhost_create(const char *name, struct error *e)
{
	struct vhost *v = calloc(1, sizeof(*v));

	if (!v) {
		error_set(e, -ENOMEM, "out of memory for a network device");
		return NULL;
	}
	v->fd = -1;
	if (virtio_device_init(&v->device, &vhost_ops, 2, e) ||
	    vhost_open(v, name, e)) {
		virtio_device_destroy(&v->device);
		return NULL;
	}
	v->space.status = VIRTIO_NET_S_LINK_UP;
	memcpy(v->space.mac, v->tap->mac, sizeof(v->space.mac));
	return &v->device;
}
