/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The host in the kernel: BPF_PROG_TYPE_LIRC_MODE2. rc-core makes the keys. PROTOCOL is the kernel's number of the protocol.
 *
 * SEVERAL: other programs listen to the same receiver, and share `heard` with this one: how many reports were heard so far. Who finds
 * that others were since its frame began is silent. MEMBER: it is this one of a pool (pool.h).
 */
#include <uapi/linux/bpf.h>
#include <linux/types.h>
// decoder
struct listener {
	struct state state;
	__u32 heard;
};

BPF_ARRAY(receiver, struct listener, 1);

#ifdef SEVERAL
BPF_ARRAY(heard, __u32, 1);

ALWAYS_INLINE int first(struct listener *listener, struct report *r)
{
	int only = 0;
	__u32 *count;

	if (!r->starts && !r->kind)
		return 0;
	count = heard.lookup(&only);
	if (!count)
		return 0;
	if (r->starts)
		listener->heard = *count;
	if (!r->kind || listener->heard != *count)
		return 0;
	listener->heard = ++*count;
	return 1;
}
#else
#define first(listener, r) 1
#endif

ALWAYS_INLINE void listen(unsigned int *sample, struct listener *listener)
{
	struct report r = NO_REPORT(*sample);

	step(&listener->state, *sample, &r);
	if (!first(listener, &r))
		return;
	if (r.kind == REPORT_DOWN)
		bpf_rc_keydown(sample, r.protocol, r.scancode, r.toggle == 1);
	else if (r.kind == REPORT_REPEAT)
		bpf_rc_repeat(sample);
#ifdef WITH_POINTER
	else if (r.kind == REPORT_POINTER)
		bpf_rc_pointer_rel(sample, r.x, r.y);
#endif
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
