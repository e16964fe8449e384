import hashlib, socket, tempfile

for size in (0, 1_500_000):
    with tempfile.TemporaryFile() as f:
        f.write(b"\x00\x01\x02 data" * (size // 8)); f.seek(0)
        expect = hashlib.sha256(f.read()).hexdigest(); f.seek(0)
        with socket.create_connection(("127.0.0.1", 20080)) as s:
            s.sendfile(f)
            s.shutdown(socket.SHUT_WR)
            reply = s.makefile("r").readline().strip()
        print("match" if reply == expect else "MISMATCH")
