# SPDX-License-Identifier: Apache-2.0
"""
What devices do by themselves, as configuration: on veth pairs, which have features and queues but no virtual functions. Those, and the
switch of a NIC, are in tests/vm/test_offload_sim.py.
"""

import json
import re
import signal
import subprocess

import pytest

from lab import XBR, run, wait_for
from test_detach import in_the_end, outside


def features(lab, dev):
    """{name: on?} as ethtool -k has it."""
    return {name.strip(): value.strip().startswith("on")
            for name, value in re.findall(r"^([\w-]+): (.*)$", lab.host(f"ethtool -k {dev}").stdout, re.M)}


def queues(lab, dev, kind):
    return int(re.findall(rf"^{kind}:\s+(\d+)", lab.host(f"ethtool -l {dev}").stdout, re.M)[-1])


def show(lab, dev):
    return lab.show(f"offload show dev {dev}")[0]


def configured(lab, dev):
    return {each["value"]: each["state"] for each in show(lab, dev).get("configured", [])}


def refused(lab, command, *words):
    return lab.refused(command, *words, beside=lambda: outside(lab))


def test_show_says_what_ethtool_says(running):
    running.guest(queues=2)
    device = show(running, "v1")
    said = features(running, "v1")
    for name, state in device["features"].items():
        assert state["active"] == said[name], name
    assert device["channels"]["rx"] == {"count": 2, "max": 2}
    assert device["ifname"] == "v1" and "configured" not in device and "num_vf" not in device
    text = running.xbr("offload show dev v1").stdout
    assert "    tcp-segmentation-offload: on\n" in text and "rx-vlan-filter: off [fixed]" in text
    assert "no device v9" in running.xbr("offload show dev v9", check=False).stderr


def test_what_is_set_is_so_and_unset_gives_it_back(running):
    running.guest(queues=2)
    before = outside(running)
    running.xbr("offload set dev v1 tso off gro on tx-checksum off rx-queues 1")
    now = features(running, "v1")
    assert not now["tcp-segmentation-offload"] and now["generic-receive-offload"] and not now["tx-checksumming"]
    assert queues(running, "v1", "RX") == 1
    assert configured(running, "v1") == {"tso off": "holds", "gro on": "holds", "tx-checksum off": "holds", "rx-queues 1": "holds"}
    running.xbr("offload unset dev v1 tso gro")
    assert configured(running, "v1") == {"tx-checksum off": "holds", "rx-queues 1": "holds"}
    running.xbr("offload unset dev v1")
    in_the_end(running, before)
    assert "is not set by xbr" in running.xbr("offload unset dev v1 tso", check=False).stderr


def test_detach_gives_everything_back(running):
    running.guests(2)
    before = outside(running)
    running.bridge(running.made)
    running.xbr("offload set dev v1 tso off gro on")
    running.xbr("offload set dev v2 tx-checksum off")
    running.agent.end()
    assert running.agent.run("--detach").returncode == 0
    in_the_end(running, before)


def test_a_killed_agent_s_settings_are_given_back_by_the_next(running):
    running.guest()
    before = outside(running)
    running.xbr("offload set dev v1 tso off")
    running.agent.kill9()
    running.host("ethtool -K v1 tso on")
    running.agent.start()
    assert not features(running, "v1")["tcp-segmentation-offload"]  # what nobody guarded meanwhile is mended
    running.xbr("offload unset dev v1 tso")
    in_the_end(running, before)


def test_a_configuration_has_it(running, tmp_path):
    running.guest()
    before = outside(running)
    path = tmp_path / "conf"
    running.xbr("offload set dev v1 lro off tso off")
    assert "offload set dev v1 tso off lro off" in running.xbr("save").stdout
    path.write_text(running.xbr("save").stdout)
    assert "changed 0" in running.xbr(f"apply {path}").stdout or running.xbr(f"apply {path} dry-run").returncode == 0
    path.write_text("")
    running.xbr(f"apply {path}")
    in_the_end(running, before)


def test_a_configuration_at_start_waits_for_its_device(lab, tmp_path):
    path = tmp_path / "conf"
    path.write_text("offload set dev v1 tso off\n")
    lab.agent.config = str(path)
    lab.agent.start()
    assert "no device v1" in lab.xbr("offload show dev v1", check=False).stderr
    lab.guest()
    wait_for(lambda: not features(lab, "v1")["tcp-segmentation-offload"], what="the setting of the device that came")
    wait_for(lambda: configured(lab, "v1") == {"tso off": "holds"}, what="the state")
    run(f"ip -n {lab.ns} link del v1")
    lab.guest(number=7)
    run(f"ip -n {lab.ns} link set v7 down")
    run(f"ip -n {lab.ns} link set v7 name v1")
    wait_for(lambda: not features(lab, "v1")["tcp-segmentation-offload"], what="the setting of another device of the name")


