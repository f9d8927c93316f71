"""The rules, pure: no clock, no I/O, no framework. Time and identifiers are passed in.

Read in this order: `parties` (who), `threads` (what a process is), `kinds/` (one table per process),
`dossier` (the state), `decide` (a command becomes events) and `evolve` (events become state).
"""
