import socket
def main():
    with socket.create_server(('127.0.0.1', 21050)) as s:
        while True:
            sc, peer = s.accept()
            n = 0
            while True:
                data = sc.recv(1024)
                if not data:
                    break
                sc.sendall(data.upper())
                n += len(data)
            sc.close()
            print('done', n)
main()
