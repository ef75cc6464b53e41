# SPDX-License-Identifier: Apache-2.0
"""Configurations: save and apply are each other's inverse, apply is all or nothing, and files are told about by line and column."""

import json
import os
import re
import stat

import pytest

from lab import pinging, run, wait_for

RICH = """\
# every option, at a value that is not its default
xbr bridge add br0 ageing_time 60s fdb_max_learned 500 group_fwd_mask 0x4000 address 02:00:00:00:aa:01
bridge add br1 \\
    ageing_time 0
link add v1 master br0 learning off flood off mcast_flood off bcast_flood off hairpin on isolated on \\
\tgroup_fwd_mask 0x1 fdb_max_learned 7 xdp off
link add "v2" master 'br0' xdp auto\r
link add v3 master br1   # a comment behind a command

fdb add 02:00:00:00:bb:01 dev v1 static
fdb add 02:00:00:00:bb:02 dev v1 sticky static
fdb add 02:00:00:00:bb:03 dev v2 blackhole
fdb add 02:00:00:00:bb:04 dev v2 permanent
fdb add 02:00:00:00:bb:05 dev br0 permanent
fdb add 02:00:00:00:bb:01 dev v3
"""

PLAIN = """\
bridge add br0
link add v1 master br0
link add v2 master br0
fdb add 02:00:00:00:bb:01 dev v1
"""


def write(lab, text, name="new.conf"):
    path = os.path.join(lab.folder, name)
    with open(path, "w", newline="") as file:
        file.write(text)
    return path


def apply(lab, text, words="", check=True):
    """Applies a configuration; returns the number of changes, or the failed process."""
    done = lab.xbr(["-j", "apply", write(lab, text), *words.split()], check=check)
    return json.loads(done.stdout)["changed"] if done.returncode == 0 else done


def save(lab):
    return lab.xbr("save").stdout


def lasting(value):
    """JSON without what changes by itself: timers, ages, and the operstate, which the kernel tells late."""
    if isinstance(value, list):
        return [lasting(item) for item in value]
    if isinstance(value, dict):
        return {key: lasting(item) for key, item in value.items()
                if not key.endswith("_timer") and key not in ("used", "updated", "operstate")}
    return value


def state(lab):
    """All that a refused configuration must leave as it is."""
    links = lasting(json.loads(lab.host("ip -j -d link show").stdout))
    fdb = sorted(json.dumps(lasting(entry)) for entry in lab.fdb().values())
    return links, fdb, save(lab), lasting(lab.show("link show")), lasting(lab.show("bridge show"))


def links_of(shown):
    return {link["ifname"]: link for link in shown}


# ---- there and back ----


def test_a_configuration_with_every_option_is_made_true(running):
    running.guests(3)
    assert apply(running, RICH) == 2 + 3 + 6
    links = links_of(running.show("link show"))
    v1 = links["v1"]
    assert [v1[k] for k in ("learning", "flood", "mcast_flood", "bcast_flood", "hairpin", "isolated")] == [False] * 4 + [True] * 2
    assert (v1["group_fwd_mask"], v1["fdb_max_learned"], v1["hook"]["xdp"]) == ("0x1", 7, "off")
    assert (links["v2"]["master"], links["v3"]["master"]) == ("br0", "br1")
    bridges = links_of(running.show("bridge show"))
    assert bridges["br0"]["address"] == "02:00:00:00:aa:01"
    info = bridges["br0"]["linkinfo"]["info_data"]
    assert (info["ageing_time"], info["fdb_max_learned"], info["group_fwd_mask"]) == (6000, 500, "0x4000")
    assert bridges["br1"]["linkinfo"]["info_data"]["ageing_time"] == 0
    entries = {(e["mac"], e["master"]): (e["ifname"], e["state"], e["flags"]) for e in json.loads(running.xbr("-j fdb show").stdout)}
    assert entries["02:00:00:00:bb:01", "br0"] == ("v1", "static", [])
    assert entries["02:00:00:00:bb:01", "br1"] == ("v3", "static", [])
    assert entries["02:00:00:00:bb:02", "br0"] == ("v1", "static", ["sticky"])
    assert entries["02:00:00:00:bb:03", "br0"] == ("v2", "blackhole", [])
    assert entries["02:00:00:00:bb:04", "br0"] == ("v2", "permanent", [])
    assert entries["02:00:00:00:bb:05", "br0"] == ("br0", "permanent", [])


