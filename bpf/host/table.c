/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An automaton as a table, for thousands of states: raw patterns. The edges of one state lie next to one another, in ascending
 * order, their number filled up in front to a power of two; a state is the index of its first edge, with the logarithm of that
 * number in the top 4 bits. Finding an edge takes as many steps as that logarithm, however large the table is.
 *
 * EDGES and SCANCODES are the sizes of the table, powers of two, IDLE the state after a silence, LEADER, START_GAP and HOLD_GAP the automaton's.
 * The table is one value of one map, so that a sample costs one lookup, and filling it one system call.
 */
struct edge {
	__u32 least, most;	/* the durations it is for, in µs */
	__u32 target;		/* a state; of an end: 1 if the key may be held on, and twice the longest timeout with which it may */
	__u32 end;		/* 0, or 1 + index of the scancode that is complete: the last edge of a state that can end is an end */
};

struct table {
	__u64 scancodes[SCANCODES];
	struct edge edges[EDGES];
};

struct state {
	__u32 n;		/* once in a pattern */
	__u32 held;
	__u64 scancode;
	__u32 toggle;
	__u32 pressed;
	__u32 place;		/* AT_REST, IN_PATTERN or LOST */
	__u32 expects;		/* SAMPLE_PULSE or SAMPLE_SPACE, once in a pattern */
};

#define AT_REST		0
#define IN_PATTERN	1
#define LOST		2

#ifdef NATIVE
struct table table;

ALWAYS_INLINE struct table *table_of(void)
{
	return &table;
}
#else
/* The one value is made as large as the table when it is filled in: a megabyte in C takes the compiler half a minute. */
BPF_ARRAY(table, __u64, 1);

ALWAYS_INLINE struct table *table_of(void)
{
	int only = 0;

	return (struct table *)table.lookup(&only);
}
#endif

ALWAYS_INLINE struct edge *edge_at(struct table *all, __u64 index)
{
	return &all->edges[index & (EDGES - 1)];
}

/*
 * One step of the search: is what is looked for in the upper half? Without a branch, and with an index of which no more is known
 * than that it is in the table: the verifier walks every way through a program, and must find each step to be like any other.
 */
ALWAYS_INLINE __u64 halved(struct table *all, __u64 first, __u32 duration, const int step)
{
	__u64 below = (__u64)duration - edge_at(all, first + (1ull << step))->least;

	asm volatile("" : "+r"(below));
	first = (first + ((~below >> 63) << step)) & (EDGES - 1);
	asm volatile("" : "+r"(first));
	return first;
}

ALWAYS_INLINE struct edge *find_edge(struct table *all, __u32 n, __u32 duration)
{
	__u64 first = n & 0xfffffff & (EDGES - 1);
	__u32 steps = n >> 28;
	struct edge *edge;
	int step;

	if (steps > 3) {
#pragma unroll
		for (step = 14; step >= 3; step--)
			if ((__u32)step < steps)
				first = halved(all, first, duration, step);
	}
	if (steps > 2)
		first = halved(all, first, duration, 2);
	if (steps > 1)
		first = halved(all, first, duration, 1);
	if (steps > 0)
		first = halved(all, first, duration, 0);
	edge = edge_at(all, first);
	return duration >= edge->least && duration <= edge->most ? edge : 0;
}

ALWAYS_INLINE void enter(struct state *s, __u32 n, __u32 expects)
{
	s->place = IN_PATTERN;
	s->n = n;
	s->expects = expects;
}

ALWAYS_INLINE void lose(struct state *s, __u32 place)
{
	s->held = 0;
	s->place = place;
}

ALWAYS_INLINE void on_pulse(struct state *s, struct table *all, __u32 duration, struct report *r)
{
	struct edge *edge = 0;

	r->starts = 1;
	if (s->place != IN_PATTERN || s->expects != SAMPLE_PULSE) {
		/* a pattern starts after a silence, or with a pulse that is nowhere but at a start */
		if (s->place != AT_REST)
			lose(s, LOST);
		if (s->place == AT_REST || duration >= LEADER)
			edge = find_edge(all, IDLE, duration);
	} else {
		edge = find_edge(all, s->n, duration);
		r->starts = !edge;
		if (!edge) {
			lose(s, LOST);
			if (duration >= LEADER)
				edge = find_edge(all, IDLE, duration);
		}
	}
	if (edge)
		enter(s, edge->target, SAMPLE_SPACE);
	else
		lose(s, LOST);
}

ALWAYS_INLINE void step(struct state *s, __u32 sample, struct report *r)
{
	__u32 kind = sample >> 24, duration = sample & 0xffffff, held;
	struct table *all = table_of();
	struct edge *edge = 0;
	__u64 index;

	if (!all)
		return;
	if (kind == SAMPLE_PULSE) {
		on_pulse(s, all, duration, r);
		return;
	}
	if (kind == SAMPLE_OVERFLOW)
		lose(s, LOST);
	if (kind != SAMPLE_SPACE && kind != SAMPLE_TIMEOUT)
		return;
	if (s->place == AT_REST) {
		if (kind == SAMPLE_SPACE && (duration < START_GAP || duration > HOLD_GAP))
			lose(s, duration < START_GAP ? LOST : AT_REST);
		return;
	}
	if (s->place == IN_PATTERN && s->expects == SAMPLE_SPACE) {
		if (kind == SAMPLE_SPACE)
			edge = find_edge(all, s->n, duration);
		else
			edge = edge_at(all, (s->n & 0xfffffff) + (1ull << (s->n >> 28)) - 1);
	}
	if (!edge || (kind == SAMPLE_TIMEOUT && !edge->end)) {
		lose(s, kind == SAMPLE_TIMEOUT || duration >= START_GAP ? AT_REST : LOST);
		return;
	}
	if (!edge->end) {
		enter(s, edge->target, SAMPLE_PULSE);
		return;
	}
	index = edge->end - 1;
	asm volatile("" : "+r"(index));
	held = kind == SAMPLE_SPACE ? edge->target & 1 : duration <= edge->target >> 1;
	r->reading = index;
	report_down(s, r, all->scancodes[index & (SCANCODES - 1)], NO_TOGGLE);
	s->held = held;
	s->place = AT_REST;
}
