# SPDX-License-Identifier: Apache-2.0
"""
How big the BPF programs are: instructions, what the verifier walked, stack. tests/bench/footprint.json says what was last agreed on;
growth beyond a fifth fails. What the kernel makes of a program differs from kernel to kernel, so on another release than the recorded
one only the stack is compared. To agree on more: XBR_FOOTPRINT=write make check-net PYTEST_ARGS='-k footprint'.
"""

import json
import os
import re

from lab import BUILD, ROOT, run

AGREED = os.path.join(ROOT, "tests", "bench", "footprint.json")
GROWTH = 1.2
LOG = re.compile(r"libbpf: prog '(\w+)': -- BEGIN PROG LOAD LOG --\n(.*?)-- END PROG LOAD LOG --", re.DOTALL)
INSTRUCTION = 8  # octets


def stack_of(log):
    """Octets of the program and all its subprograms."""
    return sum(int(depth) for depth in re.search(r"^stack depth ([\d+]+)", log, re.MULTILINE)[1].split("+"))


def footprint(folder):
    """{program: {instructions, verified, stack}} of the object as it is built, every feature in it."""
    said = run("bpftool", "-d", "prog", "loadall", os.path.join(BUILD, "xbr.bpf.o"), folder)
    found = {}
    for name, log in LOG.findall(said.stdout + said.stderr):
        shown = json.loads(run(f"bpftool -j prog show pinned {folder}/{name}").stdout)
        found[name] = {"instructions": shown["bytes_xlated"] // INSTRUCTION,
                       "verified": int(re.search(r"^processed (\d+) insns", log, re.MULTILINE)[1]), "stack": stack_of(log)}
    return found


def release():
    """Such as 6.18."""
    return ".".join(os.uname().release.split(".")[:2])


def compared(agreed):
    return ("instructions", "verified", "stack") if agreed["kernel"] == release() else ("stack",)


def test_no_program_has_grown_beyond_a_fifth(lab):
    found = footprint(os.path.join(lab.bpffs, "footprint"))
    assert {"xbr_xdp", "xbr_tc_port", "xbr_tc_host"} <= set(found)
    if os.environ.get("XBR_FOOTPRINT") == "write":
        with open(AGREED, "w") as file:
            json.dump({"kernel": release(), "programs": found}, file, indent=1, sort_keys=True)
            file.write("\n")
    with open(AGREED) as file:
        agreed = json.load(file)
    programs = agreed["programs"]
    grown = [f"{name}: {values[what]} {what}, {programs[name][what]} agreed on" for name, values in found.items() if name in programs
             for what in compared(agreed) if values[what] > GROWTH * programs[name][what]]
    assert not grown
    assert set(found) == set(programs), "a program came or went: agree on the new footprint"