def test_what_was_saved_changes_nothing_when_applied(running):
    running.guests(4)
    apply(running, RICH)
    running.host("ip link set v4 master br1")  # somebody else's port
    wait_for(lambda: "v4" in links_of(running.show("link show")), what="v4 a port")
    before = state(running)
    assert "v4" not in before[2]
    assert apply(running, before[2]) == 0
    assert state(running) == before


def test_a_saved_configuration_restores_itself_from_nothing(running):
    running.guests(3)
    apply(running, RICH)
    saved = save(running)
    for bridge in ("br0", "br1"):
        running.xbr(f"bridge del {bridge}")
    assert save(running) == ""
    assert apply(running, saved) > 0
    assert sorted(save(running).splitlines()) == sorted(saved.splitlines())
    assert apply(running, saved) == 0


def test_an_empty_configuration_removes_everything(running):
    running.guests(2)
    before = running.host("ip -j -d link show").stdout
    apply(running, PLAIN)
    assert apply(running, "# nothing\n") > 0
    assert save(running) == "" and running.show("link show") == []

    def links(text):
        return {link["ifname"]: (link.get("master"), link.get("linkinfo"), link["promiscuity"]) for link in json.loads(text)}
    assert links(running.host("ip -j -d link show").stdout) == links(before)


def test_only_what_differs_is_touched(running):
    a, b, c = running.guests(3)
    apply(running, PLAIN)
    run(f"ip -n {running.ns} link set br0 up")
    running.wait_forwarding("v1", "v2")
    a.address(), b.address()
    assert a.ping(b.ip)
    ports = {name: link["port"] for name, link in links_of(running.show("link show")).items()}
    assert apply(running, PLAIN + "link add v3 master br0\nlink set v1 hairpin on\n") == 2
    assert running.fdb(state="")[a.mac]["ifname"] == "v1"  # what was learned is still there
    now = {name: link["port"] for name, link in links_of(running.show("link show")).items()}
    assert {name: now[name] for name in ports} == ports
    assert b.ping(a.ip)


def test_a_port_moves_to_another_bridge(running):
    running.guests(2)
    apply(running, PLAIN)
    running.host("ip link add name w1 type veth peer name w2")
    running.host("ip link set w1 master br0")  # not by xbr
    wait_for(lambda: "w1" in links_of(running.show("link show")), what="w1 a port")
    moved = "bridge add br1\nbridge add br0\nlink add v1 master br1\nlink add w1 master br1\n"
    apply(running, moved)
    links = links_of(running.show("link show"))
    assert {name: link["master"] for name, link in links.items()} == {"v1": "br1", "w1": "br1"}
    kernel = {link["ifname"]: link.get("master") for link in json.loads(running.host("ip -j link show").stdout)}
    assert (kernel["v1"], kernel["w1"], kernel["v2"]) == ("br1", "br1", None)
    assert apply(running, save(running)) == 0


def test_a_thousand_addresses(running):
    running.guests(2)
    lines = [f"fdb add 02:00:00:01:{i >> 8:02x}:{i & 255:02x} dev v{1 + i % 2} static" for i in range(1000)]
    text = PLAIN.replace("fdb", "#fdb") + "\n".join(lines) + "\n"
    assert apply(running, text) == 3 + 1000
    assert len(running.fdb(state="static")) == 1000
    assert apply(running, save(running)) == 0
    assert apply(running, PLAIN.replace("fdb", "#fdb")) == 1000
    assert running.fdb(state="static") == {}


# ---- all or nothing ----

