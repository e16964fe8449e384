import pickle
BUFSIZE = 4096

def send_obj(sock, obj):
    sock.sendall(pickle.dumps(obj))

def recv_obj(sock):
    return pickle.loads(sock.recv(BUFSIZE))
