"""Every cell of the policy, held against a table that was written by hand."""

from itertools import product

import pytest

from handover.domain.fields import Visibility
from handover.domain.policy import (
    ALL,
    CONFIDENTIAL_SCOPE,
    TABLE,
    TASKS,
    Action,
    Relation,
    Role,
    Task,
    decide,
    may,
    narrowed,
)

# By role: what is seen with each action, in the order of `_RELATIONS`. s step, c content, x confidential, i internal;
# - denied, 0 allowed without any field.
_RELATIONS = (Relation.ASSIGNED, Relation.INSCRIBED, Relation.BROKEN_GLASS, Relation.FORMER, Relation.OUTSIDE)
_EXPECTED = {
    "counsellor": """
        findDossier    s    s  s   -   -
        readDossier    scxi -  sci -   -
        readTimeline   scxi -  sci -   -
        readEvent      scxi -  sci sci -
        postStep       scxi -  -   -   -
        readAccessLog  s    -  s   -   -
        breakGlass     s    s  s   -   -
    """,
    "coordinator": """
        findDossier    s    s    s    -   -
        readDossier    scxi scxi scxi -   -
        readTimeline   scxi scxi scxi -   -
        readEvent      scxi scxi scxi sci -
        postStep       scxi scxi scxi -   -
        readAccessLog  s    s    s    -   -
        breakGlass     s    s    s    -   -
    """,
    "integration": """
        findDossier    s    s    s    -   -
        readDossier    scxi scxi scxi -   -
        readTimeline   scxi scxi scxi -   -
        readEvent      scxi scxi scxi sci -
        postStep       scxi scxi scxi -   -
        readAccessLog  s    s    s    -   -
        breakGlass     -    -    -    -   -
    """,
    "dataProtectionOfficer": """
        findDossier    - - - - -
        readDossier    - - - - -
        readTimeline   - - - - -
        readEvent      - - - - -
        postStep       - - - - -
        readAccessLog  0 0 0 - -
        breakGlass     - - - - -
    """,
    "administrator": """
        findDossier    - - - - -
        readDossier    - - - - -
        readTimeline   - - - - -
        readEvent      - - - - -
        postStep       - - - - -
        readAccessLog  - - - - -
        breakGlass     - - - - -
    """,
}
_LETTER = {
    "s": Visibility.STEP,
    "c": Visibility.CONTENT,
    "x": Visibility.CONFIDENTIAL,
    "i": Visibility.INTERNAL,
}
_TASKS = {
    "openDossier": "counsellor coordinator integration",
    "listDossiers": "counsellor coordinator integration",
    "identifyPerson": "counsellor coordinator integration",
    "searchDossiers": "counsellor coordinator integration",
    "readInbox": "counsellor coordinator integration",
    "readFeed": "counsellor coordinator integration",
    "readReference": "counsellor coordinator integration dataProtectionOfficer administrator",
    "manageAgreements": "counsellor coordinator integration",
    "manageOffers": "counsellor coordinator integration",
    "manageSubscriptions": "coordinator integration administrator",
    "readOrganisationLog": "dataProtectionOfficer",
    "readBreakGlass": "dataProtectionOfficer",
    "keepSettings": "counsellor coordinator integration dataProtectionOfficer administrator",
    "readLoad": "coordinator",
    "divideWork": "coordinator",
}
_SCOPES = frozenset({CONFIDENTIAL_SCOPE})


def _cells() -> dict[tuple[Role, Action, Relation], frozenset[Visibility] | None]:
    found: dict[tuple[Role, Action, Relation], frozenset[Visibility] | None] = {}
    for role, text in _EXPECTED.items():
        for line in text.strip().splitlines():
            action, *words = line.split()
            for relation, word in zip(_RELATIONS, words, strict=True):
                classes = None if word == "-" else frozenset(_LETTER[letter] for letter in word if letter != "0")
                found[Role(role), Action(action), relation] = classes
    return found


CELLS = _cells()


def test_the_table_here_has_every_cell() -> None:
    assert set(CELLS) == set(product(Role, Action, Relation))
    assert set(_TASKS) == set(Task)


@pytest.mark.parametrize("cell", CELLS, ids="-".join)
def test_a_cell(cell: tuple[Role, Action, Relation]) -> None:
    role, action, relation = cell
    assert decide([role], action, relation, _SCOPES) == CELLS[cell]


@pytest.mark.parametrize(("role", "task"), list(product(Role, Task)))
def test_a_task(role: Role, task: Task) -> None:
    assert may([role], task) == (role in _TASKS[task].split())


def test_roles_together_see_what_each_of_them_sees() -> None:
    for one, other in product(Role, Role):
        for action, relation in product(Action, Relation):
            parts = [CELLS[role, action, relation] for role in (one, other)]
            allowed = [part for part in parts if part is not None]
            expected = frozenset[Visibility]().union(*allowed) if allowed else None
            assert decide([one, other], action, relation, _SCOPES) == expected


def test_nobody_is_let_in_without_a_role() -> None:
    for action, relation in product(Action, Relation):
        assert decide([], action, relation, _SCOPES) is None
    assert not any(may([], task) for task in Task)


def test_software_needs_the_scope_for_confidential_fields_and_people_do_not() -> None:
    for action, relation in product(Action, Relation):
        seen = decide([Role.INTEGRATION], action, relation)
        assert seen is None or Visibility.CONFIDENTIAL not in seen
        for role in (Role.COUNSELLOR, Role.COORDINATOR):
            assert decide([role], action, relation) == CELLS[role, action, relation]


def test_narrowing_never_adds() -> None:
    every = [frozenset(v for n, v in enumerate(Visibility) if bits >> n & 1) for bits in range(16)]
    for given, granted, own in product(every, every, (True, False)):
        assert narrowed(given, granted, own=own) <= given
        if not own:
            assert narrowed(given, granted, own=own) == given & granted
        assert narrowed(given, ALL, own=own) == given


def test_the_table_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        TABLE[Role.ADMINISTRATOR, Relation.ASSIGNED, Action.READ_DOSSIER] = ALL  # type: ignore[index]
    with pytest.raises(TypeError):
        TASKS[Task.READ_ORGANISATION_LOG] = frozenset(Role)  # type: ignore[index]


def test_who_may_not_see_internal_fields_sees_no_more_of_what_their_organisation_wrote() -> None:
    granted = frozenset({Visibility.STEP, Visibility.CONTENT})
    assert narrowed(ALL, granted, own=True) == granted
    assert narrowed(ALL, frozenset({Visibility.STEP, Visibility.INTERNAL}), own=True) == ALL
