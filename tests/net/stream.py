# SPDX-License-Identifier: Apache-2.0
"""
A paced stream of numbered frames between two guests, counted one by one: which were lost, which came twice.

    with Stream(a, b, rate=10000) as stream:
        ...                             # whatever must not disturb it
    assert stream.result() == Result(sent, lost=0, doubled=0)

The two ends are processes of their own (this file is their program), since a test's interpreter is busy with the test.
"""

import collections
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import time

ETHERTYPE = 0x88b6  # local experimental, the second (802, 9.2.3): not that of the laboratory's other frames
MAGIC = b"xbr-stream"
HEAD = struct.Struct("!6s6sH10sI")
LENGTH = 60
BURST = 64  # frames at once, where the machine was late
SO_RCVBUFFORCE = 33
SOL_PACKET = 263
PACKET_STATISTICS = 6

Result = collections.namedtuple("Result", "sent lost doubled")


def packet_socket(dev, protocol):
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(protocol))
    sock.bind((dev, protocol))
    return sock


def stop_on_sigterm():
    stop = []
    signal.signal(signal.SIGTERM, lambda *_: stop.append(True))
    return stop


def send(dev, dst, src, rate, ethertype):
    """Sends until SIGTERM, `rate` frames a second on average; prints how many."""
    stop, sock, sent = stop_on_sigterm(), packet_socket(dev, 0), 0
    destination, source = bytes.fromhex(dst), bytes.fromhex(src)
    print("ready", flush=True)
    start = time.monotonic()
    while not stop:
        due = min(int((time.monotonic() - start) * rate) - sent, BURST)
        for number in range(sent, sent + due):
            sock.send(HEAD.pack(destination, source, ethertype, MAGIC, number).ljust(LENGTH, b"\0"))
        sent += max(due, 0)
        time.sleep(0.001)
    print(json.dumps(sent))


def receive(dev, wanted):
    """Counts until SIGTERM and then until it is quiet; prints {number: copies} of all that came not just once, and how many numbers came."""
    stop, sock = stop_on_sigterm(), packet_socket(dev, wanted)
    sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 64 << 20)
    sock.settimeout(0.2)
    copies = bytearray(1 << 20)
    print("ready", flush=True)
    while True:
        try:
            frame = sock.recv(LENGTH)
        except socket.timeout:
            if stop:
                break
            continue
        _dst, _src, ethertype, magic, number = HEAD.unpack_from(frame)
        if ethertype == wanted and magic == MAGIC:
            copies[number] += 1
    _packets, dropped = struct.unpack("II", sock.getsockopt(SOL_PACKET, PACKET_STATISTICS, 8))
    print(json.dumps({"came": sum(1 for n in copies if n), "doubled": sum(1 for n in copies if n > 1), "dropped_here": dropped}))


class Stream:
    """Runs between guests a and b (to b's address, or another), from __enter__ to stop()."""

    def __init__(self, a, b, rate=10000, dst=None, src=None, ethertype=ETHERTYPE):
        self.dst, self.src = ((mac or guest.mac).replace(":", "") for mac, guest in ((dst, b), (src, a)))
        self.a, self.b, self.rate, self.ethertype, self.outcome = a, b, rate, str(ethertype), None

    def _start(self, guest, *words):
        process = guest.popen(sys.executable, os.path.abspath(__file__), *words, stdout=subprocess.PIPE, text=True)
        assert process.stdout.readline() == "ready\n"
        return process

    def __enter__(self):
        self.receiver = self._start(self.b, "receive", "eth0", self.ethertype)
        self.sender = self._start(self.a, "send", "eth0", self.dst, self.src, str(self.rate), self.ethertype)
        return self

    def stop(self):
        sent = json.loads(self._end(self.sender))
        got = json.loads(self._end(self.receiver))
        assert got["dropped_here"] == 0, "the receiver's own socket overflowed: nothing can be said of the bridge"
        self.outcome = Result(sent, sent - got["came"], got["doubled"])

    @staticmethod
    def _end(process):
        os.kill(process.pid, signal.SIGTERM)
        return process.communicate(timeout=30)[0]

    def __exit__(self, *_):
        if self.outcome is None:
            self.stop()

    def assert_whole(self, at_least):
        """None lost, none doubled, and the stream was one of at least so many frames."""
        assert self.outcome.sent >= at_least
        assert (self.outcome.lost, self.outcome.doubled) == (0, 0), self.outcome


if __name__ == "__main__":
    {"send": lambda: send(sys.argv[2], sys.argv[3], sys.argv[4], float(sys.argv[5]), int(sys.argv[6])),
     "receive": lambda: receive(sys.argv[2], int(sys.argv[3]))}[sys.argv[1]]()
