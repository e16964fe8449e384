import socket
def buy(item):
    s = socket.create_connection(("127.0.0.1", 22050)); s.settimeout(1)
    s.sendall(item.encode())
    try: return s.recv(100)
    except OSError as e: return repr(e)
    finally: s.close()
def pay(amount):
    s = socket.socket()
    s.connect(("127.0.0.1", 22058))
    s.sendall(b"%d" % amount)
print(buy("lamp"))
pay(30)