REFUSED = {
    "link add nosuch master br0": (r"\d+:1: there is no device nosuch", 1),
    "link add v9 master nosuch": (r"\d+:1: nosuch is not a bridge of xbr", 1),
    "link add v1 master br0": (r"\d+:1: v1 is already a port of br0", 1),
    "link add lo master br0": (r"\d+:1: lo is the loopback device", 1),
    "link add tun0 master br0": (r"\d+:1: tun0 is not an Ethernet device", 1),
    "link add kb0 master br0": (r"\d+:1: kb0 is a bridge itself", 1),
    "link add k1 master br0": (r"\d+:1: k1 belongs to kb0", 1),
    "link set v3 hairpin on": (r"\d+:1: v3 is not a port of any bridge of xbr", 1),
    "bridge add br0": (r"\d+:1: br0 is already a bridge", 1),
    "bridge add v3": (r"\d+:1: v3 is there already, and is not a bridge device", 1),
    "fdb add 02:00:00:00:bb:01 dev v2": (r"\d+:1: the address is already tied to v1", 1),
    "fdb add 02:00:00:00:bb:02 dev v3": (r"\d+:1: v3 is not a port of any bridge of xbr", 1),
    "fdb add 00:00:00:00:00:00 dev v1": (r"\d+:1: only a unicast address, not zero,", 1),
    "fdb add 33:33:00:00:00:01 dev v1": (r"\d+:1: only a unicast address, not zero,", 1),
    "fdb add 02:00:00:00:bb:02 dev br0 static": (r"\d+:1: br0 is the bridge itself", 1),
    "fdb add 02:00:00:00:bb:02 dev v1 dynamic": (r"\d+:1: a dynamic address is no part of a configuration", 1),
    "link del v1": (r"\d+:1: link.del cannot be part of a configuration", 1),
    "lnik add v3 master br0": (r"\d+:1: 'lnik' is no object; did you mean link", 2),
    "link add v3 master br0 hairpin maybe": (r"\d+:32: 'maybe' is no value of hairpin", 2),
    "link add v3 master br0 hairpni on": (r"\d+:24: 'hairpni' is no option of link add; did you mean hairpin", 2),
    "link add v3 master br0 group_fwd_mask 2": (r"\d+:39: '2' is out of range", 2),
    "bridge add br1 ageing_time 100000001": (r"\d+:28: '100000001' is out of range", 2),
    "link add 'v3 master br0": (r"\d+:10: a quote that does not end in its line", 2),
    "monitor": (r"\d+:1: this command has no place in a file", 2),
}


def test_an_error_in_the_last_line_leaves_everything_as_it_is(running):
    a, b, _ = running.guests(3)
    running.host("ip tuntap add tun0 mode tun")
    running.host("ip link add kb0 type bridge")
    running.host("ip link add k1 type veth peer name k2")
    running.host("ip link set k1 master kb0")
    apply(running, PLAIN)
    run(f"ip -n {running.ns} link set br0 up")
    a.address(), b.address()
    wait_for(lambda: a.ping(b.ip, count=1), what="the first echo")
    before = state(running)
    with pinging(a, b.ip):
        for line, (sentence, status) in REFUSED.items():
            text = PLAIN + line + "\n"
            done = apply(running, text, check=False)
            assert (done.returncode, done.stdout) == (status, ""), line
            assert re.search(rf"^xbr: {running.folder}/new\.conf:5:" + sentence.replace(r"\d+:", "", 1), done.stderr), (line, done.stderr)
            assert not done.stderr.rstrip("\n").endswith("."), done.stderr
    assert state(running) == before


def foreign_xdp(lab, dev):
    """Somebody else's XDP program on a device."""
    source = os.path.join(lab.folder, "foreign.c")
    with open(source, "w") as file:
        file.write('__attribute__((section("xdp"), used)) int foreign(void *ctx) { return 2; }\n'
                   'char _license[] __attribute__((section("license"), used)) = "GPL";\n')
    run("clang", "-target", "bpf", "-O2", "-g", "-c", source, "-o", source + ".o")
    lab.host(f"ip link set dev {dev} xdp obj {source}.o sec xdp")


