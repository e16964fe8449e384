import socket, ssl, threading, certs
ctx = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER); ctx.load_cert_chain(*certs.pair())
def talk(conn):
    with conn:
        while d := conn.recv(100): conn.sendall(d)
with socket.create_server(("127.0.0.1", 21450)) as plain, ctx.wrap_socket(plain, server_side=True) as srv:
    while True:
        conn, _ = srv.accept()                 # a thread per client, nobody waits
        threading.Thread(target=talk, args=(conn,), daemon=True).start()
