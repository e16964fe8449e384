import http.client, json, time
c = http.client.HTTPConnection("127.0.0.1", 20190)
for k in (1, 10, 5000):
    c.request("POST", "/sum", body=json.dumps(list(range(k))), headers={"Content-Type": "application/json"})
    r = c.getresponse()
    print(r.status, json.loads(r.read()))
c.request("GET", "/missing")
r = c.getresponse(); r.read()
print(r.status, r.reason)
time.sleep(0.8)
c.close()
