/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * The one list of features of a device that can be turned: words of commands, keys of requests and answers,
 * and what the kernel is asked for (agent/net/features.c) are made from it.
 *
 * F(X, id, words, key, name, help): words as `ethtool -K` has them, and what is called so in `ethtool -k`;
 * key is the first of them; name that of `ethtool -k`. X is handed through. New ones come at the end: their
 * numbers are in pinned memory.
 */
#ifndef XBR_OFFLOAD_H
#define XBR_OFFLOAD_H

/* clang-format off */
#define XBR_NET_FEATURES(F, X) \
	F(X, RX_CHECKSUM, "rx-checksum|rx|rx-checksumming", "rx-checksum", "rx-checksumming", \
	  "the device verifies checksums of frames that come in") \
	F(X, TX_CHECKSUM, "tx-checksum|tx|tx-checksumming", "tx-checksum", "tx-checksumming", \
	  "the device fills in checksums of frames that leave") \
	F(X, SG, "sg|scatter-gather", "sg", "scatter-gather", "frames in several pieces of memory") \
	F(X, TSO, "tso|tcp-segmentation-offload", "tso", "tcp-segmentation-offload", \
	  "the device cuts long TCP segments") \
	F(X, GSO, "gso|generic-segmentation-offload", "gso", "generic-segmentation-offload", \
	  "the kernel cuts them, late") \
	F(X, GRO, "gro|generic-receive-offload", "gro", "generic-receive-offload", \
	  "the kernel joins segments that come in") \
	F(X, LRO, "lro|large-receive-offload", "lro", "large-receive-offload", \
	  "the device joins them, and cannot undo it: not for bridges") \
	F(X, RXVLAN, "rxvlan|rx-vlan-offload", "rxvlan", "rx-vlan-offload", \
	  "the device takes VLAN tags out of frames that come in") \
	F(X, TXVLAN, "txvlan|tx-vlan-offload", "txvlan", "tx-vlan-offload", \
	  "the device puts VLAN tags into frames that leave") \
	F(X, NTUPLE, "ntuple|ntuple-filters", "ntuple", "ntuple-filters", "filters that choose the queue") \
	F(X, RXHASH, "rxhash|receive-hashing", "rxhash", "receive-hashing", "the device tells the flow's hash") \
	F(X, RX_VLAN_FILTER, "rx-vlan-filter", "rx-vlan-filter", "rx-vlan-filter", \
	  "the device lets only known VLANs in") \
	F(X, RX_GRO_HW, "rx-gro-hw", "rx-gro-hw", "rx-gro-hw", "the device joins segments so that they can be cut again") \
	F(X, HW_TC_OFFLOAD, "hw-tc-offload", "hw-tc-offload", "hw-tc-offload", "the device takes TC filters")
/* clang-format on */

#endif
