from urllib.request import urlopen
from urllib.parse import urlencode
from urllib.error import HTTPError
base = "http://127.0.0.1:20380"
for n in ("Zoë", "王小明", "x" * 5000):
    print(urlopen(base + "/", data=urlencode({"name": n}).encode()).read())
with urlopen(base + "/") as r: print(len(r.read().decode()))
try: urlopen(base + "/nothing")
except HTTPError as e: print(e.code, e.read())
urlopen(base + "/stop").read()
