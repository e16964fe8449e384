"""The probe: notes the socket calls of the program it lives in, and their lines.

It runs inside strangers' programs, so it keeps these promises:

P1  Results, exceptions, types and the cutting of bytes are those of the bare program.
P2  A fault of the probe never reaches the program; the probe falls silent instead.
P3  It owns no file descriptor, starts no thread, prints nothing.
P4  It takes no lock that a signal handler or a forked child could find taken.
P5  A call is on record before it is made, so that a hang shows while it hangs.
P6  Standard library only, Python 3.8 or newer; imports nothing the program did not,
    save ctypes.

    inject/sitecustomize.py   found by the interpreter on PYTHONPATH; starts the probe
    memory.py     mapped files that outlive the process: slots, payload, journal
    payload.py    which bytes of calls are kept, and where
    sites.py      a frame -> the user's own expression, as a number
    state.py      what the process knows of its sockets, threads and addresses
    wrap.py       the observed form of one socket method, made from a template
    sockets.py    which methods of `socket` and `os` are observed
    tls.py        ... of `ssl`
    streams.py    ... of `asyncio`
    waiting.py    ... of `select` and `selectors`
    failures.py   exceptions that nobody caught
    hooks.py      patches a module right after the program imports it
"""
