/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What bcc includes before anything else. A decoder needs nothing of a kernel's configuration; bcc's own helpers want the short
 * names of the types.
 */
#define CONFIG_BPF_SYSCALL 1
#include <linux/types.h>
typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef __u64 u64;
typedef __s8 s8;
typedef __s16 s16;
typedef __s32 s32;
typedef __s64 s64;
typedef unsigned long size_t;
typedef unsigned long uintptr_t;
typedef int bool;
#define true 1
#define false 0
