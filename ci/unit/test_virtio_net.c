/*
 * The virtio network device without a guest, by the image's driver of rings:
 * frames get where their address says, whole and in order, between two devices
 * at a hub and through a TAP, served by a thread or by the kernel; what is no frame is given back, a receiver that
 * is full loses frames and nobody else does, and a buffer that holds no header
 * is the driver's error.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "kvm/virtio/mmio.h"
#include "kvm/virtio/net.h"
#include "kvm/virtio/net_vhost.h"
#include "virtio_driver.h"

#define STATIONS	3u
#define SLOTS		32u
#define SLOT_BYTES	9100u
#define HEADER		sizeof(struct virtio_net_header)
#define PATIENCE_S	20
#define ETHER_TYPE	0x88b5

struct lane {
	_Alignas(4096) struct virtio_ring_area area[2];
	uint8_t slot[2][SLOTS][SLOT_BYTES];
};

struct station {
	struct vm vm;
	struct virtio_device *dev;
	struct virtio_ring ring[2];
	struct lane *lane;
};

static struct station stations[STATIONS];

static void set(struct station *s, uint64_t offset, uint32_t value)
{
	virtio_mmio_write(s->dev, offset, value);
}

static uint32_t get(struct station *s, uint64_t offset)
{
	return virtio_mmio_read(s->dev, offset);
}

static void gpa_set(struct station *s, uint64_t offset, const void *at)
{
	set(s, offset, (uint32_t)(uintptr_t)at);
	set(s, offset + 4, (uint32_t)((uintptr_t)at >> 32));
}

static void post(struct station *s, uint32_t slot, uint32_t bytes)
{
	const struct virtio_buffer b = {
		(uintptr_t)s->lane->slot[VIRTIO_NET_RX][slot], bytes, true,
	};

	virtq_ring_add(&s->ring[VIRTIO_NET_RX], (uint16_t)slot, &b, 1, NULL);
	if (virtq_ring_kick_due(&s->ring[VIRTIO_NET_RX]))
		set(s, VIRTIO_MMIO_QUEUE_NOTIFY, VIRTIO_NET_RX);
}

static void driver_begin(struct station *s, uint64_t features, uint32_t posted)
{
	features |= VIRTIO_F_VERSION_1 | VIRTIO_NET_F_MAC;
	set(s, VIRTIO_MMIO_STATUS, VIRTIO_ACKNOWLEDGE | VIRTIO_DRIVER);
	for (uint32_t i = 0; i < 2; i++) {
		set(s, VIRTIO_MMIO_DRIVER_FEATURES_SEL, i);
		set(s, VIRTIO_MMIO_DRIVER_FEATURES,
		    (uint32_t)(features >> 32 * i));
	}
	set(s, VIRTIO_MMIO_STATUS, 11);
	for (uint32_t i = 0; i < 2; i++) {
		virtq_ring_init(&s->ring[i], &s->lane->area[i], SLOTS, 1,
				features, false);
		set(s, VIRTIO_MMIO_QUEUE_SEL, i);
		set(s, VIRTIO_MMIO_QUEUE_NUM, SLOTS);
		gpa_set(s, VIRTIO_MMIO_QUEUE_DESC, s->lane->area[i].desc);
		gpa_set(s, VIRTIO_MMIO_QUEUE_DRIVER, s->lane->area[i].avail);
		gpa_set(s, VIRTIO_MMIO_QUEUE_DEVICE, s->lane->area[i].used);
		set(s, VIRTIO_MMIO_QUEUE_READY, 1);
	}
	set(s, VIRTIO_MMIO_STATUS, 15);
	assert_int_equal(get(s, VIRTIO_MMIO_STATUS), 15);
	for (uint32_t i = 0; i < posted; i++)
		post(s, i, SLOT_BYTES);
}

static void station_of(unsigned int i, struct virtio_device *dev,
		       uint64_t features, uint32_t posted)
{
	const struct virtio_plug plug = {
		.notify = VIRTIO_NOTIFY_EXIT, .pu = -1,
	};
	struct station *s = &stations[i];
	struct error e = { "no device" };

	memset(s, 0, sizeof(*s));
	s->lane = (struct lane *)shared + i;
	s->vm.slot[0].gpa = (uintptr_t)shared;
	s->vm.slot[0].bytes = SHARED_BYTES;
	s->vm.slot[0].hva = shared;
	s->dev = dev;
	if (!s->dev || virtio_mmio_attach(s->dev, &s->vm, 0xd0000000, &plug, &e))
		fail_msg("%s", e.text);
	driver_begin(s, features, posted);
}

static void station_make(unsigned int i, struct net_port *port,
			 uint64_t features, uint32_t posted)
{
	struct error e = { "" };

	station_of(i, virtio_net_create(port, &e), features, posted);
}

static void stations_make(struct net_hub *hub, unsigned int n,
			  uint64_t features)
{
	struct error e;

	for (unsigned int i = 0; i < n; i++)
		station_make(i, net_hub_port(hub, 1, &e), features, SLOTS);
}

static void stations_end(unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		stations[i].vm.attached->destroy(stations[i].vm.attached);
}

static bool nap(time_t begin)
{
	const struct timespec little = { .tv_nsec = 20000 };

	nanosleep(&little, NULL);
	return time(NULL) - begin <= PATIENCE_S;
}

static uint8_t *sending(unsigned int from, uint32_t slot)
{
	return stations[from].lane->slot[VIRTIO_NET_TX][slot] + HEADER;
}

/* Sends what is in the slot, in two parts now and then; waits until used. */
static void frame_send(unsigned int from, uint32_t slot, uint32_t bytes)
{
	struct station *s = &stations[from];
	struct virtio_ring *r = &s->ring[VIRTIO_NET_TX];
	struct virtio_buffer b = {
		(uintptr_t)sending(from, slot) - HEADER,
		(uint32_t)HEADER + bytes, false,
	};
	time_t begin = time(NULL);
	struct virtio_done done;

	/* It says a lot, of which nothing is asked. */
	memset(sending(from, slot) - HEADER, 0xff, HEADER);
	virtq_ring_add(r, (uint16_t)slot, &b, 1, NULL);
	if (virtq_ring_kick_due(r))
		set(s, VIRTIO_MMIO_QUEUE_NOTIFY, VIRTIO_NET_TX);
	while (!virtq_ring_take(r, &done))
		if (!nap(begin))
			fail_msg("a frame is not sent");
	assert_int_equal(done.slot, slot);
	assert_int_equal(done.len, 0);
}

