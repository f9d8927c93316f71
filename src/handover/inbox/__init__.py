"""What a counsellor sees: projected from the journal into read tables, and queried there.

Read `cards` (what a row says, pure), then `projector` (keeps the rows true) and `views` (asks for them).
"""
