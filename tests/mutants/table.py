"""The rules that must not go missing unnoticed: where each stands, how it is removed, and who should notice."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Mutant:
    """One rule, removed: `text` (which stands there exactly once) becomes `instead`."""

    rule: str
    file: str
    text: str
    instead: str
    tests: tuple[str, ...]


_DOMAIN = "tests/domain"

MUTANTS = (
    Mutant(
        "four eyes: the second person differs from the first",
        "domain/guards.py",
        "    if second and asked.directory.same_person(asked.thread.assessor, second):\n        raise FourEyes\n",
        "    del second\n",
        (f"{_DOMAIN}/test_label.py",),
    ),
    Mutant(
        "four eyes: two accounts of one person are one person",
        "domain/parties.py",
        "        return bool(persons[0]) and persons[0] == persons[1]",
        "        return False",
        (f"{_DOMAIN}/test_label.py",),
    ),
    Mutant(
        "a mandate withdrawn between enqueue and send redacts",
        "domain/visibility.py",
        "any(m.opens(author, own) and m.active(self.on) for m in self.mandates)",
        "any(m.opens(author, own) for m in self.mandates)",
        ("tests/delivery/test_full.py",),
    ),
    Mutant(
        "a full delivery is worked out with the dossier as it is when it is sent",
        "delivery/content.py",
        "        seen = Sight(dossier, organisation, self._directory(), on=today).of(plain)\n",
        "        from types import SimpleNamespace\n"
        "        del dossier, today\n"
        "        seen = SimpleNamespace(body=plain)\n",
        ("tests/delivery/test_full.py",),
    ),
    Mutant(
        "the substitute takes turns while the fixed contact is away",
        "domain/agreements.py",
        "        fixed = None if self.away(on) else self.fixed_contact",
        "        fixed = self.fixed_contact",
        (f"{_DOMAIN}/test_agreements.py",),
    ),
    Mutant(
        "the substitute is reminded too while the fixed contact is away",
        "domain/passing.py",
        "        if desk and away and desk.substitute:",
        "        if desk and away and False:",
        (f"{_DOMAIN}/test_passing.py",),
    ),
    Mutant(
        "non-cooperation only within the regime of rights and duties",
        "domain/guards.py",
        "    if asked.dossier.target_group not in LIVING_WAGE or not registered:\n        raise OutsideRegime\n",
        "    del registered\n",
        (f"{_DOMAIN}/test_non_cooperation.py",),
    ),
    Mutant(
        "no mandate opens the motivation of a sanction",
        "domain/kinds/non_cooperation.py",
        "    mandate_opens=False,\n",
        "",
        (f"{_DOMAIN}/test_non_cooperation.py",),
    ),
    Mutant(
        "registering for the client needs a mandate",
        "domain/guards.py",
        "    if not any(m.given_to == own and m.scope is scope and m.active(today) for m in asked.dossier.mandates):\n"
        "        raise MandateMissing\n",
        "    del own, today, scope\n",
        (f"{_DOMAIN}/test_mandates.py",),
    ),
    Mutant(
        "texts need a legal basis in force on write",
        "domain/stepping.py",
        "    if not in_force and _tells_content(data, event_type):\n        raise LegalBasisEnded\n",
        "    del in_force\n",
        (f"{_DOMAIN}/test_mandates.py",),
    ),
    Mutant(
        "texts need a legal basis in force on read",
        "domain/visibility.py",
        "        if basis is None or not basis.in_force(self.on) or not basis.purposes:",
        "        if basis is None:",
        (f"{_DOMAIN}/test_mandates.py", f"{_DOMAIN}/test_visibility.py"),
    ),
    Mutant(
        "labels and non-cooperation are hidden from other partners",
        "domain/dossier.py",
        "        return thread is None or thread.part_of(inscription.organisation) is None",
        "        return thread is None",
        (f"{_DOMAIN}/test_label.py",),
    ),
    Mutant(
        "the sender stays responsible until the client was contacted",
        "domain/threads.py",
        "        if self.receiver is None or self.status not in _CONTACTED:",
        "        if self.receiver is None or self.status not in {*_CONTACTED, Status.ACCEPTED}:",
        (f"{_DOMAIN}/test_handover.py",),
    ),
    Mutant(
        "any step of the receiver restarts the thirty days",
        "domain/following.py",
        "    return replace(thread, due_at=due_at, due_rule=due_rule, rung=0, escalated=())",
        "    del due_at, due_rule\n    return thread",
        (f"{_DOMAIN}/test_handover_around.py", f"{_DOMAIN}/test_handover.py"),
    ),
    Mutant(
        "a due moment on a closed day rolls forward",
        "domain/deadlines.py",
        "    while not is_working_day(day):\n        day += timedelta(days=1)\n    return day",
        "    return day",
        (f"{_DOMAIN}/test_deadline_table.py",),
    ),
    Mutant(
        "public holidays are no working days",
        "domain/deadlines.py",
        "    return day.weekday() < saturday and day not in _holidays(day.year)",
        "    return day.weekday() < saturday",
        (f"{_DOMAIN}/test_deadline_table.py",),
    ),
    Mutant(
        "the ladder: the team after two working days, the coordinators after five",
        "domain/passing.py",
        "LADDER = ((Rung.COUNSELLOR, 0), (Rung.TEAM, 2), (Rung.COORDINATORS, 5))",
        "LADDER = ((Rung.COUNSELLOR, 0), (Rung.TEAM, 2), (Rung.COORDINATORS, 4))",
        (f"{_DOMAIN}/test_passing.py",),
    ),
    Mutant(
        "an answer takes everyone down the ladder",
        "domain/stepping.py",
        "            rung=0,\n            escalated=(),\n        )\n        return step if",
        "        )\n        return step if",
        (f"{_DOMAIN}/test_passing.py",),
    ),
    Mutant(
        "only a thread's latest step can be taken back",
        "domain/taking_back.py",
        "    if _latest(thread, history) != mistake:\n        raise NotTakenBack\n",
        "",
        (f"{_DOMAIN}/test_taking_back.py",),
    ),
    Mutant(
        "only its author's organisation takes a step back",
        "domain/taking_back.py",
        "    if mistake.organisation != own:\n",
        "    if False:\n",
        (f"{_DOMAIN}/test_taking_back.py",),
    ),
    Mutant(
        "an agreement holds within its period only",
        "domain/agreements.py",
        "        return self.valid_from <= on and (self.valid_until is None or on <= self.valid_until)",
        "        return bool(on)",
        (f"{_DOMAIN}/test_agreements.py",),
    ),
    Mutant(
        "an agreed answer time replaces the default",
        "domain/stepping.py",
        "        return rule.agreed(agreement.answer_time(event_type, priority=self.dossier.priority_line))",
        "        del event_type\n        return rule",
        (f"{_DOMAIN}/test_agreements.py",),
    ),
    Mutant(
        "a contract art. 60 across a running training warns",
        "domain/following.py",
        "            _warn_trainings(draft, before)\n",
        "            pass\n",
        (f"{_DOMAIN}/test_training.py",),
    ),
    Mutant(
        "the committee decides first for a client on leefloon",
        "domain/kinds/training.py",
        "        _proposed(when=ON_LIVING_WAGE, to=Status.REQUESTED, turn=Turn.OCMW, due=calendar_days(30)),",
        "        _proposed(when=ON_LIVING_WAGE, to=Status.ACCEPTED, turn=Turn.ORGANISER, due=calendar_days(30)),",
        (f"{_DOMAIN}/test_training.py",),
    ),
    Mutant(
        "a conflict between statements is told",
        "domain/decide.py",
        "    detect(draft, command, directory)\n",
        "",
        (f"{_DOMAIN}/test_conflicts.py",),
    ),
    Mutant(
        "the version decides when two nodes pass time at once",
        "../../migrations/versions/0001_append.sql",
        "    WHERE coalesce(d.version, 0) = c.expected;",
        "    WHERE true;",
        ("tests/record/test_handle.py", "tests/record/test_scheduling.py"),
    ),
)
