// SPDX-License-Identifier: Apache-2.0
/* A row's state, put into the tables of a datapath, and the FDB compared afterwards; see rows.h. */
#include "rows.h"

#include <errno.h>
#include <string.h>

#include "xbr/fdb_word.h"

#define ALL_MEMBERS (BIT(P1) | BIT(P2) | BIT(P3) | BIT(P4) | BIT(HOST))
#define XDP_DEVICES (BIT(P1) | BIT(P2) | BIT(P3))

/* VIDs of a row differ in their block of 16, or lie in one. */
__u32 row_fid(__u16 vid)
{
	return vid ? (2u + vid / XBR_VLAN_BLOCK % 14) * XBR_VLAN_BLOCK + vid % XBR_VLAN_BLOCK : ROW_FID;
}

const struct bytes *row_leaves(const struct row *row, __u32 port)
{
	return row->leaves[port].at ? &row->leaves[port] : &row->frame;
}

static __u64 entry_key(const struct row_entry *entry, __u32 fid)
{
	__u64 mac = 0;

	memcpy(&mac, entry->mac, 6);
	return fdb_key(mac, fid);
}

static __u32 entry_data(const struct row_entry *entry)
{
	__u32 generation = entry->generation ? entry->generation : ROW_GENERATION;

	if (!fdb_kind_is_learned(entry->kind))
		return fdb_data(entry->port, 0, entry->kind, 0);
	return fdb_data(entry->port, generation, entry->kind, (__u32)-entry->age);
}

static void count_held(const struct tables *t, const struct row_entry *entry)
{
	if (!fdb_kind_is_learned(entry->kind) || (entry->generation && entry->generation != ROW_GENERATION))
		return;
	t->port_live[entry->port].learned++;
	t->bridge_live[t->ports[entry->port].bridge].learned++;
}

/* Into the first free slot of its first bucket: rows hold too few addresses to fill one. */
static int insert(const struct datapath *dp, const struct row_entry *entry)
{
	__u64 key = entry_key(entry, row_fid(entry->vid));
	struct xbr_fdb_bucket *bucket =
		&dp->tables.fdb[fdb_first(fdb_hash(key, DATAPATH_SEED), dp->buckets - 1)];
	__u32 data = entry_data(entry);

	for (int way = 0; way < XBR_FDB_WAYS; way++) {
		if (bucket->data[way].kind != XBR_FDB_NONE)
			continue;
		memcpy(&bucket->key[way], &key, sizeof(key));
		memcpy(&bucket->data[way], &data, sizeof(data));
		count_held(&dp->tables, entry);
		return 0;
	}
	return -ENOSPC;
}

static struct xbr_port usual_port(__u32 number)
{
	struct xbr_port port = {.bridge = number == P5 ? ROW_OTHER_BRIDGE : ROW_BRIDGE,
				.state = XBR_STATE_FORWARDING,
				.flags = XBR_PORT_DEFAULT_FLAGS,
				.mtu = 1500};

	if (number == HOST)
		port.flags = XBR_PORT_LOCAL;
	else if (number != P4)
		port.flags |= XBR_PORT_XDP_IN | XBR_PORT_XDP_OUT;
	return port;
}

static struct xbr_bridge usual_bridge(void)
{
	return (struct xbr_bridge){.flags = XBR_BRIDGE_HOST_UP, .flood_mtu = 1500};
}

static void set_bridge(const struct tables *t, const struct row *row, const struct lab *lab)
{
	struct xbr_bridge *bridge = &t->bridges[ROW_BRIDGE];

	*bridge = row->bridge.epoch_shift ? row->bridge : usual_bridge();
	bridge->ifindex = lab->ifindex[HOST];
	bridge->fid = ROW_FID;
	bridge->local_port = HOST;
	bridge->epoch_shift = 40; /* it is always epoch 0: no row depends on the time of day */
	if (!row->bridge.epoch_shift)
		bridge->ageing_epochs = ROW_AGEING_EPOCHS;
	t->bridges[ROW_OTHER_BRIDGE] = *bridge;
	t->bridges[ROW_OTHER_BRIDGE].fid = ROW_OTHER_FID;
	t->bridges[ROW_OTHER_BRIDGE].local_port = XBR_PORT_NONE;
}

static void set_ports(const struct tables *t, const struct row *row, const struct lab *lab)
{
	for (__u32 n = P1; n < LAB_PORTS; n++) {
		struct xbr_port *port = &t->ports[n];

		*port = row->port[n].bridge ? row->port[n] : usual_port(n);
		port->ifindex = lab->ifindex[n];
		port->generation = ROW_GENERATION;
	}
}

static int set_flood(const struct datapath *dp, const struct row *row, const struct lab *lab)
{
	__u32 members = row->members ? row->members : ALL_MEMBERS;
	__u32 ports[LAB_PORTS], devices[LAB_PORTS];
	__u32 port_count = 0, device_count = 0;
	int err;

	for (__u32 n = P1; n < LAB_PORTS; n++) {
		if (members & BIT(n))
			ports[port_count++] = n;
		if (members & XDP_DEVICES & BIT(n))
			devices[device_count++] = lab->ifindex[n];
	}
	err = datapath_set_flood(dp, ROW_FID, ports, port_count);
	if (err)
		return err;
	return datapath_set_xdp_flood(dp, ROW_FID, devices, device_count);
}

