"""What a host boots: a kernel and two cpio archives.

The first archive is the same for every run of a host (busybox, the agent,
modules, what the host adds) and lies in the cache, named by the kernel's
version and by what it was made from. The second one is the job: the program,
its shared libraries at the paths where its loader looks for them, its
arguments.

Nothing here downloads anything: what is missing is named, with its package
(ci/hosts/deps fetches it).
"""
import glob
import hashlib
import lzma
import os
import re
import shutil
import stat
import subprocess
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
DIRECTORIES = ["dev", "proc", "sys", "tmp", "run", "out", "root", "etc", "job",
               "bin", "sbin", "usr", "usr/bin", "usr/sbin", "lib",
               "lib/modules", "lib64", "var"]


class Missing(Exception):
    """Something that has to be installed first: exit code 2."""


def cache_dir():
    base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return os.path.join(base, "vmgauge")


def require(program, package):
    path = shutil.which(program)
    if not path:
        raise Missing(f"{program} is not installed: package {package} "
                      "(make deps-hosts)")
    return path


def unsigned(module):
    """A module without its signature, which takes Bochs seconds to verify.

    At the very end: the signature, 12 bytes of facts about it of which the
    last 4 are its length, and the mark.
    """
    mark = b"~Module signature appended~\n"
    if not module.endswith(mark):
        return module
    end = len(module) - len(mark)
    length = int.from_bytes(module[end - 4:end], "big")
    return module[:end - 12 - length]


class Kernel:
    """An unpacked kernel package in the cache: a host's own, or KVM's."""

    def __init__(self, host=None):
        name, package = getattr(host, "KERNEL",
                                ("kernel", "linux-image-cloud-amd64"))
        self.root = os.path.realpath(os.path.join(cache_dir(), name))
        images = glob.glob(os.path.join(self.root, "boot/vmlinuz-*"))
        if not images:
            raise Missing(f"no kernel in {self.root}: package {package} "
                          "(make deps-hosts)")
        self.path = images[0]
        self.release = os.path.basename(images[0])[len("vmlinuz-"):]

    def module(self, name):
        # A module's name has underscores where its file may have dashes.
        file_name = re.sub("[-_]", "[-_]", name) + ".ko*"
        found = glob.glob(os.path.join(self.root, "lib/modules", self.release,
                                       "kernel/**", file_name),
                          recursive=True)
        if not found:
            raise Missing(f"{self.release} has no module {name}")
        with open(found[0], "rb") as f:
            data = f.read()
        if found[0].endswith(".xz"):
            data = lzma.decompress(data)
        return unsigned(data)

    def with_needed(self, names):
        """These modules and what each needs before it, in loading order."""
        order = []
        for name in names:
            needs = re.search(rb"(?:^|\0)depends=([^\0]*)", self.module(name))
            needs = needs[1].decode().split(",") if needs and needs[1] else []
            for one in self.with_needed(needs) + [name]:
                if one not in order:
                    order.append(one)
        return order


class Cpio:
    """A newc archive, written by hand: entries appear as root's."""

    def __init__(self):
        self.parts = []
        self.count = 0
        self.names = set()

    def entry(self, name, mode, data=b""):
        self.count += 1
        fields = [self.count, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0,
                  len(name.encode()) + 1, 0]
        head = b"070701" + b"".join(b"%08X" % f for f in fields)
        head += name.encode() + b"\0"
        self.parts += [head, b"\0" * (-len(head) % 4),
                       data, b"\0" * (-len(data) % 4)]

    def directory(self, name):
        """A directory and those above it, each once."""
        name = name.strip("/")
        if not name or name in self.names:
            return
        self.directory(os.path.dirname(name))
        self.names.add(name)
        self.entry(name, stat.S_IFDIR | 0o755)

    def file(self, name, data, mode=0o755):
        name = name.lstrip("/")
        if name in self.names:
            return
        self.directory(os.path.dirname(name))
        self.names.add(name)
        self.entry(name, stat.S_IFREG | mode, data)

    def copy(self, name, source):
        """A file, or everything below a directory."""
        if os.path.isdir(source):
            self.directory(name)
            for child in sorted(os.listdir(source)):
                self.copy(f"{name}/{child}", os.path.join(source, child))
            return
        with open(source, "rb") as f:
            self.file(name, f.read(), stat.S_IMODE(os.stat(source).st_mode))

    def symlink(self, name, to):
        self.entry(name.lstrip("/"), stat.S_IFLNK | 0o777, to.encode())

    def bytes(self):
        self.entry("TRAILER!!!", 0)
        # The kernel takes what follows for a further archive only at a
        # multiple of four; otherwise its files silently go missing.
        return b"".join(self.parts)


