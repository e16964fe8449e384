import http.client, threading, time
def poll():
    c = http.client.HTTPConnection("127.0.0.1", 20680); n = 0
    while n < 2:
        c.request("GET", f"/events?since={n}"); got = eval(c.getresponse().read())
        print("got", got); n += len(got)
    c.close()
t = threading.Thread(target=poll); t.start()
c = http.client.HTTPConnection("127.0.0.1", 20680)
for m in ("first", "second"):
    time.sleep(1.3); c.request("PUT", "/", m); c.getresponse().read()
t.join(); c.close()
