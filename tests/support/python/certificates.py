"""Certificates by the openssl command: an authority, good leaves and bad ones."""

import pathlib
import ssl
import subprocess


def openssl(*arguments, **keywords):
    done = subprocess.run(["openssl", *map(str, arguments)], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **keywords)
    assert done.returncode == 0, done.stdout.decode()


class Authority:
    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.ca = self.folder / "ca.pem"
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                "-keyout", self.folder / "ca.key", "-out", self.ca, "-days", "2",
                "-subj", "/CN=test authority", "-addext", "basicConstraints=critical,CA:TRUE",
                "-addext", "keyUsage=critical,keyCertSign")

    def leaf(self, name, alternative="IP:127.0.0.1", expired=False, signed=True):
        """Gives (certificate, key) files."""
        key, request, certificate = (self.folder / f"{name}.{end}" for end in ("key", "csr", "pem"))
        extensions = self.folder / f"{name}.ext"
        extensions.write_text(f"subjectAltName={alternative}\n")
        openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                "-keyout", key, "-out", request, "-subj", f"/CN={name}")
        signer = (("-CA", self.ca, "-CAkey", self.folder / "ca.key", "-CAcreateserial")
                  if signed else ("-signkey", key))
        # `-days` below 0 needs both ends given; x509 takes a negative number as it is.
        openssl("x509", "-req", "-in", request, "-out", certificate, "-extfile", extensions,
                "-days", "-1" if expired else "2", *signer)
        return certificate, key

    def client(self, name):
        """A client's certificate as a webhook's `tls` has it."""
        certificate, key = self.leaf(name)
        return {"client_certificate": certificate.read_text(), "client_key": key.read_text()}

    def context(self, name, **options):
        """A server's SSLContext with a leaf."""
        certificate, key = self.leaf(name, **options)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        return context
