# SPDX-License-Identifier: Apache-2.0
"""The command xbr: its words, its exit status, what it prints as text and as JSON, and what it says of mistakes."""

import glob
import json
import os
import pty
import re
import select
import subprocess

import pytest

from lab import ROOT, XBR, ethernet, run, wait_for

NO_AGENT = "/nonexistent/xbrd.sock"
OBJECTS = ["bridge", "link", "fdb", "stats", "reasons", "monitor", "apply", "confirm", "save", "version", "help", "completion"]


def alone(*words, **kwargs):
    """The command where no agent is."""
    return run(XBR, "-socket", NO_AGENT, *words, check=False, **kwargs)


def is_readable(stream):
    return select.select([stream], [], [], 0)[0]


@pytest.fixture
def two(running):
    guests = running.guests(2)
    running.bridge(guests)
    return running


# ---- exit status ----

UNDERSTOOD = [
    "bridge add br0", "bridge add dev br0", "bridge add name br0 ageing_time 5m fdb_max_learned 0x10 group_fwd_mask 8 address 02:00:00:00:00:01",
    "bridge set br0 ageing_time 0", "bridge set dev br0 ageing_time 250ms", "bridge del br0", "bridge delete br0", "bridge", "bridge show",
    "bridge show br0", "bridge list dev br0", "link add v1 master br0", "link add dev v1 master br0 learning off flood off mcast_flood off",
    "link add master br0 dev v1 bcast_flood off hairpin on isolated on group_fwd_mask 0x8 fdb_max_learned 4294967295 xdp generic",
    "link set dev v1 learning on", "link set v1 xdp native", "link set v1 xdp off", "link set v1 xdp auto", "link del v1", "link delete dev v1",
    "link", "link show", "link show v1", "link show dev v1 master br0", "link lst", "fdb add 02:00:00:00:00:01 dev v1",
    "fdb add to 02:00:00:00:00:01 dev v1 master static", "fdb add 2:0:0:0:0:1 brport v1 sticky static", "fdb add 02-00-00-00-00-01 dev v1 dynamic",
    "fdb replace 02:00:00:00:00:01 dev v1 blackhole", "fdb add 02:00:00:00:00:01 dev br0 local", "fdb add 02:00:00:00:00:01 dev br0 permanent",
    "fdb del 02:00:00:00:00:01 dev v1 master", "fdb delete 02:00:00:00:00:01 dev v1", "fdb get 02:00:00:00:00:01",
    "fdb get to 02:00:00:00:00:01 br br0", "fdb get 02:00:00:00:00:01 brport v1", "fdb", "fdb show", "fdb show br br0", "fdb show brport v1",
    "fdb show dev v1 static", "fdb show br br0 state dynamic", "fdb flush dev v1", "fdb flush br br0", "fdb flush brport v1 state static",
    "fdb flush dev br0 brport v1", "fdb flush br br0 older_than 60s dynamic", "stats", "stats show", "stats show v1", "stats show dev v1",
    "reasons", "reasons show", "monitor", "monitor fdb", "monitor fdb link bridge", "monitor all", "apply /dev/null",
    "apply file /dev/null confirm 60", "apply /dev/null confirm 1h", "apply /dev/null dry-run", "confirm", "save", "save /tmp/never", "version",
    "br sh", "l se v1 learning on", "f g 02:00:00:00:00:01", "ver",
]


@pytest.mark.parametrize("command", UNDERSTOOD)
def test_what_is_understood_asks_for_the_agent(command):
    done = alone(*command.split())
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr == f"xbr: no agent at {NO_AGENT}: No such file or directory\n"


