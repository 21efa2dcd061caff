# Runs in the container: puts the sources at one place, the same for every build, since compilers
# write it into what they make; then has uv build the wheel.
import os
import pathlib
import shutil
import sys
import tarfile
import zipfile

uv, source, out, *arguments = sys.argv[1:]
source = pathlib.Path(source)
work = pathlib.Path("/build/work")
sources = work / "src"
(work / "tmp").mkdir()
sources.mkdir()
if source.is_dir():
    shutil.copytree(source, sources / "project", symlinks=True)
elif zipfile.is_zipfile(source):
    zipfile.ZipFile(source).extractall(sources)
else:
    safe = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}
    tarfile.open(source).extractall(sources, **safe)
trees = sorted(path for path in sources.iterdir() if path.is_dir())
if len(trees) != 1:
    raise SystemExit(f"{source.name} holds {len(trees)} folders, and not one")
asked = os.environ.pop("WINDLASS_NO_COMPILER", None)
if asked:
    compiler = work / "tmp" / "no-compiler"
    compiler.write_text(f"#!/bin/sh\necho no compiler yet >&2\n: > {asked}\nexit 1\n")
    compiler.chmod(0o755)
    for name in ("CC", "CXX", "LD", "F77", "F90", "CARGO", "RUSTC"):
        os.environ[name] = str(compiler)
command = [uv, "build", "--wheel", "--out-dir", out, "--python", sys.executable]
os.execv(uv, [*command, *arguments, str(trees[0])])
