# SPDX-License-Identifier: Apache-2.0
"""
Runs in machines: random octets by TCP, and their digest printed at both ends.

    carry.py serve                  takes one connection at port 5000
    carry.py send ADDRESS OCTETS
"""

import hashlib
import os
import socket
import sys
import time

PORT, PIECE = 5000, 1 << 18


def serve():
    digest = hashlib.sha256()
    with socket.create_server(("", PORT)) as listener:
        listener.settimeout(50)
        with listener.accept()[0] as peer:
            peer.settimeout(50)
            while piece := peer.recv(PIECE):
                digest.update(piece)
    return digest


def connect(address):
    end = time.monotonic() + 20
    while True:
        try:
            return socket.create_connection((address, PORT), timeout=50)
        except ConnectionRefusedError:
            if time.monotonic() > end:
                raise
            time.sleep(0.1)


def send(address, octets):
    data, digest = os.urandom(octets), hashlib.sha256()
    with connect(address) as peer:
        peer.sendall(data)
    digest.update(data)
    return digest


print((serve() if sys.argv[1] == "serve" else send(sys.argv[2], int(sys.argv[3]))).hexdigest())
