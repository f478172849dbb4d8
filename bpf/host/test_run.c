/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The host for BPF_PROG_TEST_RUN, an XDP program: the packet holds samples, and events are written back into it.
 *
 * One run takes one sample and moves `next` on; the caller asks for as many runs as there are samples (`repeat`), so the verifier
 * sees one step only, however many samples there are. Returns XDP_PASS while there is more to do, else XDP_DROP.
 */
#define WITH_PARAMS
#define WITH_POINTER
#include <uapi/linux/bpf.h>
#include <linux/types.h>
// decoder
struct batch {
	__u32 next;		/* the sample to take */
	__u32 count;		/* of samples */
	__u32 events;		/* written so far */
	__u32 room;		/* for events: after as many, the batch stands still until it is called anew */
};

struct event {
	__u32 sample;		/* the index of the sample that completed it */
	__u32 filler;
	struct report report;
};

BPF_ARRAY(receiver, struct state, 1);

int decode(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct batch *batch = data;
	struct report r = {};
	struct event *event;
	struct state *s;
	__u32 *sample;
	__u32 offset;
	int only = 0;

	if (data + sizeof(*batch) > end)
		return XDP_ABORTED;
	if (batch->next >= batch->count || batch->events >= batch->room)
		return XDP_DROP;
	offset = batch->next * sizeof(*sample) & 0xfff;
	sample = data + sizeof(*batch) + offset;
	if ((void *)(sample + 1) > end)
		return XDP_ABORTED;
	s = receiver.lookup(&only);
	if (!s)
		return XDP_ABORTED;
	step(s, *sample, &r);
	if (r.kind) {
		offset = (batch->count * sizeof(*sample) + 7) & 0xff8;
		event = data + sizeof(*batch) + offset;
		offset = batch->events * sizeof(*event) & 0xfff;
		event = (void *)event + offset;
		if ((void *)(event + 1) > end)
			return XDP_ABORTED;
		event->sample = batch->next;
		event->report = r;
		batch->events++;
	}
	batch->next++;
	return XDP_PASS;
}