static int set_devices(const struct datapath *dp, const struct lab *lab)
{
	int err = 0;

	for (__u32 n = P1; n < LAB_PORTS && !err; n++) {
		err = datapath_set_port_of(dp, lab->ifindex[n], n | (__u64)ROW_FID << XBR_DEVICE_FID_SHIFT);
		if (!err && XDP_DEVICES & BIT(n))
			err = datapath_set_xdp_port(dp, n, lab->ifindex[n]);
	}
	return err;
}

/* On its port's list, and thereby on some list of the bridge. */
static int list_source(const struct datapath *dp, const struct row_source *source)
{
	__u32 value = XBR_SOURCE_LISTED | (source->nodst ? XBR_SOURCE_NODST : 0);
	__u64 mac = 0;
	int err;

	memcpy(&mac, source->mac, 6);
	err = datapath_set_source(dp, fdb_key(mac, source->port), XBR_SOURCE_LISTED);
	return err ? err : datapath_set_source(dp, fdb_key(mac, XBR_SOURCE_BRIDGE | ROW_BRIDGE), value);
}

/* All VLANs are flooded to the members of the bridge: who of them is in the VLAN is judged for each copy. */
static void set_vlans(const struct tables *t, const struct row *row)
{
	for (const struct row_vlan *v = row->vlans; v->port; v++) {
		struct xbr_vlan_word *word = &t->port_vlans[v->port].word[v->vid / 64];
		__u32 fid = row_fid(v->vid);

		word->member |= 1ull << v->vid % 64;
		if (v->untagged)
			word->untagged |= 1ull << v->vid % 64;
		if (v->hairpin)
			word->hairpin |= 1ull << v->vid % 64;
		t->bridge_vlans[ROW_BRIDGE].block[v->vid / XBR_VLAN_BLOCK] = (__u16)(fid / XBR_VLAN_BLOCK);
		t->vlans[fid] = (struct xbr_vlan){.bridge = ROW_BRIDGE, .vid = v->vid, .flood = ROW_FID};
	}
}

static int allow(const struct datapath *dp, const struct row_allowed *allowed)
{
	struct xbr_allowed_key key = {.prefixlen = XBR_ALLOWED_FIXED + allowed->bits,
				      .port = allowed->port,
				      .family = allowed->family};
	struct xbr_allowed value = {.until_ns = allowed->age};
	__u64 mac = 0;

	if (allowed->mac)
		memcpy(&mac, allowed->mac, 6);
	key.mac_vid = fdb_key(mac, allowed->vid);
	if (allowed->address)
		memcpy(key.address, allowed->address, allowed->family == 4 ? 4 : 16);
	return datapath_allow(dp, &key, &value);
}

/* A list with that number, bound; the ports that its frames come by are told. */
static int put_acl(const struct datapath *dp, const struct row_acl *acl, __u32 number)
{
	struct tables const *t = &dp->tables;
	int err = datapath_set_acl(dp, number, acl->rules);

	if (acl->port && acl->out)
		t->ports[acl->port].acl_out = (__u16)number;
	else if (acl->port)
		t->ports[acl->port].acl_in = (__u16)number;
	else if (acl->out)
		t->bridges[ROW_BRIDGE].acl_out = (__u16)number;
	else
		t->bridges[ROW_BRIDGE].acl_in = (__u16)number;
	for (__u32 n = P1; n < LAB_PORTS; n++)
		t->ports[n].flags |= XBR_PORT_ACL;
	return err;
}

int row_prepare(const struct row *row, const struct datapath *dp, const struct lab *lab)
{
	int err;

	datapath_clear(dp);
	set_bridge(&dp->tables, row, lab);
	set_ports(&dp->tables, row, lab);
	set_vlans(&dp->tables, row);
	err = set_devices(dp, lab);
	if (!err)
		err = set_flood(dp, row, lab);
	for (const struct row_entry *entry = row->fdb; entry->mac && !err; entry++)
		err = insert(dp, entry);
	for (size_t i = 0; i < 4 && row->allowed[i].port && !err; i++)
		err = allow(dp, &row->allowed[i]);
	for (size_t i = 0; i < 2 && row->sources[i].mac && !err; i++)
		err = list_source(dp, &row->sources[i]);
	for (__u32 n = 0; n < 2 && row->acl[n].rules && !err; n++)
		err = put_acl(dp, &row->acl[n], n + 1);
	if (!err && row->prepare)
		row->prepare(&dp->tables);
	return err;
}

static bool has_entry(const struct row_entry *entries, __u64 key, __u32 data)
{
	for (const struct row_entry *entry = entries; entry->mac; entry++)
		if (entry_key(entry, row_fid(entry->vid)) == key && entry_data(entry) == data)
			return true;
	return false;
}

static unsigned int entry_count(const struct row_entry *entries)
{
	unsigned int count = 0;

	while (entries[count].mac)
		count++;
	return count;
}

bool row_fdb_matches(const struct row *row, const struct datapath *dp)
{
	const struct row_entry *expected = row->after[0].mac ? row->after : row->fdb;
	unsigned int found = 0;

	if (row->prepare && !row->after[0].mac)
		return true; /* the state is not the row's own */
	for (__u32 i = 0; i < dp->buckets * XBR_FDB_WAYS; i++) {
		struct xbr_fdb_bucket *bucket = &dp->tables.fdb[i / XBR_FDB_WAYS];
		__u64 key;
		__u32 data;

		memcpy(&key, &bucket->key[i % XBR_FDB_WAYS], sizeof(key));
		memcpy(&data, &bucket->data[i % XBR_FDB_WAYS], sizeof(data));
		if (!key && !data)
			continue;
		if (!has_entry(expected, key, data))
			return false;
		found++;
	}
	return found == entry_count(expected);
}
