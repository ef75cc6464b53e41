# SPDX-License-Identifier: Apache-2.0
"""Fixtures of tests/net and tests/vm: a laboratory for each test (lab), one with its agent running (running), and one with a bridge of two guests (pair)."""

import faulthandler
import os
import signal
import threading

import pytest

from lab import Lab

__all__ = ["bounded", "lab", "pair", "pytest_runtest_makereport", "running"]

TEST_SECONDS = 150  # far more than any test takes: one that hangs is ended, and says where


@pytest.fixture(autouse=True)
def bounded():
    if threading.current_thread() is not threading.main_thread():  # where a worker of xdist runs tests now and then: no signal comes there
        faulthandler.dump_traceback_later(TEST_SECONDS, exit=True)
        yield
        faulthandler.cancel_dump_traceback_later()
        return

    def ring(_signal, _frame):
        raise TimeoutError(f"the test did not end within {TEST_SECONDS} s")
    signal.signal(signal.SIGALRM, ring)
    signal.alarm(TEST_SECONDS)
    yield
    signal.alarm(0)


@pytest.fixture
def lab():
    laboratory = Lab()
    yield laboratory
    laboratory.close()


@pytest.fixture
def running(lab):
    lab.agent.start()
    return lab


@pytest.fixture
def pair(running):
    """Two guests on a bridge that know each other's address."""
    g1, g2 = running.guests(2)
    running.bridge([g1, g2])
    for guest in (g1, g2):
        running.xbr(f"fdb add {guest.mac} dev {guest.port} static")
    return running, g1, g2


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item):
    """A failed test shows what its agent said."""
    report = (yield).get_result()
    laboratory = item.funcargs.get("lab") if hasattr(item, "funcargs") else None
    if report.failed and laboratory and os.path.exists(laboratory.agent.log):
        report.sections.append(("xbrd", laboratory.agent.read_log()))
