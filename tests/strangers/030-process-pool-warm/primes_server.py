import socket, json
from concurrent.futures import ProcessPoolExecutor

def count_primes(n):
    return sum(all(k % d for d in range(2, int(k ** .5) + 1)) for k in range(2, n))

def main():
    with ProcessPoolExecutor(2) as pool:
        # fork the workers before any connection exists, so that they inherit none
        list(pool.map(count_primes, [10] * 4))
        lst = socket.create_server(("127.0.0.1", 20300))
        for _ in range(3):
            conn, _ = lst.accept()
            with conn:
                data = b""
                while d := conn.recv(4096):
                    data += d
                conn.sendall(json.dumps(list(pool.map(count_primes, json.loads(data)))).encode())
        lst.close()

if __name__ == "__main__":
    main()
