import multiprocessing, socket, time

def janitor():
    time.sleep(30)                   # cleans up temp files once in a while

def listen():
    l = socket.socket()
    l.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    l.bind(("127.0.0.1", 21420)); l.listen()
    return l

if __name__ == "__main__":
    multiprocessing.set_start_method("fork")
    l = listen()
    j = multiprocessing.Process(target=janitor, daemon=True)
    j.start()
    c, _ = l.accept()
    c.recv(10); c.close()
    l.close()                        # new configuration
    l = listen()
    print("listening again")
