"""Line 37 of the scorecard: whatever is wrong with a token, 401 and a problem document, and one look at the keys."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from handover.access.denials import Denial
from handover.access.key_sets import Keys
from handover.access.tokens import Issuer as Configured
from handover.access.tokens import Tokens
from handover.domain.codes import OrganisationKind
from handover.domain.parties import Directory, Organisation
from tests.abuse import matrix
from tests.abuse.issuer import NAME, Issuer, publishing
from tests.instance import Instance, running
from tests.web.support import BELGIF, problem

DIRECTORY = Directory(
    organisations={
        "ocmw-lindedal": Organisation(
            organisation_id="ocmw-lindedal", kind=OrganisationKind.OCMW, enterprise_number="0123456749", name="Lindedal"
        )
    }
)
_ROUTES = ("/v1/dossiers", "/v1/events", "/v1/refData")


@pytest.fixture
async def issuer() -> AsyncIterator[Issuer]:
    async with publishing() as found:
        yield found


@pytest.fixture
async def instance(issuer: Issuer, database: str, tmp_path: Path) -> AsyncIterator[Instance]:
    issuers = [{"issuer": NAME, "audience": "handover", "jwksUrl": issuer.url}]
    async with running(database, tmp_path, work=False, issuers=issuers) as found:
        yield found


async def _ask(instance: Instance, path: str, token: str) -> int:
    answer = await instance.http.get(path, headers={b"Authorization": b"Bearer " + token.encode("latin-1")})
    if answer.status_code == 200:
        return 200
    expired = answer.json()["type"].endswith("expiredAccessToken")
    problem(answer, 401, f"{BELGIF}{'expiredAccessToken' if expired else 'invalidAccessToken'}")
    assert answer.headers["www-authenticate"] == 'Bearer error="invalid_token"'
    assert token not in answer.text
    return answer.status_code


async def test_each_kind_of_bad_token_on_each_route(instance: Instance, issuer: Issuer) -> None:
    kinds = list(matrix.kinds())
    assert len({name for name, _ in kinds}) == len(kinds) >= 40
    assert await _ask(instance, _ROUTES[0], issuer.good()) == 200, "what all others are made from is good"
    cells = 0
    for name, spoilt in kinds:
        for path in _ROUTES:
            token = spoilt(issuer)
            assert token != issuer.good()
            for turn in range(2):
                assert await _ask(instance, path, token) == 401, f"{name}, {path}, turn {turn}"
                cells += 1
    assert await _ask(instance, _ROUTES[0], issuer.good(jti="last")) == 200, "and it still is"
    print(f"\njwt matrix: {cells} cells ({len(kinds)} kinds, {len(_ROUTES)} routes, twice each), JWKS {issuer.asked}")  # noqa: T201 - the figure of the scorecard
    assert issuer.asked == 1


async def test_two_tokens_in_one_request(instance: Instance, issuer: Issuer) -> None:
    good = f"Bearer {issuer.good()}"
    answer = await instance.http.get(_ROUTES[0], headers=[("Authorization", good), ("Authorization", good)])
    problem(answer, 401, f"{BELGIF}invalidAccessToken")


def _tokens(issuer: Issuer, tmp_path: Path) -> Tokens:
    file = tmp_path / "keys.json"
    file.write_text(json.dumps(issuer.document))
    return Tokens([Configured(NAME, "handover", Keys(file=file))], lambda: DIRECTORY, lambda: datetime.now(UTC))


_MEMBER = st.sampled_from(
    [
        "iss",
        "aud",
        "exp",
        "iat",
        "nbf",
        "sub",
        "jti",
        "client_id",
        "organisation",
        "counsellor",
        "scope",
        "roles",
        "cnf",
    ]
)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
_FEW = settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module")
def still() -> Issuer:
    """An issuer for tests without a network."""
    return Issuer()


def _only_denials(tokens: Tokens, token: str) -> bool:
    """Give whether the token was taken; anything else than a Denial fails."""
    try:
        asyncio.run(tokens.holder(token))
    except Denial:
        return False
    return True


@_FEW
@given(token=st.text() | st.binary(max_size=400).map(lambda data: data.decode("latin-1")))
def test_any_text_is_denied(still: Issuer, tmp_path: Path, token: str) -> None:
    assert not _only_denials(_tokens(still, tmp_path), token)


@_FEW
@given(data=st.data())
def test_a_good_token_with_bytes_changed_is_denied(still: Issuer, tmp_path: Path, data: st.DataObject) -> None:
    good = still.good()
    at = data.draw(st.integers(0, len(good) - 1))
    removed = data.draw(st.integers(0, 3))
    added = data.draw(st.text(max_size=4) | st.sampled_from(["A", ".", "=", "-", "_"]))
    changed = good[:at] + added + good[at + removed :]
    assert _only_denials(_tokens(still, tmp_path), changed) == (changed == good)


@_FEW
@given(member=_MEMBER, value=_JSON)
def test_any_value_of_a_signed_claim_is_taken_or_denied(
    still: Issuer, tmp_path: Path, member: str, value: object
) -> None:
    _only_denials(_tokens(still, tmp_path), still.good(**{member: value}))
    _only_denials(_tokens(still, tmp_path), still.signed(still.claims(), still.header(**{member: value})))


@_FEW
@given(member=st.sampled_from(["alg", "typ", "kid", "crit", "cty", "x5t"]), value=_JSON)
def test_any_value_of_a_signed_header_is_taken_or_denied(
    still: Issuer, tmp_path: Path, member: str, value: object
) -> None:
    _only_denials(_tokens(still, tmp_path), still.signed(still.claims(), still.header(**{member: value})))