def test_all_or_nothing(running):
    running.guests(2)
    # the last one is refused after the others were done: the driver's word comes when it is tried
    refused(running, "offload set dev v1 tso off gro on rx-queues 64", "rx-queues 64 of v1 is out of range: 1 to")
    refused(running, "offload set dev v1 tso off rx-vlan-filter on", "rx-vlan-filter of v1 is fixed at off")
    refused(running, "offload set dev v1 combined 2", "v1 has no channels of the kind combined")
    refused(running, "offload set dev v1 hwmode vepa", "hwmode of v1", "its driver does not support it")
    refused(running, "offload set dev v1 tso off eswitch switchdev", "eswitch of v1", "its driver does not support it")
    refused(running, "offload set dev v9 tso off", "there is no device v9")
    refused(running, "offload set dev v1", "nothing to set")
    refused(running, "offload set dev v1 tso maybe", "maybe")


def test_a_step_that_the_driver_refuses_takes_the_others_back(running):
    """A veth with XDP must keep as many receive queues as its peer has for sending: only the driver knows."""
    running.guest(queues=2)
    running.bridge(running.made, link_options="xdp native")
    before = outside(running)
    done = running.xbr("offload set dev v1 tso off gso off rx-queues 1", check=False)
    if done.returncode == 0:
        pytest.skip("this kernel takes it")
    assert "rx-queues of v1 cannot be set" in done.stderr
    in_the_end(running, before)
    assert configured(running, "v1") == {}


def test_no_virtual_functions_here(running):
    running.guest()
    refused(running, "vf set dev v1 vf 0 mac 02:00:00:00:00:09", "v1 has no virtual functions", "sriov_numvfs")
    refused(running, "vf set dev v9 vf 0 trust on", "there is no device v9")
    refused(running, "vf set dev v1 vf 0 mac 01:00:00:00:00:09", "unicast")
    refused(running, "vf set dev v1 vf 0 qos 3", "need a vlan")
    refused(running, "vf set dev v1 vf 0 min_tx_rate 5 max_tx_rate 2", "min_tx_rate 5 is more than max_tx_rate 2")
    running.bridge([])
    refused(running, "link add dev v1 type vf vf 0 master br0", "v1 has no virtual functions")
    refused(running, "link add dev v1 type vf master br0", "type vf needs dev")
    refused(running, "link add dev v1 vf 0 master br0", "vf")
    assert "no virtual functions" in running.xbr("vf show dev v1", check=False).stderr
    assert running.show("vf show") == []


def test_a_setting_that_is_lost_is_told_and_done_again(running):
    running.guest()
    running.xbr("offload set dev v1 tso off")
    monitor = subprocess.Popen([XBR, "--socket", running.agent.socket, "-j", "monitor", "offload"], stdout=subprocess.PIPE, text=True)
    running.processes.append(monitor)
    wait_for(lambda: running.xbr("version").returncode == 0)
    running.host("ethtool -K v1 tso on")
    event = json.loads(monitor.stdout.readline())
    assert (event["object"], event["event"], event["ifname"]) == ("offload", "mismatch", "v1")
    assert (event["configured"], event["reported"], event["outcome"]) == ("tso off", "tso on", "done again")
    wait_for(lambda: not features(running, "v1")["tcp-segmentation-offload"])
    for _ in range(6):  # who insists wins
        running.host("ethtool -K v1 tso on")
        running.xbr("version")
    wait_for(lambda: configured(running, "v1") == {"tso off": "differs"}, what="giving up")
    assert features(running, "v1")["tcp-segmentation-offload"]
    assert "somebody insists" in running.agent.read_log()
    running.xbr("offload set dev v1 tso off")
    assert configured(running, "v1") == {"tso off": "holds"}
    monitor.send_signal(signal.SIGTERM)


def test_what_xdp_keeps_off_is_not_turned_on(running):
    running.guest()
    before = outside(running)
    running.bridge(running.made, link_options="xdp native")
    if running.show("link show dev v1")[0]["hook"]["rx"] != "xdp":
        pytest.skip("no native XDP on veth here")
    refused(running, "offload set dev v1 rxvlan on", "rxvlan of v1 stays off while native XDP is on it")
    running.xbr("offload set dev v1 rxvlan off")
    running.xbr("link set dev v1 xdp off")
    assert not features(running, "v1")["rx-vlan-offload"]
    running.xbr("offload unset dev v1 rxvlan")
    running.xbr("bridge del br0")
    in_the_end(running, before)


def test_without_the_capability_it_is_refused_with_a_sentence(lab):
    lab.guest()
    lab.agent.wrapper = ["setpriv", "--bounding-set=-net_admin", "--inh-caps=-net_admin"]
    lab.agent.start(wait=False)
    try:
        wait_for(lab.agent.answers, 10)
    except AssertionError:
        pytest.skip("the agent does not start without CAP_NET_ADMIN")
    assert "not permitted" in lab.xbr("offload set dev v1 tso off", check=False).stderr


def test_nothing_is_offered_to_a_device_of_no_switch(pair):
    """Rules and addresses that a NIC's switch would be offered, see tests/vm/test_offer_sim.py."""
    lab, a, _b = pair
    lab.xbr("acl add guest deny src_ip 10.1.0.1")
    lab.xbr(f"acl bind guest dev {a.port} in")
    assert not any("offloaded" in rule for rule in lab.show("acl show guest")[0]["rules"])
    assert not any("offloaded" in entry["flags"] for entry in lab.show("fdb show"))
    assert "flower" not in lab.host(f"tc filter show dev {a.port} ingress").stdout
