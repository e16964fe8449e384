import socket
from concurrent.futures import ProcessPoolExecutor

def render(text):
    return "\n".join("*" * len(w) + " " + w for w in text.split())

if __name__ == "__main__":
    pool = ProcessPoolExecutor(max_workers=2)
    server = socket.create_server(("127.0.0.1", 21260))
    while True:
        conn, _ = server.accept()
        text = conn.makefile("r").readline()
        result = pool.submit(render, text).result()
        conn.sendall(result.encode())
        conn.close()
        print("request finished, connection closed")
