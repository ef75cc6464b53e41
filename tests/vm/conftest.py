# SPDX-License-Identifier: Apache-2.0
"""
Tests of what the developers' kernel does not have; vm/check runs them in its guests. The laboratory, its fixtures and the models are those
of tests/net.
"""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "net"))

from fixtures import *  # noqa: E402,F401,F403
