"""The child process under supervision: children made to misbehave, and what is left of them afterwards."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import pytest

from gradcheck.assemble import Gathered, assemble, outcome_of, tail, verdict_of
from gradcheck.check import check_target
from gradcheck.errors import EnvironmentFailure
from gradcheck.options import Options
from gradcheck.results import Finding, Outcome, Parameter, Report
from gradcheck.supervise import Channel, Ending, Event, EventPipe, Listeners, Output, interrupts_noted, run
from gradcheck.target import Target

PRELUDE = """\
import json, os, signal, sys, time
config = json.load(open(sys.argv[1]))
fd = config["channel"]
def send(**event):
    os.write(fd, json.dumps(event).encode() + b"\\n")
def training(id=0, **rest):
    loss = {"kind": "squared error", "source": "own", "identified": True}
    row = {"name": "W", "shape": [2], "verdict": "right", "training": id}
    send(event="training", training={"id": id, "loss": loss, "steps": 2}, parameters=[row], **rest)
def end(kind="finished", **rest):
    send(event="end", outcome={"kind": kind, **rest}, seconds={"run": 0.5})
send(event="begin", python="3.11.7", numpy="2.0.0")
"""


@pytest.fixture
def child(tmp_path: Path):
    """``child(body, **options)``: the Report of a fake recorder with that body."""

    def check(body: str, prelude: str = PRELUDE, **options: object) -> Report:
        script = tmp_path / "model.py"
        script.write_text("pass\n")
        fake = tmp_path / "child.py"
        fake.write_text(prelude + textwrap.dedent(body))
        return check_target(Target(script, "model.py"), Options(**options), child=fake).report  # type: ignore[arg-type]

    return check


def run_plain(code: str):
    """How a child with that code ended, and its events; the channel's number is its first argument."""
    events: list[Event] = []
    pipe = EventPipe()
    command = [sys.executable, "-c", textwrap.dedent(code), str(pipe.write_end)]
    return run(command, pipe, Listeners(events.append)), events


