/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The remote keyboard for Windows Media Center ("MCIR-2"): keys and a pointer in one protocol, which IRP cannot say.
 *
 * After a pulse of 8 units of 333 µs come Manchester bits, a pulse first for 1: five bits that say what it is, and 32 bits of a
 * keyboard (8 bits that are not looked at, two keys, modifiers) or 29 of a mouse (8 bits, y, x, right, left, 5 bits). Scancodes are
 * the kernel's (drivers/media/rc/ir-mce_kbd-decoder.c): the lowest 24 bits of the keyboard's; of the mouse's buttons, 0x20 is the
 * left and 0x40 the right one, and BUTTONS is added to tell them from keys.
 *
 * One key at a time is down on a receiver, so a key with a modifier is a scancode of its own: 0x0402 is Shift and A.
 */
#ifndef unit
#define unit 333
#endif

#define BUTTONS		0x01000000
#define KEYBOARD	0x4	/* the lowest four of the first five bits */
#define MOUSE		0x1
#define KEYBOARD_HALVES	(2 * (5 + 32))
#define MOUSE_HALVES	(2 * (5 + 29))

struct state {
	__u32 n;		/* 0: wait for a leader; then 1 + the halves of bits so far */
	__u32 pulse;		/* whether the last first half was one */
	__u64 bits;
	__u32 held;
	__u64 scancode;
	__u32 toggle;
	__u32 pressed;
};

/* One or two halves of bits, or 0: nothing of ours. */
ALWAYS_INLINE __u32 halves(__u32 duration)
{
	if (2 * duration < unit || 2 * duration >= 5 * unit)
		return 0;
	return 2 * duration < 3 * unit ? 1 : 2;
}

/* The half of a bit; 0 if it cannot be: the second half of a bit is never like its first. */
ALWAYS_INLINE int half(struct state *s, __u32 pulse)
{
	if (s->n % 2) {
		s->bits = s->bits << 1 | pulse;
		s->pulse = pulse;
	} else if (s->pulse == pulse) {
		return 0;
	}
	s->n++;
	return 1;
}

ALWAYS_INLINE __s32 offset(__u32 bits)
{
	return bits & 0x40 ? (__s32)(bits & 0x7f) - 0x80 : (__s32)(bits & 0x7f);
}

ALWAYS_INLINE void mouse(struct state *s, struct report *r)
{
	__u32 buttons = s->bits & 0x60;
	__s32 x = offset(s->bits >> 7), y = offset(s->bits >> 14);

	if (buttons && !(s->held && s->scancode == (BUTTONS | buttons)))
		report_down(s, r, BUTTONS | buttons, NO_TOGGLE);
	else if (x || y)
		report_pointer(r, x, y);
	else if (buttons)
		report_down(s, r, BUTTONS | buttons, NO_TOGGLE);
	s->held = buttons != 0;
}

/* The frame is over: what was it? A last half that is a space is one with the gap. */
ALWAYS_INLINE void end(struct state *s, struct report *r)
{
	__u32 count = s->n - 1;

	if (count % 2 && s->pulse)
		count++;
	if (count == KEYBOARD_HALVES && (s->bits >> 32 & 0xf) == KEYBOARD) {
		if (s->bits & 0xffffff)
			report_down(s, r, s->bits & 0xffffff, NO_TOGGLE);
		s->held = (s->bits & 0xffffff) != 0;	/* 0 is the release of all keys */
	} else if (count == MOUSE_HALVES && (s->bits >> 29 & 0xf) == MOUSE) {
		mouse(s, r);
	}
	s->n = 0;
}

ALWAYS_INLINE void step(struct state *s, __u32 sample, struct report *r)
{
	__u32 kind = sample >> 24, duration = sample & 0xffffff, pulse = kind == SAMPLE_PULSE, count = halves(duration);

	r->starts = 0;
	if (kind == SAMPLE_FREQUENCY)
		return;
	if (kind == SAMPLE_OVERFLOW) {
		s->n = 0;
		s->held = 0;
		return;
	}
	if (pulse && duration >= 6 * unit && duration <= 10 * unit) {
		s->bits = 0;
		s->n = 1;
		r->starts = 1;
		return;
	}
	if (!s->n)
		return;
	if (kind == SAMPLE_TIMEOUT || (!pulse && duration >= 4 * unit)) {
		end(s, r);
		return;
	}
	if (!count || s->n + count > 1 + KEYBOARD_HALVES || !half(s, pulse) || (count == 2 && !half(s, pulse)))
		s->n = 0;
}
