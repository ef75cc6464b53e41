# SPDX-License-Identifier: Apache-2.0
"""The control socket: what docs/api.md promises, and what comes of clients that do not keep to it."""

import contextlib
import json
import os
import re
import socket
import stat

import pytest

from lab import ROOT, XBR, ethernet, pinging, run, wait_for

LINE_MAX = 8 << 20
CLIENTS_MAX = 256


class Client:
    """A connection to the agent that can be as rude as a test likes."""

    def __init__(self, lab, timeout=20):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(timeout)
        self.socket.connect(lab.agent.socket)
        self.rest = b""

    def send(self, data):
        self.socket.sendall(data if isinstance(data, bytes) else json.dumps(data).encode() + b"\n")

    def line(self):
        """The next message, or None at the end of the stream."""
        while b"\n" not in self.rest:
            with contextlib.suppress(ConnectionResetError):
                more = self.socket.recv(1 << 16)
                if more:
                    self.rest += more
                    continue
            return None
        line, self.rest = self.rest.split(b"\n", 1)
        return json.loads(line)

    def ask(self, data):
        self.send(data)
        return self.line()

    def call(self, method, /, **params):
        answer = self.ask({"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
        assert answer["id"] == 1 and answer["jsonrpc"] == "2.0"
        return answer

    def result(self, method, **params):
        answer = self.call(method, **params)
        assert "result" in answer, answer
        return answer["result"]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()


def code(answer):
    assert set(answer["error"]) <= {"code", "message", "data"}
    message = answer["error"]["message"]
    assert message and not message.endswith(".") and not message[0].isupper(), message
    return answer["error"]["code"]


@contextlib.contextmanager
def traffic(lab):
    """Two guests that talk all the while; not one echo may be missing, and the agent must still answer after it."""
    a, b = lab.guests(2)
    lab.bridge([a, b])
    a.address(), b.address()
    wait_for(lambda: a.ping(b.ip, count=1), what="the first echo")
    before = lab.xbr("save").stdout
    with pinging(a, b.ip):
        yield
    assert lab.xbr("save").stdout == before
    assert lab.agent.process.poll() is None


# ---- messages ----

FAULTS = [
    (b"\n", -32700), (b"garbage\n", -32700), (b"{\n", -32700), (b"\xff\xfe\n", -32700), (b"\x00\n", -32700), (b'{"a":1,"a":2}\n', -32700),
    (b"[" * 5000 + b"\n", -32700), (b"[]\n", -32600), (b"7\n", -32600), (b"null\n", -32600), (b'"version"\n', -32600), (b"{}\n", -32600),
    ({"id": 1, "method": "version"}, -32600), ({"jsonrpc": "1.0", "id": 1, "method": "version"}, -32600),
    ({"jsonrpc": "2.0", "id": 1}, -32600), ({"jsonrpc": "2.0", "id": 1, "method": 5}, -32600),
    ({"jsonrpc": "2.0", "id": {}, "method": "version"}, -32600), ({"jsonrpc": "2.0", "id": 1, "method": "version", "params": 3}, -32600),
    ({"jsonrpc": "2.0", "id": 1, "method": "nosuch"}, -32601), ({"jsonrpc": "2.0", "id": 1, "method": "version", "params": [1]}, -32602),
]


def test_every_fault_has_its_code_and_the_connection_goes_on(running):
    with Client(running) as client:
        for message, expected in FAULTS:
            answer = client.ask(message)
            assert code(answer) == expected, (message[:40] if isinstance(message, bytes) else message, answer)
            assert client.result("version")["api"] == 1


WRONG_PARAMS = [
    ("version", {"x": 1}), ("bridge.add", {}), ("bridge.add", {"bridge": 5}), ("bridge.add", {"bridge": ""}),
    ("bridge.add", {"bridge": "br1", "ageing_time": -1}), ("bridge.add", {"bridge": "br1", "ageing_time": 100000001}),
    ("bridge.add", {"bridge": "br1", "ageing_time": "300"}), ("bridge.add", {"bridge": "br1", "ageing_time": 1.5}),
    ("bridge.add", {"bridge": "br1", "group_fwd_mask": 7}), ("bridge.add", {"bridge": "br1", "group_fwd_mask": 65536}),
    ("bridge.add", {"bridge": "br1", "address": "01:00:00:00:00:01"}), ("bridge.add", {"bridge": "br1", "address": "00:00:00:00:00:00"}),
    ("bridge.add", {"bridge": "br1", "fdb_max_learned": 4294967296}), ("bridge.add", {"bridge": "br1", "agieng_time": 1}),
    ("bridge.add", {"bridge": "sixteen-letters!"}), ("bridge.add", {"bridge": "a/b"}), ("bridge.add", {"bridge": ".."}),
    ("bridge.set", {"bridge": "br0", "ageing_time": None}), ("link.add", {"dev": "v1"}), ("link.add", {"dev": "v1", "master": 1}),
    ("link.set", {"dev": "v1", "learning": "on"}), ("link.set", {"dev": "v1", "learning": 1}), ("link.set", {"dev": "v1", "xdp": "fast"}),
    ("link.set", {"dev": "v1", "group_fwd_mask": 2}), ("link.set", {"dev": "v1", "master": "br0"}), ("link.del", {"dev": "v1", "x": 1}),
    ("fdb.add", {"dev": "v1"}), ("fdb.add", {"lladdr": "2:0:0:0:0:1", "dev": "v1"}),
    ("fdb.add", {"lladdr": "02:00:00:00:00:01", "dev": "v1", "state": "local"}), ("fdb.show", {"limit": 0}), ("fdb.show", {"limit": 65537}),
    ("fdb.show", {"cursor": -1}), ("fdb.flush", {"older_than": "1"}), ("apply", {}), ("apply", {"commands": {}}),
    ("apply", {"commands": [], "confirm": 0}), ("apply", {"commands": [], "confirm": 86401}), ("apply", {"commands": [], "dry_run": 1}),
    ("monitor", {"objects": "fdb"}), ("monitor", {"objects": ["stats"]}), ("monitor", {"objects": [1]}), ("save", {"file": "x"}),
    ("fdb.add", {"lladdr": "33:33:00:00:00:01", "dev": "v1"}), ("fdb.add", {"lladdr": "00:00:00:00:00:00", "dev": "v1"}),
    ("fdb.add", {"lladdr": "02:00:00:00:cc:01", "dev": "br0"}),
]
REFUSED = [
    ("bridge.set", {"bridge": "v1", "ageing_time": 5}), ("bridge.del", {"bridge": "nosuch"}), ("bridge.show", {"bridge": "nosuch"}),
    ("bridge.add", {"bridge": "br0"}), ("link.add", {"dev": "v1", "master": "br0"}), ("link.add", {"dev": "nosuch", "master": "br0"}),
    ("link.del", {"dev": "br0"}), ("link.show", {"dev": "nosuch"}), ("link.show", {"master": "v1"}), ("stats.show", {"dev": "nosuch"}),
    ("fdb.del", {"lladdr": "02:00:00:00:cc:01", "dev": "v1"}),
    ("fdb.get", {"lladdr": "02:00:00:00:cc:01"}), ("fdb.show", {"master": "nosuch"}), ("fdb.flush", {"dev": "nosuch"}), ("confirm", {}),
    ("apply", {"commands": [7]}), ("apply", {"commands": [{"method": "link.del", "params": {"dev": "v1"}}]}),
    ("apply", {"commands": [{"method": "bridge.add", "params": [1]}]}), ("apply", {"commands": [{"method": "apply", "params": {}}]}),
]


def test_wrong_parameters_are_named_and_change_nothing(running):
    with traffic(running), Client(running) as client:
        for method, params in WRONG_PARAMS:
            answer = client.call(method, **params)
            assert "error" in answer and code(answer) == -32602, (method, params, answer)
        for method, params in REFUSED:
            answer = client.call(method, **params)
            assert "error" in answer and code(answer) == 1, (method, params, answer)


def test_a_batch_is_answered_as_one(running):
    with Client(running) as client:
        answers = client.ask([{"jsonrpc": "2.0", "id": "a", "method": "bridge.add", "params": {"bridge": "br0"}},
                              {"jsonrpc": "2.0", "method": "bridge.set", "params": {"bridge": "br0", "ageing_time": 100}},
                              {"jsonrpc": "2.0", "id": 2, "method": "bridge.show"}, 5, {"jsonrpc": "2.0", "id": 3, "method": "nosuch"}])
        assert [answer["id"] for answer in answers] == ["a", 2, None, 3]
        assert answers[1]["result"][0]["linkinfo"]["info_data"]["ageing_time"] == 100
        assert [answer["error"]["code"] for answer in answers[2:]] == [-32600, -32601]
        client.send([{"jsonrpc": "2.0", "method": "version"}])  # nothing to answer
        assert client.result("version")["abi"] == 2


def test_requests_may_be_pipelined(running):
    with Client(running) as client:
        client.send(b"".join(json.dumps({"jsonrpc": "2.0", "id": n, "method": "version"}).encode() + b"\n" for n in range(500)))
        assert [client.line()["id"] for _ in range(500)] == list(range(500))


# ---- rude clients ----


def test_a_line_that_is_too_long_ends_the_connection_not_the_agent(running):
    with traffic(running), Client(running) as client:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            for _ in range(9):
                client.send(b"x" * (1 << 20))
        answer = client.line()
        assert answer["error"]["code"] == -32600 and str(LINE_MAX) in answer["error"]["message"]
        assert client.line() is None


def test_a_long_line_within_the_bound_is_read(running):
    with Client(running) as client:
        padding = " " * (LINE_MAX - 200)
        answer = client.ask(b'{"jsonrpc":"2.0","id":1,' + padding.encode() + b'"method":"version"}\n')
        assert answer["result"]["api"] == 1


def test_garbage_of_all_kinds_stops_nothing(running):
    with traffic(running):
        for n in range(60):
            with Client(running) as client, contextlib.suppress(BrokenPipeError, ConnectionResetError):
                client.send(os.urandom(1 << (n % 14)) + b"\n" * (n % 3))
        with Client(running) as client:
            assert client.result("version")["api"] == 1


def test_a_client_that_stops_sending_gets_its_answers(running):
    with traffic(running), Client(running) as client:
        client.send({"jsonrpc": "2.0", "id": 1, "method": "bridge.show"})
        client.send(b'{"jsonrpc"')
        client.socket.shutdown(socket.SHUT_WR)
        assert client.line()["result"][0]["ifname"] == "br0"
        assert client.line()["error"]["code"] == -32700
        assert client.line() is None


def test_a_reader_that_does_not_read_holds_up_nobody(running):
    with traffic(running), Client(running) as slow, Client(running) as watcher:
        watcher.result("monitor")
        request = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "reasons"}).encode() + b"\n"
        slow.socket.settimeout(0.5)
        with contextlib.suppress(TimeoutError, BrokenPipeError, ConnectionResetError):
            for _ in range(300):
                slow.send(request * 100)
        for n in range(5):
            assert running.xbr("version").returncode == 0


