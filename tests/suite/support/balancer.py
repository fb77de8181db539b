"""A load balancer under the name it has in DNS, reached as a proxy, because no name leads here.

    balancer.py NAME [HOST CERTIFICATE KEY]

Prints its port. Serves only who asks for NAME: over TLS for HOST if there is one, or in the clear; /__ping__ alone is
found. Ends when its input closes.
"""

import http.server
import ssl
import sys
import threading

NAME, *SECURE = sys.argv[1:]


class Asked(http.server.BaseHTTPRequestHandler):
    host = NAME

    def do_GET(self):
        name = self.headers.get("Host", "").rsplit(":", 1)[0]
        is_found = name == self.host and self.path.endswith("/__ping__")
        self.send_response(200 if is_found else 404)
        self.send_header("Content-Length", "4")
        self.end_headers()
        self.wfile.write(b"pong")

    def do_CONNECT(self):
        if self.path != f"{NAME}:{443 if SECURE else 80}":
            self.send_error(502, "no such load balancer")
            return
        self.send_response(200)
        self.end_headers()
        if SECURE:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*SECURE[1:])
            self.connection = context.wrap_socket(self.connection, server_side=True)
            self.rfile, self.wfile = self.connection.makefile("rb"), self.connection.makefile("wb", buffering=0)
            self.host = SECURE[0]
        self.handle_one_request()
        self.close_connection = True

    def log_message(self, *arguments):
        pass


def main():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Asked)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_port, flush=True)
    sys.stdin.read()


main()
