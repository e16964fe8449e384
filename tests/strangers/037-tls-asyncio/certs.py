import os, subprocess
d = os.path.dirname(os.path.abspath(__file__))
def pair():
    c, k = os.path.join(d, "c.pem"), os.path.join(d, "k.pem")
    if not os.path.exists(c):
        subprocess.check_call("openssl req -x509 -newkey rsa:2048 -nodes -days 3650 -subj /CN=me -addext subjectAltName=IP:127.0.0.1".split()
                              + ["-keyout", k, "-out", c], stderr=subprocess.DEVNULL)
    return c, k
