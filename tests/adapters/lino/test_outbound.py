"""Notes over HTTP, against a server that takes them as Lino does: in one client's file, behind a session that ends."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from tests.adapters.lino.screens import SCRIPT
from tests.adapters.lino.test_client import SmallLino

from handover.adapters.kit.adapter import Away, Changed, Denied, Unsure
from handover.adapters.kit.filing import Note
from handover.adapters.lino import outbound
from handover.adapters.lino.adapter import LinoAccount
from handover.adapters.lino.outbound import LinoNotes
from handover.adapters.lino.session import Limits

TABLES = """
Lino.notes.NotesByProject.GridPanel = Ext.extend(Lino.GridPanel,{
  ls_store_fields : [ { "name": "subject" }, { "name": "id", "type": "int" }, { "name": "body" }, \
{ "name": "project" }, 'projectHidden', { "name": "disabled_fields" } ],
  initComponent : function() {
  }
});

Lino.users.AllUsers.GridPanel = Ext.extend(Lino.GridPanel,{
  ls_store_fields : [ { "name": "username" }, { "name": "language" }, 'languageHidden', \
{ "name": "id", "type": "int" }, { "name": "disabled_fields" } ],
  initComponent : function() {
  }
});
"""
NOTE = Note(
    reference="handover/01a2",
    subject="VDAB: Verwijzing aanvaard",
    lines=(("", "VDAB, vandaag"), ("Uitleg", "Meer & <b>meer</b>\nen nog een regel")),
)


@dataclass
class Files(SmallLino):
    """Notes by client, as (number, subject, body); what happens to the next writing."""

    files: dict[int, list[tuple[int, str, str]]] = field(default_factory=lambda: {17: []})
    users: list[tuple[int, str, str]] = field(default_factory=lambda: [(1, "robin", "nl"), (2, "Rik R", "fr")])
    next_answer: web.Response | None = None
    silent: bool = False

    async def script(self, _: web.Request) -> web.Response:
        return web.Response(text=SCRIPT + TABLES)

    def _is_in(self, request: web.Request) -> bool:
        return request.cookies.get("sessionid") == self.valid

    async def read(self, request: web.Request) -> web.Response:
        if not self._is_in(request):
            return web.Response(status=403)
        client = int(request.query["mk"])
        assert request.query["mt"] == "60"
        if client not in self.files:
            return web.Response(status=500, text="<h1>AttributeError</h1>")
        rows = [[s, key, body, "x", client, {"id": True}, {"meta": True}] for key, s, body in self.files[client]]
        return self._page(request, rows)

    async def people(self, request: web.Request) -> web.Response:
        if not self._is_in(request):
            return web.Response(status=403)
        return self._page(request, [[n, "x", lang, key, {"id": True}, {"meta": True}] for key, n, lang in self.users])

    @staticmethod
    def _page(request: web.Request, rows: list[list[object]]) -> web.Response:
        start, limit = int(request.query["start"]), int(request.query["limit"])
        return web.json_response({"count": len(rows), "rows": rows[start : start + limit]})

    async def write(self, request: web.Request) -> web.Response:
        form = await request.post()
        if not self._is_in(request) or request.headers.get("X-CSRFToken") != request.cookies["csrftoken"]:
            return web.Response(status=403)
        if self.silent:
            await asyncio.sleep(5)
        if self.next_answer is not None:
            answer, self.next_answer = self.next_answer, None
            return answer
        client, subject, body = int(str(form["mk"])), str(form["subject"]), str(form["body"])
        assert form["mt"] == "60"
        kept = self.files[client]
        if request.method == "PUT":
            assert form["an"] == "submit_detail"
            key = int(request.match_info["key"])
            if key not in {one[0] for one in kept}:
                return web.json_response({})
            self.files[client] = [(k, subject, body) if k == key else (k, s, b) for k, s, b in kept]
        else:
            assert form["an"] == "submit_insert"
            key = len(kept) + 101
            kept.append((key, subject, body))
        return web.json_response({"success": True, "data_record": {"data": {"id": key, "projectHidden": client}}})


@asynccontextmanager
async def talking(lino: Files, seconds: float = 2.0) -> AsyncIterator[LinoNotes]:
    app = web.Application()
    app.router.add_get("/", lino.home)
    app.router.add_post("/api/about/About", lino.sign_in)
    app.router.add_get("/media/cache/js/lino_900_en.js", lino.script)
    app.router.add_get("/api/users/AllUsers", lino.people)
    app.router.add_get("/api/notes/NotesByProject", lino.read)
    app.router.add_post("/api/notes/NotesByProject", lino.write)
    app.router.add_put("/api/notes/NotesByProject/{key}", lino.write)
    async with TestServer(app) as server:
        account = LinoAccount(url=str(server.make_url("")), username="reader", password="secret")
        async with LinoNotes(account, limits=Limits(seconds=seconds, page_rows=2)) as notes:
            yield notes


async def test_a_note_is_written_as_text_that_cannot_run_and_found_again() -> None:
    lino = Files()
    async with talking(lino) as notes:
        assert await notes.find(17, [NOTE.reference]) == {}
        await notes.write(17, NOTE)
        ((key, subject, body),) = lino.files[17]
        assert subject == NOTE.subject
        assert body == (
            "<p>VDAB, vandaag</p><p><b>Uitleg:</b> Meer &amp; &lt;b&gt;meer&lt;/b&gt;<br/>en nog een regel</p>"
            "<p>handover/01a2</p>"
        )
        found = await notes.find(17, [NOTE.reference, "handover/other"])
        assert {reference: one.key for reference, one in found.items()} == {NOTE.reference: key}
        assert subject not in repr(found)


async def test_one_is_found_among_many() -> None:
    lino = Files()
    lino.files[17] = [(n, f"Note {n}", f"<p>handover/{n:03}</p>") for n in range(1, 8)]
    async with talking(lino) as notes:
        assert (await notes.find(17, ["handover/005"]))["handover/005"].key == 5


async def test_a_note_that_speaks_of_another_is_not_that_note() -> None:
    """By a person who quotes it, or by whoever would have a step taken for written."""
    quoting = (1, "Van een collega", "<p>Zie handover/01a2 hierboven</p>")
    lino = Files()
    lino.files[17] = [quoting, (2, "VDAB", "<p>VDAB</p>\n<p><span> handover/01a2\n</span></p>")]
    async with talking(lino) as notes:
        assert (await notes.find(17, ["handover/01a2"]))["handover/01a2"].key == 2
        lino.files[17] = [quoting]
        assert await notes.find(17, ["handover/01a2"]) == {}


async def test_a_correction_stands_above_what_was_said() -> None:
    lino = Files()
    async with talking(lino) as notes:
        await notes.write(17, NOTE)
        filed = (await notes.find(17, [NOTE.reference]))[NOTE.reference]
        correction = Note(reference="handover/01a3", subject="INGETROKKEN", lines=(("", "Vergissing"),))
        await notes.amend(17, filed, correction)
        ((key, subject, body),) = lino.files[17]
        assert (key, subject) == (filed.key, f"INGETROKKEN: {NOTE.subject}")
        assert body.index("Vergissing") < body.index("handover/01a3") < body.index("Meer")
        assert set(await notes.find(17, [NOTE.reference, correction.reference])) == {
            NOTE.reference,
            correction.reference,
        }
        lino.files[17] = []
        with pytest.raises(Changed, match="does not take the note"):
            await notes.amend(17, filed, correction)


async def test_a_session_that_ended_is_renewed_before_writing_and_writes_once() -> None:
    lino = Files()
    async with talking(lino) as notes:
        await notes.find(17, [NOTE.reference])
        lino.valid = "another"
        await notes.write(17, NOTE)
    assert (lino.sign_ins, len(lino.files[17])) == (2, 1)


async def test_columns_that_moved_are_learned_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    class Moving(Files):
        moved = False

        async def script(self, _: web.Request) -> web.Response:
            first, second = '{ "name": "subject" }', '{ "name": "body" }'
            tables = TABLES.replace(first, "?").replace(second, first).replace("?", second) if self.moved else TABLES
            return web.Response(text=SCRIPT + tables)

        async def read(self, request: web.Request) -> web.Response:
            if not self.moved:
                return await super().read(request)
            rows = [[b, key, s, "x", 17, {"id": True}, {"meta": True}] for key, s, b in self.files[17]]
            return self._page(request, rows)

    lino = Moving()
    async with talking(lino) as notes:
        await notes.write(17, NOTE)
        assert set(await notes.find(17, [NOTE.reference])) == {NOTE.reference}
        lino.moved = True
        assert await notes.find(17, [NOTE.reference]) == {}, "what makes it dangerous"
        monkeypatch.setattr(outbound, "_FORGET_SECONDS", 0.0)
        assert set(await notes.find(17, [NOTE.reference])) == {NOTE.reference}


async def test_a_client_who_is_not_there_is_no_file_to_write_in() -> None:
    lino = Files()
    async with talking(lino) as notes:
        with pytest.raises(Changed):
            await notes.find(99, [NOTE.reference])


@pytest.mark.parametrize(
    "answer",
    [
        {"success": False, "message": "Subject: too long", "alert": "Error"},
        {"success": True, "data_record": {"data": {"id": 5, "projectHidden": 18}}},
        {"success": True},
    ],
    ids=["refused", "another client's", "nobody's"],
)
async def test_what_is_not_kept_where_it_should_be_is_told(answer: dict[str, object]) -> None:
    lino = Files(next_answer=web.json_response(answer))
    async with talking(lino) as notes:
        with pytest.raises(Changed) as caught:
            await notes.write(17, NOTE)
    assert "too long" not in str(caught.value)


async def test_what_goes_wrong_on_the_way_is_told_apart() -> None:
    lino = Files(next_answer=web.Response(status=503))
    async with talking(lino) as notes:
        with pytest.raises(Away):
            await notes.write(17, NOTE)
        lino.next_answer = web.Response(status=403)
        await notes.write(17, NOTE)
        lino.next_answer = web.Response(status=500)
        with pytest.raises(Changed):
            await notes.write(17, NOTE)
    lino = Files(silent=True)
    async with talking(lino, seconds=0.3) as notes:
        with pytest.raises(Unsure):
            await notes.write(17, NOTE)


async def test_an_account_that_may_read_and_not_write_is_told_so() -> None:
    class ReadOnly(Files):
        async def write(self, _: web.Request) -> web.Response:
            return web.Response(status=403)

    async with talking(ReadOnly()) as notes:
        with pytest.raises(Denied, match="may not write to /api/notes/NotesByProject"):
            await notes.write(17, NOTE)


async def test_a_reader_is_known_by_the_name_of_the_import() -> None:
    async with talking(Files()) as notes:
        assert await notes.language("ocmw-lindedal", "ocmw-lindedal.robin") == "nl"
        assert await notes.language("ocmw-lindedal", "ocmw-lindedal.lino-2") == "fr"
        assert await notes.language("ocmw-lindedal", "ocmw-lindedal.trajectbegeleider-1") == ""
