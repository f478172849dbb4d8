/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The stick of the iMON RSC: a pointer, which IRP cannot say. After a long pulse come four or five bits, each a space (long is 1)
 * and a pulse between them; the last four say in which of sixteen directions the stick is pushed.
 *
 * The durations and the meaning of the directions are those of v4l-utils' decoder of the same name (imon_rsc.c of
 * utils/keytable/bpf_protocols), since no recording of a real stick was at hand. Unlike that one it wants the frame to be over:
 * what is longer is something else.
 */
#ifndef margin
#define margin 325
#endif

#define GAP 2400

/* For each direction, 0 in the lowest place: half of the offset, and 2 more so that it is not negative. */
#define X_OF 0x1304041304040422ull
#define Y_OF 0x0431134004402240ull

struct state {
	__u32 n;		/* 0: wait for a leader; then 1 + the spaces and pulses after it, so that odd numbers expect a space */
	__u32 bits;
	__u32 busy;		/* no silence since the last pulse: many remotes have pulses like the leader inside their frames */
	__u32 held;
	__u64 scancode;
	__u32 toggle;
	__u32 pressed;
};

ALWAYS_INLINE int about(__u32 duration, __u32 nominal)
{
	return duration + margin > nominal && duration < nominal + margin;
}

ALWAYS_INLINE int leader(__u32 duration)
{
	return about(duration, 2000) || about(duration, 3250);
}

ALWAYS_INLINE __s32 offset(__u64 table, __u32 direction)
{
	return 2 * (__s32)(table >> 4 * (direction & 15) & 15) - 4;
}

ALWAYS_INLINE void step(struct state *s, __u32 sample, struct report *r)
{
	__u32 kind = sample >> 24, duration = sample & 0xffffff, n = s->n, bits = (n - 1) / 2;

	if (kind == SAMPLE_FREQUENCY)
		return;
	s->n = 0;
	r->starts = 0;
	if (kind == SAMPLE_PULSE) {
		if (n && n % 2 == 0 && about(duration, 625) && n < 12) {
			s->n = n + 1;
		} else if (!s->busy && leader(duration)) {
			s->bits = 0;
			s->n = 1;
			r->starts = 1;
		}
		s->busy = 1;
		return;
	}
	s->busy = kind == SAMPLE_OVERFLOW || (kind == SAMPLE_SPACE && duration <= GAP);
	if (n % 2 && (kind == SAMPLE_TIMEOUT || (kind == SAMPLE_SPACE && duration > GAP))) {
		if (bits == 4 || bits == 5)
			report_pointer(r, offset(X_OF, s->bits), offset(Y_OF, s->bits));
	} else if (n % 2 && kind == SAMPLE_SPACE && (about(duration, 625) || about(duration, 1800))) {
		s->bits = s->bits << 1 | (duration > 1200);
		s->n = n + 1;
	}
}