def test_a_step_that_fails_late_undoes_all_before_it(running):
    a, b, _ = running.guests(3)
    apply(running, PLAIN)
    run(f"ip -n {running.ns} link set br0 up")
    run(f"ip -n {running.ns} addr add 10.0.9.9/16 dev br0")
    running.wait_forwarding("v1", "v2")
    a.address()
    assert a.ping("10.0.9.9")
    foreign_xdp(running, "v3")
    before = state(running)
    # v2 and br0's address go, br1 comes; the last port cannot have what it asks for
    done = apply(running, "bridge add br1\nlink add v1 master br1\nlink add v3 master br1 xdp native\n", check=False)
    assert done.returncode == 1
    assert "new.conf:3:1: " in done.stderr and "foreign" in done.stderr, done.stderr
    after = state(running)
    assert after[2] == before[2]
    assert [link["ifname"] for link in after[0]] == [link["ifname"] for link in before[0]]
    assert "xdp" in links_of(after[0])["v3"]  # theirs is still there
    assert "10.0.9.9" in running.host("ip addr show dev br0").stdout
    running.wait_forwarding("v1", "v2")
    assert a.ping("10.0.9.9")


def test_a_dry_run_counts_and_touches_nothing(running):
    running.guests(3)
    apply(running, PLAIN)
    before = state(running)
    assert apply(running, RICH, "dry-run") > 0
    assert state(running) == before
    assert apply(running, PLAIN, "dry-run") == 0
    refused = apply(running, "bridge add br0\nlink add nosuch master br0\n", "dry-run", check=False)
    assert (refused.returncode, "there is no device nosuch" in refused.stderr) == (1, True)


def test_without_confirmation_the_former_configuration_comes_back(running):
    running.guests(3)
    apply(running, PLAIN)
    before = state(running)
    assert apply(running, RICH, "confirm 6s") > 0
    assert "br1" in save(running)
    wait_for(lambda: save(running) == before[2], 40, "the former configuration")
    assert "was not confirmed" in running.agent.read_log()


def test_confirm_keeps_the_new_configuration(running):
    running.guests(3)
    assert running.xbr("confirm", check=False).stderr == "xbr: nothing waits to be confirmed\n"
    apply(running, PLAIN)
    apply(running, RICH, "confirm 6")
    running.xbr("confirm")
    saved = save(running)
    with pytest.raises(AssertionError):
        wait_for(lambda: save(running) != saved, 7)
    assert running.xbr("confirm", check=False).returncode == 1


# ---- at the start ----


def test_ports_of_the_file_wait_for_their_devices(lab):
    a, b = lab.guests(2)
    lab.agent.config = write(lab, PLAIN.replace("v2", "late"), "xbr.conf")
    lab.agent.start()
    late = lab.show("link show dev late")[0]
    assert (late["present"], late["state"], "ifindex" in late) == (False, "disabled", False)
    assert apply(lab, save(lab)) == 0
    lab.host("ip link set v2 down")
    lab.host("ip link set v2 name late")
    lab.host("ip link set late up")
    lab.host("ip link set br0 up")
    lab.wait_forwarding("v1", "late")
    a.address(), b.address()
    assert a.ping(b.ip)


def test_a_file_with_an_error_stops_the_start_and_says_where(lab):
    lab.guests(1)
    for text, sentence in (("bridge add br0\nlink add v1 master br9\n", "2:1: br9 is not a bridge of xbr"),
                           ("bridge add br0\n\n  link add lo master br0\n", "3:3: lo is the loopback device"),
                           ("bridge ad br0 agieng_time 5\n", "1:15: 'agieng_time' is no option of bridge add")):
        lab.agent.config = write(lab, text, "xbr.conf")
        done = lab.agent.run()
        assert done.returncode == 1 and f"{lab.agent.config}:{sentence}" in done.stderr, done.stderr
        assert "br0" not in lab.host("ip link show").stdout
    lab.agent.config = os.path.join(lab.folder, "absent")
    done = lab.agent.run()
    assert done.returncode == 1 and f"cannot read {lab.agent.config}: No such file or directory" in done.stderr


def test_another_file_at_a_restart_is_made_true(lab):
    a, b, _ = lab.guests(3)
    lab.agent.config = write(lab, PLAIN, "xbr.conf")
    lab.agent.start()
    lab.host("ip link set br0 up")
    lab.wait_forwarding("v1", "v2")
    a.address(), b.address()
    assert a.ping(b.ip)
    lab.xbr("link set v1 hairpin on")
    lab.agent.kill9()
    lab.agent.start()  # the same file: what was changed since stays
    assert lab.show("link show dev v1")[0]["hairpin"] is True
    lab.agent.end()
    write(lab, PLAIN + "link add v3 master br0\n", "xbr.conf")
    lab.agent.start()
    links = links_of(lab.show("link show"))
    assert sorted(links) == ["v1", "v2", "v3"] and links["v1"]["hairpin"] is False
    assert lab.fdb()[a.mac]["ifname"] == "v1"


