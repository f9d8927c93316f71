"""Random legal and illegal moves of all kinds from all sides: the program agrees with the model after each.

What the model says it works out from the specification alone. Which rows of the tables chance took is counted, and
printed at the end of the test run; `test_unreached` takes the others one by one.
"""

import ast
import random
from collections.abc import Callable
from pathlib import Path

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test
from tests.conftest import SAID
from tests.domain.machine import model as m
from tests.domain.machine.driver import PEOPLE, SIGNERS, Play, Taken, all_rows
from tests.domain.machine.test_unreached import LISTED

from handover.domain.codes import TargetGroup

RUNS_WANTED, FIXED_RUNS, STEPS = 200, 150, 50
RUNS: list[int] = []
"""How many steps each run took."""
_MANNERS = ("legal",) * 14 + ("any",) * 3 + ("join", "receive", "time")
_GROUPS = (TargetGroup.LIVING_WAGE, TargetGroup.LIVING_WAGE, TargetGroup.EQUIVALENT_LIVING_WAGE, TargetGroup.JOB_SEEKER)
_TRIES, _ONWARD, _HALF = 6, 0.7, 0.5


class Machine(RuleBasedStateMachine):
    """One dossier; each rule is one move."""

    def __init__(self) -> None:
        super().__init__()
        self.play = Play()
        self.chance = random.Random(0)  # noqa: S311 - a test
        self.steps = 0

    @initialize(group=st.sampled_from(_GROUPS), seed=st.integers(0, 2**32 - 1), joined=st.booleans())
    def begin(self, group: TargetGroup, seed: int, joined: bool) -> None:  # noqa: FBT001 - hypothesis gives it so
        self.play = Play(group)
        self.chance = random.Random(seed)  # noqa: S311 - a test
        if joined:
            vdab = PEOPLE[2]
            self.play.join(vdab)
            self.play.post(m.Move("dossier.registeredAtVdab", vdab))

    @rule(
        seed=st.integers(0, 2**16 - 1),
        how=st.sampled_from(_MANNERS),
    )
    def move(self, seed: int, how: str) -> None:
        self.chance.seed(f"{self.chance.random()}{seed}")
        chance, play = self.chance, self.play
        play.wait(minutes=chance.choice((1, 30, 600)))
        if how == "join":
            play.join(chance.choice(PEOPLE[:7]))
        elif how == "receive" and play.model.threads:
            play.acknowledge(chance.choice(PEOPLE[:7]), chance.choice(list(play.model.threads)))
        elif how == "time":
            play.pass_time(days=chance.choice((1, 3, 10, 60, 200)))
        elif how == "legal":
            self._legal()
        else:
            play.post(self._draw(chance.choice(m.EVENTS), chance.choice(PEOPLE), self._thread()))
        self.steps += 1

    def _legal(self) -> None:
        """Something that the model allows: it knows, without asking the program."""
        for _ in range(_TRIES):
            thread, who = self._thread(), self.chance.choice(PEOPLE)
            moves = [self._draw(event, who, thread) for event in m.EVENTS if self._plausible(event, thread)]
            legal = [found for found in moves if self.play.model.allows(found)]
            onward = [found for found in legal if self._goes_on(found)]
            if legal:
                among = onward if onward and self.chance.random() < _ONWARD else legal
                # By kind first: of thirteen steps on the dossier itself most say little.
                kind = self.chance.choice(sorted({found.event.partition(".")[0] for found in among}))
                self.play.post(self.chance.choice([f for f in among if f.event.startswith(f"{kind}.")]))
                return
        self.play.post(self._draw(self.chance.choice(m.EVENTS), self.chance.choice(PEOPLE), self._thread()))

    def _goes_on(self, move: m.Move) -> bool:
        """Whether the move leads deeper into its process, so that chance comes to the far ends of the tables."""
        model = self.play.model
        rule = model.rule(move, model.threads.get(move.thread) if move.thread else None)
        return rule is not None and rule.to not in {*m.ENDED, "="}

    def _plausible(self, event: str, thread: str | None) -> bool:
        kind = event.partition(".")[0]
        return thread is None or self.play.model.threads[thread].kind == kind

    def _thread(self) -> str | None:
        """Mostly one that is open: chance alone would only ever open new ones."""
        threads, chance = self.play.model.threads, self.chance
        still_open = [thread_id for thread_id, thread in threads.items() if thread.is_open]
        draw = chance.random()
        if draw < 0.8 and still_open:
            return chance.choice(still_open[-4:])
        return chance.choice(list(threads)) if draw < 0.85 and threads else None

    def _draw(self, event: str, who: str, thread: str | None) -> m.Move:
        chance, model = self.chance, self.play.model
        own = who.partition(".")[0]
        others = [o for o in (m.VDAB, m.OCMW, m.VDAB, m.OCMW, m.OTHER, m.PARTNER) if o != own or chance.random() < 0.1]
        steps = [step[0] for t in model.threads.values() for step in t.steps[-2:]] + [
            fact[0] for fact in model.facts[-2:]
        ]
        at = model.threads[thread].steps[-1:] if thread and thread in model.threads else []
        mistake = at[0][0] if at and chance.random() < 0.7 else chance.choice(steps or [""])
        kind, _, name = event.partition(".")
        if kind == "dossier" and (name in m.PLAIN or name == "enteredInError"):
            thread = None
        return m.Move(
            event=event,
            who=who,
            thread=None if name == "enteredInError" else thread,
            receiver=chance.choice(others),
            signs=who if "." in who else chance.choice(SIGNERS[own]),
            mistake=mistake,
            mandate=chance.choice([*model.mandates, *model.mandates, "nowhere"]),
            automatic=chance.random() < _HALF,
        )

    def teardown(self) -> None:
        RUNS.append(self.steps)