static void address(unsigned int from, uint32_t slot, unsigned int to)
{
	const uint8_t mac[12] = {
		2, 'V', 'M', 'G', 0, (uint8_t)to, 2, 'V', 'M', 'G', 0,
		(uint8_t)from,
	};

	memcpy(sending(from, slot), mac, sizeof(mac));
}

/* The next frame, which must be as many bytes; its slot, or -1. */
static int frame_take(unsigned int at, uint32_t want)
{
	struct station *s = &stations[at];
	struct virtio_done done;

	if (!virtq_ring_take(&s->ring[VIRTIO_NET_RX], &done))
		return -1;
	assert_int_equal(done.len, want + HEADER);
	assert_true(done.slot < SLOTS);
	return (int)done.slot;
}

static void frame_expect(unsigned int at, const uint8_t *frame, uint32_t bytes)
{
	static const struct virtio_net_header header = { .num_buffers = 1 };
	time_t begin = time(NULL);
	uint8_t *got;
	int slot;

	while ((slot = frame_take(at, bytes)) < 0)
		if (!nap(begin))
			fail_msg("a frame does not come");
	got = stations[at].lane->slot[VIRTIO_NET_RX][slot];
	assert_memory_equal(got, &header, HEADER);
	assert_memory_equal(got + HEADER, frame, bytes);
	post(&stations[at], (uint32_t)slot, SLOT_BYTES);
}

static void fill(uint8_t *at, uint32_t bytes)
{
	for (uint32_t i = 0; i < bytes; i++)
		at[i] = (uint8_t)dice_throw(256);
}

static struct net_hub *hub_make(bool loops)
{
	struct error e = { "" };
	struct net_hub *hub = net_hub_create(loops, &e);

	assert_non_null(hub);
	return hub;
}

