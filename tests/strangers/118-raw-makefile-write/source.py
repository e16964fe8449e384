import hashlib, socket
payload = b"0123456789abcdef" * 1_000_000
sock = socket.create_connection(("127.0.0.1", 21180), timeout=20)
out = sock.makefile("wb", buffering=0)
out.write(f"{hashlib.md5(payload).hexdigest()} {len(payload)}\n".encode())
out.write(payload)
out.close()
sock.close()