MISTAKES = {
    "brigde show": "word 1: 'brigde' is no object; did you mean bridge",
    "frobnicate": "word 1: 'frobnicate' is no object; known: ",
    "bridge ad\x1b[2J br0": "word 2: 'ad\\x1b[2J' is no verb of bridge",
    "bridge ad br0 br1": "word 4: 'br1' is no option of bridge add",
    "bridge add": "word 3: bridge add needs BR",
    "bridge add a/b": "word 3: 'a/b' is no name of a device",
    "bridge add sixteen-letters!": "word 3: 'sixteen-letters!' is no name of a device: longer than 15 characters",
    "bridge set br0": "word 4: nothing to set; xbr bridge set help lists the options",
    "bridge set br0 ageing_time": "word 5: 'ageing_time' needs a value: TIME",
    "bridge set br0 ageing_time -1": "word 5: '-1' is no time",
    "bridge set br0 ageing_time 5y": "word 5: '5y' has no known unit",
    "bridge set br0 ageing_time 5ms": "word 5: '5ms' is no whole number of hundredths of a second",
    "bridge set br0 ageing_time 100000001": "word 5: '100000001' is out of range; ageing_time takes 0 to 100000000 hundredths of a second",
    "bridge set br0 ageing_time 99999999999999999999": "word 5: '99999999999999999999' is out of range",
    "bridge set br0 fdb_max_learned 4294967296": "word 5: '4294967296' is out of range; fdb_max_learned takes 0 to 4294967295",
    "bridge set br0 fdb_max_learned many": "word 5: 'many' is no number",
    "bridge set br0 group_fwd_mask 0x7": "word 5: '0x7' is out of range; group_fwd_mask takes bits of 0xfff8 only",
    "bridge set br0 address 01:00:00:00:00:01": "word 5: '01:00:00:00:00:01' is no address of one station",
    "bridge set br0 address 02:00:00:00:00": "word 5: '02:00:00:00:00' is no Ethernet address",
    "bridge set br0 ageing_time 1 ageing_time 2": "word 6: 'ageing_time' is given twice",
    "link add v1": "word 4: link add needs master BR",
    "link add v1 master": "word 5: 'master' needs a value: BR",
    "link set v1 hairpin yes": "word 5: 'yes' is no value of hairpin; known: on, off",
    "link set v1 hairpni on": "word 4: 'hairpni' is no option of link set; did you mean hairpin",
    "link set v1 group_fwd_mask 2": "word 5: '2' is out of range; group_fwd_mask takes bits of 0xfffd only",
    "link set v1 xdp fast": "word 5: 'fast' is no value of xdp; known: auto, native, generic, off",
    "link set v1 -j": "word 4: '-j' is no option of link set; options of xbr itself stand in front of the object",
    "fdb add": "word 3: fdb add needs LLADDR",
    "fdb add dev v1": "word 5: fdb add needs LLADDR",
    "fdb add 02:00:00:00:00:01": "word 4: fdb add needs dev DEV",
    "fdb add 02:00:00:00:00:01 dev v1 static blackhole": "word 7: an entry cannot be both static and blackhole",
    "fdb add 02:00:00:00:00:01 dev v1 self": "word 6: self concerns the device's own filter",
    "fdb flush": "word 3: fdb flush needs dev DEV or br BR",
    "apply": "word 2: apply needs FILE",
    "apply x confirm 0": "word 4: '0' is out of range; confirm takes 1 to 86400 seconds",
    "monitor stats": "word 2: 'stats' is no option of monitor; known: bridge, link, fdb, acl, offload, all",
    "monitor fdb all": "word 3: 'all' stands alone",
    "completion zsh": "word 2: 'zsh' is no option of completion; known: bash",
    "fdb s 02:00:00:00:00:01 dev v1 m s": "word 3: '02:00:00:00:00:01' is no option of fdb show",
}


@pytest.mark.parametrize("command", MISTAKES)
def test_a_mistake_is_told_with_its_word_and_place(command):
    done = alone(*command.split(" "))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("xbr: " + MISTAKES[command]), done.stderr
    assert done.stderr.count("\n") == 1 and not done.stderr.rstrip().endswith(".") and "\x1b" not in done.stderr


@pytest.mark.parametrize("words, sentence", [
    (["-x", "link"], "'-x' is no option; xbr -help lists them"), (["-batch"], "-batch needs a value: FILE"),
    (["-json=1", "link"], "-json takes no value"), (["-color=red", "link"], "'red' is no value of -color: always, auto or never"),
    (["-batch", "/dev/null", "link"], "with -batch the commands are in the file"), (["-socket=", "link"], "-socket needs a value: PATH")])
def test_a_wrong_option_of_the_command_itself(words, sentence):
    done = alone(*words)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"xbr: {sentence}\n")


def test_without_words_usage_is_shown_as_an_error():
    done = run(XBR, check=False)
    assert (done.returncode, done.stdout) == (2, "") and done.stderr.startswith("Usage: xbr bridge add")


