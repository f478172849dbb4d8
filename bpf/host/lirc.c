/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The host in the kernel: BPF_PROG_TYPE_LIRC_MODE2. rc-core makes the keys. PROTOCOL is the kernel's number of the protocol. */
#include <uapi/linux/bpf.h>
#include <linux/types.h>
// decoder
BPF_ARRAY(receiver, struct state, 1);

int decode(unsigned int *sample)
{
	struct report r = {};
	struct state *s;
	int only = 0;

	s = receiver.lookup(&only);
	if (!s)
		return 0;
	step(s, *sample, &r);
	if (r.kind == REPORT_DOWN)
		bpf_rc_keydown(sample, PROTOCOL, r.scancode, r.toggle == 1);
	else if (r.kind == REPORT_REPEAT)
		bpf_rc_repeat(sample);
#ifdef WITH_POINTER
	else if (r.kind == REPORT_POINTER)
		bpf_rc_pointer_rel(sample, r.x, r.y);
#endif
	return 0;
}
