import socket
s = socket.socket()
s.connect(("127.0.0.1", 21460))
name = "Bob"
s.send("Hello, my name is " + name)
s.close()
