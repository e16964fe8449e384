import socket

with socket.create_server(("127.0.0.1", 9371)) as listener:
    conn, _ = listener.accept()
    with conn:
        conn.settimeout(5)
        greeting = conn.recv(64)
        name = conn.recv(64)
        conn.sendall(greeting + b" " + name)
