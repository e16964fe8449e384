import socket
from proto import Peer

def main():
    srv = socket.create_server(("127.0.0.1", 21020))
    peer = Peer(srv.accept()[0])
    peer.expect(b"LOGIN")
    peer.tell(b"WELCOME")
    peer.expect(b"READY")
    peer.tell(b"START")

main()
