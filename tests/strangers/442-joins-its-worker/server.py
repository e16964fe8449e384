import multiprocessing
import socket


def work(conn):
    with conn:
        while cmd := conn.recv(100):
            conn.sendall(b"done " + cmd)


def serve_forever(srv):
    while True:
        conn, addr = srv.accept()
        p = multiprocessing.get_context("fork").Process(target=work, args=(conn,))
        p.start()
        conn.close()
        p.join()


if __name__ == "__main__":
    serve_forever(socket.create_server(("127.0.0.1", 27528)))