def write_atomically(path, data):
    """A file of the cache; nothing else is ever written to by this module."""
    if os.path.commonpath([path, cache_dir()]) != cache_dir():
        raise ValueError(f"{path} is not below {cache_dir()}")
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=os.path.dirname(path),
                                     delete=False) as f:
        f.write(data)
    os.replace(f.name, path)


def build_agent(source):
    gcc = require("gcc", "gcc")
    with tempfile.TemporaryDirectory() as work:
        out = os.path.join(work, "agent")
        done = subprocess.run([gcc, "-std=gnu11", "-O2", "-Wall", "-static",
                               "-o", out, source],
                              capture_output=True, text=True, check=False)
        if done.returncode:
            raise Missing(f"{source} does not compile "
                          f"(packages gcc, libc6-dev):\n{done.stderr}")
        with open(out, "rb") as f:
            return f.read()


def base_image(kernel, host):
    """Path of the archive that all jobs of such a host share."""
    busybox = require("busybox", "busybox-static")
    agent = os.path.join(HERE, "agent.c")
    contents = host.contents() if hasattr(host, "contents") else []
    made_from = hashlib.sha256()
    for source in [busybox, agent, __file__] + [s for _, s in contents]:
        with open(source, "rb") as f:
            made_from.update(f.read())
    modules = kernel.with_needed(host.MODULES)
    made_from.update(" ".join([kernel.root] + modules).encode())
    archive = os.path.join(cache_dir(), f"base-{kernel.release}-"
                           f"{made_from.hexdigest()[:12]}.cpio")
    if os.path.exists(archive):
        return archive

    cpio = Cpio()
    for name in DIRECTORIES:
        cpio.directory(name)
    cpio.file("etc/passwd", b"root:x:0:0:root:/root:/bin/sh\n", 0o644)
    cpio.file("etc/group", b"root:x:0:\n", 0o644)
    cpio.copy("bin/busybox", busybox)
    applets = subprocess.run([busybox, "--list"], capture_output=True,
                             text=True, check=True).stdout.split()
    for applet in applets:
        if applet != "busybox":
            cpio.symlink(f"bin/{applet}", "/bin/busybox")
    for name, source in contents:
        cpio.copy(name, source)
    for module in modules:
        cpio.file(f"lib/modules/{module}.ko", kernel.module(module), 0o644)
    cpio.file("init", build_agent(agent))
    write_atomically(archive, cpio.bytes())
    return archive


def libraries(program, root=None):
    """Paths of the shared libraries and the loader of a program.

    They may lie below root, where packages were unpacked.
    """
    env = dict(os.environ)
    if root:
        env["LD_LIBRARY_PATH"] = ":".join(
            glob.glob(os.path.join(root, "usr/lib/*-linux-gnu")))
    done = subprocess.run(["ldd", program], capture_output=True, text=True,
                          check=False, env=env)
    if done.returncode:     # "not a dynamic executable"
        return []
    paths = []
    for line in done.stdout.splitlines():
        name, _, rest = line.strip().partition(" => ")
        if rest.startswith("not found"):
            raise Missing(f"{program} needs {name}, which is not installed")
        path = (rest or name).split(" (")[0].strip()
        if path.startswith("/"):
            paths.append(path)
    return paths


def system_library(name):
    """Path of a library of this machine that ldd does not tell of."""
    done = subprocess.run(["gcc", f"-print-file-name={name}"],
                          capture_output=True, text=True, check=False)
    path = os.path.realpath(done.stdout.strip())
    if not os.path.isabs(done.stdout.strip()):
        raise Missing(f"there is no {name}: package gcc")
    return path


def job_image(program, args, modules, files, setup=""):
    """The second archive: files are (path here, path in the host).

    The shell runs setup before the program.
    """
    cpio = Cpio()
    inside = "/usr/bin/" + os.path.basename(program)
    cpio.copy(inside, program)
    programs = [program] + [source for source, _ in files if
                            os.path.isfile(source) and
                            os.access(source, os.X_OK)]
    for library in sorted({lib for p in programs for lib in libraries(p)}):
        cpio.copy(library, library)
    for source, target in files:
        cpio.copy(os.path.join("/out", target), source)
    lines = "".join(f"{m} {p}".strip() + "\n" for m, p in modules)
    if setup:
        cpio.file("job/setup", setup.encode(), 0o644)
    cpio.file("job/modules", lines.encode(), 0o644)
    cpio.file("job/args", b"".join(os.fsencode(a) + b"\0"
                                   for a in [inside] + args), 0o644)
    return cpio.bytes()
