# SPDX-License-Identifier: Apache-2.0
"""What the programs have in them: what the configuration needs, switched under traffic, and loaded at once by the next agent."""

import random
import time

import pytest

from lab import BROADCAST, ethernet, wait_for
from stream import Stream


def loaded(lab):
    return lab.show("version")["features"]


def learn(lab, guest):
    guest.send(ethernet(BROADCAST, guest.mac))
    wait_for(lambda: guest.mac in lab.fdb(), what="the guest learned")




def test_a_plain_bridge_has_no_feature(running):
    running.bridge(running.guests(2))
    assert loaded(running) == []
    assert "features" not in running.xbr("version").stdout


def test_a_setting_brings_its_feature_and_works(running):
    a, b, c = running.guests(3)
    running.bridge([a, b, c])
    running.xbr(f"link set {a.port} isolated on")
    assert loaded(running) == ["edge"]
    assert "edge" in running.xbr("-d version").stdout
    running.xbr(f"link set {b.port} isolated on")
    frame = ethernet(BROADCAST, a.mac)
    with running.listen(b, c) as ears:
        a.send(frame)
        assert ears.copies(frame) == {b: 0, c: 1}


def test_a_dry_run_loads_nothing(running):
    a, b = running.guests(2)
    running.bridge([a, b])
    path = f"{running.folder}/isolated.conf"
    text = running.xbr("save").stdout
    with open(path, "w") as file:
        file.write(text.replace(f"link add dev {a.port} master br0", f"link add dev {a.port} master br0 isolated on"))
    assert "isolated on" in open(path).read()
    running.xbr(f"apply {path} dry-run")
    assert loaded(running) == []
    running.xbr(f"apply {path}")
    assert loaded(running) == ["edge"]


@pytest.mark.parametrize("tc", ["auto", "clsact"])
@pytest.mark.parametrize("xdp", ["off", "auto"])
def test_switching_features_under_traffic_loses_nothing(lab, tc, xdp):
    """Down only an agent's start goes at once; up goes a setting."""
    lab.agent.start("--tc", tc)
    a, b, c = lab.guests(3)
    lab.bridge([a, b, c], link_options=f"xdp {xdp}")
    learn(lab, b)
    with Stream(a, b, rate=10000) as stream:
        for _ in range(5):
            lab.xbr(f"link set {c.port} isolated on")
            assert loaded(lab) == ["edge"]
            time.sleep(random.uniform(0, 0.1))
            lab.xbr(f"link set {c.port} isolated off")
            lab.agent.kill9()
            lab.agent.start("--tc", tc)
    stream.assert_whole(at_least=5000)


def test_an_agent_that_comes_back_has_what_its_maps_need(running):
    a, b, c = running.guests(3)
    running.bridge([a, b, c])
    for guest in (a, b):
        running.xbr(f"link set {guest.port} isolated on")
    running.agent.kill9()
    running.agent.start()
    assert loaded(running) == ["edge"]
    frame = ethernet(BROADCAST, a.mac)
    with running.listen(b, c) as ears:
        a.send(frame)
        assert ears.copies(frame) == {b: 0, c: 1}


def test_another_size_of_the_table_keeps_the_features(running):
    a, b = running.guests(2)
    running.bridge([a, b])
    running.xbr(f"link set {a.port} isolated on")
    running.agent.kill9()
    running.agent.start("--fdb-size", "1000")
    assert loaded(running) == ["edge"]


def test_what_nobody_needs_any_more_goes_in_time(running):
    a, b = running.guests(2)
    running.bridge([a, b])
    learn(running, b)
    running.xbr(f"link set {a.port} isolated on")
    with Stream(a, b, rate=1000) as stream:
        running.xbr(f"link set {a.port} isolated off")
        assert loaded(running) == ["edge"]
        wait_for(lambda: loaded(running) == [], 100, "the feature gone")
    stream.assert_whole(at_least=1000)
