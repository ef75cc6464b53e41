# SPDX-License-Identifier: Apache-2.0
"""Two machines on a bridge, booted once for all tests. The laboratory is that of tests/net."""

import os
import sys

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "net")]

from lab import Lab, wait_for  # noqa: E402
from machine import Machine  # noqa: E402


@pytest.fixture(scope="session")
def pair():
    """(laboratory, machine, machine): running, with addresses, and no bridge yet."""
    lab = Lab()
    try:
        lab.agent.start()
        with Machine(lab, 1) as one, Machine(lab, 2) as two:
            yield lab, one.ready(), two.ready()
    finally:
        lab.close()


@pytest.fixture
def bridge(pair):
    """bridge(options, link_options): the machines on a new bridge br0 of xbr's. It goes with the test."""
    lab, one, two = pair

    def make(options="", link_options=""):
        lab.bridge([one, two], options=options, link_options=link_options)
        wait_for(lambda: one.ping(two.ip, count=1) or options, 20, "the first echo")
        return lab, one, two
    yield make
    lab.xbr("bridge del br0", check=False)