def test_events_a_slow_reader_missed_are_counted(running):
    running.guests(1)
    running.bridge(running.made)
    with Client(running) as slow, Client(running) as client:
        slow.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        assert slow.result("monitor", objects=["fdb"]) == {}
        for n in range(12000):
            address = f"02:00:00:01:{n >> 8:02x}:{n & 255:02x}"
            client.send({"jsonrpc": "2.0", "method": "fdb.replace", "params": {"lladdr": address, "dev": "v1"}})
        assert len(client.result("fdb.show", state="static", limit=65536)["entries"]) == 12000
        seen = lost = 0
        sequence = []
        while seen + lost < 12000:
            event = slow.line()["params"]
            sequence.append(event["seq"])
            if (event["object"], event["event"]) == ("any", "lost"):
                lost += event["count"]
            else:
                assert (event["object"], event["event"], event["ifname"]) == ("fdb", "add", "v1")
                seen += 1
        assert seen + lost == 12000 and lost > 0
        assert sequence == sorted(sequence) and sequence[0] == 1


def test_more_idle_clients_than_there_is_room_for(running):
    with traffic(running), contextlib.ExitStack() as stack:
        clients = [stack.enter_context(Client(running)) for _ in range(300)]
        refused = clients[-1].line()
        assert (refused["error"]["code"], refused["error"]["message"]) == (1, f"the agent has {CLIENTS_MAX} clients already")
        assert clients[-1].line() is None
        assert clients[0].result("version")["api"] == 1
        done = running.xbr("version", check=False)
        assert done.returncode == 1 and "clients already" in done.stderr
        for client in clients[:100]:
            client.socket.close()
        wait_for(lambda: running.xbr("version", check=False).returncode == 0, what="room again")


