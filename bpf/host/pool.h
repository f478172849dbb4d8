/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Many decoders of one receiver, of which only those run that a signal's beginning fits. They are the members of pools of up to 32, since
 * the kernel makes no longer chain of tail calls. The head of a pool (head.c) wakes members, and runs those that are awake; each
 * hands on to the next. POOLS is how many there are, POOL which one this is.
 */
struct pool {
	__u32 awake;		/* members that are in a frame, or wait for what may follow one; member b is the bit 1 << b */
	__u32 woken;		/* those of them that begin with this sample */
	__u32 waiting;		/* those of them whose turn it is still to be */
	__u32 short_by;		/* the last space, as what it was shorter than the longest, in µs: at first there was silence */
};

BPF_ARRAY(pools, struct pool, POOLS);
BPF_PROG_ARRAY(members, POOLS * 32);

ALWAYS_INLINE struct pool *this_pool(void)
{
	int which = POOL;

	return pools.lookup(&which);
}

/*
 * The lowest bit tells the slot of its member without being counted: multiplied by this number (a de Bruijn sequence), each of the 32
 * has other bits in the top five places. irbpf/together.py fills the slots by the same rule.
 */
ALWAYS_INLINE void run_next(unsigned int *sample, struct pool *pool)
{
	__u32 waiting = pool->waiting, lowest = waiting & -waiting;

	if (!waiting)
		return;
	pool->waiting = waiting & ~lowest;
	members.call(sample, POOL * 32 + (lowest * 0x077cb531u >> 27));
}
