/*
 * What the network benches share, on the host: a hub, the device of the
 * bench's own VM, and further VMs of the same image, each on a thread of its
 * own, whose guests give back what they are sent.
 */
#ifndef VMGAUGE_IO_NET_H
#define VMGAUGE_IO_NET_H

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "image.h"
#include "item_host.h"
#include "kvm/ioctl.h"
#include "kvm/virtio/mmio.h"
#include "kvm/virtio/net.h"
#include "kvm/virtio/net_vhost.h"
#include "kvm/vm.h"
#include "net_echo.h"
#include "price.h"
#include "x86_64/entry.h"

#define NET_PEERS_MAX	7u

/* A VM beside the bench's own. */
struct peer {
	struct vm vm;
	struct virtio_device *device;	/* the VM's */
	unsigned long seen;		/* frames received, at the last look */
	bool sleeps;			/* there are others: it does not poll */
	pthread_t thread;
	int pu;
	bool made, started;
};

struct network {
	struct net_hub *hub;
	struct virtio_device *device;	/* of the bench's own VM */
	struct virtio_stats before;
	struct price_from from;
	struct echo echo;
	unsigned int peers;
	struct peer peer[NET_PEERS_MAX];
};

__host int station_plug(struct vm *vm, struct net_hub *hub, unsigned int pairs,
			const struct virtio_plug *plug,
			struct virtio_device **device, struct error *e)
{
	struct net_port *port = net_hub_port(hub, pairs, e);

	*device = port ? virtio_net_create(port, e) : NULL;
	return *device ? virtio_mmio_attach(*device, vm, VIRTIO_MMIO_GPA, plug,
					    e) : -EIO;
}

/*
 * A peer that finds nothing gives its CPU to who may have something: for a
 * moment, or until its device has received something.
 */
__host void peer_yield(struct vcpu *v, void *opaque, uint64_t offset,
		       void *data, unsigned int bytes, bool write)
{
	const struct timespec little = { .tv_nsec = 20000 };
	struct peer *p = opaque;
	atomic_ulong *served = &p->device->queue[VIRTIO_NET_RX].served;

	(void)offset, (void)data, (void)bytes;
	if (!write)
		return;
	if (!p->sleeps)
		sched_yield();
	while (p->sleeps && atomic_load(served) == p->seen &&
	       !atomic_load(&v->kicked))
		nanosleep(&little, NULL);
	p->seen = atomic_load(served);
}

__host void *peer_main(void *opaque)
{
	struct peer *p = opaque;

	vcpu_run(&p->vm.vcpu[0]);
	return NULL;
}

/* The image, asked for the same item, in the role of a peer. */
__host int peer_load(struct item_host *h, struct peer *p, struct error *e)
{
	uint8_t *ram = vm_memory_at(&p->vm, 0, h->ram_bytes);
	struct abi_mailbox *mb = (void *)(ram + ABI_MAILBOX_GPA);
	struct image_entry entry;
	int rc = image_load(image_elf_start,
			    (size_t)(image_elf_end - image_elf_start), ram,
			    h->ram_bytes, &entry, e);

	if (rc)
		return rc;
	mb->magic = ABI_MAGIC;
	mb->version = ABI_VERSION;
	mb->bytes = sizeof(*mb);
	memcpy(mb->item, h->mailbox->item, sizeof(mb->item));
	mb->ring = 3;
	mb->blocks = mb->empty_blocks = mb->vcpus = 1;
	mb->block_cycles = 1000;
	mb->arg[0] = 1;
	return entry_long_mode(&p->vm.vcpu[0], ram, entry.entry_gpa,
			       ABI_MAILBOX_GPA, e);
}

__host int peer_start(struct peer *p, struct error *e)
{
	pthread_attr_t attr;
	cpu_set_t set;
	int rc = pthread_attr_init(&attr);

	if (rc)
		return error_set(e, -rc, "a VM's thread: %s", strerror(rc));
	if (p->pu >= 0 && p->pu < CPU_SETSIZE) {
		CPU_ZERO(&set);
		CPU_SET(p->pu, &set);
		rc = pthread_attr_setaffinity_np(&attr, sizeof(set), &set);
	}
	if (!rc)
		rc = pthread_create(&p->thread, &attr, peer_main, p);
	pthread_attr_destroy(&attr);
	p->started = !rc;
	return rc ? error_set(e, -rc, "a VM's thread: %s", strerror(rc)) : 0;
}

__host int peer_make(struct item_host *h, struct network *n, struct peer *p,
		     struct error *e)
{
	const struct vm_config config = {
		.ram_bytes = h->ram_bytes, .vcpus = 1,
	};
	const struct virtio_plug plug = { .pu = h->bystander_pu };
	int rc = vm_create(&p->vm, h->vm->sys, &config, e);

