import socket, net
L = socket.create_server(("127.0.0.1", 20610)); n = net.Line(L.accept()[0])
while (l := n.get()) is not None: n.put(f"[{l.decode()}]")
n.close(); L.close()
