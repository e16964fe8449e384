"""SEE: observe programs, join what was observed, and say what is wrong.

    probe (inside the program) --+
    capture (packets)          --+--> recorder --> recording --> ledger --> diagnosis --> report

A *record* is one observation; the *ledger* joins records into flows; a *finding* is
what the diagnosis concluded, with its evidence.
"""
