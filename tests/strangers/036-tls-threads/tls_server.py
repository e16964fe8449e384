import socket, ssl, threading, mkcert
cert, key = mkcert.ensure()
ctx = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
ctx.load_cert_chain(cert, key)

def work(raw):
    try:
        with ctx.wrap_socket(raw, server_side=True) as c:
            while d := c.recv(1000):
                c.sendall(d.upper())
            c.unwrap()
    except ssl.SSLError as e:
        print("bad client:", e.reason)

lst = socket.create_server(("127.0.0.1", 20360))
print("ready")
while True:
    raw, _ = lst.accept()
    threading.Thread(target=work, args=(raw,), daemon=True).start()
