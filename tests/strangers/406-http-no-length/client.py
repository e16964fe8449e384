import http.client
c = http.client.HTTPConnection("127.0.0.1", 26406)
c.request("GET", "/rows"); print(c.getresponse().read())
