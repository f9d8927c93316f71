"""A Flanders to measure with: 300 organisations, 5,000 counsellors, 200,000 dossiers, each with a history.

`places` names who works where. `models` plays some hundreds of histories through the domain. `copies` gives each
history many clients, with names, ids and keys of their own. `filling` writes them as the journal would have.
"""
