import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from handover.platform.supervise import Child, supervise

FOREVER = "import time\nwhile True: time.sleep(0.05)"
STUBBORN = "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + FOREVER
OBEDIENT = "import signal, sys\nsignal.signal(signal.SIGTERM, lambda *_: sys.exit(0))\n" + FOREVER


def _child(name: str, program: str, directory: Path) -> Child:
    write_pid = f"import os, pathlib; pathlib.Path({str(directory / name)!r}).write_text(str(os.getpid()))\n"
    if "signal.signal" in program:
        head, body = program.split("while True", 1)
        program = head + write_pid + "while True" + body
    else:
        program = write_pid + program

    async def ready() -> None:
        while not ((directory / name).exists() and (directory / name).read_text()):  # noqa: ASYNC110
            await asyncio.sleep(0.01)

    return Child(name, [sys.executable, "-c", program], ready=ready)


def _alive(directory: Path, name: str) -> bool:
    try:
        os.kill(int((directory / name).read_text()), 0)
    except ProcessLookupError:
        return False
    return True


def _signal_when_ready(*numbers: signal.Signals) -> None:
    for number in numbers:
        os.kill(os.getpid(), number)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
async def test_a_signal_ends_all_and_counts_as_success(tmp_path: Path, number: signal.Signals) -> None:
    code = await supervise(
        [_child("a", FOREVER, tmp_path), _child("b", FOREVER, tmp_path)],
        on_ready=lambda: _signal_when_ready(number),
    )
    assert code == 0
    assert not _alive(tmp_path, "a")
    assert not _alive(tmp_path, "b")


async def test_children_start_in_order(tmp_path: Path) -> None:
    second = f"import pathlib, sys; sys.exit(7 if pathlib.Path({str(tmp_path / 'a')!r}).exists() else 8)"
    code = await supervise([_child("a", FOREVER, tmp_path), Child("b", [sys.executable, "-c", second])])
    assert code == 7


@pytest.mark.parametrize(("how", "code"), [("sys.exit(3)", 3), ("sys.exit(0)", 1), ("os.kill(os.getpid(), 9)", 137)])
async def test_when_one_ends_the_others_are_ended(tmp_path: Path, how: str, code: int) -> None:
    children = [_child("a", OBEDIENT, tmp_path), Child("b", [sys.executable, "-c", f"import os, sys; {how}"])]
    assert await supervise(children) == code
    assert not _alive(tmp_path, "a")


async def test_a_child_that_ends_before_it_is_ready_ends_the_start(tmp_path: Path) -> None:
    async def never() -> None:
        await asyncio.Event().wait()

    children = [
        Child("a", [sys.executable, "-c", "raise SystemExit(4)"], ready=never),
        _child("b", FOREVER, tmp_path),
    ]
    async with asyncio.timeout(20):
        assert await supervise(children) == 4
    assert not (tmp_path / "b").exists()


async def test_who_does_not_follow_is_killed_after_the_deadline(tmp_path: Path) -> None:
    began = time.monotonic()
    code = await supervise(
        [_child("a", STUBBORN, tmp_path)],
        deadline=0.5,
        on_ready=lambda: _signal_when_ready(signal.SIGTERM),
    )
    assert code == 137
    assert not _alive(tmp_path, "a")
    assert time.monotonic() - began < 10


async def test_a_second_signal_does_not_wait(tmp_path: Path) -> None:
    began = time.monotonic()
    code = await supervise(
        [_child("a", STUBBORN, tmp_path)],
        deadline=60,
        on_ready=lambda: _signal_when_ready(signal.SIGTERM, signal.SIGINT),
    )
    assert code == 137
    assert time.monotonic() - began < 10


async def test_a_program_that_is_not_there_ends_what_was_started(tmp_path: Path) -> None:
    missing = Child("b", [str(tmp_path / "no-such-program")])
    with contextlib.suppress(FileNotFoundError):  # without setpriv it is us who find it missing
        assert await supervise([_child("a", FOREVER, tmp_path), missing]) == 127
    assert not _alive(tmp_path, "a")


async def test_children_get_their_environment_and_none_of_the_terminals_signals(tmp_path: Path) -> None:
    program = (
        f"import os, pathlib; pathlib.Path({str(tmp_path / 'seen')!r})"
        ".write_text(f\"{os.environ['HANDOVER_X']} {os.getsid(0) == os.getpid()}\")"
    )
    await supervise([Child("a", [sys.executable, "-c", program], env={"HANDOVER_X": "y"})])
    assert (tmp_path / "seen").read_text() == "y True"


def test_children_do_not_outlive_a_supervisor_that_is_killed(tmp_path: Path) -> None:
    pid_file = str(tmp_path / "a")
    child = f"import os, time; open({pid_file!r}, 'w').write(str(os.getpid())); time.sleep(60)"
    program = (
        "import asyncio, sys\n"
        "from handover.platform.supervise import Child, supervise\n"
        f"asyncio.run(supervise([Child('a', [sys.executable, '-c', {child!r}])]))\n"
    )
    limit = time.monotonic() + 20
    with subprocess.Popen([sys.executable, "-c", program]) as supervisor:
        while not ((tmp_path / "a").exists() and (tmp_path / "a").read_text()):
            assert time.monotonic() < limit
            time.sleep(0.02)
        supervisor.kill()
    while _alive(tmp_path, "a"):
        assert time.monotonic() < limit
        time.sleep(0.02)
