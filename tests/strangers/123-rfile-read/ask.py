import socket, sys

def translate(text):
    with socket.create_connection(("127.0.0.1", 21230)) as sock:
        with sock.makefile("rwb") as f:
            f.write(text.encode())
            f.flush()
            return f.read().decode()

print(translate("the dog and the cat"))