static void frames_get_where_they_should(void **state)
{
	(void)state;
	for (unsigned int f = 0; f < 4; f++) {
		struct net_hub *hub = hub_make(false);

		stations_make(hub, STATIONS, (f & 1 ? VIRTIO_F_RING_PACKED : 0) |
			      (f & 2 ? VIRTIO_F_EVENT_IDX : 0));
		for (unsigned int i = 0; i < 300; i++) {
			unsigned int from = dice_throw(STATIONS);
			unsigned int to = (from + 1 + dice_throw(STATIONS - 1)) %
					  STATIONS;
			uint32_t bytes = NET_FRAME_MIN +
					 dice_throw(NET_MTU_MAX + 1);

			fill(sending(from, 0), bytes);
			address(from, 0, to);
			frame_send(from, 0, bytes);
			frame_expect(to, sending(from, 0), bytes);
		}
		/* To nobody that is known, and to all: everybody else. */
		memset(sending(0, 0), 0xff, 6);
		frame_send(0, 0, 60);
		frame_expect(1, sending(0, 0), 60);
		frame_expect(2, sending(0, 0), 60);
		assert_int_equal(frame_take(0, 60), -1);
		assert_int_equal(net_hub_dropped(hub), 0);
		stations_end(STATIONS);
		net_hub_put(hub);
	}
}

static void what_is_no_frame_goes_nowhere(void **state)
{
	static const uint32_t no[] = { 0, 1, 13, NET_FRAME_MAX + 1 };
	struct net_hub *hub = hub_make(true);
	struct net_counts counts;

	(void)state;
	stations_make(hub, 1, 0);
	for (unsigned int i = 0; i < 4; i++)
		frame_send(0, 0, no[i]);
	fill(sending(0, 0), 100);
	frame_send(0, 0, 100);
	frame_expect(0, sending(0, 0), 100);
	virtio_net_counts(stations[0].dev, &counts);
	assert_int_equal(counts.refused, 4);
	assert_int_equal(counts.sent, 1);
	assert_int_equal(counts.received, 1);
	stations_end(1);
	net_hub_put(hub);
}

/* A port holds 256, and its device one buffer more; the rest is dropped. */
static void a_full_receiver_drops(void **state)
{
	struct net_hub *hub = hub_make(false);
	struct net_counts counts;
	struct error e;

	(void)state;
	station_make(0, net_hub_port(hub, 1, &e), 0, SLOTS);
	station_make(1, net_hub_port(hub, 1, &e), 0, 0);
	for (unsigned int i = 0; i < 300; i++) {
		address(0, 0, 1);
		sending(0, 0)[20] = (uint8_t)i;
		frame_send(0, 0, 60);
	}
	assert_int_equal(net_hub_dropped(hub), 300 - 256);
	virtio_net_counts(stations[0].dev, &counts);
	assert_int_equal(counts.dropped, 300 - 256);
	/* The others come, in their order, as soon as there is room. */
	for (unsigned int i = 0; i < 256; i++) {
		if (i < SLOTS)
			post(&stations[1], i, SLOT_BYTES);
		sending(0, 0)[20] = (uint8_t)i;
		frame_expect(1, sending(0, 0), 60);
	}
	stations_end(2);
	net_hub_put(hub);
}

/* One that is too short for its frame loses it; it is used by the next. */
static void short_buffers(void **state)
{
	struct net_hub *hub = hub_make(true);
	time_t begin = time(NULL);
	struct error e;

	(void)state;
	station_make(0, net_hub_port(hub, 1, &e), 0, 0);
	post(&stations[0], 0, HEADER + 60);
	memset(sending(0, 0), 1, 100);
	frame_send(0, 0, 61);
	frame_send(0, 0, 60);
	frame_expect(0, sending(0, 0), 60);
	assert_int_equal(net_hub_dropped(hub), 1);
	/* The one that was posted meanwhile is as long as it should be. */
	frame_send(0, 0, 61);
	frame_expect(0, sending(0, 0), 61);
	stations_end(1);

	station_make(0, net_hub_port(hub, 1, &e), 0, 0);
	post(&stations[0], 0, HEADER - 1);
	while (!(get(&stations[0], VIRTIO_MMIO_STATUS) & VIRTIO_NEEDS_RESET))
		if (!nap(begin))
			fail_msg("the device took it");
	stations_end(1);
	net_hub_put(hub);
}

static int packet_socket(const char *name)
{
	struct sockaddr_ll to = {
		.sll_family = AF_PACKET, .sll_protocol = htons(ETHER_TYPE),
		.sll_ifindex = (int)if_nametoindex(name),
	};
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(ETHER_TYPE));

	if (fd >= 0 && bind(fd, (struct sockaddr *)&to, sizeof(to))) {
		close(fd);
		return -1;
	}
	return fd;
}

