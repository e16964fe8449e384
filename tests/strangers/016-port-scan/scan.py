#!/usr/bin/python3
"""usage: scan.py host first last"""
import socket, sys, errno
from concurrent.futures import ThreadPoolExecutor

host, first, last = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])

def probe(port):
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as s:
        s.settimeout(1)
        return port, s.connect_ex((host, port))

with ThreadPoolExecutor(4) as pool:
    for port, err in pool.map(probe, range(first, last + 1)):
        print(port, "open" if err == 0 else errno.errorcode.get(err, err))
