"""The inbox of a counsellor, or of an organisation's software."""
