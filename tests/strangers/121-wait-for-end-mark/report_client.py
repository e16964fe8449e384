import socket, time

def read_report(sock):
    text = ""
    while not text.endswith("END\n"):
        text += sock.recv(1024).decode()
        time.sleep(0.01)
    return text

with socket.create_connection(("127.0.0.1", 21210)) as s:
    print(read_report(s))
