/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of rows: each says, for one frame and one state of the bridge, what must become of it and which
 * clause asks for that. rows.c and others beside it are tables, rows_state.c puts a row's state into a
 * datapath, test_rows.c runs each row through all datapaths.
 *
 * Two bridges: ports P1 to P4 and host0 are one, P5 is the other. P4 takes no XDP frames. What a row does not
 * mention is as rows_state.c has it: all ports forward, everything is flooded, nothing is known.
 */
#ifndef XBR_ROWS_H
#define XBR_ROWS_H

#include "datapath.h"

#define ROW_BRIDGE        1
#define ROW_FID           11
#define ROW_OTHER_BRIDGE  2
#define ROW_OTHER_FID     12
#define ROW_AGEING_EPOCHS 10
#define ROW_BUCKETS       16
#define ROW_GENERATION    5

#define BIT(n)   (1u << (n))
#define ANY_HOOK 0

/* Octets of a frame, written as a string. */
struct bytes {
	const char *at;
	__u32 length;
};

/* An address in the FDB. age: epochs since it was last a source; -1: the next one. */
struct row_entry {
	const char *mac;
	__u8 port;
	__u8 kind;
	__s8 age;
	__u8 generation; /* 0: ROW_GENERATION */
	__u16 vid;       /* 0: under the bridge's own FID */
};

/* A port's membership of a VLAN. */
struct row_vlan {
	__u8 port;
	__u16 vid;
	bool untagged;
	bool hairpin;
};

/* A source list's address; mac NULL: none. nodst: the port has that. */
struct row_source {
	const char *mac;
	__u8 port;
	bool nodst;
};

/* What a port is allowed. */
struct row_allowed {
	__u8 port;       /* 0: no more */
	const char *mac; /* NULL: any */
	__u16 vid;
	__u8 family;
	__u8 bits;
	const char *address;
	__u8 age; /* 1: it has ended */
};

/* An access list: its rules as they are typed, a newline behind each, and where it is bound. rules NULL:
 * none. */
struct row_acl {
	const char *rules;
	__u8 port; /* 0: the bridge */
	bool out;
};

struct row {
	const char *name;
	const char *clause;

	/* the state before; a port whose bridge is 0 is as rows_state.c has it */
	struct xbr_bridge bridge;
	struct xbr_port port[LAB_PORTS];
	struct row_entry fdb[4];
	struct row_source sources[2];
	struct row_allowed allowed[4];
	__u32 members; /* BIT(port): who is on the flood list; 0: all */
	struct row_vlan vlans[12];
	struct row_acl acl[2];
	void (*prepare)(const struct tables *tables);

	/* the frame */
	__u32 in;
	struct bytes frame;
	__u32 gso_size;
	__u32 hooks; /* BIT(hook): where this can be shown; ANY_HOOK: in all that see such a frame */

	/* what must become of it */
	__u8 verdict;
	__u8 reason;
	__u8 out;          /* of a FORWARD */
	__u8 too_long_for; /* the port that XDP names to TC though the frame is no FORWARD */
	__u8 origin;       /* where the source of a frame from the uplink is known */
	__u8 counted;      /* the reason counted, where a flood found nobody; 0: `reason` */
	__u8 notes[2];     /* counted on the ingress port beside it */
	__u8 copy_note;    /* counted on port copy_note_at beside it */
	__u8 copy_note_at;
	int xdp;                        /* what XDP returns; 0: XDP_DROP */
	__u32 copies;                   /* BIT(port): who gets a copy of a FLOOD */
	__u16 tci;                      /* of the VLAN it was found to be of; 0: of none */
	__u8 priority;                  /* of the packet, in TC */
	struct xbr_deeds deeds;         /* what lists where it comes in want done to it */
	struct bytes leaves[LAB_PORTS]; /* the copy for a port, where it is not the frame as it came */
	struct row_entry after[4];      /* the whole FDB afterwards; none: unchanged */
};

/* A table of rows; each is a file of its own, and is in row_tables of test_rows.c. */
struct row_table {
	const struct row *rows;
	size_t count;
};
extern const struct row_table rows_plain;  /* rows.c */
extern const struct row_table rows_guard;  /* rows_guard.c: guards */
extern const struct row_table rows_edge;   /* rows_edge.c: edge modes */
extern const struct row_table rows_acl;    /* rows_acl.c: access lists */
extern const struct row_table rows_vlan;   /* rows_vlan.c: VLAN-aware bridges */
extern const struct row_table rows_mst;    /* rows_mst.c: spanning tree instances */
extern const struct row_table rows_police; /* rows_police.c: meters */
extern const struct row_table rows_qos;    /* rows_qos.c: priorities */

/* The FID of a VLAN of the rows' bridge; 0: its own. */
__u32 row_fid(__u16 vid);

/* What leaves by a port. */
const struct bytes *row_leaves(const struct row *row, __u32 port);

/* Puts a row's state into a datapath. 0 or -errno. */
int row_prepare(const struct row *row, const struct datapath *dp, const struct lab *lab);

/* Is the datapath's FDB exactly what the row says it is afterwards? */
bool row_fdb_matches(const struct row *row, const struct datapath *dp);

#endif
