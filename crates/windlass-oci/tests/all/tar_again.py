# Reads a layer with Python's decoders, and writes each entry again from what its header says: path,
# type, mode, size, nothing else. Prints the SHA-256 of the tar that comes of it. POSIX leaves open
# what stands where a device has its numbers.
import gzip
import hashlib
import sys
import tarfile

again = hashlib.sha256()
source = gzip.GzipFile(fileobj=sys.stdin.buffer)
with tarfile.open(fileobj=source, mode="r|") as old:
    for found in old:
        made = tarfile.TarInfo(found.name)
        made.mode, made.size, made.type = found.mode, found.size, found.type
        head = bytearray(made.tobuf(tarfile.USTAR_FORMAT))
        head[329:345] = b"0000000\0" * 2
        head[148:156] = b" " * 8
        head[148:156] = b"%06o\0 " % sum(head)
        again.update(head)
        if found.isreg():
            again.update(old.extractfile(found).read() + bytes(-found.size % 512))
again.update(bytes(1024))
print(again.hexdigest())
