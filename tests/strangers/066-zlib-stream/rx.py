import socket, zlib
with socket.create_server(("127.0.0.1", 20660)) as l:
    c, _ = l.accept()
    d, out = zlib.decompressobj(), bytearray()
    with c:
        while not d.eof:
            b = c.recv(333)
            if not b: raise EOFError("stream cut")
            out += d.decompress(b)
        print(len(out), "trailing:", d.unused_data)
        c.sendall(len(out).to_bytes(8, "big"))
