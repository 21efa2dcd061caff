# Compiles Python sources to unchecked-hash bytecode (PEP 552).
#
# Standard input holds one file a line: source, path that the bytecode names, place for the
# bytecode, and perhaps the name of a group, separated by NUL. The argument is the number of
# processes at once. What a file compiles to can depend on what its process compiled before: so
# each group is compiled by a process of its own, in the order given, and a file without a group
# is a group of its own. Whoever makes the groups sees to it that the same file always comes
# after the same others. Standard output gets the number of every line whose source is not valid
# for this Python; any other failure ends the whole run.
import sys

# Modules of the folder that this was started in are none of ours (Python before 3.11 has no `-P`).
sys.path[:] = [folder for folder in sys.path if folder]

import gc
import os
import py_compile

UNCHECKED = py_compile.PycInvalidationMode.UNCHECKED_HASH
WARM_UP = "async def f(a: int, *b, **c):\n    return [f'{x}' for x in b if x]\n"


def compile_group(group):
    for source, shown, place in group:
        try:
            py_compile.compile(
                source, cfile=place, dfile=shown, doraise=True, invalidation_mode=UNCHECKED
            )
        except py_compile.PyCompileError:
            pass


def start(group):
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        compile_group(group)
        code = 0
    except BaseException as error:
        sys.stderr.write("%s: %s\n" % (group[0][0], error))
        sys.stderr.flush()
    os._exit(code)


def read_groups(lines):
    groups = []
    last = None
    for line in lines:
        source, shown, place, *name = line.split("\0")
        if not name or name != last:
            groups.append([])
        last = name
        groups[-1].append((source, shown, place))
    return groups


def main():
    at_once = int(sys.argv[1])
    groups = read_groups([line for line in sys.stdin.read().split("\n") if line])
    # The compiler prepares itself at its first use: once here instead of once a process.
    compile(WARM_UP, "", "exec")
    gc.freeze()
    running = 0
    failed = False
    waiting = iter(groups)
    group = next(waiting, None)
    while running or (group is not None and not failed):
        while running < at_once and group is not None and not failed:
            start(group)
            running += 1
            group = next(waiting, None)
        failed = os.wait()[1] != 0 or failed
        running -= 1
    places = [place for group in groups for _, _, place in group]
    for number, place in enumerate(places):
        if not os.path.exists(place):
            print(number)
    sys.exit(1 if failed else 0)


main()
