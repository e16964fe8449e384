# Aufgabe 4: Server addiert drei Zahlen
import socket
import time
s = socket.create_server(("127.0.0.1", 21110))
verbindung, adresse = s.accept()
verbindung.sendall(b"bereit")
summe = 0
for i in range(3):
    time.sleep(0.1)
    zahl = int(verbindung.recv(64))
    print("Zahl:", zahl)
    summe = summe + zahl
verbindung.sendall(str(summe).encode())
verbindung.close()
