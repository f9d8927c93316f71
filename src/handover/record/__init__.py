"""The record: the only way to write (`handle`), and the journal with its outbox, feed and lookups."""
