# SPDX-License-Identifier: Apache-2.0
"""Fixtures: a laboratory for each test (lab), and one with its agent running (running)."""

import os
import sys

import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from lab import Lab  # noqa: E402


@pytest.fixture
def lab():
    laboratory = Lab()
    yield laboratory
    laboratory.close()


@pytest.fixture
def running(lab):
    lab.agent.start()
    return lab


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item):
    """A failed test shows what its agent said."""
    report = (yield).get_result()
    laboratory = item.funcargs.get("lab") if hasattr(item, "funcargs") else None
    if report.failed and laboratory and os.path.exists(laboratory.agent.log):
        report.sections.append(("xbrd", laboratory.agent.read_log()))