def test_refusals_end_with_one_and_a_sentence(two):
    rows = {
        "bridge add br0": "br0 is already a bridge", "bridge add v1": "v1 is already a port of br0", "bridge set br9 ageing_time 1": "br9 is not a bridge of xbr",
        "bridge del br9": "br9 is not a bridge of xbr", "bridge show br9": "br9 is not a bridge of xbr", "link add v1 master br0": "v1 is already a port of br0",
        "link add v9 master br0": "there is no device v9", "link add lo master br0": "lo is the loopback device: it cannot be a port",
        "link set v9 hairpin on": "v9 is not a port of any bridge of xbr", "link del v9": "v9 is not a port of any bridge of xbr",
        "link show v9": "v9 is not a port of any bridge of xbr", "stats show v9": "v9 is not a port of any bridge of xbr",
        "fdb add 33:33:00:00:00:01 dev v1": "only a unicast address, not zero, can be tied to a port",
        "fdb add 02:00:00:00:00:01 dev v9": "v9 is not a port of any bridge of xbr",
        "fdb del 02:00:00:00:00:77 dev v1": "the address is not in the table of br0", "fdb get 02:00:00:00:00:77": "the address is not in the table",
        "confirm": "nothing waits to be confirmed", "apply /nonexistent": "cannot read /nonexistent: No such file or directory",
    }
    for command, sentence in rows.items():
        done = two.xbr(command, check=False)
        assert (done.returncode, done.stdout, done.stderr) == (1, "", f"xbr: {sentence}\n"), command


