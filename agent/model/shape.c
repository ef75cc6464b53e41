// SPDX-License-Identifier: Apache-2.0
#include "model/shape.h"

#include <errno.h>
#include <string.h>
#include <utlist.h>

#include "net/qdisc.h"

#define UNLIMITED 1000000000000ull /* bits a second: more than any device has */
#define LITTLE    8000ull          /* of a class without a minimum: it lives on what is left */

/* Classes of channels' devices that are no port's; port numbers are below. */
#define CLASS_DEVICE 0xfffe
#define CLASS_OTHERS 0xfffd /* frames of ports that have no rate, and of the host's own */

/* What is left is shared out by rounds: in each a class may send its quantum. */
#define QUANTUM     15140u
#define QUANTUM_MAX 200000u

/* A queue holds what leaves within 50 ms, two super-frames at the least. */
#define QUEUE_MS  50
#define QUEUE_MIN 131072u
#define QUEUE_MAX 16777216u

bool shape_is_set(const struct port *port)
{
	return port->settings.shape.most || port->settings.shape.least || port->settings.shape.device;
}

static struct port *device_of(struct port *port)
{
	return port->trunk ? port->trunk : port;
}

/* Is a rate to be kept on the device now? */
static bool is_wanted(const struct port *device)
{
	const struct port *port;

	if (!port_is_trunk(device))
		return shape_is_set(device);
	DL_FOREACH (device->channels, port)
		if (port->ifindex && shape_is_set(port))
			return true;
	return false;
}

/* ---- classes ---- */

static uint64_t lesser(uint64_t a, uint64_t b)
{
	if (!a || !b)
		return a ? a : b;
	return a < b ? a : b;
}

/* What its ports may take together. */
static uint64_t most_of_device(const struct port *device)
{
	const struct port *port;
	uint64_t most = device->settings.shape.device;

	DL_FOREACH (device->channels, port)
		if (port->ifindex)
			most = lesser(most, port->settings.shape.device);
	return most ? most : UNLIMITED;
}

static uint64_t most_of(const struct port *port, const struct port *device)
{
	return lesser(port->settings.shape.most, most_of_device(device));
}

static uint32_t queue_of(uint64_t bits)
{
	uint64_t octets = bits / 8 * QUEUE_MS / 1000;

	if (octets < QUEUE_MIN)
		return QUEUE_MIN;
	return octets > QUEUE_MAX ? QUEUE_MAX : (uint32_t)octets;
}

static int class_put(struct model *model, const struct port *device, const struct qdisc_class *class)
{
	int err = qdisc_class_put(model->rtnl, (int)device->ifindex, XBR_SHAPE_HANDLE, class);

	if (err || class->minor == CLASS_DEVICE)
		return err;
	return qdisc_queue_put(model->rtnl, (int)device->ifindex, XBR_SHAPE_HANDLE, class->minor,
			       queue_of(class->most));
}

/* A port that has its device for itself. */
static int put_alone(struct model *model, const struct port *device)
{
	uint64_t least = device->settings.shape.least, most = most_of(device, device);
	struct qdisc_class class = {.minor = (uint16_t)device->number,
				    .least = most < UNLIMITED ? most : least,
				    .most = most,
				    .quantum = QUANTUM};

	return class_put(model, device, &class);
}

/* The least minimum of a device's ports; 0: none has one. */
static uint64_t least_of_all(const struct port *device)
{
	const struct port *port;
	uint64_t least = 0;

	DL_FOREACH (device->channels, port) {
		uint64_t own = port->settings.shape.least;

		if (port->ifindex && own && (!least || own < least))
			least = own;
	}
	return least;
}

/* What is left is shared out as the minima are to each other. */
static uint32_t quantum_of(uint64_t least, uint64_t least_of_any)
{
	uint64_t quantum =
		least && least_of_any ? QUANTUM * (least / 1000 + 1) / (least_of_any / 1000 + 1) : QUANTUM;

	return quantum > QUANTUM_MAX ? QUANTUM_MAX : (uint32_t)quantum;
}

static int put_channel(struct model *model, const struct port *device, const struct port *port,
		       uint64_t least_of_any)
{
	uint64_t least = port->settings.shape.least;
	struct qdisc_class class = {.minor = (uint16_t)port->number,
				    .parent = CLASS_DEVICE,
				    .least = least ? least : LITTLE,
				    .most = most_of(port, device),
				    .quantum = quantum_of(least, least_of_any)};

	return class_put(model, device, &class);
}

static int put_channels(struct model *model, const struct port *device)
{
	uint64_t most = most_of_device(device);
	struct qdisc_class all = {.minor = CLASS_DEVICE, .least = most, .most = most, .quantum = QUANTUM};
	struct qdisc_class others = {.minor = CLASS_OTHERS,
				     .parent = CLASS_DEVICE,
				     .least = LITTLE,
				     .most = most,
				     .quantum = QUANTUM};
	uint64_t least = least_of_all(device);
	const struct port *port;
	int err = class_put(model, device, &all);

	if (!err)
		err = class_put(model, device, &others);
	DL_FOREACH (device->channels, port)
		if (!err && port->ifindex && shape_is_set(port))
			err = put_channel(model, device, port, least);
	return err;
}

