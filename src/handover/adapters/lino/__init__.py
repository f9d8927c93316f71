"""Lino Welfare, the case-management system of a public centre for social welfare, as a source of dossiers.

The flow: `client` signs in and reads tables, `layout` knows which cell holds which field, `wire` turns rows
into typed records or rejects, `reader` gathers them in one snapshot.
"""
