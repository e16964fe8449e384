import socket
from proto import Peer

def main():
    peer = Peer(socket.create_connection(("127.0.0.1", 21020)))
    print("robot online")
    peer.expect(b"WELCOME")
    peer.tell(b"LOGIN")
    peer.tell(b"READY")
    peer.expect(b"START")
    print("robot started")

main()
