"""Who may be named, as one snapshot that the rules read; refreshed now and then, not per request."""

from collections.abc import Sequence
from uuid import UUID

import asyncpg
import msgspec

from handover.domain.agreements import Agreement, Terms
from handover.domain.codes import OrganisationKind, Purpose
from handover.domain.parties import Counsellor, Directory, LegalBasis, Organisation
from handover.platform.walls import Database

DIRECTORY = "handover_directory"
"""Told of each change, so that who holds the directory reads it again."""


async def load_directory(pool: Database) -> Directory:
    """Give the directory as it stands now."""
    organisations = await pool.fetch("SELECT * FROM organisation")
    counsellors = await pool.fetch("SELECT * FROM counsellor")
    bases = await pool.fetch("SELECT * FROM legal_basis")
    agreements = await pool.fetch("SELECT agreement_id, ocmw, vdab, terms, valid_from, valid_until FROM agreement")
    return Directory(
        {
            row["organisation_id"]: Organisation(
                **{**row, "kind": OrganisationKind.of(row["kind"]), "webhook_hosts": tuple(row["webhook_hosts"])}
            )
            for row in organisations
        },
        {row["counsellor_id"]: Counsellor(**row) for row in counsellors},
        {
            row["legal_basis_id"]: LegalBasis(**{**row, "purposes": frozenset(Purpose.of(p) for p in row["purposes"])})
            for row in bases
        },
        tuple(_agreement(row) for row in agreements),
    )


def _agreement(row: asyncpg.Record) -> Agreement:
    return Agreement(
        **{
            **row,
            "agreement_id": UUID(int=row["agreement_id"].int),
            "terms": msgspec.json.decode(row["terms"], type=Terms),
        }
    )


async def change_webhook_hosts(
    pool: Database, organisation_id: str, *, allow: Sequence[str], withdraw: Sequence[str]
) -> list[str] | None:
    """Add hosts to those that an organisation's webhooks may go to, take some off, and give what is left.

    None: there is no such organisation. Running processes hear of it with the directory's next refresh.
    """
    hosts: list[str] | None = await pool.fetchval(
        """
        UPDATE organisation SET webhook_hosts = ARRAY(
            SELECT DISTINCT host FROM unnest(webhook_hosts || $2::text[]) AS host WHERE host <> ALL ($3) ORDER BY host
        )
        WHERE organisation_id = $1 RETURNING webhook_hosts
        """,
        organisation_id,
        list(allow),
        list(withdraw),
    )
    return hosts


async def save_organisation(pool: Database, organisation: Organisation) -> None:
    """Add an organisation, or bring its data up to date."""
    await pool.execute(
        """
        INSERT INTO organisation (organisation_id, kind, enterprise_number, name, phone, email, coordinator)
        VALUES ($1, $2, $3, $4, $5, $6, $7)
        ON CONFLICT (organisation_id) DO UPDATE SET
            kind = excluded.kind, enterprise_number = excluded.enterprise_number, name = excluded.name,
            phone = excluded.phone, email = excluded.email, coordinator = excluded.coordinator
        """,
        organisation.organisation_id,
        str(organisation.kind),
        organisation.enterprise_number,
        organisation.name,
        organisation.phone,
        organisation.email,
        organisation.coordinator,
    )


async def save_counsellor(pool: Database, counsellor: Counsellor) -> None:
    """Add a counsellor, or bring the data up to date."""
    await pool.execute(
        """
        INSERT INTO counsellor (counsellor_id, organisation_id, name, team, function, phone, email, person)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        ON CONFLICT (counsellor_id) DO UPDATE SET
            organisation_id = excluded.organisation_id, name = excluded.name, team = excluded.team,
            function = excluded.function, phone = excluded.phone, email = excluded.email, person = excluded.person
        """,
        counsellor.counsellor_id,
        counsellor.organisation_id,
        counsellor.name,
        counsellor.team,
        counsellor.function,
        counsellor.phone,
        counsellor.email,
        counsellor.person,
    )


async def save_legal_basis(pool: Database, basis: LegalBasis) -> None:
    """Add a published protocol or deliberation, or bring its data up to date."""
    await pool.execute(
        """
        INSERT INTO legal_basis (legal_basis_id, title, reference, purposes, valid_from, valid_until)
        VALUES ($1, $2, $3, $4, $5, $6)
        ON CONFLICT (legal_basis_id) DO UPDATE SET
            title = excluded.title, reference = excluded.reference, purposes = excluded.purposes,
            valid_from = excluded.valid_from, valid_until = excluded.valid_until
        """,
        basis.legal_basis_id,
        basis.title,
        basis.reference,
        sorted(str(p) for p in basis.purposes),
        basis.valid_from,
        basis.valid_until,
    )
