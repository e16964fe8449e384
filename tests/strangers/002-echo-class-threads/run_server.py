import logging
from echo.server import EchoServer

if __name__ == "__main__":
    logging.basicConfig(level="INFO", format="%(message)s")
    EchoServer(("127.0.0.1", 20020), expected=3).serve()