	if (rc)
		return rc;
	p->made = true;
	p->pu = h->bystander_pu;
	rc = peer_load(h, p, e);
	if (!rc)
		rc = range_claim(&p->vm.pio, ABI_PORT_BELL, 4, peer_yield, p, e);
	if (!rc)
		rc = station_plug(&p->vm, n->hub, 1, &plug, &p->device, e);
	if (rc)
		return rc;
	p->vm.vcpu[0].started = true;
	return peer_start(p, e);
}

/* The bench's own VM is station 0, and its peers are 1 and up. */
__host int network_make(struct item_host *h, unsigned int peers,
			unsigned int pairs)
{
	const struct virtio_plug plug = {
		.pu = h->bystander_pu, .queue_pu = h->worker_pu,
		.queue_pus = h->workers,
	};
	struct network *n = calloc(1, sizeof(*n));
	struct error e = { "out of memory for a network" };
	int rc;

	h->opaque = n;
	if (!n)
		return host_said(h, -ENOMEM, &e);
	h->mailbox->arg[1] = peers;
	n->hub = net_hub_create(!peers, &e);
	rc = n->hub ? station_plug(h->vm, n->hub, pairs, &plug, &n->device,
				   &e) : -ENOMEM;
	for (; !rc && n->peers < peers; n->peers++) {
		n->peer[n->peers].sleeps = peers > 1;
		rc = peer_make(h, n, &n->peer[n->peers], &e);
	}
	return host_said(h, rc, &e);
}

__host struct virtio_device *tap_device(const char *name, bool vhost,
					struct error *e)
{
	struct net_port *port;

	if (vhost)
		return net_vhost_create(name, e);
	port = net_tap_open(name, 1, e);
	return port ? virtio_net_create(port, e) : NULL;
}

/*
 * At a TAP of a name of our own, served by a thread or by the kernel, with a
 * station behind it or nobody. What this host does not allow is a skip.
 */
__host int network_tap_make(struct item_host *h, bool vhost, bool echo)
{
	const struct virtio_plug plug = { .pu = h->bystander_pu };
	struct network *n = calloc(1, sizeof(*n));
	struct error e = { "out of memory for a network" };
	char name[16];
	int rc;

	h->opaque = n;
	if (!n)
		return host_said(h, -ENOMEM, &e);
	snprintf(name, sizeof(name), "vmg%d", (int)getpid());
	n->device = tap_device(name, vhost, &e);
	if (!n->device) {
		host_verdict(h, ABI_SKIP, e.text);
		return 0;
	}
	rc = virtio_mmio_attach(n->device, h->vm, VIRTIO_MMIO_GPA, &plug, &e);
	if (!rc && echo)
		rc = echo_start(&n->echo, name, &e);
	return host_said(h, rc, &e);
}

__host void network_end(struct item_host *h)
{
	struct network *n = h->opaque;

	h->opaque = NULL;
	if (!n)
		return;
	for (unsigned int i = 0; i < NET_PEERS_MAX; i++) {
		struct peer *p = &n->peer[i];

		if (p->started) {
			p->vm.vcpu[0].thread = p->thread;
			vcpu_kick(&p->vm.vcpu[0]);
			pthread_join(p->thread, NULL);
		}
		if (p->made)
			vm_destroy(&p->vm);
	}
	echo_end(&n->echo);
	net_hub_put(n->hub);
	free(n);			/* the device is the VM's */
}

/* Nothing was dropped on the way, and no device is in trouble. */
__host int network_verify(struct item_host *h)
{
	struct network *n = h->opaque;

	if ((!n->hub || !net_hub_dropped(n->hub)) &&
	    !(virtio_status_read(n->device) & VIRTIO_NEEDS_RESET))
		return 0;
	host_verdict(h, ABI_ERROR, "the network lost frames");
	return -EIO;
}

/* The price of frames that came back to the bench's own VM, which is alone. */
__host int network_load_rewind(struct item_host *h)
{
	struct network *n = h->opaque;

	price_begin(&n->from, h->mailbox->requests);
	return 0;
}

__host int network_load_verify(struct item_host *h)
{
	struct network *n = h->opaque;

	price_end(h, &n->from, h->mailbox->requests);
	return network_verify(h);
}

__host int network_cost_rewind(struct item_host *h)
{
	struct network *n = h->opaque;

	virtio_device_stats(n->device, &n->before);
	return 0;
}

/* The CPU time of the device's threads in place of the batch's length. */
__host int network_cost_verify(struct item_host *h)
{
	struct abi_mailbox *mb = h->mailbox;
	uint32_t i = mb->blocks_done;
	struct network *n = h->opaque;
	struct virtio_stats now;
	int khz = kvm_call_raw(h->vcpu->fd, KVM_GET_TSC_KHZ, 0);

	if (khz <= 0 || i >= ABI_BLOCKS_MAX)
		return -EIO;
	virtio_device_stats(n->device, &now);
	mb->block[i].begin_tsc = 0;
	mb->block[i].end_tsc = (now.cpu_ns - n->before.cpu_ns) *
			       (uint64_t)khz / 1000000;
	return network_verify(h);
}

#endif
