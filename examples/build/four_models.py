"""One handler under four concurrency models; a model decides only who calls it."""

from plainwire import connect, frames, serve


def shout(peer):
    for line in peer:
        peer.send(line.upper())


if __name__ == "__main__":
    for model in ("serial", "threads", "processes", "loop"):
        with serve(
            shout, "tcp://127.0.0.1:0", frames.lines(), model=model, workers=2, background=True
        ) as server:
            answer = connect(server.address, frames.lines()).ask(b"hello")
            print(model, answer.decode())
