"""What ACM/IDM says of a person, and who that is here."""

import pytest

from handover.access.acm_idm import ROLE_NAMES, NotLetIn, Reason, Role, claimed, person, plain_code, plain_name
from handover.domain.codes import OrganisationKind
from handover.domain.parties import Counsellor, Directory, Organisation

KBO, VDAB_KBO, OVO = "0212166226", "0887010362", "OVO000042"
DIRECTORY = Directory(
    {
        "ocmw": Organisation(
            organisation_id="ocmw", kind=OrganisationKind.OCMW, enterprise_number=KBO, name="OCMW", coordinator="ocmw.c"
        ),
        "vdab": Organisation(
            organisation_id="vdab", kind=OrganisationKind.VDAB, enterprise_number=VDAB_KBO, name="VDAB"
        ),
    },
    {
        "ocmw.a": Counsellor(counsellor_id="ocmw.a", organisation_id="ocmw", name="A"),
        "vdab.a": Counsellor(counsellor_id="vdab.a", organisation_id="vdab", name="A"),
    },
)
CLAIM = "handover_rol_3d"


def _claims(**changes: object) -> dict[str, object]:
    return {
        "vo_id": "8f2c",
        "vo_orgcode": KBO,
        "vo_doelgroepcode": "LB",
        CLAIM: [f"Trajectbegeleider:{KBO}"],
    } | changes


def _reason(claims: dict[str, object], *, known_as: tuple[str, ...] = ("ocmw.a", "vdab.a")) -> Reason:
    with pytest.raises(NotLetIn) as refused:
        person(claimed(claims, CLAIM), DIRECTORY, known_as=known_as, enterprise_number=VDAB_KBO)
    assert str(refused.value) == str(refused.value.reason)
    return refused.value.reason


def test_a_local_authority_is_known_by_its_kbo_number() -> None:
    found = person(claimed(_claims(), CLAIM), DIRECTORY, known_as=("vdab.a", "ocmw.a"))
    assert (found.organisation.organisation_id, found.counsellor.counsellor_id) == ("ocmw", "ocmw.a")
    assert found.roles == {"counsellor"}


def test_the_flemish_government_is_known_by_its_ovo_code() -> None:
    said = claimed(_claims(vo_orgcode=OVO, vo_doelgroepcode="GID", **{CLAIM: f"Bemiddelaar:{OVO}"}), CLAIM)
    found = person(said, DIRECTORY, known_as=("ocmw.a", "vdab.a"), enterprise_number=VDAB_KBO)
    assert (found.organisation.organisation_id, found.counsellor.counsellor_id) == ("vdab", "vdab.a")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"vo_id": None}, Reason.INCOMPLETE),
        ({"vo_id": ""}, Reason.INCOMPLETE),
        ({"vo_id": 7}, Reason.INCOMPLETE),
        ({"vo_id": "a b"}, Reason.INCOMPLETE),
        ({"vo_id": "x" * 201}, Reason.INCOMPLETE),
        ({"vo_orgcode": None}, Reason.INCOMPLETE),
        ({"vo_orgcode": [KBO]}, Reason.INCOMPLETE),
        ({"vo_orgcode": "OCMW Lindedal"}, Reason.INCOMPLETE),
        ({"vo_orgcode": OVO}, Reason.INCOMPLETE),
        ({"vo_doelgroepcode": "GID"}, Reason.INCOMPLETE),
        ({"vo_orgcode": "0202239951"}, Reason.UNKNOWN_ORGANISATION),
        ({CLAIM: None}, Reason.NO_ROLE),
        ({CLAIM: []}, Reason.NO_ROLE),
        ({CLAIM: {"Trajectbegeleider": KBO}}, Reason.NO_ROLE),
        ({CLAIM: [7, None]}, Reason.NO_ROLE),
        ({CLAIM: "Trajectbegeleider"}, Reason.NO_ROLE),
        ({CLAIM: f"Tuinman:{KBO}"}, Reason.NO_ROLE),
        ({CLAIM: f"Trajectbegeleider:{VDAB_KBO}"}, Reason.NO_ROLE),
    ],
)
def test_who_is_not_let_in(changes: dict[str, object], reason: Reason) -> None:
    assert _reason(_claims(**changes)) is reason


def test_a_person_of_another_organisation_is_no_counsellor_here() -> None:
    assert _reason(_claims(), known_as=("vdab.a",)) is Reason.UNKNOWN_COUNSELLOR
    assert _reason(_claims(), known_as=()) is Reason.UNKNOWN_COUNSELLOR


def test_an_ovo_code_that_nobody_entered_is_no_organisation() -> None:
    said = claimed(_claims(vo_orgcode=OVO, vo_doelgroepcode="GID"), CLAIM)
    with pytest.raises(NotLetIn) as refused:
        person(said, DIRECTORY, known_as=("vdab.a",))
    assert refused.value.reason is Reason.UNKNOWN_ORGANISATION


def test_all_roles_at_the_own_organisation_count_however_they_are_written() -> None:
    written = ["Coördinator:BE 0212.166.226", f"FUNCTIONARIS gegevensbescherming:{KBO}", f"Beheerder:{VDAB_KBO}"]
    found = person(claimed(_claims(**{CLAIM: written}), CLAIM), DIRECTORY, known_as=("ocmw.a",))
    assert found.roles == {"coordinator", "dataProtectionOfficer"}


def test_names_of_roles_can_be_added() -> None:
    said = claimed(_claims(**{CLAIM: f"Handover Gebruiker:{KBO}"}), CLAIM)
    names = {**ROLE_NAMES, plain_name("handover-gebruiker"): "counsellor"}
    assert person(said, DIRECTORY, known_as=("ocmw.a",), names=names).roles == {"counsellor"}


def test_every_role_has_a_name_and_names_are_plain() -> None:
    assert set(ROLE_NAMES.values()) == set(Role)
    assert all(plain_name(name) == name for name in ROLE_NAMES)


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("0212.166.226", KBO),
        ("BE0212166226", KBO),
        (" ovo000042 ", OVO),
        ("212166226", ""),
        ("OVO42", ""),
        ("٠٢١٢١٦٦٢٢٦", ""),
        ("", ""),
    ],
)
def test_codes_as_people_write_them(text: str, plain: str) -> None:
    assert plain_code(text) == plain
