"""Webhooks: where they go, how they are signed, and the worker that brings every event there in order."""
