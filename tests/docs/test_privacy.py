"""The register of processing names every table that the migrations make: a new one cannot be forgotten."""

import re
from pathlib import Path

import asyncpg
import pytest

REGISTER = (Path(__file__).parents[2] / "docs" / "privacy.md").read_text("utf-8")


@pytest.fixture
async def tables(database: str) -> set[str]:
    connection = await asyncpg.connect(database)
    rows = await connection.fetch(
        """
        SELECT schemaname, tablename FROM pg_tables
        WHERE schemaname IN ('public', 'keys') AND tablename <> 'alembic_version'
        """
    )
    await connection.close()
    return {row["tablename"] if row["schemaname"] == "public" else f"keys.{row['tablename']}" for row in rows}


async def test_every_table_is_in_the_register_and_no_other(tables: set[str]) -> None:
    listed = [line for line in REGISTER.splitlines() if line.startswith("| `")]
    named = {name for line in listed for name in re.findall(r"`([a-z_.]+)`", line.split("|")[1])}
    assert tables - named == set(), "say in docs/privacy.md what it holds and when it goes"
    assert named - tables == set()
