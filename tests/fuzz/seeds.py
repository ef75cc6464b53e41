#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Makes the seeds of tests/fuzz/fuzz_pipeline.c and fuzz_stp.c from captured frames: tests/fuzz/seeds.py CAPTURES...

Each CAPTURE (a pcap file of Ethernet frames) becomes one file of tests/fuzz/corpus/pipeline: a world where everything is as usual, and the
first frames of the capture, each by the next of four ports; captures with tags become another, of a world with VLANs and guards, and captures
with BPDUs in them one of tests/fuzz/corpus/stp, too. The seeds
that are committed were made from the captures of tcpdump's own tests (the-tcpdump-group/tcpdump, tests/, BSD licence): real LLDP, LACP, STP, QinQ and tunnel frames, and malformed ones. It need not be
run again; it is here to tell where the seeds come from.
"""

import struct
import sys
from pathlib import Path

CORPUS = Path(__file__).parent / "corpus" / "pipeline"
STP_CORPUS = Path(__file__).parent / "corpus" / "stp"
BPDU_GROUP = bytes.fromhex("0180c2000000")
TAGS = (b"\x81\0", b"\x88\xa8")
FRAMES = 12
FRAME_MAX = 256
ETHERNET = 1

LEARNING_AND_FLOODING = 0x0F
FORWARDING = 3
HOST_UP = 1
VLAN_FILTERING = 4

PORT = struct.pack("<BBBHBH", LEARNING_AND_FLOODING, FORWARDING, 0, 1500, 0, 0)
HOST = struct.pack("<BBBHBH", 0, FORWARDING, 0, 1500, 0, 0)
WORLD = 5 * PORT + HOST + 2 * struct.pack("<BBBHB", HOST_UP, 0, 100, 0, 6)


def frames_of(capture):
    """The frames of a pcap file of either byte order; none where it is not of Ethernet."""
    octets = capture.read_bytes()
    order = "<" if octets[:4] in (b"\xd4\xc3\xb2\xa1", b"\x4d\x3c\xb2\xa1") else ">"
    if struct.unpack_from(order + "I", octets, 20)[0] & 0xFFFF != ETHERNET:
        return
    at = 24
    while at + 16 <= len(octets):
        length = struct.unpack_from(order + "I", octets, at + 8)[0]
        yield octets[at + 16 : at + 16 + length]
        at += 16 + length


def seed_of(frames):
    records = b""
    for number, frame in enumerate(frames[:FRAMES]):
        frame = frame[:FRAME_MAX]
        records += struct.pack("<BHB", 1 + number % 4, len(frame), 0) + frame
    return WORLD + records


def vlan_seed_of(frames):
    """The same on bridges with VLANs: each port tagged in some, untagged in its PVID, reflecting in one; guards on the last port."""
    world = 5 * PORT + HOST + 2 * struct.pack("<BBBHB", HOST_UP | VLAN_FILTERING, 0, 100, 0, 6)
    vlans = b"".join(struct.pack("<BHHHB", 0x60 + port, 0xFFFE, 1 << port, 2, port) for port in range(1, 7))
    return world + vlans + struct.pack("<BI", 0x54, 0x3F) + seed_of(frames)[len(WORLD):]


def stp_seed_of(frames):
    """Half a second between two frames."""
    bpdus = [frame for frame in frames if frame[:6] == BPDU_GROUP][:FRAMES]
    return b"".join(struct.pack("<BH", 40 + number % 4, len(frame)) + frame for number, frame in enumerate(bpdus))


def main(captures):
    if not captures:
        sys.exit(__doc__)
    CORPUS.mkdir(parents=True, exist_ok=True)
    STP_CORPUS.mkdir(parents=True, exist_ok=True)
    for capture in map(Path, captures):
        frames = list(frames_of(capture))
        if frames:
            (CORPUS / capture.stem).write_bytes(seed_of(frames))
            if any(frame[12:14] in TAGS for frame in frames[:FRAMES]):
                (CORPUS / (capture.stem + "-vlan")).write_bytes(vlan_seed_of(frames))
            if stp_seed_of(frames):
                (STP_CORPUS / capture.stem).write_bytes(stp_seed_of(frames))
        else:
            print(f"{capture}: no Ethernet frames, no seed", file=sys.stderr)


main(sys.argv[1:])
