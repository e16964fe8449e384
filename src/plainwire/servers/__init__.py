"""Decide which thread, process or loop runs a handler; four *models* for one handler.

`serial` takes one client at a time, `threads` a thread for each, `processes` spreads
them over worker processes, `loop` runs a task for each on one event loop.
"""