def alive(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as stream:
            return stream.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def gone(pid: int) -> bool:
    deadline = time.monotonic() + 3
    while alive(pid) and time.monotonic() < deadline:
        time.sleep(0.01)
    return not alive(pid)


def test_a_good_child(child) -> None:
    report = child("training(); send(event='changed', what='seeded'); end()")
    assert (report.verdict, report.exit_code()) == ("clean", 0)
    assert (report.changed, report.outcome) == (["seeded"], Outcome("finished"))
    assert report.script["numpy_version"] == "2.0.0"
    assert report.seconds["run"] == 0.5 and report.seconds["total"] > 0


def test_a_later_event_of_a_training_replaces_the_earlier_one(child) -> None:
    finding = Finding("r", "error", "model.py", 1, 1, 1, 2, "wrong").to_json()
    report = child(f"training(1); training(0); training(1, findings=[{finding!r}]); end()")
    assert [row.training for row in report.parameters] == [0, 1]
    assert [row.message for row in report.findings] == ["wrong"]
    assert report.verdict == "errors"


ENDINGS = [
    ("os.kill(os.getpid(), signal.SIGSEGV)", "signal", "SIGSEGV"),
    ("os.abort()", "signal", "SIGABRT"),
    ("os.kill(os.getpid(), signal.SIGKILL)", "signal", "SIGKILL"),
    ("os.kill(os.getpid(), 40)", "signal", "signal 40"),
    ("os._exit(3)", "os_exit", "os._exit(3)"),
    ("os._exit(0)", "os_exit", "os._exit(0)"),
    ("os.close(fd); os._exit(7)", "os_exit", "os._exit(7)"),
    ("end('exit', message='bye'); os._exit(4)", "exit", "bye"),
]


@pytest.mark.parametrize(("body", "kind", "words"), ENDINGS, ids=[row[0] for row in ENDINGS])
def test_what_was_streamed_survives_every_end(child, body: str, kind: str, words: str) -> None:
    report = child("training()\nprint('epoch 1', flush=True)\n" + body)
    assert report.verdict == "clean"
    assert report.outcome is not None and report.outcome.kind == kind
    assert words in report.outcome.message
    assert report.outcome.output_tail == "epoch 1"


STUBBORN = """
signal.signal(signal.SIGUSR1, signal.SIG_IGN)
signal.signal(signal.SIGTERM, signal.SIG_IGN)
signal.signal(signal.SIGINT, signal.SIG_IGN)
"""


def test_an_endless_loop_is_asked_then_killed(child, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gradcheck.check.GRACE", 0.4)
    began = time.monotonic()
    report = child(STUBBORN + "training()\nwhile True: time.sleep(0.1)", timeout=0.5)
    assert 0.8 < time.monotonic() - began < 3
    assert report.outcome is not None and report.outcome.kind == "time_limit"
    assert "0.5 s" in report.outcome.message
    assert report.verdict == "clean"


def test_a_child_that_heeds_the_soft_signal_reports_itself(child) -> None:
    body = """
    def finish(*_):
        training()
        end("time_limit", message="asked")
        os._exit(0)
    signal.signal(signal.SIGUSR1, finish)
    while True: time.sleep(0.1)
    """
    began = time.monotonic()
    report = child(body, timeout=0.4)
    assert time.monotonic() - began < 3
    assert (report.verdict, report.outcome and report.outcome.message) == ("clean", "asked")


def test_a_child_that_stays_after_its_farewell_is_killed(child, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gradcheck.supervise.FAREWELL", 0.2)
    began = time.monotonic()
    report = child(STUBBORN + "training(); end()\nwhile True: time.sleep(0.1)")
    assert time.monotonic() - began < 3
    assert (report.verdict, report.outcome) == ("clean", Outcome("finished"))


def test_huge_output_is_bounded_and_its_end_kept(child) -> None:
    body = """
    line = b"x" * 99_999 + b"\\n"
    for _ in range(500): sys.stdout.buffer.write(line)
    print("the last line", flush=True)
    training(); os._exit(1)
    """
    report = child(body)
    assert report.verdict == "clean" and report.outcome is not None
    assert report.outcome.output_tail.endswith("\nthe last line")
    assert len(report.outcome.output_tail) < 10_000


def test_lines_that_are_no_events_are_counted(child) -> None:
    noise = [
        b"",
        b"{",
        b"[1]",
        b'{"event": 3}',
        b"\xff\xfe",
        b'{"event": "training"}',
        b'{"event": "end"}',
        b"[" * 9000,
    ]
    report = child(f"for line in {noise!r}: os.write(fd, line + b'\\n')\ntraining(); end()")
    assert (report.verdict, report.outcome) == ("clean", Outcome("finished"))
    assert [row.what for row in report.not_checked] == ["7 messages of the recorder"]


def test_a_last_line_cut_short_is_left_out(child) -> None:
    report = child('training(); os.write(fd, b\'{"event": "end", "outco\'); os._exit(9)')
    assert report.outcome is not None and report.outcome.kind == "os_exit"
    assert report.not_checked == []


def test_a_child_that_never_begins_is_told_with_its_last_words(child) -> None:
    with pytest.raises(EnvironmentFailure) as failure:
        child("import no_such_module_anywhere", prelude="")
    assert "no_such_module_anywhere" in failure.value.advice


def test_a_forged_report_on_standard_output_is_only_output(child) -> None:
    report = child("""print('{"event": "end", "outcome": {"kind": "forged"}}', flush=True); end()""")
    assert report.outcome == Outcome("finished")


def test_the_config_and_the_world_of_the_child(child, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONHASHSEED", "7")
    monkeypatch.setenv("KEPT", "yes")
    body = """
    config["stdin"] = sys.stdin.read()
    config["environment"] = {k: os.environ.get(k) for k in ("PYTHONHASHSEED", "KEPT", "PYTHONUTF8")}
    config["session"] = os.getsid(0) == os.getpid()
    config["cwd"] = os.getcwd()
    config["there"] = os.path.isdir(config["overlay"])
    send(event="changed", what=json.dumps(config)); end()
    """
    report = child(
        body, seed=4, call="f()", loss="hinge", maximize=True, follow=("a",), arguments=("-x", "--", "\udcff")
    )
    config = json.loads(report.changed[0])
    overlay = config.pop("overlay")
    assert not os.path.exists(os.path.dirname(overlay))
    assert isinstance(config.pop("channel"), int)
    assert config == {
        "script": str(tmp_path / "model.py"),
        "cells": [],
        "arguments": ["-x", "--", "\udcff"],
        "seed": 4,
        "call": "f()",
        "loss": "hinge",
        "maximize": True,
        "follow": ["a"],
        "stand_ins": True,
        "weigh": False,
        "drawn": False,
        "plan": False,
        "whole": [],
        "sources": {},
        "options": {"timeout": 120.0},
        "stdin": "",
        "session": True,
        "environment": {"PYTHONHASHSEED": "0", "KEPT": "yes", "PYTHONUTF8": None},
        "cwd": os.getcwd(),
        "there": True,
    }


def test_a_grandchild_that_keeps_the_pipes_is_not_waited_for_and_not_left() -> None:
    code = """
    import os, subprocess, sys
    fd = int(sys.argv[1])
    os.set_inheritable(fd, True)
    sleeper = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], close_fds=False)
    os.write(fd, b'{"event": "pid", "pid": %d}\\n' % sleeper.pid)
    os._exit(0)
    """
    began = time.monotonic()
    ending, events = run_plain(code)
    assert time.monotonic() - began < 3
    assert ending.exit_code == 0
    assert gone(events[0]["pid"])


def test_a_grandchild_that_cleans_up_quickly_is_let_finish(tmp_path: Path) -> None:
    code = f"""
    import subprocess, sys
    tidy = "import time; time.sleep(0.1); open({str(tmp_path / "tidied")!r}, 'w').close()"
    subprocess.Popen([sys.executable, "-c", tidy])
    """
    run_plain(code)
    assert (tmp_path / "tidied").exists()


def test_a_listener_that_raises_leaves_no_child() -> None:
    pids: list[int] = []

    def fail(event: Event) -> None:
        pids.append(event["pid"])
        raise ZeroDivisionError

    pipe = EventPipe()
    code = """
import os, sys, time
os.write(int(sys.argv[1]), b'{"event": "x", "pid": %d}\\n' % os.getpid())
time.sleep(60)
"""
    with pytest.raises(ZeroDivisionError):
        run([sys.executable, "-c", code, str(pipe.write_end)], pipe, Listeners(fail))
    assert gone(pids[0])


def test_no_descriptor_is_left_open() -> None:
    before = sorted(os.listdir("/proc/self/fd"))
    run_plain("print('x')")
    assert sorted(os.listdir("/proc/self/fd")) == before


def test_a_command_that_cannot_start() -> None:
    before = sorted(os.listdir("/proc/self/fd"))
    with pytest.raises(EnvironmentFailure, match="cannot be started"):
        run(["/no/such/python"], EventPipe(), Listeners(lambda event: None))
    assert sorted(os.listdir("/proc/self/fd")) == before


def test_interrupts_are_noted_and_the_handlers_given_back() -> None:
    before = signal.getsignal(signal.SIGINT)
    with interrupts_noted() as noted:
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0)
    assert noted == [signal.SIGINT]
    assert signal.getsignal(signal.SIGINT) is before


def test_an_interrupt_ends_a_stubborn_child_within_a_second() -> None:
    code = """
import os, signal, sys, time
signal.signal(signal.SIGUSR1, signal.SIG_IGN)
os.write(int(sys.argv[1]), b'{"event": "up"}\\n')
time.sleep(60)
"""
    noted: list[int] = []
    pipe = EventPipe()
    began: list[float] = []

    def interrupt(event: Event) -> None:
        began.append(time.monotonic())
        noted.append(signal.SIGINT)

    ending = run([sys.executable, "-c", code, str(pipe.write_end)], pipe, Listeners(interrupt), noted=noted)
    assert (ending.stopped, ending.interrupt, ending.exit_code) == ("interrupt", signal.SIGINT, -signal.SIGKILL)
    assert time.monotonic() - began[0] < 1


def test_works_outside_the_main_thread() -> None:
    endings: list[Ending] = []

    def work() -> None:
        with interrupts_noted():
            endings.append(run_plain("import sys; sys.exit(5)")[0])

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert endings[0].exit_code == 5


TOOL = """
import sys
from pathlib import Path
from gradcheck import check, cli
check.CHILD = Path(sys.argv[1])
check.check_target.__kwdefaults__["child"] = check.CHILD
sys.exit(cli.main(sys.argv[2:]))
"""


@pytest.fixture
def busy_tool(tmp_path: Path):
    """The command line at work on a child that will not end; yields its process and the child's number."""
    (tmp_path / "model.py").write_text("pass\n")
    (tmp_path / "temporary").mkdir()
    body = (
        STUBBORN
        + f"training(); open({str(tmp_path / 'pid')!r}, 'w').write(str(os.getpid()))\nwhile True: time.sleep(1)"
    )
    (tmp_path / "child.py").write_text(PRELUDE + body)
    command = [sys.executable, "-c", TOOL, str(tmp_path / "child.py"), "--format", "json", str(tmp_path / "model.py")]
    environment = {**os.environ, "TMPDIR": str(tmp_path / "temporary"), "PYTHONPATH": os.getcwd()}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment) as tool:
        while not ((tmp_path / "pid").exists() and (tmp_path / "pid").read_text()):
            assert tool.poll() is None, tool.stderr and tool.stderr.read()
            time.sleep(0.02)
        yield tool, int((tmp_path / "pid").read_text())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_to_the_tool_reports_what_is_known(busy_tool, tmp_path: Path, number: int) -> None:
    tool, pid = busy_tool
    began = time.monotonic()
    tool.send_signal(number)
    output, complaints = tool.communicate(timeout=10)
    assert time.monotonic() - began < 2
    report = json.loads(output)
    assert (tool.returncode, complaints) == (128 + number, b"")
    assert (report["outcome"]["kind"], report["parameters"][0]["verdict"]) == ("interrupted", "right")
    assert list((tmp_path / "temporary").iterdir()) == []
    assert gone(pid)


def test_a_tool_that_is_killed_leaves_neither_process_nor_file(busy_tool, tmp_path: Path) -> None:
    tool, pid = busy_tool
    assert list((tmp_path / "temporary").iterdir()) != []
    tool.kill()
    assert gone(pid)
    deadline = time.monotonic() + 3
    while list((tmp_path / "temporary").iterdir()) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert list((tmp_path / "temporary").iterdir()) == []


def test_the_traceback_is_not_told_twice(child) -> None:
    trace = "Traceback (most recent call last):\n  File x\nValueError: no\n"
    report = child(
        f"print('epoch 1'); print({trace!r}, flush=True); end('exception', message='no', traceback={trace!r})"
    )
    assert report.outcome is not None
    assert (report.outcome.output_tail, report.outcome.traceback) == ("epoch 1", trace)


def test_output_keeps_head_and_tail() -> None:
    output = Output(head=4, tail=4)
    for piece in (b"ab", b"cdefgh", b"ijklmnopqrstuvwxyz", b"\xff"):
        output.feed(piece)
    assert output.text() == "abcd\n... 19 bytes left out ...\nxyz\\xff"


def test_channel_takes_lines_in_any_pieces() -> None:
    channel = Channel()
    data = b'{"event": "a"}\n\n{"event": "b"}\n'
    events = [event for i in range(len(data)) for event in channel.feed(data[i : i + 1])]
    assert [event["event"] for event in events] == ["a", "b"]
    assert channel.unreadable == 0


def test_channel_drops_a_line_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gradcheck.supervise.LINE_LIMIT", 50)
    channel = Channel()
    events = [*channel.feed(b"x" * 60), *channel.feed(b'y" }\n{"event": "b"}\n')]
    assert (events, channel.unreadable) == ([{"event": "b"}], 1)


@pytest.mark.parametrize(
    ("output", "kept"),
    [
        ("", ""),
        ("a\nb\n", "a\nb"),
        ("\n".join(map(str, range(50))), "\n".join(map(str, range(30, 50)))),
        ("10%\r50%\r100%\r\ndone\r\n", "100%\ndone"),
        ("y" * 500, "y" * 400 + " ..."),
    ],
)
def test_tail(output: str, kept: str) -> None:
    assert tail(output) == kept


def test_a_kill_from_outside_of_a_large_process_is_memory() -> None:
    ending = Ending(-signal.SIGKILL, "", 0, "", 1 << 50, 0, 1.0)
    assert outcome_of(ending, 0).kind == "memory"


@pytest.mark.parametrize(
    ("verdicts", "severities", "report"),
    [
        ("", "", "not_judged"),
        ("right right_up_to_scale", "warning note", "clean"),
        ("right not_judged", "", "partly_judged"),
        ("right inconclusive", "", "partly_judged"),
        ("not_judged inconclusive", "", "not_judged"),
        ("right wrong", "error", "errors"),
        ("wrong", "", "errors"),
        ("", "error", "errors"),
        ("wrong", "suppressed", "clean"),
    ],
)
def test_the_verdict_on_a_report(verdicts: str, severities: str, report: str) -> None:
    parameters = [Parameter("W", [1], verdict) for verdict in verdicts.split()]  # type: ignore[arg-type]
    findings = [
        Finding(
            "r", "error" if word == "suppressed" else word, "m.py", 1, 1, 1, 2, "m", suppressed=word == "suppressed"
        )  # type: ignore[arg-type]
        for word in severities.split()
    ]
    assert verdict_of(parameters, findings) == report


def test_an_interrupt_is_not_told_as_a_time_limit() -> None:
    gathered = Gathered()
    gathered.take({"event": "end", "outcome": {"kind": "time_limit", "message": "too late", "line": 7}})
    ending = Ending(1, "interrupt", 2, "", 0, 0, 2.0)
    report = assemble(gathered, ending, {"path": "m.py"}, timeout=1, tool_version="0")
    assert report.outcome == Outcome("interrupted", "the run was interrupted", 7)


def test_nothing_streamed_is_still_a_report() -> None:
    ending = Ending(0, "time limit", 0, "", 0, 0, 2.0)
    report = assemble(Gathered(), ending, {"path": "m.py"}, timeout=1, tool_version="0")
    assert (report.verdict, report.exit_code(), report.loss) == ("not_judged", 2, None)