# ---- who may speak ----


def as_nobody(lab, *options):
    # the laboratory's folder is root's alone, and so is the build: a copy of the command beside the socket
    run("install", "-m", "755", XBR, f"{lab.folder}/xbr")
    os.chmod(lab.folder, 0o755)
    return run("setpriv", "--reuid", "65534", *options, f"{lab.folder}/xbr", "--socket", lab.agent.socket, "version", check=False)


def test_only_root_and_the_group_may_speak(lab):
    lab.agent.start("--group", "daemon")
    entry = os.stat(lab.agent.socket)
    assert (stat.S_IMODE(entry.st_mode), entry.st_uid, entry.st_gid) == (0o660, 0, 1)
    stranger = as_nobody(lab, "--regid", "65534", "--clear-groups")
    assert (stranger.returncode, stranger.stdout) == (3, "") and "Permission denied" in stranger.stderr
    assert as_nobody(lab, "--regid", "1", "--clear-groups").returncode == 0
    assert as_nobody(lab, "--regid", "65534", "--groups", "2,1").returncode == 0
    os.chmod(lab.agent.socket, 0o666)  # the mode is not all that guards it
    stranger = as_nobody(lab, "--regid", "65534", "--clear-groups")
    assert (stranger.returncode, stranger.stdout) == (1, "")
    assert stranger.stderr == (f"xbr: uid 65534 is neither root, nor the agent's user, nor in the group of {lab.agent.socket} (gid 1)\n")


