import socket
from net_util import safe_send
c = socket.create_connection(("127.0.0.1", 21650))
guess = 6 * 7
safe_send(c, str(guess))
print("the server thinks:", c.recv(100))
