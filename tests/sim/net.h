/* SPDX-License-Identifier: Apache-2.0 */
/*
 * net: a network of spanning tree engines (agent/proto/stp.h) in simulated time. Bridges have ports, LANs
 * join ports: two make a point-to-point link, more a shared one. Frames take time; LANs are cut and mended;
 * an agent dies and comes back, while its bridge goes on with the states it had.
 *
 * After every event the network looks for a loop: a circle of bridges and LANs all of whose ports on it
 * forward, in any tree. A frame could go round it, so it is a fault at whatever instant, and is counted.
 */
#ifndef XBR_SIM_NET_H
#define XBR_SIM_NET_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/stp.h"

#define SIM_BRIDGES 128
#define SIM_LANS    512
#define SIM_PORTS   32 /* of a bridge, from 1 */
#define SIM_ENDS    8  /* of a LAN */
#define SIM_TREES   (1 + STP_MSTI_MAX)

struct sim;

struct sim_bridge {
	struct sim *sim;
	char name[16];
	struct stp_bridge *engine; /* NULL: its agent is dead */
	struct stp_bridge_config config;
	bool crashed; /* the bridge itself is off: nothing comes, goes or forwards */
	struct {
		bool used;
		int lan; /* -1: none */
		struct stp_port_config config;
		enum stp_state state[SIM_TREES]; /* by MSTID */
		unsigned int flushes;
		struct stp_frozen frozen;
	} ports[SIM_PORTS];
	unsigned int mstis; /* MSTIDs 1 to this */
	uint16_t msti_priority[SIM_TREES];
};

struct sim_lan {
	unsigned int ends;
	struct {
		unsigned int bridge;
		uint16_t port;
	} end[SIM_ENDS];
	bool cut;
	uint64_t delay; /* ms a frame takes */
};

struct sim_frame {
	uint64_t due, serial;
	unsigned int bridge;
	uint16_t port;
	int lan;
	uint64_t cuts; /* of the LAN, when it was sent: what was on a LAN that was cut is lost */
	size_t length;
	uint8_t octets[STP_BPDU_MAX];
};

struct sim {
	uint64_t now, serial;
	unsigned int bridge_count, lan_count;
	struct sim_bridge bridges[SIM_BRIDGES];
	struct sim_lan lans[SIM_LANS];
	uint64_t lan_cuts[SIM_LANS];
	struct sim_frame **frames; /* in flight: a heap */
	unsigned int frame_count, frame_room;
	bool states_changed;
	uint64_t changed_at; /* the last change of a state of a port that leads to a bridge */
	uint64_t event_at;   /* the last event from outside */
	uint64_t loops;      /* instants with a loop */
	uint64_t loop_at;    /* the last of them */
	uint64_t sent;       /* BPDUs */
};

struct sim *sim_new(void);
void sim_free(struct sim *sim);

/* -1: no room, or a name that is taken. */
int sim_bridge_add(struct sim *sim, const char *name, const struct stp_bridge_config *config);
int sim_bridge_find(const struct sim *sim, const char *name);
/* A port, if it is not there yet. */
void sim_port(struct sim *sim, unsigned int bridge, uint16_t port);
/* Joins ports, whose link goes up. Returns the number of the LAN; -1: no room. */
int sim_lan_add(struct sim *sim, unsigned int ends, const unsigned int bridge[], const uint16_t port[],
		uint64_t delay);
/* A port with nothing behind that speaks. */
void sim_host_add(struct sim *sim, unsigned int bridge, uint16_t port);
void sim_lan_set(struct sim *sim, int lan, bool cut);
void sim_port_set(struct sim *sim, unsigned int bridge, uint16_t port, const struct stp_port_config *config);
void sim_bridge_crash(struct sim *sim, unsigned int bridge, bool crashed);
/* The agent dies (kill -9), and another one takes up what it left. */
void sim_agent_dies(struct sim *sim, unsigned int bridge);
void sim_agent_returns(struct sim *sim, unsigned int bridge);
void sim_msti_add(struct sim *sim, unsigned int bridge, uint16_t priority);

/* Lets time pass. */
void sim_run(struct sim *sim, uint64_t ms);

/* Does every pair of bridges and LANs that are connected have one way between them that forwards, in this
 * tree? */
bool sim_is_tree(const struct sim *sim, uint16_t mstid);
/* Runs of engines that the step bound ended. */
uint64_t sim_overruns(const struct sim *sim);

#endif
