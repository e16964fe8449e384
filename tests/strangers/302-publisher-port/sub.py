import socket
with socket.create_connection(('127.0.0.1', 13060)) as s:
    while (news := s.recv(4096)):
        print(news.decode(), end='')
