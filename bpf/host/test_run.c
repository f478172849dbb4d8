/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The host for BPF_PROG_TEST_RUN, a traffic classifier: the packet holds samples, and events are written back into it.
 *
 * One run takes up to STRIDE samples and moves `next` on; the caller asks for as many runs as it takes (`repeat`), so the verifier
 * sees few steps, however many samples there are. It is no XDP program, because the kernel patches its own code and waits for
 * a grace period whenever one of those is run more than once (bpf_prog_change_xdp: 16 ms a call).
 *
 * READS_ON: it says after each sample whether it is in the midst of a frame, as in lirc.c.
 */
#define WITH_PARAMS
#define WITH_POINTER
#include <uapi/linux/bpf.h>
#include <linux/types.h>
// decoder
/*
 * The batch starts here in the packet. Where memory may only be read aligned (RISC-V, MIPS, User-Mode Linux), the verifier takes it
 * that a packet starts 2 bytes after a multiple of 8, since an Ethernet header is 14 bytes long.
 */
#define START 6

struct batch {
	__u32 next;		/* the sample to take */
	__u32 count;		/* of samples */
	__u32 events;		/* written so far */
	__u16 room;		/* for events: after as many, the batch stands still until it is called anew */
	__u16 reading;		/* in the midst of a frame, which did not begin with the last sample */
};

struct event {
	__u32 sample;		/* the index of the sample that completed it */
	__u32 age;		/* of its frame, in samples: this one is the last of as many */
	struct report report;
};

struct listener {
	struct state state;
	__u32 age;
};

BPF_ARRAY(receiver, struct listener, 1);

#ifndef STRIDE
#define STRIDE 8
#endif

/* Takes the next sample; 0 when there is nothing to do. */
ALWAYS_INLINE int take(struct batch *batch, void *end, struct listener *listener)
{
	void *samples = batch + 1;
	struct report r;
	struct event *event;
	__u32 *sample;
	__u32 offset;

	if (batch->next >= batch->count || batch->events >= batch->room)
		return 0;
	offset = batch->next * sizeof(*sample) & 0xfff;
	sample = samples + offset;
	if ((void *)(sample + 1) > end)
		return 0;
	r = (struct report)NO_REPORT(*sample);
	step(&listener->state, *sample, &r);
	listener->age = r.starts ? 1 : listener->age + 1;
#ifdef READS_ON
	batch->reading = READING(listener->state.n, *sample, &r);
#endif
	if (r.kind) {
		offset = (batch->count * sizeof(*sample) + 7) & 0xff8;
		event = samples + offset;
		offset = batch->events * sizeof(*event) & 0xfff;
		event = (void *)event + offset;
		if ((void *)(event + 1) > end)
			return 0;
		event->sample = batch->next;
		event->age = listener->age;
		event->report = r;
		batch->events++;
	}
	batch->next++;
	return 1;
}

int decode(struct __sk_buff *skb)
{
	void *data = (void *)(long)skb->data, *end = (void *)(long)skb->data_end;
	struct listener *listener;
	int only = 0, i;

	data += START;
	if (data + sizeof(struct batch) > end)
		return 0;
	listener = receiver.lookup(&only);
	if (!listener)
		return 0;
	for (i = 0; i < STRIDE; i++)
		if (!take(data, end, listener))
			break;
	return 0;
}
