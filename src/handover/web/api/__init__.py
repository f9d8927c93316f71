"""The API under /v1, in Belgif's manner: one module per resource."""
