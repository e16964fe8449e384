import socket
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
    s.bind(("127.0.0.1", 20240))
    beats, values = 0, []
    while True:
        data, who = s.recvfrom(100)
        if not data:            # an empty datagram is a heartbeat, not an end
            beats += 1
            s.sendto(b"", who)
            continue
        if data == b"END":
            break
        values.append(int(data))
    s.sendto(b"%d/%d" % (beats, sum(values)), who)
