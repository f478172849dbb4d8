/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The host for an ordinary C compiler: a shared library that tests load. */
#define NATIVE
#define WITH_PARAMS
#define WITH_POINTER
#include <linux/types.h>
// decoder
struct event {
	__u32 sample;
	__u32 filler;
	struct report report;
};

unsigned int state_size(void)
{
	return sizeof(struct state);
}

/* Takes `count` samples and returns how many of at most `room` events there were. */
unsigned int decode(struct state *s, const __u32 *samples, unsigned int count, struct event *events, unsigned int room)
{
	unsigned int i, found = 0;

	for (i = 0; i < count; i++) {
		struct report r = {};

		step(s, samples[i], &r);
		if (r.kind && found < room) {
			events[found].sample = i;
			events[found++].report = r;
		}
	}
	return found;
}
