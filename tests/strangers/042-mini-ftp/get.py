import ftplib, io
with ftplib.FTP() as f:
    f.connect("127.0.0.1", 20420, timeout=4); f.login("me", "pw")
    print(f.nlst())
    got = []
    f.retrbinary("RETR big.bin", got.append)
    print(sum(map(len, got)))
    try: f.retrbinary("RETR nope", print)
    except ftplib.error_perm as e: print(e)
    print(f.storbinary("STOR new.bin", io.BytesIO(b"z" * 123456)))
