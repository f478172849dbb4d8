/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The host for an ordinary C compiler: a shared library that tests load. */
#define NATIVE
#define WITH_PARAMS
#define WITH_POINTER
#include <linux/types.h>
// decoder
struct listener {
	struct state state;
	__u32 age;		/* of the frame, in samples */
};

struct event {
	__u32 sample;
	__u32 age;
	struct report report;
};

unsigned int state_size(void)
{
	return sizeof(struct listener);
}

/* Takes `count` samples and returns how many of at most `most` events there were. */
unsigned int decode(struct listener *listener, const __u32 *samples, unsigned int count, struct event *events, unsigned int most)
{
	unsigned int i, found = 0;

	for (i = 0; i < count; i++) {
		struct report r = NO_REPORT(samples[i]);

		step(&listener->state, samples[i], &r);
		listener->age = r.starts ? 1 : listener->age + 1;
		if (r.kind && found < most) {
			events[found].sample = i;
			events[found].age = listener->age;
			events[found++].report = r;
		}
	}
	return found;
}
