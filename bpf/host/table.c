/*
 * An automaton as a table, for thousands of states: raw patterns. The edges of one state lie next to one another, in ascending
 * order, their number filled up to a power of two; a state is the index of its first edge, with the logarithm of that number
 * in the top 4 bits. Finding an edge takes as many steps as that logarithm, however large the table is.
 */
struct edge {
	__u32 least, most;	/* the durations it is for, in µs */
	__u32 target;
	__u32 end;		/* 0, or 1 + index of the scancode that is complete: then `target` is 1 if the key may be held on */
};

struct state {
	__u32 n;		/* 0: after a silence */
	__u32 held;
	__u64 scancode;
	__u32 toggle;
	__u32 pressed;
	__u32 lost;
	__u32 expects;		/* SAMPLE_PULSE or SAMPLE_SPACE, once in a pattern */
};

ALWAYS_INLINE struct edge *edge_at(__u32 index);
ALWAYS_INLINE __u64 scancode_at(__u32 index);

#define MOST_STEPS 11

ALWAYS_INLINE struct edge *find_edge(__u32 n, __u32 duration)
{
	__u32 first = n & 0xfffffff, steps = n >> 28;
	struct edge *edge;
	int step;

#pragma unroll
	for (step = MOST_STEPS - 1; step >= 0; step--) {
		if ((__u32)step < steps) {
			edge = edge_at(first + (1u << step));
			if (edge && duration >= edge->least)
				first += 1u << step;
		}
	}
	edge = edge_at(first);
	return edge && duration >= edge->least && duration <= edge->most ? edge : 0;
}
