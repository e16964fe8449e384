import socket, ssl, os
ctx = ssl.create_default_context(cafile=os.path.join(os.path.dirname(os.path.abspath(__file__)), "cert.pem"))
for i in range(2):
    with socket.create_connection(("127.0.0.1", 20360)) as raw, ctx.wrap_socket(raw, server_hostname="localhost") as s:
        s.sendall(b"secret " * 1000)
        got = b""
        while len(got) < 7000: got += s.recv(65536)
        print(s.version(), got[:7], len(got))
        s.unwrap()
# someone without our certificate
try:
    ssl.create_default_context().wrap_socket(socket.create_connection(("127.0.0.1", 20360)), server_hostname="localhost")
except ssl.SSLCertVerificationError as e:
    print("refused as it should be:", e.verify_message)
