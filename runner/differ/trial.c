/*
 * A trial's bytes in memory, and which of its flags mean nothing.
 */
#include <string.h>

#include "differ/trial.h"

static const uint8_t end_mark[] = { 0x0f, 0x0b };		/* UD2 */
static const uint8_t forced[] = { 0x0f, 0x0b, 'k', 'v', 'm' };

const char *place_name(enum place_kind kind)
{
	static const char *const name[PLACES] = {
		[PLACE_NATIVE] = "native", [PLACE_CPL3] = "cpl3",
		[PLACE_CPL0] = "cpl0", [PLACE_MMIO] = "mmio",
		[PLACE_FEP] = "fep",
	};

	return kind < PLACES ? name[kind] : "?";
}

static void insn_put(const struct trial *t, const struct insn *x,
		     struct layout *to)
{
	uint8_t *at = to->code + to->bytes;

	memcpy(at, x->bytes, x->length);
	to->bytes += x->length;
	if (x->rip_disp) {
		uint64_t next = DIFFER_CODE_VA(t->slot) + to->bytes;
		uint64_t target = DIFFER_BASE(t->slot) + (uint64_t)x->rip_target;
		uint32_t disp = (uint32_t)(target - next);

		memcpy(at + x->rip_disp, &disp, sizeof(disp));
	}
}

void trial_layout(const struct trial *t, enum place_kind place,
		  struct layout *to)
{
	memset(to, 0, sizeof(*to));
	for (uint32_t u = 0; u < t->units; u++) {
		for (uint32_t i = 0; i < t->unit[u].insns; i++) {
			to->at[to->insns++] = (uint16_t)to->bytes;
			if (place == PLACE_FEP) {
				memcpy(to->code + to->bytes, forced,
				       sizeof(forced));
				to->bytes += sizeof(forced);
			}
			insn_put(t, &t->unit[u].insn[i], to);
		}
	}
	to->at[to->insns] = (uint16_t)to->bytes;
	memcpy(to->code + to->bytes, end_mark, sizeof(end_mark));
}

/* A fault behind a forced prefix may point at either. */
int layout_index(const struct layout *l, const struct trial *t, uint64_t rip)
{
	uint64_t offset = rip - DIFFER_CODE_VA(t->slot);

	for (uint32_t i = 0; i <= l->insns; i++)
		if (l->at[i] == offset || (i < l->insns &&
		    !memcmp(l->code + l->at[i], forced, sizeof(forced)) &&
		    l->at[i] + sizeof(forced) == offset))
			return (int)i;
	return -1;
}

uint32_t trial_places(const struct trial *t)
{
	uint32_t places = PLACES_ALL;

	for (uint32_t u = 0; u < t->units; u++)
		places &= t->unit[u].places;
	return places;
}

const struct insn *trial_insn(const struct trial *t, unsigned int n)
{
	for (uint32_t u = 0; u < t->units; u++) {
		if (n < t->unit[u].insns)
			return &t->unit[u].insn[n];
		n -= t->unit[u].insns;
	}
	return NULL;
}

static uint32_t undefined_after(const struct insn *x, uint32_t before)
{
	if (x->maybe || x->keeps)
		return before | x->flags_undefined;
	return (before & ~x->flags_written) | x->flags_undefined;
}

uint32_t trial_undefined(const struct trial *t, unsigned int n)
{
	uint32_t undefined = 0;
	const struct insn *x;

	for (unsigned int i = 0; i < n && (x = trial_insn(t, i)); i++)
		undefined = undefined_after(x, undefined);
	return undefined;
}

bool trial_sound(const struct trial *t)
{
	uint32_t undefined = 0;
	const struct insn *x;

	for (unsigned int i = 0; (x = trial_insn(t, i)); i++) {
		if (x->flags_read & undefined)
			return false;
		undefined = undefined_after(x, undefined);
	}
	return true;
}
