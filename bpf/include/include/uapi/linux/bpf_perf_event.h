/* SPDX-License-Identifier: GPL-2.0-or-later */
#include_next <linux/bpf_perf_event.h>
