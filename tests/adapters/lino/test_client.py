"""The HTTP side against a real server that behaves as Lino does where it matters."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from tests.adapters.lino.screens import SCRIPT, cells

from handover.adapters.kit.adapter import Away, Changed, Denied
from handover.adapters.lino.client import LinoClient
from handover.adapters.lino.layout import Row
from handover.adapters.lino.reader import compare
from handover.adapters.lino.session import Limits, LinoSession

EMPTY_ROW: list[object] = [None, None, None, None, None, None, {"meta": True, "phantom": True}]
LIMITS = Limits(seconds=2.0, answer_bytes=20_000, script_bytes=20_000, page_rows=2)


@dataclass
class SmallLino:
    """Serves one table; `keys` are its rows, `sign_ins` and `queries` what was asked of it."""

    keys: list[int] = field(default_factory=lambda: [1, 2, 3, 4, 5])
    counts_empty_row: bool = False
    valid: str = ""
    sign_ins: int = 0
    queries: list[list[tuple[str, str]]] = field(default_factory=list)
    before_page: Callable[["SmallLino"], None] = lambda _: None

    async def home(self, _: web.Request) -> web.Response:
        answer = web.Response(text='<script src="/media/cache/js/lino_900_en.js"></script>')
        answer.set_cookie("csrftoken", f"before-{self.sign_ins}")
        return answer

    async def sign_in(self, request: web.Request) -> web.Response:
        form = await request.post()
        if request.headers.get("X-CSRFToken") != request.cookies.get("csrftoken") or "csrftoken" not in request.cookies:
            return web.Response(status=403)
        if form.getall("fv") != ["reader", "secret"]:
            return web.json_response({"success": False, "message": "Failed to sign in as reader."})
        self.sign_ins += 1
        self.valid = f"session-{self.sign_ins}"
        answer = web.json_response({"success": True})
        answer.set_cookie("sessionid", self.valid)
        answer.set_cookie("csrftoken", f"after-{self.sign_ins}")
        return answer

    async def table(self, request: web.Request) -> web.Response:
        if request.cookies.get("sessionid") != self.valid:
            return web.Response(status=403)
        self.queries.append([(key, value) for key, value in request.query.items()])
        self.before_page(self)
        start, limit = int(request.query["start"]), int(request.query["limit"])
        rows = [cells(key) for key in self.keys[start : start + limit]]
        if self.counts_empty_row and len(rows) + 1 < limit:
            rows.append(EMPTY_ROW)
        return web.json_response({"count": len(self.keys) + self.counts_empty_row, "rows": rows, "success": True})

    async def script(self, _: web.Request) -> web.Response:
        return web.Response(text=SCRIPT)


@asynccontextmanager
async def served(
    lino: SmallLino, table: Callable[[web.Request], Awaitable[web.StreamResponse]] | None = None
) -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_get("/", lino.home)
    app.router.add_post("/api/about/About", lino.sign_in)
    app.router.add_get("/media/cache/js/lino_900_en.js", lino.script)
    app.router.add_get("/api/pcsw/AllClients", table or lino.table)
    async with TestServer(app) as server:
        yield str(server.make_url(""))


async def keys_read(address: str, of_client: int | None = None) -> list[int]:
    async with LinoClient(address, "reader", "secret", limits=LIMITS) as client:
        return [row.key for row in await client.rows("pcsw/AllClients", ["id", "stateHidden"], of_client=of_client)]


@pytest.mark.parametrize("counts_empty_row", [False, True])
@pytest.mark.parametrize("size", [0, 1, 2, 3, 4, 5])
async def test_a_table_is_read_to_its_end(size: int, *, counts_empty_row: bool) -> None:
    keys = list(range(10, 10 + size))
    async with served(SmallLino(keys=keys, counts_empty_row=counts_empty_row)) as address:
        assert await keys_read(address) == keys


async def test_all_filters_are_sent_empty_and_one_client_is_asked_by_its_kind() -> None:
    lino = SmallLino(keys=[1])
    async with served(lino) as address:
        await keys_read(address, of_client=17)
    asked = lino.queries[0]
    assert [value for name, value in asked if name == "pv"] == ["", ""]
    assert {("fmt", "json"), ("sort", "id"), ("mt", "60"), ("mk", "17")} <= set(asked)


async def test_a_session_that_ended_is_renewed_once() -> None:
    def forget(lino: SmallLino) -> None:
        if len(lino.queries) == 1:
            lino.valid = "another"

    lino = SmallLino(before_page=forget)
    async with served(lino) as address:
        assert await keys_read(address) == [1, 2, 3, 4, 5]
    assert lino.sign_ins == 2


async def test_an_account_without_the_right_is_told_so() -> None:
    async def forbidden(_: web.Request) -> web.Response:
        return web.Response(status=403)

    lino = SmallLino()
    async with served(lino, forbidden) as address:
        with pytest.raises(Denied, match="may not read /api/pcsw/AllClients"):
            await keys_read(address)
    assert lino.sign_ins == 2


async def test_a_redirect_elsewhere_is_not_followed() -> None:
    async def away(_: web.Request) -> web.Response:
        return web.Response(status=302, headers={"Location": "http://elsewhere.invalid/"})

    async with served(SmallLino(), away) as address:
        with pytest.raises(Denied, match="another address"):
            await keys_read(address)


async def test_a_wrong_password_is_told_without_repeating_it() -> None:
    async with served(SmallLino()) as address:
        with pytest.raises(Denied, match="does not accept this user name and password") as refused:
            async with LinoClient(address, "reader", "wrong-secret", limits=LIMITS):
                pytest.fail("it let us in")
    assert "wrong-secret" not in str(refused.value)


async def test_rows_that_move_between_pages_are_read_again() -> None:
    def add_one(lino: SmallLino) -> None:
        if len(lino.queries) == 2:
            lino.keys = [0, *lino.keys]

    async with served(SmallLino(before_page=add_one)) as address:
        assert await keys_read(address) == [0, 1, 2, 3, 4, 5]


async def test_a_table_that_never_stands_still_stops_the_reading() -> None:
    def add_one(lino: SmallLino) -> None:
        lino.keys = [*lino.keys, len(lino.keys) + 1]

    async with served(SmallLino(before_page=add_one)) as address:
        with pytest.raises(Changed, match="kept changing"):
            await keys_read(address)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("<html>Voorbeeld Een</html>", "something unexpected"),
        ('{"count": 1, "rows": {"Voorbeeld": "Een"}}', "something unexpected"),
        ('{"count": 1, "rows": [["Voorbeeld Een", {"meta": true}]]}', "has 2 cells where 7 were announced"),
        ('{"count": 1, "rows": [' + " " * 20_000 + "]}", "sends more than 20000 bytes"),
    ],
)
async def test_an_answer_of_another_shape_stops_the_reading_and_is_not_repeated(body: str, said: str) -> None:
    async def other(_: web.Request) -> web.Response:
        return web.Response(text=body, content_type="application/json")

    async with served(SmallLino(), other) as address:
        with pytest.raises(Changed, match=said) as refused:
            await keys_read(address)
    assert "Voorbeeld" not in str(refused.value)


@pytest.mark.parametrize(("status", "error"), [(500, Changed), (404, Changed), (503, Away)])
async def test_a_failing_server_is_told_apart_from_a_busy_one(status: int, error: type[Exception]) -> None:
    async def failing(_: web.Request) -> web.Response:
        return web.Response(status=status)

    async with served(SmallLino(), failing) as address:
        with pytest.raises(error, match=str(status)):
            await keys_read(address)


async def test_a_slow_drip_is_given_up() -> None:
    async def drip(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse()
        await answer.prepare(request)
        while True:
            await answer.write(b" ")
            await asyncio.sleep(0.05)

    limits = Limits(seconds=0.5)
    async with (
        served(SmallLino(), drip) as address,
        LinoClient(address, "reader", "secret", limits=limits) as client,
    ):
        with pytest.raises(Away, match="does not answer"):
            await client.rows("pcsw/AllClients", ["id"])


async def test_nobody_at_the_address() -> None:
    async with served(SmallLino()) as address:
        gone = address
    with pytest.raises(Away, match="Check that it runs"):
        await keys_read(gone)


@pytest.mark.parametrize(
    "address",
    ["ftp://lino.example", "lino.example", "", "http://", "http://reader:secret@lino.example", "http://[::"],
)
def test_an_address_that_is_none_is_refused_without_repeating_it(address: str) -> None:
    with pytest.raises(Denied, match="not the address of a Lino") as refused:
        LinoClient(address, "reader", "secret")
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("address", ["http://lino.example", "http://10.0.0.5:8080", "http://localhost.example"])
def test_a_password_is_not_sent_in_clear_over_a_network(address: str) -> None:
    with pytest.raises(Denied, match="Give the https:// address") as refused:
        LinoClient(address, "reader", "secret")
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    "address", ["https://lino.example", "http://localhost:8080", "http://127.0.0.2", "http://[::1]:8080"]
)
async def test_https_and_this_machine_are_fine(address: str) -> None:
    session = LinoSession(address, "reader", "secret", LIMITS)
    await session.close()


def test_a_row_is_checked_against_the_page_of_the_record() -> None:
    row = Row(table="pcsw/AllClients", key=1, cells={"id": 1, "first_name": "Een", "gsm": ""})
    compare(row, {"id": 1, "first_name": "Een", "phone": "x"})
    with pytest.raises(Changed, match=r"other values .* \(first_name\)") as refused:
        compare(row, {"id": 1, "first_name": "Twee"})
    assert "Een" not in str(refused.value)
    with pytest.raises(Changed, match=r"\(id\)"):
        compare(row, {"gsm": ""})
