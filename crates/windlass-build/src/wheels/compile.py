# Compiles Python sources to unchecked-hash bytecode (PEP 552), one forked process per file.
#
# Standard input holds one file a line: source, path that the bytecode names, place for the
# bytecode, separated by NUL. The argument is the number of processes at once. What a file
# compiles to must not depend on the files before it, so each starts from the same state.
# Standard output gets the number of every line whose source is not valid for this Python;
# any other failure ends the whole run.
import os
import py_compile
import sys

UNCHECKED = py_compile.PycInvalidationMode.UNCHECKED_HASH
INVALID = 3


def compile_one(source, shown, place):
    try:
        py_compile.compile(
            source, cfile=place, dfile=shown, doraise=True, invalidation_mode=UNCHECKED
        )
    except py_compile.PyCompileError:
        return INVALID
    return 0


def start(job):
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        code = compile_one(*job)
    except BaseException as error:
        sys.stderr.write("%s: %s\n" % (job[0], error))
        sys.stderr.flush()
    os._exit(code)


def main():
    at_once = int(sys.argv[1])
    jobs = [line.split("\0") for line in sys.stdin.read().split("\n") if line]
    running = {}
    invalid = []
    failed = False
    next_job = 0
    while running or (next_job < len(jobs) and not failed):
        while len(running) < at_once and next_job < len(jobs) and not failed:
            running[start(jobs[next_job])] = next_job
            next_job += 1
        pid, status = os.wait()
        code = os.WEXITSTATUS(status) if os.WIFEXITED(status) else 1
        job = running.pop(pid)
        if code == INVALID:
            invalid.append(job)
        elif code:
            failed = True
    for job in sorted(invalid):
        print(job)
    sys.exit(1 if failed else 0)


main()
