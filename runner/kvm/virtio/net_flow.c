/*
 * The flow of a frame; see net_flow.h. Both ends are mixed alike and added, so
 * that there and back are the same.
 */
#include <stdbool.h>

#include "kvm/virtio/net_flow.h"

enum { ETHER_BYTES = 14, IPV4_BYTES = 20, IPV6_BYTES = 40 };
enum { TYPE_IPV4 = 0x0800, TYPE_IPV6 = 0x86dd };
enum { PROTOCOL_TCP = 6, PROTOCOL_UDP = 17 };

/* FNV-1a, of one end. */
static uint32_t end_mix(const uint8_t *at, size_t bytes)
{
	uint32_t h = 2166136261u;

	for (size_t i = 0; i < bytes; i++)
		h = (h ^ at[i]) * 16777619u;
	return h ^ h >> 15;
}

static uint32_t ends_mix(const uint8_t *at, size_t bytes_each)
{
	return end_mix(at, bytes_each) + end_mix(at + bytes_each, bytes_each);
}

/* Behind a header of IP, where there are two ports. */
static uint32_t ports_mix(const uint8_t *at, size_t bytes, uint8_t protocol)
{
	if (bytes < 4 || (protocol != PROTOCOL_TCP && protocol != PROTOCOL_UDP))
		return 0;
	return ends_mix(at, 2);
}

static uint32_t ipv4_flow(const uint8_t *at, size_t bytes)
{
	size_t header = bytes ? (at[0] & 15u) * 4 : 0;
	bool fragment;

	if (bytes < IPV4_BYTES || header < IPV4_BYTES || bytes < header)
		return 0;
	fragment = at[6] & 0x3f || at[7];
	return ends_mix(at + 12, 4) + at[9] +
	       (fragment ? 0 : ports_mix(at + header, bytes - header, at[9]));
}

static uint32_t ipv6_flow(const uint8_t *at, size_t bytes)
{
	if (bytes < IPV6_BYTES)
		return 0;
	return ends_mix(at + 8, 16) + at[6] +
	       ports_mix(at + IPV6_BYTES, bytes - IPV6_BYTES, at[6]);
}

uint32_t net_flow(const uint8_t *frame, size_t bytes)
{
	uint32_t flow = 0;
	uint16_t type;

	if (bytes < ETHER_BYTES)
		return 0;
	if (bytes > NET_FLOW_BYTES)
		bytes = NET_FLOW_BYTES;
	type = (uint16_t)(frame[12] << 8 | frame[13]);
	if (type == TYPE_IPV4)
		flow = ipv4_flow(frame + ETHER_BYTES, bytes - ETHER_BYTES);
	else if (type == TYPE_IPV6)
		flow = ipv6_flow(frame + ETHER_BYTES, bytes - ETHER_BYTES);
	flow += ends_mix(frame, 6) + type;
	return flow ^ flow >> 16;
}
