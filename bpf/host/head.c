/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The head of a pool of decoders (pool.h): BPF_PROG_TYPE_LIRC_MODE2. After a silence, or with a pulse that is nowhere but at the
 * start of a frame, the first pulse chooses who wakes up; who loses the thread goes to sleep again by itself.
 */
#include <uapi/linux/bpf.h>
#include <linux/types.h>
// decoder
#define LONGEST 0xffffff

int decode(unsigned int *sample)
{
	__u32 kind = *sample >> 24, duration = *sample & 0xffffff;
	struct pool *pool = this_pool();

	if (!pool || kind == SAMPLE_FREQUENCY)
		return 0;
	pool->woken = 0;
	if (kind == SAMPLE_PULSE) {
		pool->woken = by_pulse(duration) & (by_silence(LONGEST - pool->short_by) | by_leader(duration)) & ~pool->awake;
		pool->awake |= pool->woken;
		pool->short_by = LONGEST;
	} else if (kind == SAMPLE_SPACE || kind == SAMPLE_TIMEOUT) {
		pool->short_by = kind == SAMPLE_SPACE ? LONGEST - duration : 0;
	} else {
		pool->awake = 0;
		pool->short_by = LONGEST;
	}
	pool->waiting = pool->awake;
	run_next(sample, pool);
	return 0;
}