def test_without_the_group_the_socket_is_roots(lab):
    lab.agent.start("--group", "nosuchgroup")
    entry = os.stat(lab.agent.socket)
    assert (stat.S_IMODE(entry.st_mode), entry.st_gid) == (0o660, 0)


# ---- the page and the agent say the same ----

with open(os.path.join(ROOT, "docs/api.md")) as page:
    API = page.read()


def api_methods():
    """{method: [(parameter, may be left out)]} of the table of methods."""
    table = API.split("## Methods")[1].split("\n## ")[0].split("\n### ")[0]
    rows = re.findall(r"^\| `([a-z.]+)` \|(.*?)\| .* \|$", table, re.M)
    return {method: re.findall(r"`(\w+)`(\??)", parameters) for method, parameters in rows}


def api_options(title):
    section = API.split(f"### {title} options")[1].split("\n##")[0]
    return [name for row in re.findall(r"^\| (`.*?) \|", section, re.M) for name in re.findall(r"`(\w+)`", row)]


def api_objects_among_options():
    """Options whose values are objects."""
    return set(re.findall(r"^\| `(\w+)` \| an object of ", API, re.M))


def api_object(name):
    """The keys that the page gives for an object, at any depth, less those marked as not always there (?)."""
    text = re.search(rf"^{name}: `(\{{.*?\}})`\.", API.split("## Objects")[1], re.M | re.S).group(1)
    for left_out in (r'"\w+"\?', r"\[[^]]*\]", r': "[^"]*"(?: or "[^"]*")*'):
        text = re.sub(left_out, "", text)
    return re.findall(r'"(\w+)"', text)


