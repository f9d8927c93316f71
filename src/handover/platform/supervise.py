"""Several processes run as one: they start in order; when one ends or somebody says stop, all of them end."""

import asyncio
import contextlib
import functools
import os
import shutil
import signal
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import structlog

_log = structlog.stdlib.get_logger(__name__)
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(frozen=True, slots=True)
class Child:
    """A process to run: its arguments, what to add to the environment, and how to know that it is ready.

    The next child starts when `ready` returns; without it, at once.
    """

    name: str
    argv: Sequence[str]
    env: Mapping[str, str] | None = None
    ready: Callable[[], Awaitable[None]] | None = None


@dataclass(frozen=True, slots=True)
class _Running:
    name: str
    process: asyncio.subprocess.Process
    ended: asyncio.Task[int]


class _Tree:
    def __init__(self) -> None:
        self.running: list[_Running] = []
        self.asked: signal.Signals | None = None
        self.hurry = asyncio.Event()
        # Resolved once: with the child that ended by itself, or with None when a signal came first.
        self.over: asyncio.Future[_Running | None] = asyncio.get_running_loop().create_future()

    def finish(self, ended: _Running | None) -> None:
        if not self.over.done():
            self.over.set_result(ended)

    def on_signal(self, number: signal.Signals) -> None:
        if self.asked is not None:
            self.hurry.set()
        self.asked = self.asked or number
        self.finish(None)


async def supervise(
    children: Sequence[Child],
    *,
    deadline: float = 20.0,
    on_ready: Callable[[], None] | None = None,
) -> int:
    """Run the children until one ends or SIGINT, SIGTERM or SIGHUP comes, then end all; gives the exit code.

    0 when a signal asked for the end and all followed; the code of the child that ended by itself (1 where
    that was 0: it should not have ended), 128 + n where signal n ended it; 137 when a child had to be killed
    because it did not end within `deadline` seconds of the signal. A second signal kills at once. `on_ready`
    is called when all have started. Must run in the main thread.
    """
    tree = _Tree()
    killed = False
    with _signals_to(tree):
        try:
            await _start(children, tree)
            if on_ready is not None and not tree.over.done():
                on_ready()
            first = await tree.over
        finally:
            killed = await _end(tree, deadline)
    if first is not None:
        return _exit_code(first)
    return 128 + signal.SIGKILL if killed else 0


@contextlib.contextmanager
def _signals_to(tree: _Tree) -> Iterator[None]:
    loop = asyncio.get_running_loop()
    for number in _SIGNALS:
        loop.add_signal_handler(number, tree.on_signal, number)
    try:
        yield
    finally:
        for number in _SIGNALS:
            loop.remove_signal_handler(number)


async def _start(children: Sequence[Child], tree: _Tree) -> None:
    # Children must not outlive us when we are killed and can no longer end them ourselves.
    setpriv = shutil.which("setpriv")
    follow = (setpriv, "--pdeathsig=TERM", "--") if setpriv else ()
    for child in children:
        if tree.over.done():
            return
        process = await asyncio.create_subprocess_exec(
            *follow,
            *child.argv,
            env={**os.environ, **(child.env or {})},
            stdin=asyncio.subprocess.DEVNULL,
            # Ctrl-C in the terminal then reaches only us, and each child is told exactly once.
            start_new_session=True,
        )
        running = _Running(child.name, process, asyncio.create_task(process.wait()))
        tree.running.append(running)
        running.ended.add_done_callback(functools.partial(_finished, tree, running))
        if child.ready is not None:
            await _until_ready(child.ready, tree)


def _finished(tree: _Tree, running: _Running, _ended: asyncio.Task[int]) -> None:
    tree.finish(running)


async def _until_ready(ready: Callable[[], Awaitable[None]], tree: _Tree) -> None:
    waiting = asyncio.ensure_future(ready())
    either: list[asyncio.Future[Any]] = [waiting, tree.over]
    try:
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        if waiting.done():
            waiting.result()
    finally:
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)


async def _end(tree: _Tree, deadline: float) -> bool:
    """End what still runs, last started first; whether something had to be killed."""
    for child in reversed(tree.running):
        if not child.ended.done():
            with contextlib.suppress(ProcessLookupError):
                child.process.send_signal(tree.asked or signal.SIGTERM)
    all_ended = asyncio.gather(*(child.ended for child in tree.running))
    hurry = asyncio.create_task(tree.hurry.wait())
    either: list[asyncio.Future[Any]] = [all_ended, hurry]
    await asyncio.wait(either, timeout=deadline, return_when=asyncio.FIRST_COMPLETED)
    hurry.cancel()
    late = [child for child in tree.running if not child.ended.done()]
    for child in late:
        _log.warning("child_killed", child=child.name, after_seconds=deadline)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.process.pid, signal.SIGKILL)
    await all_ended
    return bool(late)


def _exit_code(child: _Running) -> int:
    code = child.ended.result()
    _log.error("child_ended", child=child.name, code=code)
    return 128 - code if code < 0 else code or 1
