#!/usr/bin/env python3
import argparse, hashlib, os, socket, tempfile

ap = argparse.ArgumentParser()
ap.add_argument("--port", type=int, default=20080)
ap.add_argument("--count", type=int, default=2)
opts = ap.parse_args()

with socket.create_server(("127.0.0.1", opts.port)) as srv:
    for _ in range(opts.count):
        conn, peer = srv.accept()
        with conn, tempfile.NamedTemporaryFile() as out:
            h = hashlib.sha256()
            while True:
                block = conn.recv(16384)
                if not block:
                    break
                h.update(block)
                out.write(block)
            conn.sendall(h.hexdigest().encode() + b"\n")
            print("stored", out.tell())
