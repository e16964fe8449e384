import os, socket, sys

def backup(data, host="127.0.0.1", port=21170):
    sock = socket.socket()
    sock.settimeout(10)                 # never hang
    sock.connect((host, port))
    sock.send(b"%020d" % len(data))
    sock.send(data)
    sock.close()

backup(os.urandom(1000) * 20000)
print("backup finished")
