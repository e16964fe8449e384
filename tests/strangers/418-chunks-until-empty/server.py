import socket

with socket.create_server(("127.0.0.1", 7418)) as srv:
    conn, _ = srv.accept()
    with conn:
        while request := conn.recv(4096):
            conn.sendall(b"HTTP/1.1 200 OK\r\nConnection: keep-alive\r\n\r\n<p>hello</p>")
