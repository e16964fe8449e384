"""Plainwire: network programming in plain sight.

SEE ties every line of a Python program to what it did on the wire and says what is
wrong (`plainwire run server.py -- client.py`). BUILD exchanges whole messages over
TCP, UDP, Unix sockets, TLS and WebSocket.

Public names are loaded on first use, so that importing the package costs nothing to
the command line and to observed programs.
"""

__version__ = "0.1.0"