def test_every_transition_is_taken_by_chance_or_listed(record_property: Callable[[str, object], None]) -> None:
    """What counts as covered by chance comes from fixed seeds: what hypothesis draws depends on what is imported."""
    before, covered = len(RUNS), set[Taken]()
    for number in range(FIXED_RUNS):
        chance, machine = random.Random(number), Machine()  # noqa: S311 - a test
        machine.begin(group=chance.choice(_GROUPS), seed=number, joined=chance.random() < _HALF)
        for _ in range(STEPS):
            machine.move(seed=chance.getrandbits(16), how=chance.choice(_MANNERS))
        covered.update(machine.play.taken)
        machine.teardown()
    rows = all_rows()
    runs = RUNS[before:]
    share = f"transitions covered {len(covered)} of {len(rows)}, the others one by one in test_unreached"
    record_property(SAID, f"state machine: {len(runs)} runs by fixed seeds, {sum(runs)} moves; {share}")
    assert rows - covered - set(LISTED) == set()
    assert covered <= rows


def test_the_program_agrees_with_the_model(record_property: Callable[[str, object], None]) -> None:
    before = len(RUNS)
    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=RUNS_WANTED + 100,
            stateful_step_count=STEPS,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
            # What a move becomes depends on the moves before it, so a failing run cannot be made shorter: it is
            # printed whole, and its seeds reproduce it.
            phases=(Phase.generate,),
        ),
    )
    deep = [steps for steps in RUNS[before:] if steps >= STEPS - 1]
    assert len(deep) >= RUNS_WANTED, f"{len(deep)} runs of {STEPS} steps"
    record_property(SAID, f"state machine: {len(RUNS) - before} runs by chance, {sum(RUNS[before:])} moves")


def test_the_model_knows_nothing_of_the_tables() -> None:
    tree = ast.parse((Path(__file__).parent / "model.py").read_text("utf-8"))
    imported = {
        name
        for node in ast.walk(tree)
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    assert imported == {"__future__", "copy", "dataclasses"}
