"""The recorder: starts programs, gathers what was observed into one recording.

    programs.py   a command line -> programs; how each is started and ended
    output.py     the two ends of a program's stdout or stderr
    relay.py      their output, each line with its program's name in front
    folder.py     the run's folder, written by probes while the run lasts
    kernel.py     what the kernel says of processes, threads and sockets (/proc)
    watch.py      notices that calls have been blocked for long, and samples the kernel
    store.py      the recording: one SQLite file
    run.py        all of it together

It knows nothing of flows or findings: whoever wants to look while the run lasts passes
a function that is called with each sample.
"""
