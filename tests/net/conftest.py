# SPDX-License-Identifier: Apache-2.0
"""The fixtures of fixtures.py for all tests here."""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from fixtures import *  # noqa: E402,F401,F403
