import json, time, urllib.request, urllib.error

SERVICES = {"orders": 20170, "billing": 20171, "mail": 20172}

def status(port):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=1) as r:
            return json.load(r)["status"]
    except urllib.error.URLError as e:
        return f"DOWN ({e.reason.__class__.__name__})"

for round_ in range(2):
    print({n: status(p) for n, p in SERVICES.items()})
    time.sleep(0.5)
