"""The ledger: what was observed, joined. Pure: items in, a `Ledger` out.

model.py      the words: process, call, endpoint, flow, direction, range
build.py      items -> ledger; the joins, as numbered invariants
ranges.py     byte ranges of a stream: who wrote them, who read them
waits.py      who waits for whom, from a sample of the kernel
datagrams.py  which received datagram is which sent one
"""
