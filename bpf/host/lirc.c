/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The host in the kernel: BPF_PROG_TYPE_LIRC_MODE2. rc-core makes the keys. PROTOCOL is the kernel's number of the protocol.
 *
 * SEVERAL: other programs listen to the same receiver, and share `heard` with this one: how many reports were heard so far. Who finds
 * that others were since its frame began is silent. MEMBER: it is this one of a pool (pool.h).
 *
 * READS_ON: it is this one of those that may go on with a frame after a gap that is the end of one for others. WAITS: which of those run
 * before this one. While any of them is in the midst of a frame a report is kept back; it is forgotten if one of those is heard. Of several
 * that are kept back the last press counts.
 */
#include <uapi/linux/bpf.h>
#include <linux/types.h>
// decoder
struct listener {
	struct state state;
	__u32 heard;
#ifdef WAITS
	__u32 whole;		/* as in `hearing`, when the report was kept back */
	__u32 waits;		/* for which of WAITS */
	struct report kept;
#endif
};

BPF_ARRAY(receiver, struct listener, 1);

ALWAYS_INLINE void press(unsigned int *sample, struct report *r)
{
	if (r->kind == REPORT_DOWN)
		bpf_rc_keydown(sample, r->protocol, r->scancode, r->toggle == 1);
	else if (r->kind == REPORT_REPEAT)
		bpf_rc_repeat(sample);
#ifdef WITH_POINTER
	else if (r->kind == REPORT_POINTER)
		bpf_rc_pointer_rel(sample, r->x, r->y);
#endif
}

#ifdef SEVERAL
struct hearing {
	__u32 heard;		/* how many reports were */
	__u32 kept;		/* how many were kept back and not heard, be they forgotten or not */
	__u32 whole;		/* how many of `heard` are of those that read on */
	__u32 reading;		/* which of those are in the midst of a frame */
};

BPF_ARRAY(heard, struct hearing, 1);

#ifdef READS_ON
#define SAID(all) ((all)->heard)	/* what is kept back for its sake does not silence it */
#else
#define SAID(all) ((all)->heard + (all)->kept)
#endif

#ifdef WAITS
/* What was kept back is heard as soon as nobody reads on. */
ALWAYS_INLINE void release(unsigned int *sample, struct listener *listener, struct hearing *all)
{
	if (!listener->kept.kind)
		return;
	listener->waits &= all->reading;
	if (listener->whole == all->whole) {
		if (listener->waits)
			return;
		all->kept--;
		all->heard++;
#ifdef READS_ON
		listener->heard++;
#endif
		press(sample, &listener->kept);
	}
	listener->kept.kind = 0;
}

ALWAYS_INLINE int keep(struct listener *listener, struct hearing *all, struct report *r)
{
	listener->waits = all->reading & WAITS;
	if (!listener->waits)
		return 0;
	if (!listener->kept.kind || !r->again) /* a repeat says nothing without its press */
		listener->kept = *r;
	listener->whole = all->whole;
	all->kept++;
	return 1;
}
#else
#define release(sample, listener, all)
#define keep(listener, all, r) 0
#endif

ALWAYS_INLINE void hear(unsigned int *sample, struct listener *listener, struct report *r)
{
	struct hearing *all;
	int only = 0;

#if !defined(READS_ON) && !defined(WAITS)
	if (!r->starts && !r->kind)
		return;
#endif
	all = heard.lookup(&only);
	if (!all)
		return;
#ifdef READS_ON
	all->reading &= ~(1u << READS_ON);
	if (READING(listener->state.n, *sample, r))
		all->reading |= 1u << READS_ON;
#endif
	release(sample, listener, all);
	if (r->starts)
		listener->heard = SAID(all);
	if (!r->kind || listener->heard != SAID(all))
		return;
	if (!keep(listener, all, r)) {
		all->heard++;
#ifdef READS_ON
		all->whole++;
#endif
		press(sample, r);
	}
	listener->heard = SAID(all);
}
#else
#define hear(sample, listener, r) press(sample, r)
#endif

ALWAYS_INLINE void listen(unsigned int *sample, struct listener *listener)
{
	struct report r = NO_REPORT(*sample);

	step(&listener->state, *sample, &r);
	hear(sample, listener, &r);
}

#ifdef MEMBER
#define LOST 1			/* of a generated decoder: in the middle of something unknown */

ALWAYS_INLINE void take_turn(unsigned int *sample, struct listener *listener)
{
	struct pool *pool = this_pool();

	if (!pool)
		return;
	if (pool->woken & 1u << MEMBER) {
		listener->state.n = 0;
		listener->state.held = 0;
		listener->state.carry = 0;
	}
	listen(sample, listener);
	if (listener->state.n == LOST)
		pool->awake &= ~(1u << MEMBER);
	run_next(sample, pool);
}
#else
#define take_turn listen
#endif

int decode(unsigned int *sample)
{
	struct listener *listener;
	int only = 0;

	listener = receiver.lookup(&only);
	if (listener)
		take_turn(sample, listener);
	return 0;
}