/* ---- classes that are no port's any more ---- */

struct stale {
	const struct port *device;
	uint16_t minor; /* the first that was found; 0: none */
};

static void note_stale(uint16_t minor, void *user)
{
	struct stale *stale = user;
	const struct port *port;

	if (minor == CLASS_DEVICE || minor == CLASS_OTHERS || stale->minor)
		return;
	DL_FOREACH (stale->device->channels, port)
		if (port->number == minor && port->ifindex && shape_is_set(port))
			return;
	stale->minor = minor;
}

static int remove_stale(struct model *model, const struct port *device)
{
	struct stale stale = {.device = device};
	int err;

	do {
		stale.minor = 0;
		err = qdisc_class_each(model->rtnl, (int)device->ifindex, XBR_SHAPE_HANDLE, note_stale,
				       &stale);
		if (!err && stale.minor)
			err = qdisc_class_remove(model->rtnl, (int)device->ifindex, XBR_SHAPE_HANDLE,
						 stale.minor);
	} while (!err && stale.minor);
	return err;
}

/* ---- a device ---- */

/* ret_ours: it has ours. A sentence where it has somebody else's. */
static int look_at_root(struct model *model, const struct port *device, bool *ret_ours,
			struct xbr_error *error)
{
	struct qdisc root;
	int err = qdisc_root(model->rtnl, (int)device->ifindex, &root);

	*ret_ours = root.handle == XBR_SHAPE_HANDLE && !strcmp(root.kind, "htb");
	if (err)
		return xbr_refuse(error, err, "cannot ask for the queues of %s: %s", device->name,
				  strerror(-err));
	if (root.handle && !*ret_ours)
		return xbr_refuse(error, -EBUSY,
				  "%s has a qdisc of its own (%s %x:), which is not xbr's to change: take it "
				  "away first "
				  "(tc qdisc del dev %s root)",
				  device->name, root.kind, root.handle, device->name);
	return 0;
}

static int make(struct model *model, struct port *device, bool is_there)
{
	uint16_t usual = port_is_trunk(device) ? CLASS_OTHERS : (uint16_t)device->number;
	int err = is_there ? 0 : qdisc_htb_make(model->rtnl, (int)device->ifindex, XBR_SHAPE_HANDLE, usual);

	if (!err)
		err = port_is_trunk(device) ? put_channels(model, device) : put_alone(model, device);
	if (!err && port_is_trunk(device))
		err = remove_stale(model, device);
	return err;
}

int shape_update(struct model *model, struct port *port, struct xbr_error *error)
{
	struct port *device = device_of(port);
	bool is_there = false;
	int err;

	if (!device->ifindex || (!is_wanted(device) && !port_memory(model, device)->shaped_by_us))
		return 0;
	err = look_at_root(model, device, &is_there, error);
	if (err)
		return is_wanted(device) ? err : 0;
	if (!is_wanted(device)) {
		shape_remove(model, device);
		return 0;
	}
	port_memory(model, device)->shaped_by_us = 1; /* before it is done */
	err = make(model, device, is_there);
	if (!err)
		return 0;
	if (!is_there)
		qdisc_root_remove(model->rtnl, (int)device->ifindex, XBR_SHAPE_HANDLE);
	if (err == -ENOENT)
		return xbr_refuse(error, err, "%s cannot be shaped: this kernel has no htb (sch_htb)",
				  device->name);
	return xbr_refuse(error, err, "cannot set up the queues of %s: %s", device->name, strerror(-err));
}

void shape_remove(struct model *model, struct port *port)
{
	struct port *device = device_of(port);
	struct qdisc root;

	if (!device->ifindex || !port_memory(model, device)->shaped_by_us)
		return;
	port_memory(model, device)->shaped_by_us = 0;
	if (qdisc_root(model->rtnl, (int)device->ifindex, &root) || root.handle != XBR_SHAPE_HANDLE ||
	    strcmp(root.kind, "htb"))
		return;
	if (qdisc_root_remove(model->rtnl, (int)device->ifindex, XBR_SHAPE_HANDLE))
		model_log(model, "cannot take the queues of %s away", device->name);
}

int shape_set(struct model *model, struct port *port, const struct shape_settings *before,
	      struct xbr_error *error)
{
	struct shape_settings wanted = port->settings.shape;
	struct xbr_error undone;
	int err = 0;

	if (memcmp(&wanted, before, sizeof(wanted)) != 0)
		err = shape_update(model, port, error);
	if (!err)
		return 0;
	port->settings.shape = *before;
	if (shape_update(model, port, &undone))
		model_log(model, "%s", undone.message);
	return err;
}
