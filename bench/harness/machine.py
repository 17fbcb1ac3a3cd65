"""The machine under the measurements: which processors are used, what is a true figure on a shared one, and
how a program is run.

A virtual machine's processor is often one hyperthread of a core whose other half belongs to somebody else.
While the neighbour works, every instruction here takes about twice as long, for stretches of 10 ms to some
seconds; nothing inside the machine shows it, CPU time included. Noise is therefore one-sided: it only ever
adds. So samples are short and many, all programs take turns, and the figure is the *quiet level*, the tenth
percentile, not the median, which on such a machine tells for how long a neighbour was awake.
"""

import os
import platform
import subprocess

CPUS = sorted(os.sched_getaffinity(0))
SERVER_CPU, LOAD_CPU = CPUS[0], CPUS[-1]


def quiet(samples):
    """The tenth percentile; of ten or fewer samples the least. None of none."""
    return sorted(samples)[(len(samples) - 1) // 10] if samples else None


def pinned(cpu):
    """For subprocess's preexec_fn: the child runs on that processor alone, or on those of a set."""
    return lambda: os.sched_setaffinity(0, cpu if isinstance(cpu, set) else {cpu})


def run_lines(argv, env=None, timeout_s=600, cpu=SERVER_CPU):
    """Standard output of a program pinned to a processor, by line; raises RuntimeError with its last words."""
    done = subprocess.run(
        argv,
        env={**os.environ, **(env or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        timeout=timeout_s,
        preexec_fn=pinned(cpu),
        check=False,
    )
    if done.returncode != 0:
        last_words = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise RuntimeError(f"exit status {done.returncode}: {last_words}")
    return done.stdout.splitlines()


def describe():
    model = "unknown processor"
    with open("/proc/cpuinfo") as cpuinfo:
        for line in cpuinfo:
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
    load = os.getloadavg()[0]
    return f"{len(CPUS)} x {model}, Linux {platform.release()}, load average {load:.2f}"
