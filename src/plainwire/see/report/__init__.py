"""Shows a ledger and its findings: as text for a terminal, as JSON for machines.

terminal.py     the whole report; the verdict or one finding alone, while a hang lasts
json_report.py  the documented schema
calls.py        tables of calls, the unfolded ladder of one flow
rows.py         a flow as rows in order of time: what every picture of it is drawn from
"""