/* The kernel may send of its own before it: not of our type. */
static void frame_of_ours_expect(const uint8_t *frame, uint32_t bytes)
{
	struct station *s = &stations[0];

	for (time_t begin = time(NULL);;) {
		struct virtio_done done;
		const uint8_t *at;

		if (!virtq_ring_take(&s->ring[VIRTIO_NET_RX], &done)) {
			assert_true(nap(begin));
			continue;
		}
		at = s->lane->slot[VIRTIO_NET_RX][done.slot] + HEADER;
		post(s, done.slot, SLOT_BYTES);
		if (at[12] != ETHER_TYPE >> 8)
			continue;
		assert_int_equal(done.len, bytes + HEADER);
		assert_memory_equal(at, frame, bytes);
		return;
	}
}

static void frame_to_and_fro(int fd)
{
	uint8_t frame[1514], got[2048];
	uint32_t bytes = 60 + dice_throw(1455);

	fill(sending(0, 0), bytes);
	memset(sending(0, 0), 0xff, 6);
	sending(0, 0)[6] = 2;
	sending(0, 0)[12] = ETHER_TYPE >> 8;
	sending(0, 0)[13] = ETHER_TYPE & 0xff;
	frame_send(0, 0, bytes);
	assert_int_equal(recv(fd, got, sizeof(got), 0), bytes);
	assert_memory_equal(got, sending(0, 0), bytes);
	memcpy(frame, got, bytes);
	frame[0] = 2;
	assert_int_equal(send(fd, frame, bytes, 0), bytes);
	frame_of_ours_expect(frame, bytes);
}

static void device_reset(struct station *s)
{
	time_t begin = time(NULL);

	set(s, VIRTIO_MMIO_STATUS, 0);
	while (get(s, VIRTIO_MMIO_STATUS))
		assert_true(nap(begin));
}

/*
 * The host's end is a raw socket: what is sent there, and what comes; again
 * after a reset with all buffers posted.
 */
static void frames_pass(struct virtio_device *dev, const char *name,
			const char *why)
{
	const struct timeval patience = { .tv_sec = PATIENCE_S };
	int fd = dev ? packet_socket(name) : -1;

	if (fd < 0) {
		print_message("# not judged: %s\n", dev ? strerror(errno) : why);
		virtio_device_destroy(dev);
		return;
	}
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience,
				    sizeof(patience)), 0);
	station_of(0, dev, 0, SLOTS);
	for (int round = 0; round < 3; round++) {
		for (uint32_t i = 0; i < 2 * SLOTS; i++)
			frame_to_and_fro(fd);
		device_reset(&stations[0]);
		driver_begin(&stations[0], round ? 0 : VIRTIO_F_EVENT_IDX,
			     SLOTS);
	}
	close(fd);
	stations_end(1);
}

static void frames_pass_a_tap(void **state)
{
	struct net_port *port;
	struct error e;
	char name[16];

	(void)state;
	snprintf(name, sizeof(name), "vmgt%d", (int)getpid() % 100000);
	port = net_tap_open(name, 1, &e);
	frames_pass(port ? virtio_net_create(port, &e) : NULL, name, e.text);
}

/* ci/e2e/io.t has a host where there is such a thing. */
static void frames_pass_the_kernel(void **state)
{
	struct error e = { "" };
	char name[16];

	(void)state;
	snprintf(name, sizeof(name), "vmgv%d", (int)getpid() % 100000);
	frames_pass(net_vhost_create(name, &e), name, e.text);
}

static void a_tap_that_cannot_be_says_why(void **state)
{
	struct error e = { "" };

	(void)state;
	assert_null(net_tap_open("a name with spaces/that is no name", 1, &e));
	assert_true(strlen(e.text) > 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames_get_where_they_should),
		cmocka_unit_test(what_is_no_frame_goes_nowhere),
		cmocka_unit_test(a_full_receiver_drops),
		cmocka_unit_test(short_buffers),
		cmocka_unit_test(frames_pass_a_tap),
		cmocka_unit_test(frames_pass_the_kernel),
		cmocka_unit_test(a_tap_that_cannot_be_says_why),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
