"""`handover people`: who is who at the identity provider."""

from tests.cli.test_programs import _run
from tests.instance import Instance

from handover.access.known import Known, look_up


async def test_subjects_and_ovo_codes_are_noted(api: Instance) -> None:
    place, pool = (api.services.dsn, api.data_dir), api.pool
    code, out, err = await _run(*place, "people", "subject", "vdab.bemiddelaar-1", "5d3f")
    assert (code, out) == (0, "vdab.bemiddelaar-1 signs in as 5d3f\n"), err
    assert (await _run(*place, "people", "subject", "ocmw-lindedal.trajectbegeleider-1", "5d3f"))[0] == 0
    assert (await _run(*place, "people", "ovo", "ovo000042", "vdab"))[:2] == (0, "OVO000042 is VDAB\n")
    number = api.services.directory_now().organisations["vdab"].enterprise_number
    both = ("ocmw-lindedal.trajectbegeleider-1", "vdab.bemiddelaar-1")
    assert await look_up(pool, "5d3f", "OVO000042") == Known(both, number)
    assert (await _run(*place, "people", "subject", "vdab.bemiddelaar-1", ""))[0] == 0
    assert await look_up(pool, "5d3f", "0887010362") == Known(both[:1], "")


async def test_what_is_not_there_is_said(api: Instance) -> None:
    place = (api.services.dsn, api.data_dir)
    for arguments in (
        ("subject", "vdab.nobody", "5d3f"),
        ("ovo", "OVO000042", "nobody"),
        ("ovo", "0887010362", "vdab"),
    ):
        code, out, err = await _run(*place, "people", *arguments)
        assert (code, out) == (2, ""), arguments
        assert "Traceback" not in err
