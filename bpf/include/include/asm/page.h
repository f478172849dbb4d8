/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bcc's helpers include it; decoders use nothing of it. */