# ---- save FILE ----


def test_save_replaces_a_file_whole_and_keeps_its_mode(running):
    running.guests(2)
    apply(running, PLAIN)
    path = write(running, "old\n", "saved.conf")
    os.chmod(path, 0o640)
    running.xbr(["save", path])
    with open(path) as file:
        assert file.read() == save(running)
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o640
    link = os.path.join(running.folder, "link.conf")
    os.symlink(path, link)
    running.xbr(["save", link])
    assert os.path.islink(link)


def test_a_full_disk_leaves_the_old_file(running):
    running.guests(2)
    apply(running, PLAIN + "".join(f"fdb add 02:00:00:02:{i >> 8:02x}:{i & 255:02x} dev v1\n" for i in range(400)))
    disk = os.path.join(running.folder, "disk")
    os.mkdir(disk)
    run(f"mount -t tmpfs -o size=8k tmpfs {disk}")
    try:
        path = write(running, "old\n", "disk/xbr.conf")
        done = running.xbr(["save", path], check=False)
        assert (done.returncode, done.stderr) == (1, f"xbr: cannot write {path}: No space left on device\n")
        with open(path) as file:
            assert file.read() == "old\n"
        assert os.listdir(disk) == ["xbr.conf"]
    finally:
        run(f"umount {disk}")


@pytest.mark.parametrize("path, reason", [("/proc/nosuch", "No such file or directory"), ("/nosuch/x.conf", "No such file or directory"),
                                          ("/dev/full", "No space left on device"), ("/", "Is a directory")])
def test_a_place_that_cannot_be_written_is_told(running, path, reason):
    running.xbr("bridge add br0")
    done = running.xbr(["save", path], check=False)
    assert (done.returncode, done.stderr) == (1, f"xbr: cannot write {path}: {reason}\n")


def test_standard_output_that_is_full_is_told(running):
    running.xbr("bridge add br0")
    with open("/dev/full", "w") as full:
        import subprocess
        from lab import XBR
        done = subprocess.run([XBR, "--socket", running.agent.socket, "save"], stdout=full, stderr=subprocess.PIPE, text=True)
    assert (done.returncode, done.stderr) == (1, "xbr: cannot write the output: No space left on device\n")


# ---- names ----

HOSTILE = ["it's", 'a"b', "#x", "a#b", "back\\slash\\", "both'\"#\\", "\x1b[31mred", "fifteen-chars15", "master", "dev", "xdp", "xbr", "-j",
           "--flood", "naïve", "help"]


def test_any_name_the_kernel_takes_is_saved_and_applied(running):
    running.xbr("bridge add br0")
    for name in HOSTILE:
        running.host("ip", "tuntap", "add", "dev", "tap0", "mode", "tap")
        running.host("ip", "link", "set", "dev", "tap0", "name", name)
        running.xbr(["link", "add", "dev", name, "master", "br0", "isolated", "on"])
        running.xbr(["fdb", "add", "02:00:00:00:cc:01", "dev", name])
        saved = save(running)
        assert apply(running, saved) == 0, name
        assert {link["ifname"] for link in running.show("link show")} == {name}
        text = running.xbr("-d link show").stdout
        assert "\x1b" not in text and "\x1b" not in running.xbr("fdb show").stdout
        running.xbr(["link", "del", "dev", name])
        assert apply(running, saved) == 2, name  # the port, and its address
        assert save(running) == saved
        running.xbr(["link", "del", "dev", name])
        running.host("ip", "link", "del", "dev", name)


@pytest.mark.parametrize("name", ["it's", "dev", "#", "\\"])
def test_a_bridge_of_any_name(running, name):
    running.xbr(["bridge", "add", "dev", name])
    saved = save(running)
    assert apply(running, saved) == 0
    running.xbr(["bridge", "del", "dev", name])
    assert apply(running, saved) == 1
    assert save(running) == saved
