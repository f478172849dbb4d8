/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What every decoder is written against, whichever host it runs in. A decoder is
 *
 *	struct state { ... };                                              all zero at the start
 *	static inline void step(struct state *s, __u32 sample, struct report *r);
 *
 * and calls at most one of report_down(), report_repeat() and report_pointer() for a sample. The fields `held`, `scancode`,
 * `toggle` and `pressed` of its state are for those.
 *
 * Several decoders of one receiver may read the same signal. The first that reports is heard: what the others say of a frame that
 * had begun by then is not. So a decoder tells of each pulse whether a frame begins with it (r->starts); one that does not is
 * taken to begin with every pulse, so that it is silent only where another reports at the same sample.
 */
#define SAMPLE_SPACE	0	/* the top 8 bits of a sample: LIRC_MODE2_* of linux/lirc.h */
#define SAMPLE_PULSE	1
#define SAMPLE_FREQUENCY 2
#define SAMPLE_TIMEOUT	3
#define SAMPLE_OVERFLOW	4

#define REPORT_DOWN	1
#define REPORT_REPEAT	2
#define REPORT_POINTER	3

#define NO_TOGGLE	2

struct report {
	__u32 kind;		/* 0: nothing to report */
	__u32 reading;		/* which of the decoder's readings: what `params` are */
	__u64 scancode;
	__u32 toggle;		/* 0, 1 or NO_TOGGLE */
	__u32 again;		/* the key that was down before is still held */
	__s32 x, y;		/* of a pointer */
	__u32 protocol;		/* the kernel's number of it, from the host; a decoder of several protocols says which */
	__u32 starts;		/* this pulse is the first of a frame */
#ifdef WITH_PARAMS
	__u64 params[16];
#endif
};

#ifndef PROTOCOL
#define PROTOCOL 0
#endif

/* What a host starts with. */
#define NO_REPORT(sample) { .protocol = PROTOCOL, .starts = (sample) >> 24 == SAMPLE_PULSE }

/* Whether a generated decoder whose state is `n` is, after a sample, in the midst of a frame that goes on; for READS_ON. Who waits for that
 * does so until the timeout, which is longer than any gap inside of a frame. */
#define READING(n, sample, r) \
	(!(r)->starts && (sample) >> 24 != SAMPLE_TIMEOUT && (n) != 1 && !starting(n))

#define ALWAYS_INLINE static inline __attribute__((always_inline))

/* The lowest `width` bits of `value` in the opposite order. */
ALWAYS_INLINE __u64 turned(__u64 value, const int width)
{
	value = (value >> 1 & 0x5555555555555555ull) | (value & 0x5555555555555555ull) << 1;
	value = (value >> 2 & 0x3333333333333333ull) | (value & 0x3333333333333333ull) << 2;
	value = (value >> 4 & 0x0f0f0f0f0f0f0f0full) | (value & 0x0f0f0f0f0f0f0f0full) << 4;
	if (width > 8)
		value = (value >> 8 & 0x00ff00ff00ff00ffull) | (value & 0x00ff00ff00ff00ffull) << 8;
	if (width > 16)
		value = (value >> 16 & 0x0000ffff0000ffffull) | (value & 0x0000ffff0000ffffull) << 16;
	if (width > 32)
		value = value >> 32 | value << 32;
	return value >> ((width > 32 ? 64 : width > 16 ? 32 : width > 8 ? 16 : 8) - width);
}

/* How many bits of `value` are one: IRP's # */
ALWAYS_INLINE __u64 ones(__u64 value)
{
	value -= value >> 1 & 0x5555555555555555ull;
	value = (value & 0x3333333333333333ull) + (value >> 2 & 0x3333333333333333ull);
	value = (value + (value >> 4)) & 0x0f0f0f0f0f0f0f0full;
	return value * 0x0101010101010101ull >> 56;
}

/*
 * 1 for anything but 0, without a branch: the verifier walks every way through a program, and each branch doubles them. The
 * compiler would make a branch of it again, if it saw through it, or knew that the result is 0 or 1.
 */
ALWAYS_INLINE __u64 truth(__u64 value)
{
	__u64 negative = -value, result;

	asm volatile("" : "+r"(negative));
	result = (value | negative) >> 63;
	asm volatile("" : "+r"(result));
	return result;
}

ALWAYS_INLINE __u64 choice(__u64 condition, __u64 yes, __u64 no)
{
	return no ^ ((yes ^ no) & -truth(condition));
}

ALWAYS_INLINE __u64 power(__u64 base, __u64 exponent)
{
	__u64 result = 1;
	int i;

#pragma unroll
	for (i = 0; i < 6; i++) {
		if (exponent >> i & 1)
			result *= base;
		base *= base;
	}
	return result;
}

#define report_down(s, r, code, flip) do {						\
	__u64 code_ = (code);								\
	__u32 flip_ = (flip);								\
	(r)->kind = REPORT_DOWN;							\
	(r)->scancode = code_;								\
	(r)->toggle = flip_;								\
	(r)->again = (s)->held && (s)->scancode == code_ && (s)->toggle == flip_;	\
	(s)->scancode = code_;								\
	(s)->toggle = flip_;								\
	(s)->pressed = 1;								\
} while (0)

#define report_repeat(s, r) do {							\
	if ((s)->pressed) {								\
		(r)->kind = REPORT_REPEAT;						\
		(r)->scancode = (s)->scancode;						\
		(r)->toggle = (s)->toggle;						\
		(r)->again = 1;								\
	}										\
} while (0)

#define report_pointer(r, dx, dy) do {							\
	(r)->kind = REPORT_POINTER;							\
	(r)->x = (dx);									\
	(r)->y = (dy);									\
} while (0)