def keys_of(value):
    if isinstance(value, dict):
        return set(value) | {key for item in value.values() for key in keys_of(item)}
    return {key for item in value for key in keys_of(item)} if isinstance(value, list) else set()


def test_the_page_lists_enough_to_be_compared():
    assert len(api_methods()) >= 27
    assert len(api_options("Bridge")) >= 9 and len(api_options("Link")) >= 10
    assert all(len(api_object(name)) >= least for name, least in {"bridge": 21, "link": 29, "fdb": 7}.items())


def test_every_method_is_on_the_page():
    with open(os.path.join(ROOT, "agent/control/api.c")) as source:
        methods = set(re.findall(r'^\t\{"([a-z_]+\.[a-z]+)", ', source.read(), re.M))
    assert len(methods) > 40 and not {method for method in methods if f"`{method}`" not in API}


def test_every_method_of_the_page_exists(running):
    with Client(running) as client:
        for method in api_methods():
            answer = client.call(method, nosuchparameter=1)
            assert "error" in answer and answer["error"]["code"] == -32602, (method, answer)
            assert '"nosuchparameter" is not a parameter here' == answer["error"]["message"], (method, answer)


def test_every_parameter_of_the_page_is_known(running):
    """Given the wrong type, it is that parameter the agent complains of."""
    options, objects = {"bridge": api_options("Bridge"), "link": api_options("Link")}, api_objects_among_options()
    samples = {"bridge": "br0", "dev": "v1", "vid": 10, "to": 20, "reason": "all", "frame": "00" * 14, "master": "br0", "lladdr": "02:00:00:00:00:01", "lladdrs": "020000000001", "commands": [],
               "name": "m1", "direction": "in", "msti": 1, "vf": 0, "list": "l1", "set": "s1", "member": "ports",
               "file": "f", "text": ""}
    with Client(running) as client:
        for method, parameters in api_methods().items():
            names = [name for name, _ in parameters]
            required = {name: samples[name] for name, optional in parameters if not optional and name in samples}
            if method in ("bridge.add", "bridge.set", "link.add", "link.set"):
                names += options[method.split(".")[0]]
            for name in names:
                answer = client.call(method, **{**required, name: [] if name in objects else {}})
                assert "error" in answer and answer["error"]["message"].startswith(f"{name} must be"), (method, name, answer)
            for name in required:
                answer = client.call(method, **{key: value for key, value in required.items() if key != name})
                assert answer["error"]["message"] == f"{name} is missing", (method, name, answer)


def test_objects_have_the_keys_of_the_page(running):
    a, b = running.guests(2)
    running.bridge([a, b])
    a.send(bytes(12).replace(b"\0", b"\2") + b"\x88\xb5" + bytes(46))
    running.xbr("fdb add 02:00:00:00:cc:01 dev v1 sticky")
    wait_for(lambda: running.fdb(state=""), what="a learned address")
    with Client(running) as client:
        shown = {"bridge": client.result("bridge.show"), "link": client.result("link.show"), "fdb": client.result("fdb.show")["entries"]}
        for name, objects in shown.items():
            documented = set(api_object(name))
            assert keys_of(objects) - {"link"} == documented, name
            if name != "fdb":  # whose used and updated are of dynamic ones only
                assert all(keys_of(item) >= documented for item in objects), name
        for stats in client.result("stats.show"):
            assert set(stats) == {"ifname", "master", "rx", "tx", "reasons"}
            assert set(stats["rx"]) == set(stats["tx"]) == {"packets", "bytes"}
            assert list(stats["reasons"]) == [reason["name"] for reason in client.result("reasons")]
        assert all(set(reason) == {"name", "class", "text"} for reason in client.result("reasons"))
        version = client.result("version")
        assert set(version) == set(re.findall(r'"(\w+)":', API.split("| `version` |")[1].split("\n")[0]))
        assert version["pid"] == running.agent.process.pid


