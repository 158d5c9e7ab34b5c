/*
 * What rows at several counts of vCPUs say together: throughput, efficiency,
 * and the Universal Scalability Law's two numbers.
 */
#ifndef VMGAUGE_SCALE_H
#define VMGAUGE_SCALE_H

#include <jansson.h>
#include <stdint.h>

struct session;
struct series;

/* How many vCPUs of a bench's row run the operation; others are their peers. */
unsigned int series_initiators(const struct series *s);

/*
 * Of a row that scales, into its result: "scale" (how many vCPUs run the
 * operation, on how many CPUs, as one VM or as many) and, where its vCPUs
 * wait for each other, "stalls"; a number gets the flag "cpus_taken_away" when
 * not all of those CPUs may be used any longer. Nothing for other rows.
 */
void scale_put(json_t *result, const struct session *session,
	       const struct series *s);

/*
 * "scaling" of a result document, from its "results": a member for each row
 * that scales. Efficiency is throughput for each CPU that is used, relative
 * to the smallest count: E(N) = X(N) / min(N, CPUs) over the same of that
 * count. What is not as scale_put() leaves it adds nothing. A new reference,
 * empty where nothing scales; NULL when out of memory.
 */
json_t *scale_json(const json_t *results, uint64_t seed);

/* The same into a document; nothing where nothing scales. */
void scale_derive(json_t *document, uint64_t seed);

/* Into "env": the CPUs of all vCPUs, once it is known how many there will be. */
void scale_placement(struct session *session);

#endif
