"""HTTP: the API under /v1, the inbox screens, and what every answer has in common."""
