"""A worker that does whatever harm its job asks for."""

import importlib.util
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import time
from multiprocessing import resource_tracker
from multiprocessing.shared_memory import SharedMemory

FOREVER = 600


def run(job, exchange):
    """Run the action that the job names."""
    return ACTIONS[job["do"]](job, exchange) or {}


def echo(job, exchange):
    for name in job.get("arrays", []):
        shutil.copy(exchange.input(name), exchange.output(name + ".again"))
    exchange.progress("one")
    exchange.progress("two\nlines")
    return {
        "said": job["say"],
        "variables": sorted(os.environ),
        "path": sys.path,
        "ours": importlib.util.find_spec("neurodeploy") is not None,
        "input": sys.stdin.read(),
        "session": os.getsid(0),
    }


def where(job, exchange):
    """Return which Python this is and the path that it received."""
    return {"path": job["path"], "prefix": sys.prefix, "variable": "PYTHONPATH" in os.environ}


def complain(job, exchange):
    """Fail with a child at hand that Python would wait for."""
    multiprocessing.get_context("fork").Process(target=time.sleep, args=(FOREVER,)).start()
    raise ValueError("this net is not good")


def relapse(job, exchange):
    """Hand over a result, and crash."""
    exchange.finish({})
    os._exit(3)


def die(job, exchange):
    os.write(2, b"last words\n")
    os.kill(os.getpid(), getattr(signal, job["signal"]))


def leave(job, exchange):
    os.write(2, b"last words\n")
    os._exit(job["code"])


def hang(job, exchange):
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    exchange.progress("hanging")
    time.sleep(FOREVER)


def eat(job, exchange):
    """Take memory here and in a child, neither of them alone too much."""
    if os.fork() == 0:
        os.setsid()
    eaten = []
    while True:
        eaten.append(os.urandom(1 << 20) * 4)
        time.sleep(0.01 if len(eaten) * 4 < job["mb"] else FOREVER)


def share(job, exchange):
    """Fork children that share the same memory, which then counts only once."""
    memory = os.urandom(1 << 20) * job["mb"]
    children = [os.fork() for _ in range(4)]
    time.sleep(1.0)
    if 0 in children:
        os._exit(0)
    return {"held": len(memory)}


def chatter(job, exchange):
    for _ in range(job["mb"]):
        os.write(1, os.urandom(1 << 20))
        time.sleep(0.02)
    os.write(2, b"\nlast words\n")


def meet(job, exchange):
    """Wait for another worker, which waits for this one."""
    open(os.path.join(job["folder"], job["name"]), "w").close()
    while len(os.listdir(job["folder"])) < 2:
        time.sleep(0.02)


def connect(job, exchange):
    """Start a process that is reached through a socket in the folder for temporary files."""
    with multiprocessing.get_context("spawn").Manager() as manager:
        return {"held": list(manager.list([1, 2]))}


def truncate(job, exchange):
    with open(os.path.join(os.path.dirname(exchange.output("")), "..", "result.json"), "w") as file:
        file.write('{"result": {"a": [1, 2')
    os._exit(0)


def spoil(job, exchange):
    if job["where"] == "pickle":
        header = b"{'descr': '|O', 'fortran_order': False, 'shape': (1,), }".ljust(117) + b"\n"
        with open(exchange.output("x"), "wb") as file:
            file.write(b"\x93NUMPY\x01\x00v\x00" + header)
            file.write(b"(lp0\ncos\nmkdir\n(S'" + job["trap"].encode() + b"'\ntRa.")
        return
    shutil.copy(exchange.input("x"), exchange.output("x"))
    with open(exchange.output("x"), "r+b") as file:
        file.seek(0 if job["where"] == "header" else 128)
        file.truncate() if job["where"] == "data" else file.write(b"garbage")


def litter(job, exchange):
    """Leave children behind that ignore SIGTERM, one of them the child of a dead child."""
    code = "import signal, time; signal.signal(15, signal.SIG_IGN); time.sleep(600)"
    inner = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {code!r}])"
    subprocess.Popen([sys.executable, "-c", code])
    subprocess.run([sys.executable, "-c", inner], check=True)
    exchange.progress("littered")
    time.sleep(job.get("wait", 0))


def desert(job, exchange):
    """Leave children behind, as `litter` does, but in sessions of their own."""
    code = "import os, signal, time; signal.signal(15, signal.SIG_IGN); time.sleep(600)"
    start = f"subprocess.Popen([sys.executable, '-c', {code!r}], start_new_session=True)"
    subprocess.Popen([sys.executable, "-c", code], start_new_session=True)
    subprocess.run([sys.executable, "-c", f"import subprocess, sys; {start}"], check=True)
    exchange.progress("deserted")
    time.sleep(job["wait"])


def leak(job, exchange):
    """Make shared memory and do not remove it; the tracker may not know of it either."""
    segment = SharedMemory(create=True, size=1 << 16)
    if not job["tracked"]:
        resource_tracker.unregister(segment._name, "shared_memory")
    exchange.progress(segment.name)
    time.sleep(job["wait"])
    os._exit(job["code"])


ACTIONS = {
    "echo": echo,
    "complain": complain,
    "where": where,
    "die": die,
    "leave": leave,
    "hang": hang,
    "eat": eat,
    "share": share,
    "chatter": chatter,
    "connect": connect,
    "meet": meet,
    "relapse": relapse,
    "truncate": truncate,
    "spoil": spoil,
    "litter": litter,
    "leak": leak,
    "desert": desert,
}
