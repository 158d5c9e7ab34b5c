/*
 * A second thread for the host half of an item; see item_host.h.
 */
#include <pthread.h>
#include <sched.h>
#include <string.h>

#include "item_host.h"

static void *thread_run(void *opaque)
{
	void (*const *beside)(void) = opaque;

	(*beside)();
	return NULL;
}

int host_beside(struct item_host *h, void (*beside)(void),
		void (*work)(struct abi_mailbox *mb), struct error *e)
{
	pthread_attr_t attributes;
	pthread_t thread;
	cpu_set_t set;
	int rc;

	pthread_attr_init(&attributes);
	if (h->bystander_pu >= 0 && h->bystander_pu < CPU_SETSIZE) {
		CPU_ZERO(&set);
		CPU_SET((unsigned int)h->bystander_pu, &set);
		pthread_attr_setaffinity_np(&attributes, sizeof(set), &set);
	}
	rc = pthread_create(&thread, &attributes, thread_run, &beside);
	pthread_attr_destroy(&attributes);
	if (rc)
		return error_set(e, -rc, "a second thread: %s: raise the limit "
				 "of processes (ulimit -u)", strerror(rc));
	work(h->mailbox);
	pthread_join(thread, NULL);
	return 0;
}