def test_the_table_of_addresses_can_be_read_in_parts(running):
    running.guests(1)
    running.bridge(running.made)
    for n in range(300):
        with Client(running) as client:
            client.result("fdb.add", lladdr=f"02:00:00:00:{n >> 8:02x}:{n & 255:02x}", dev="v1")
    with Client(running) as client:
        found, cursor, pages = [], None, 0
        while cursor is not None or pages == 0:
            page_of = client.result("fdb.show", limit=50, state="static", **({"cursor": cursor} if cursor else {}))
            found += [entry["mac"] for entry in page_of["entries"]]
            cursor, pages = page_of["next"], pages + 1
        assert len(found) == len(set(found)) == 300 and pages > 4


def test_events_are_told_in_order(running):
    a, b = running.guests(2)
    with Client(running) as watcher, Client(running) as client:
        assert watcher.result("monitor") == {}
        client.result("bridge.add", bridge="br0")
        client.result("link.add", dev="v1", master="br0")
        client.result("link.set", dev="v1", hairpin=True)
        client.result("fdb.add", lladdr="02:00:00:00:cc:01", dev="v1")
        client.result("fdb.del", lladdr="02:00:00:00:cc:01", dev="v1")
        client.result("link.del", dev="v1")
        client.result("bridge.del", bridge="br0")
        events = []
        while not events or (events[-1]["object"], events[-1]["event"]) != ("bridge", "del"):
            message = watcher.line()
            assert (message["jsonrpc"], message["method"], "id" in message) == ("2.0", "event", False)
            events.append(message["params"])
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", event["time"]) for event in events)
    told = [(event["object"], event["event"]) for event in events]
    wanted = [("bridge", "add"), ("link", "add"), ("link", "set"), ("fdb", "add"), ("fdb", "del"), ("link", "del"), ("bridge", "del")]
    assert [pair for pair in dict.fromkeys(told) if pair in wanted] == wanted
    assert [event["hairpin"] for event in events if (event["object"], event["event"]) == ("link", "set")][-1] is True


def test_many_addresses_in_one_request(running):
    a, b = running.guests(2)
    running.bridge([a, b])
    digits = "".join(f"02000000{n:04x}" for n in range(300))
    with Client(running) as client:
        answer = client.result("fdb.load", lladdrs=digits + "333300000001" + "020000000007", dev=a.port)
        assert answer["added"] == 300
        assert [one["at"] for one in answer["refused"]] == [300, 301]
        assert "already" in answer["refused"][1]["error"]
        for wrong in ("0200000000", "02000000000g", "0x0200000000"):
            assert "digits" in client.call("fdb.load", lladdrs=wrong, dev=a.port)["error"]["message"]
        assert "nowhere" in client.call("fdb.load", lladdrs=digits, dev="nowhere")["error"]["message"]
    static = running.fdb(ifname=a.port, state="static")
    assert set(static) == {f"02:00:00:00:{n >> 8:02x}:{n & 255:02x}" for n in range(300)}
    frame = ethernet("02:00:00:00:00:07", b.mac)
    with running.listen(a, b) as ears:
        b.send(frame)
        assert ears.copies(frame) == {a: 1, b: 0}


def test_a_file_of_addresses_is_loaded(running):
    a, = running.guests(1)
    running.bridge([a])
    path = f"{running.folder}/addresses"
    with open(path, "w") as file:
        file.write("# some\n02:00:00:00:00:01\n\n02:00:00:00:00:02 \r\n01:00:00:00:00:01\n02:00:00:00:0A:03")
    done = running.xbr(f"fdb load {path} dev {a.port} sticky", check=False)
    assert done.returncode == 1 and f"{path}:5: " in done.stderr and "added 3" in done.stdout
    assert {"02:00:00:00:00:01", "02:00:00:00:00:02", "02:00:00:00:0a:03"} <= set(running.fdb(ifname=a.port, state="static"))
    with open(path, "w") as file:
        file.write("02:00:00:00:01:01\nnonsense\n")
    done = running.xbr(f"fdb load {path} dev {a.port}", check=False)
    assert done.returncode == 2 and f'{path}:2: "nonsense" is not an address' in done.stderr
    assert "02:00:00:00:01:01" not in running.fdb()
