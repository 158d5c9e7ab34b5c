/*
 * A contained process has a network of its own, and nobody is in it: no
 * interface but its loopback, no socket of outside, not even one without a
 * path.
 */
#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "item_host.h"
#include "suite.h"

#define CITE_NET	"Linux, network_namespaces(7)"

__host uint64_t interfaces_up(void)
{
	struct ifaddrs *all, *at;
	uint64_t n = 0;

	if (getifaddrs(&all))
		return 0;
	for (at = all; at; at = at->ifa_next)
		n += (at->ifa_flags & IFF_UP) && !(at->ifa_flags & IFF_LOOPBACK);
	freeifaddrs(all);
	return n;
}

__host int abstract_connect(const char *name)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	size_t n = strlen(name);	/* shorter than sun_path */
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), rc;

	memcpy(to.sun_path + 1, name, n);
	rc = connect(fd, (struct sockaddr *)&to, (socklen_t)(
		offsetof(struct sockaddr_un, sun_path) + 1 + n));
	close(fd);
	return rc;
}

PROBE_PROCESS(network_is_empty,
	.rule = "No interface but the loopback is up, and no route leads out",
	.cite = CITE_NET "; Linux, netdevice(7)",
	.control = "without a network namespace (without=net) it fails, if the host has a network")
{
	struct sockaddr_in to = {
		.sin_family = AF_INET, .sin_port = htons(9),
		.sin_addr = { htonl(0xc0000201) },	/* TEST-NET-1 */
	};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	host_check(h, "interfaces that are up", 0, interfaces_up());
	/* Connecting a datagram socket sends nothing: it asks for a route. */
	host_check(h, "there is a route to 192.0.2.1", 0,
		   fd >= 0 && !connect(fd, (struct sockaddr *)&to, sizeof(to)));
	if (fd >= 0)
		close(fd);
}

PROBE_PROCESS(sockets_outside_cannot_be_reached,
	.rule = "An abstract socket that listens outside is not found inside",
	.cite = CITE_NET "; Linux, unix(7), Abstract sockets",
	.control = "without a network namespace (without=net) it fails")
{
	host_check(h, "connect() to the runner's socket fails", (uint64_t)-1,
		   (uint64_t)abstract_connect(h->outside->socket));
}
