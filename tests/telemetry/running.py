"""A program of seam that runs in a folder of its own, and load for it: what tests from outside have in common."""
import collections, http.client, json, os, pathlib, re, signal, socket, subprocess, tempfile, threading, time, urllib.request

# Files in memory, where that is there: what else a machine's disk is busy with isn't measured.
MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
ROOT = pathlib.Path(__file__).resolve().parent.parent.parent


def built(*args, example=None):
    """The program that cargo builds by these arguments."""
    subprocess.run(["cargo", "build", "-q", *args], cwd=ROOT, check=True)
    meta = subprocess.run(["cargo", "metadata", "--offline", "--no-deps", "--format-version", "1"], cwd=ROOT, check=True, capture_output=True)
    target = pathlib.Path(json.loads(meta.stdout)["target_directory"]) / "debug"
    return target / "examples" / example if example else target / "shop"


def port():
    """A free one."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def get(url, timeout=10, **headers):
    with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=timeout) as answer:
        return answer.read().decode()


def until(what, ask, seconds=60):
    """What `ask` answers, once it is something."""
    end = time.monotonic() + seconds
    while True:
        found = ask()
        if found:
            return found
        if time.monotonic() > end:
            raise SystemExit(f"not within {seconds} s: {what() if callable(what) else what}")
        time.sleep(0.2)


class Running:
    """A program that runs with the shop's config or another; its data in a folder of its own, or in `data`."""

    def __init__(self, program, *args, config=None, data=None, **env):
        self.folder = tempfile.TemporaryDirectory(dir=MEMORY)
        self.home = pathlib.Path(self.folder.name)
        self.data = pathlib.Path(data or self.home / "data")
        self.config = self.home / "app.toml"
        # Any free port will do, and between units there are sockets in the data folder.
        config = re.sub('(?m)^http = ".*"', 'http = "127.0.0.1:0"', config or (ROOT / "app.toml").read_text())
        self.config.write_text(re.sub("(?m)^listen = .*\n", "", config))
        self.env = {**os.environ, "NO_COLOR": "1", "SEAM__APP__DATA": str(self.data), "SEAM__ADMIN__LISTEN": "127.0.0.1:0", **env}
        self.program, self.args = program, args

    def __enter__(self):
        with (self.home / "log").open("w") as log:
            self.process = subprocess.Popen([self.program, *self.args], cwd=self.home, env=self.env, stdout=log, stderr=log)
        try:
            until("all units are ready", self.ready)
        except BaseException:
            print((self.home / "log").read_text()[-2000:])
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for pid in self.pids().values():
            signalled(pid, signal.SIGCONT)
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
        self.folder.cleanup()

    def ready(self):
        if self.process.poll() is not None:
            raise SystemExit(f"{self.program.name} ended with {self.process.returncode}")
        status = self.status()
        named = re.search(rf'(?m)^{self.args[1]} = (\[.*\])', self.config.read_text()) if self.args else None
        units = len(json.loads(named[1])) if named else 1
        if len(status) < units or not all(unit["ready"] for unit in status):
            return False
        self.edge = next((unit["http"] for unit in status if unit["http"]), None)
        self.admin = next(unit["admin"] for unit in status if unit["admin"])
        return True

    def say(self, *args, check=True):
        """What a command prints."""
        done = subprocess.run([self.program, *args], cwd=self.home, env=self.env, capture_output=True, text=True)
        if check and done.returncode:
            raise SystemExit(f"{' '.join(map(str, args))}: {done.stdout}{done.stderr}")
        return done.stdout

    def status(self):
        return json.loads(self.say("status", "--json", check=False) or "[]")

    def pids(self):
        """The units' processes, by name."""
        all = (pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()).split() if self.process.poll() is None else []
        found = {}
        for pid in all:
            try:
                words = pathlib.Path(f"/proc/{pid}/cmdline").read_text().split("\0")
            except OSError:
                continue
            if "--unit" in words:
                found[words[words.index("--unit") + 1]] = int(pid)
        return found

    def token(self):
        return (self.data / "control" / "admin.token").read_text().strip()

    def metrics(self, timeout=10):
        """The samples of `/metrics`, as (name, labels, value)."""
        rows = []
        for line in get(f"http://{self.admin}/metrics", timeout).splitlines():
            found = re.fullmatch(r"(\w+)(?:\{(.*)\})? (\S+)", line)
            if found:
                rows.append((found[1], dict(re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', found[2] or "")), float(found[3])))
        return rows

    def dropped(self):
        """What was dropped, by unit and what."""
        return {(labels["unit"], labels["what"]): int(value) for name, labels, value in self.metrics() if name == "seam_dropped_total" and value}


def signalled(pid, what):
    try:
        os.kill(pid, what)
    except ProcessLookupError:
        pass


class Load:
    """Clients that order and look at users, one connection each, until it is left. They wait `pause` seconds after each request."""

    def __init__(self, shop, clients=4, pause=0.02, orders=0.5):
        self.shop, self.pause, self.orders = shop, pause, orders
        self.statuses, self.times, self.problems = collections.Counter(), [], []
        self.lock, self.over = threading.Lock(), threading.Event()
        self.threads = [threading.Thread(target=self.client, args=(number,), daemon=True) for number in range(clients)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        for thread in self.threads:
            thread.join()

    def client(self, number):
        connection, count = None, 0
        while not self.over.is_set():
            count += 1
            ordering = (count * self.orders) % 1 < self.orders
            began = time.monotonic()
            try:
                connection = connection or http.client.HTTPConnection(self.shop.edge, timeout=20)
                if ordering:
                    body = json.dumps({"userId": 1, "products": [{"sku": "tea", "quantity": 1, "unitPriceCents": 900}]})
                    connection.request("POST", "/api/order", body, {"content-type": "application/json"})
                else:
                    connection.request("GET", "/api/user/1")
                answer = connection.getresponse()
                status, body = answer.status, answer.read()
            except (OSError, http.client.HTTPException) as error:
                connection, status, body = None, type(error).__name__, repr(error)
            with self.lock:
                if status not in (200, 201) and len(self.problems) < 5:
                    self.problems.append((time.monotonic() - began, body))
                self.statuses["POST" if ordering else "GET", status] += 1
                self.times.append(time.monotonic() - began)
            self.over.wait(self.pause) if self.pause else None

    def failed(self):
        """How many requests had no answer of the service's own."""
        with self.lock:
            return sum(count for (_, status), count in self.statuses.items() if status not in (200, 201))


def first_user(shop):
    connection = http.client.HTTPConnection(shop.edge, timeout=20)
    connection.request("POST", "/api/user", json.dumps({"name": "Ada", "email": "ada@example.com"}), {"content-type": "application/json"})
    assert connection.getresponse().status == 201