def test_an_agent_that_dies_under_a_command_is_no_agent(running):
    watcher = subprocess.Popen([XBR, "--socket", running.agent.socket, "monitor"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    running.processes.append(watcher)
    running.xbr("bridge add br0")

    def told():  # from when it has subscribed
        running.xbr("bridge set br0 ageing_time 300s")
        running.xbr("bridge set br0 ageing_time 200s")
        return is_readable(watcher.stdout)
    wait_for(told, what="an event")
    assert "br0" in watcher.stdout.readline()
    running.agent.kill9()
    assert watcher.wait(10) == 3
    assert watcher.stderr.read() == "xbr: the agent closed the connection\n"
    done = running.xbr("link show", check=False)
    assert done.returncode == 3 and "Connection refused" in done.stderr


def test_the_socket_may_come_from_the_environment(running):
    assert run(XBR, "version", env={**os.environ, "XBR_SOCKET": running.agent.socket}).returncode == 0


# ---- help and completion ----


def test_every_object_and_verb_has_help():
    usage = alone("help").stdout
    for object_ in OBJECTS:
        shown = alone("help", object_)
        assert shown.returncode == 0 and shown.stdout.startswith(f"Usage: xbr {object_}"), object_
        if object_ not in ("help",):
            assert alone(object_, "help").stdout == shown.stdout
    for verb in re.findall(r"xbr ((?:bridge|link|fdb) \w+)", usage):
        object_, word = verb.split()
        assert f"xbr {verb}" in alone("help", object_, word).stdout
        assert alone(object_, word, "help").stdout == alone("help", object_, word).stdout == alone(object_, word, "--help").stdout
    assert alone("-help").stdout == usage == alone("--help").stdout and "-batch FILE" in usage
    assert alone("-V").stdout.startswith("xbr utility, ")
    done = alone("help", "nosuch")
    assert (done.returncode, done.stdout) == (2, "") and "no help on 'nosuch'" in done.stderr


def complete(*words):
    return alone("complete", *words).stdout.split()


def test_completion_offers_what_may_come_next():
    assert set(complete("")) >= set(OBJECTS)
    assert complete("li") == ["link"] and complete("fdb", "re") == ["replace"]
    assert complete("link", "set", "v1", "hairpin", "") == ["on", "off"]
    assert complete("link", "set", "v1", "x") == ["xdp"] and complete("link", "set", "v1", "xdp", "g") == ["generic"]
    assert "lo" in complete("link", "add", "")
    assert "-json" in complete("-j")
    script = alone("completion", "bash").stdout
    assert run("bash", "-n", input=script).returncode == 0
    shown = run("bash", "-c", script + f'COMP_LINE="{XBR} link sh" COMP_POINT={len(XBR) + 8}; _xbr; echo "${{COMPREPLY[@]}}"')
    assert shown.stdout == "show\n"


# ---- what is printed ----


def test_json_has_the_keys_and_types_of_bridge_8(two):
    """xbr's JSON beside that of bridge(8) and ip(8) for a bridge of the kernel's with the same two kinds of port."""
    two.host("ip link add kb0 type bridge mcast_snooping 0")
    two.host("ip link add k1 type veth peer name k2")
    two.host("ip link set k1 master kb0")
    for dev in ("kb0", "k1", "k2"):
        two.host(f"ip link set {dev} up")
    for words in ("02:00:00:00:cc:01 dev {} master static", "02:00:00:00:cc:02 dev {} master sticky static"):
        two.xbr("fdb add " + words.format("v1"))
        two.host("bridge fdb add " + words.format("k1"))
    two.made[0].send(ethernet("02:00:00:00:dd:01", "02:00:00:00:dd:02"))
    two.host("bridge fdb add 02:00:00:00:dd:02 dev k1 master dynamic")
    wait_for(lambda: two.fdb(state=""), what="a learned address")

    ours, theirs = two.show("link show dev v1")[0], json.loads(two.host("bridge -j -d link show dev k1").stdout)[0]
    same_keys_and_types(ours, theirs, {"ifindex", "ifname", "flags", "mtu", "master", "state", "hairpin", "learning", "flood", "mcast_flood", "bcast_flood", "isolated"})
    for key in ("flags", "mtu", "state", "hairpin", "learning", "flood", "mcast_flood", "bcast_flood", "isolated"):
        assert ours[key] == theirs[key], key

    ours, theirs = two.show("bridge show br0")[0], json.loads(two.host("ip -j -d link show dev kb0").stdout)[0]
    same_keys_and_types(ours, theirs, {"ifindex", "ifname", "flags", "mtu", "operstate", "address", "linkinfo"})
    ours, theirs = ours["linkinfo"], theirs["linkinfo"]
    assert ours["info_kind"] == theirs["info_kind"]
    same_keys_and_types(ours["info_data"], theirs["info_data"], {"ageing_time", "group_fwd_mask"})
    assert ours["info_data"]["ageing_time"] == theirs["info_data"]["ageing_time"]
    assert int(ours["info_data"]["group_fwd_mask"], 0) == int(theirs["info_data"]["group_fwd_mask"], 0)

    ours = two.fdb()
    theirs = {e["mac"]: e for e in json.loads(two.host("bridge -j -s fdb show br kb0").stdout) if "self" not in e["flags"]}
    for mac in ("02:00:00:00:cc:01", "02:00:00:00:cc:02", "02:00:00:00:dd:02"):
        same_keys_and_types(ours[mac], theirs[mac], {"mac", "ifname", "flags", "master", "state"})
        assert (ours[mac]["state"], ours[mac]["flags"]) == (theirs[mac]["state"], theirs[mac]["flags"]), mac
    same_keys_and_types(ours["02:00:00:00:dd:02"], theirs["02:00:00:00:dd:02"], {"used", "updated"})


def same_keys_and_types(ours, theirs, keys):
    assert keys <= set(ours) and keys <= set(theirs), (sorted(ours), sorted(theirs))
    for key in set(ours) & set(theirs):
        assert type(ours[key]) is type(theirs[key]), (key, ours[key], theirs[key])


def test_the_operstate_of_a_bridge_follows_the_kernel(two):
    def same():
        kernel = json.loads(two.host("ip -j link show dev br0").stdout)[0]
        ours = two.show("bridge show br0")[0]
        return (kernel["operstate"], kernel["flags"]) == (ours["operstate"], ours["flags"])
    wait_for(same, what="the same operstate")
    two.host("ip link set br0 down")
    wait_for(same, what="the same operstate")


def test_text_is_that_of_bridge_8(two):
    two.xbr("fdb add 02:00:00:00:cc:01 dev v1")
    two.xbr("fdb add 02:00:00:00:cc:02 dev v1 sticky")
    two.xbr("fdb add 02:00:00:00:cc:03 dev v1 dynamic")
    lines = two.xbr("fdb show dev v1").stdout.splitlines()
    assert "02:00:00:00:cc:01 dev v1 master br0 static" in lines and "02:00:00:00:cc:02 dev v1 sticky master br0 static" in lines
    assert "02:00:00:00:cc:03 dev v1 master br0 " in lines
    assert re.search(r"^02:00:00:00:cc:03 dev v1 used \d+/\d+ master br0 $", two.xbr("-s fdb show").stdout, re.M)
    link = two.xbr("link show v1").stdout.splitlines()
    assert re.fullmatch(r"\d+: v1@if\d+: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 master br0 state forwarding ", link[0])
    assert link[1].startswith("    hook tc (") and len(link) == 2
    details = two.xbr("-d link show v1").stdout
    assert "    hairpin off learning on flood on mcast_flood on bcast_flood on isolated off group_fwd_mask 0 " in details
    assert re.match(r"\d+: br0: <.*> mtu 1500 state \w+ ports 2 \n    link/ether [0-9a-f:]{17} \n$", two.xbr("bridge show").stdout)
    assert "\n    bridge ageing_time 30000 group_fwd_mask 0 " in two.xbr("-d bridge show").stdout
    assert two.xbr("-o link show v1").stdout.count("\n") == 1
    assert re.match(r"v1: master br0 \n    rx packets \d+ bytes \d+ \n    tx packets \d+ bytes \d+ ", two.xbr("stats show v1").stdout)
    assert two.xbr("fdb flush dev v1").stdout == "flushed 1\n"


def test_options_choose_what_json_has(two):
    brief, full = json.loads(two.xbr("-j link show v1").stdout)[0], two.show("link show v1")[0]
    assert set(brief) == set(full) and {"hairpin", "hook"} <= set(full)
    two.xbr("fdb add 02:00:00:00:cc:03 dev v1 dynamic")
    entry = json.loads(two.xbr("-j fdb get 02:00:00:00:cc:03").stdout)
    assert len(entry) == 1 and "used" not in entry[0]
    assert "used" in json.loads(two.xbr("-j -s fdb get 02:00:00:00:cc:03").stdout)[0]
    pretty = two.xbr("-j -p link show").stdout
    assert json.loads(pretty) == json.loads(two.xbr("-j link show").stdout) and pretty.startswith("[\n    {\n        \"")
    for command in ("bridge show", "link show", "fdb show", "stats show", "reasons show", "save", "version"):
        for options in ("-j", "-j -d -s", "-j -p -d -s", "-j -c"):
            text = two.xbr(f"{options} {command}").stdout
            assert json.loads(text) and "\x1b" not in text, command
    assert json.loads(two.xbr("-j link show master br0").stdout) and two.xbr("-j fdb show blackhole").stdout == "[]\n"
    assert set(two.xbr("-j version").stdout) and json.loads(two.xbr("-j version").stdout)["pid"] == two.agent.process.pid


def test_colours(two):
    assert "\x1b[36mv1\x1b[0m" in two.xbr("-c link show v1").stdout
    assert "\x1b" not in two.xbr("-c=auto link show v1").stdout and "\x1b" not in two.xbr("-c=never link show").stdout


def test_monitor_prints_events(two):
    argv = [XBR, "--socket", two.agent.socket]
    plain = subprocess.Popen([*argv, "-ts", "monitor"], stdout=subprocess.PIPE, text=True)
    stream = subprocess.Popen([*argv, "-j", "-t", "monitor", "fdb"], stdout=subprocess.PIPE, text=True)
    two.processes += [plain, stream]

    def noise():  # until both have subscribed
        two.xbr("fdb replace 02:00:00:00:ee:01 dev v1 static")
        return all(is_readable(process.stdout) for process in (plain, stream))
    wait_for(noise, what="events")
    two.xbr("fdb add 02:00:00:00:cc:01 dev v1")
    two.xbr("fdb del 02:00:00:00:cc:01 dev v1")
    two.xbr("link set v1 hairpin on")
    told = ""
    while "[LINK]" not in told:
        told += plain.stdout.readline()
    stamp = r"\[\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\] "
    assert re.search(stamp + r"\[FDB\]02:00:00:00:cc:01 dev v1 master br0 static\n", told), told
    assert re.search(stamp + r"\[FDB\]Deleted 02:00:00:00:cc:01 dev v1 master br0 static\n", told), told
    events = []
    while not events or events[-1]["event"] != "del":
        events.append(json.loads(stream.stdout.readline()))
    assert events[-1]["mac"] == "02:00:00:00:cc:01" and {event["object"] for event in events} == {"fdb"}


# ---- batches ----


def batch(lab, text, *options):
    return lab.xbr([*options, "-batch", "-"], check=False, input=text)


def test_a_batch_stops_at_the_first_command_that_fails(two):
    done = batch(two, "fdb add 02:00:00:00:cc:01 dev v1\n\n# two\n  fdb add 02:00:00:00:cc:02 dev v9\nfdb add 02:00:00:00:cc:03 dev v1\n")
    assert (done.returncode, done.stderr) == (1, "xbr: standard input:4:3: v9 is not a port of any bridge of xbr\n")
    assert set(two.fdb(state="static")) == {"02:00:00:00:cc:01"}


def test_a_forced_batch_goes_on(two):
    lines = [f"fdb add 02:00:00:00:{n >> 8:02x}:{n & 255:02x} dev v{9 if n % 100 == 0 else 1}" for n in range(1, 1001)]
    done = batch(two, "\n".join(lines) + "\nfdb show dev v1 static\n", "-force")
    assert done.returncode == 1
    assert re.findall(r"standard input:(\d+):1: v9 is not", done.stderr) == [str(n) for n in range(100, 1001, 100)]
    assert len(two.fdb(state="static")) == 990 == len(done.stdout.splitlines())


def test_a_batch_is_read_whole_before_anything_is_done(two):
    done = batch(two, "fdb add 02:00:00:00:cc:01 dev v1\nfdb add 02:00:00:00:cc:02 dvo v1\n")
    assert done.returncode == 2 and "standard input:2:27: 'dvo' is no option of fdb add" in done.stderr
    assert two.fdb(state="static") == {}
    assert batch(two, "").returncode == 0
    assert two.xbr("-batch /nonexistent", check=False).returncode == 1


def test_a_batch_without_an_agent():
    done = alone("-batch", "-", input="link show\n")
    assert done.returncode == 3 and "standard input:1:1: no agent at" in done.stderr
    assert alone("-force", "-batch", "-", input="link show\nlink show\n").returncode == 3


# ---- names ----


def test_names_cannot_write_to_a_terminal(two):
    name = "\x1b[31mx\x07"
    two.host("ip", "tuntap", "add", "dev", name, "mode", "tap")
    two.xbr(["link", "add", "dev", name, "master", "br0"])
    for command in ("link show", "-d link show", "fdb show", "stats show"):
        assert "\x1b" not in two.xbr(command).stdout and "\\x1b[31mx\\x07" in two.xbr(command).stdout, command
    assert name in [link["ifname"] for link in two.show("link show")]
    done = two.xbr(["link", "add", "dev", name, "master", "br0"], check=False)
    assert "\x1b" not in done.stderr and "\\x1b[31mx" in done.stderr
    reader, terminal = pty.openpty()
    subprocess.run([XBR, "--socket", two.agent.socket, "save"], stdout=terminal, check=True)
    assert b"\x1b" not in os.read(reader, 65536)
    os.close(reader), os.close(terminal)


# ---- the manuals ----


def examples():
    """Command lines of the code blocks in manuals, README and pages, each with where it stands."""
    found = []
    paths = glob.glob(f"{ROOT}/docs/man/*.scd") + glob.glob(f"{ROOT}/docs/*.md") + glob.glob(f"{ROOT}/README.md")
    for path in paths:
        with open(path) as file:
            blocks = re.findall(r"^```\w*\n(.*?)^```", file.read(), re.M | re.S)
        for line in re.sub(r"\\\\\n|\\\n", " ", "\n".join(blocks)).splitlines():
            for part in re.split(r"&&|\|\||[;|]", line):
                part = re.sub(r"^[\s$#]*(sudo\s+)?", "", part) if not part.startswith("#") else ""
                if path.endswith("xbr.conf.5.scd") and part:
                    part = "xbr " + part
                if re.match(r"(build/)?xbr\s", part):
                    found.append((os.path.basename(path), re.sub(r"\s+#.*", "", part).split(None, 1)[1].strip()))
    return found


def test_examples_of_the_manuals_are_understood():
    found = examples()
    assert len(found) > 20
    for path, command in found:
        done = alone(*command.replace("new.conf", "/dev/null").split())
        assert done.returncode in (0, 3), (path, command, done.stderr)


def test_synopses_of_the_manuals_are_those_of_the_grammar():
    """Each option of the usage text is in the manual of its object."""
    for object_ in ("bridge", "link", "fdb", "vlan"):
        with open(f"{ROOT}/docs/man/xbr-{object_}.8.scd") as file:
            page = file.read()
        for word in set(re.findall(r"\[(\w+) ", alone("help", object_).stdout)) - {"dev", "to"}:
            assert f"*{word}*" in page, (object_, word)
    with open(f"{ROOT}/docs/man/xbr.8.scd") as file:
        page = file.read()
    for option in re.findall(r"^  -(\w+)", alone("help").stdout, re.M):
        assert re.search(rf"-{option}\b", page), option
    for object_ in OBJECTS:
        assert f"*{object_}*" in page, object_
