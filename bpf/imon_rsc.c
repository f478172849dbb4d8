/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The stick of the iMON RSC: a pointer, which IRP cannot say. After a short leader come 16 bits by pulse distance: the low four of
 * each byte are x and y, with a sign.
 *
 * The timings are those that rc_keymap(5) gives as defaults of pulse_distance; no recording of a real stick was at hand to check
 * the order of x and y against.
 */
#ifndef margin
#define margin 200
#endif

struct state {
	__u32 n;		/* 0: wait for a leader; 1: its space; then pulse and space of each bit */
	__u32 bits;
	__u32 held;
	__u64 scancode;
	__u32 toggle;
	__u32 pressed;
};

ALWAYS_INLINE int about(__u32 duration, __u32 nominal)
{
	return duration + margin > nominal && duration < nominal + margin;
}

/* The offset of one axis: four bits, of which the highest is the sign. */
ALWAYS_INLINE __s32 offset(__u32 bits)
{
	return bits & 8 ? (__s32)(bits & 15) - 16 : (__s32)(bits & 15);
}

ALWAYS_INLINE void step(struct state *s, __u32 sample, struct report *r)
{
	__u32 kind = sample >> 24, duration = sample & 0xffffff, n = s->n;

	s->n = 0;
	if (n == 0) {
		if (kind == SAMPLE_PULSE && about(duration, 2000))
			s->n = 1;
	} else if (n == 1) {
		if (kind == SAMPLE_SPACE && about(duration, 1875)) {
			s->bits = 0;
			s->n = 2;
		}
	} else if (n == 2 + 2 * 16) {
		/* the trailer; what follows must be a gap, or this is a longer frame of something else */
		if (kind == SAMPLE_PULSE && about(duration, 625))
			s->n = n + 1;
	} else if (n == 3 + 2 * 16) {
		if (kind == SAMPLE_TIMEOUT || (kind == SAMPLE_SPACE && duration > 2500))
			report_pointer(r, offset(s->bits >> 8), offset(s->bits));
	} else if (n % 2 == 0) {
		if (kind == SAMPLE_PULSE && about(duration, 625))
			s->n = n + 1;
	} else if (kind == SAMPLE_SPACE && (about(duration, 375) || about(duration, 1625))) {
		s->bits = s->bits << 1 | (duration > 1000);
		s->n = n + 1;
	}
	if (s->n == 0 && n > 1 && kind == SAMPLE_PULSE && about(duration, 2000))
		s->n = 1;
}
