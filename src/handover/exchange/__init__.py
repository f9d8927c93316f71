"""Between the record and the adapters: their door and memory, which organisation has which, and when each runs."""
